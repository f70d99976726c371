//! Tree listings, page by page, and single entries by path.

use serde_json::{Value, json};

use super::commit::{Commit, Entry, File};
use super::content::hex;
use super::http::{encoded, form};
use super::log::Origin;
use super::refusal::Refusal;
use super::reply::Reply;
use super::route::Route;

/// Most entries on a page with `expand=true`.
const EXPANDED_PAGE: usize = 50;

/// `GET /api/{T}/{R}/tree/{rev}[/{path}]`.
pub(super) fn tree(route: &Route<'_>, name: &str, folder: &str) -> Result<Reply, Refusal> {
    let repo = route.repo()?;
    let commit = Route::commit(&repo, name)?;
    let is_folder =
        folder.is_empty() || matches!(commit.entry(folder), Some(Entry::Directory { .. }));
    if !is_folder {
        let (commit, path) = (commit.id.clone(), folder.to_owned());
        return Err(Refusal::NoEntry { commit, path });
    }
    let request = route.request;
    let is_expanded = request.is_set("expand");
    let most = if is_expanded {
        EXPANDED_PAGE
    } else {
        usize::MAX
    };
    let page = route.state.settings.page_size.min(most);
    let after = match request.param("cursor") {
        Some(cursor) => unhex(&cursor).ok_or(Refusal::BadRequest("invalid cursor"))?,
        None => String::new(),
    };
    let mut rest = commit.list(folder, request.is_set("recursive"), &after);
    let entries: Vec<&Entry> = rest.by_ref().take(page).collect();
    let rows: Vec<Value> = entries
        .iter()
        .map(|e| row(e, &commit, is_expanded))
        .collect();
    let reply = Reply::json(&json!(rows));
    Ok(match (rest.next(), entries.last()) {
        (Some(_), Some(last)) => reply.with("Link", &next_link(route, last.path())),
        _ => reply,
    })
}

/// The same request, going on after `last`.
fn next_link(route: &Route<'_>, last: &str) -> String {
    let request = route.request;
    let mut pairs: Vec<String> = form(request.query())
        .into_iter()
        .filter(|(name, _)| name != "cursor")
        .map(|(name, value)| format!("{}={}", encoded(&name), encoded(&value)))
        .collect();
    pairs.push(format!("cursor={}", hex(last.as_bytes())));
    let base = route.state.base(Origin::Hub);
    format!(
        "<{base}{}?{}>; rel=\"next\"",
        request.raw_path(),
        pairs.join("&")
    )
}

/// `POST /api/{T}/{R}/paths-info/{rev}` with a form or a JSON body.
pub(super) fn paths_info(route: &Route<'_>, name: &str) -> Result<Reply, Refusal> {
    let repo = route.repo()?;
    let commit = Route::commit(&repo, name)?;
    let request = route.request;
    let body = std::str::from_utf8(&request.body).unwrap_or_default();
    let is_json = request
        .header("content-type")
        .is_some_and(|t| t.contains("json"));
    let (paths, is_expanded) = if is_json {
        json_paths(body).ok_or(Refusal::BadRequest("invalid JSON"))?
    } else {
        form_paths(body)
    };
    let entries = paths.iter().filter_map(|path| commit.entry(path));
    let rows: Vec<Value> = entries.map(|e| row(e, &commit, is_expanded)).collect();
    Ok(Reply::json(&json!(rows)))
}

fn json_paths(body: &str) -> Option<(Vec<String>, bool)> {
    let body: Value = serde_json::from_str(body).ok()?;
    let paths = body["paths"].as_array()?.iter();
    let paths = paths.filter_map(|path| path.as_str().map(str::to_owned));
    Some((paths.collect(), body["expand"] == true))
}

fn form_paths(body: &str) -> (Vec<String>, bool) {
    let pairs = form(body);
    let is_expanded = pairs
        .iter()
        .any(|(name, value)| name == "expand" && value.eq_ignore_ascii_case("true"));
    let paths = pairs.into_iter().filter(|(name, _)| name == "paths");
    (paths.map(|(_, path)| path).collect(), is_expanded)
}

fn row(entry: &Entry, commit: &Commit, is_expanded: bool) -> Value {
    let mut row = match entry {
        Entry::Directory { path, oid } => {
            json!({ "type": "directory", "oid": oid, "size": 0, "path": path })
        }
        Entry::File(file) => file_row(file, is_expanded),
    };
    if is_expanded {
        row["lastCommit"] = json!({
            "id": commit.id,
            "title": "Upload files",
            "date": "2026-01-02T03:04:05.000Z",
        });
    }
    row
}

fn file_row(file: &File, is_expanded: bool) -> Value {
    let size = file.content.len();
    let mut row = json!({ "type": "file", "oid": file.oid(), "size": size, "path": file.path });
    if file.is_lfs() {
        let pointer = file.pointer().len();
        row["lfs"] = json!({ "oid": file.content.sha256(), "size": size, "pointerSize": pointer });
    }
    if let Some(xet) = file.xet_hash() {
        row["xetHash"] = json!(xet);
    }
    if is_expanded {
        row["securityFileStatus"] =
            json!({ "status": "safe", "avScan": null, "pickleImportScan": null });
    }
    row
}

fn unhex(text: &str) -> Option<String> {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    let bytes = digits?
        .chunks(2)
        .map(|pair| u8::try_from(pair.iter().fold(0, |n, digit| n * 16 + digit)).ok())
        .collect::<Option<Vec<u8>>>()?;
    String::from_utf8(bytes).ok()
}
