//! Repo info, refs and the account.

use serde_json::{Value, json};

use super::commit::File;
use super::http::Request;
use super::kind::Kind;
use super::refusal::Refusal;
use super::reply::Reply;
use super::route::Route;
use super::state::State;

const DATE: &str = "2026-01-02T03:04:05.000Z";

/// `GET /api/{T}/{R}` and `GET /api/{T}/{R}/revision/{rev}`.
pub(super) fn info(route: &Route<'_>, name: &str) -> Result<Reply, Refusal> {
    let repo = route.repo()?;
    let commit = Route::commit(&repo, name)?;
    let with_blobs = route.request.is_set("blobs");
    let siblings: Vec<Value> = commit
        .files
        .values()
        .map(|file| sibling(file, with_blobs))
        .collect();
    let gated = if repo.is_gated {
        json!("manual")
    } else {
        json!(false)
    };
    let mut info = json!({
        "_id": "65aa0000000000000000cafe",
        "id": repo.id,
        "author": repo.id.split_once('/').map(|(owner, _)| owner),
        "sha": commit.id,
        "lastModified": DATE,
        "createdAt": DATE,
        "private": repo.is_private,
        "gated": gated,
        "disabled": false,
        "downloads": 12,
        "likes": 3,
        "tags": ["license:mit"],
        "usedStorage": commit.files.values().map(|f| f.content.len()).sum::<u64>(),
        "siblings": siblings,
    });
    if repo.kind == Kind::Model {
        info["modelId"] = json!(repo.id);
        info["library_name"] = json!("transformers");
    }
    Ok(Reply::json(&info))
}

fn sibling(file: &File, with_blobs: bool) -> Value {
    let mut row = json!({ "rfilename": file.path });
    if with_blobs {
        row["size"] = json!(file.content.len());
        row["blobId"] = json!(file.oid());
        if file.is_lfs() {
            row["lfs"] = json!({
                "sha256": file.content.sha256(),
                "size": file.content.len(),
                "pointerSize": file.pointer().len(),
            });
        }
    }
    row
}

/// `GET /api/{T}/{R}/refs`.
pub(super) fn refs(route: &Route<'_>) -> Result<Reply, Refusal> {
    let repo = route.repo()?;
    let group = |group: &str| -> Vec<Value> {
        let rows = repo.refs(group).into_iter();
        rows.map(|(name, id)| {
            json!({ "name": name, "ref": format!("refs/{group}/{name}"), "targetCommit": id })
        })
        .collect()
    };
    let mut refs = json!({
        "branches": group("heads"),
        "tags": group("tags"),
        "converts": group("convert"),
    });
    if route.request.is_set("include_prs") {
        refs["pullRequests"] = json!(group("pr"));
    }
    Ok(Reply::json(&refs))
}

/// `GET /api/{T}/{R}/auth-check`.
pub(super) fn auth_check(route: &Route<'_>) -> Result<Reply, Refusal> {
    route.open_repo()?;
    Ok(Reply::json(&json!({})))
}

/// `GET /api/whoami-v2`.
pub(super) fn whoami(state: &State, request: &Request) -> Result<Reply, Refusal> {
    let access = Route::visitor(state, request)?.ok_or(Refusal::BadToken)?;
    Ok(Reply::json(&json!({
        "type": "user",
        "id": "1",
        "name": access.name,
        "fullname": access.name,
        "email": format!("{}@example.com", access.name),
        "isPro": false,
        "orgs": [],
        "auth": {
            "type": "access_token",
            "accessToken": { "displayName": "test", "role": "read", "createdAt": DATE },
        },
    })))
}
