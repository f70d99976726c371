//! Listings: of a model in one answer that is cut without a word, of a dataset by pages.

use serde_json::{Value, json};

use super::super::commit::{Commit, Entry, File};
use super::super::content::sha1_hex;
use super::super::reply::Reply;
use super::{Digests, NO_TREE, Refusal, Visit, success};

/// `GET …/repo/files?Revision&Recursive&Root`.
pub(super) fn files(visit: &Visit<'_>) -> Result<Reply, Refusal> {
    let commit = visit.tree()?;
    let entries = entries(visit, &commit)?;
    let rows = entries.into_iter().take(visit.manners().row_cap);
    Ok(answer(
        &rows.map(|entry| row(visit, entry)).collect::<Vec<_>>(),
    ))
}

/// `GET …/repo/tree?Revision&Recursive&PageNumber&PageSize[&Root]`.
pub(super) fn tree(visit: &Visit<'_>) -> Result<Reply, Refusal> {
    let commit = visit.tree()?;
    let number = |name| visit.request.param(name).and_then(|text| text.parse().ok());
    let page: usize = number("PageNumber").unwrap_or(1);
    let size: usize = number("PageSize").unwrap_or(100);
    let size = size.min(visit.manners().page_cap);
    let entries = entries(visit, &commit)?;
    let rows = entries.into_iter().skip((page - 1) * size).take(size);
    Ok(answer(
        &rows.map(|entry| row(visit, entry)).collect::<Vec<_>>(),
    ))
}

fn answer(rows: &[Value]) -> Reply {
    success(&json!({ "Files": rows, "IsVisual": false, "LatestCommitter": null }))
}

fn entries<'a>(visit: &Visit<'_>, commit: &'a Commit) -> Result<Vec<&'a Entry>, Refusal> {
    let root = visit.request.param("Root").unwrap_or_default();
    let root = root.trim_matches('/');
    let is_folder = root.is_empty() || matches!(commit.entry(root), Some(Entry::Directory { .. }));
    if !is_folder {
        return Err(Refusal::new(NO_TREE, "no such folder"));
    }
    let is_recursive = visit.request.is_set("Recursive");
    Ok(commit.list(root, is_recursive, "").collect())
}

fn row(visit: &Visit<'_>, entry: &Entry) -> Value {
    let path = entry.path();
    let (kind, size, digest, mode, is_lfs) = match entry {
        Entry::Directory { .. } => ("tree", 0, json!(""), "16384", false),
        Entry::File(file) => {
            let digest = digest(visit.manners().digests, file);
            ("blob", file.content.len(), digest, "33188", file.is_lfs())
        }
    };
    json!({
        "CommitId": null,
        "CommitMessage": "upload",
        "CommittedDate": 1_726_665_606,
        "CommitterName": "acme",
        "InCheck": false,
        "IsLFS": is_lfs,
        "Mode": mode,
        "Name": path.rsplit('/').next(),
        "Path": path,
        // The last commit that touched the file, not the one that was asked for.
        "Revision": sha1_hex(path),
        "Sha256": digest,
        "Size": size,
        "Type": kind,
    })
}

fn digest(digests: Digests, file: &File) -> Value {
    let told = file.content.sha256();
    match digests {
        Digests::Upper => json!(told.to_uppercase()),
        Digests::Linked | Digests::Distant if file.is_lfs() => json!(""),
        Digests::Missing if !file.is_lfs() => Value::Null,
        _ => json!(told),
    }
}
