//! What a repo is, its branches and tags, and which commit a name means.

use serde_json::{Value, json};

use super::super::reply::Reply;
use super::{Visit, success};

/// `GET …/{owner}/{name}`: no commit in it.
pub(super) fn repo(visit: &Visit<'_>) -> Reply {
    let (owner, name) = visit.repo.id.split_once('/').unwrap_or_default();
    success(&json!({
        "Id": 123_456,
        "Name": name,
        "Path": owner,
        "ChineseName": "",
        "Visibility": if visit.repo.is_private { 1 } else { 5 },
        "License": "Apache License 2.0",
        "Revision": "master",
        "Downloads": 12,
        "Stars": null,
        "CreatedTime": 1_726_000_000,
        "LastUpdatedTime": 1_726_665_606,
        "Type": 1,
        "ProtectedMode": 2,
    }))
}

/// `GET …/revisions`.
pub(super) fn revisions(visit: &Visit<'_>) -> Reply {
    let rows = |group: &str| -> Vec<Value> {
        let names = visit.repo.refs(group).into_iter().map(|(name, _)| name);
        names
            .map(|name| {
                if name == "main" {
                    "master".to_owned()
                } else {
                    name
                }
            })
            .map(|name| json!({ "Revision": name, "CreatedAt": 1_726_665_606 }))
            .collect()
    };
    success(&json!({ "RevisionMap": { "Branches": rows("heads"), "Tags": rows("tags") } }))
}

/// `GET …/commits?Ref=`: a name that means nothing is told by `null`, a missing one means `master`.
pub(super) fn commits(visit: &Visit<'_>) -> Reply {
    let commit = visit.commit("Ref").map(|commit| {
        json!([{
            "Id": commit.id,
            "ShortId": &commit.id[..8],
            "Title": "upload",
            "Message": "upload",
            "AuthorName": "acme",
            "AuthoredDate": "1726665606",
            "CreatedAt": 1_726_665_606,
        }])
    });
    success(&json!({ "Commit": commit, "TotalCount": 7 }))
}
