//! Rows as JSON for programs. Sizes are bytes, times are seconds since 1970.

use serde_json::{Value, json};

use larder::inventory::{Partial, Presence, Repo, Sight, Snapshot};
use larder::repo::{Commit, Revision};

use super::row::{Row, Subject};
use crate::cli::ago::unix;

/// An array with one object for each row.
pub(super) fn document(rows: &[Row<'_>]) -> Value {
    rows.iter().map(object).collect()
}

fn object(row: &Row<'_>) -> Value {
    let mut object = match row.subject {
        Subject::Repo(repo, commits) => of_repo(repo, commits),
        Subject::Partial(partial) => of_partial(partial),
    };
    object["size_bytes"] = row.size_bytes.into();
    object["unique_bytes"] = row.unique_bytes.into();
    object["last_used"] = unix(row.last_used);
    object["modified"] = unix(row.modified);
    object
}

fn of_repo(repo: &Repo, commits: &[Snapshot]) -> Value {
    let mut views: Vec<Value> = Vec::new();
    for sight in commits.iter().flat_map(|commit| &commit.views) {
        let view = of_view(sight);
        if !views.contains(&view) {
            views.push(view);
        }
    }
    json!({
        "hub": repo.hub.as_str(),
        "kind": repo.id.kind().as_str(),
        "repo": repo.id.id(),
        "is_in_store": repo.is_in_store,
        "is_partial": false,
        "revisions": commits.iter().map(of_commit).collect::<Vec<_>>(),
        "views": views,
    })
}

fn of_commit(commit: &Snapshot) -> Value {
    let names: Vec<&str> = commit.revisions.iter().map(Revision::as_str).collect();
    let folders = commit.views.iter().map(|sight| {
        let mut view = of_view(sight);
        view["path"] = sight.folder.to_string_lossy().into();
        view
    });
    json!({
        "commit": commit.commit.as_ref().map(Commit::as_str),
        "names": names,
        "is_pinned": commit.is_pinned,
        "files": commit.files,
        "missing_files": commit.missing,
        "size_bytes": commit.size_bytes,
        "unique_bytes": commit.unique_bytes,
        "last_used": unix(commit.last_used),
        "modified": unix(commit.modified),
        "views": folders.collect::<Vec<_>>(),
    })
}

fn of_view(sight: &Sight) -> Value {
    json!({
        "kind": sight.view.kind.as_str(),
        "root": sight.view.root.to_string_lossy(),
        "state": state(sight.presence),
    })
}

/// What became of a commit in a view.
pub(crate) fn state(presence: Presence) -> &'static str {
    match presence {
        Presence::Shown => "shown",
        Presence::Gone => "gone",
        Presence::Away => "away",
    }
}

fn of_partial(partial: &Partial) -> Value {
    let wanted = partial.wanted.as_ref();
    json!({
        "hub": wanted.map(|wanted| wanted.hub.as_str()),
        "kind": wanted.map(|wanted| wanted.repo.kind().as_str()),
        "repo": wanted.map(|wanted| wanted.repo.id()),
        "file": wanted.map(|wanted| wanted.path.as_str()),
        "file_bytes": wanted.map(|wanted| wanted.len),
        "digest": partial.digest.to_string(),
        "is_in_store": true,
        "is_partial": true,
        "is_in_progress": partial.is_owned,
        "revisions": [],
        "views": [],
    })
}
