//! Rows as JSON for programs. Sizes are bytes, times are seconds since 1970.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

use larder::inventory::{Partial, Presence, Repo, Sight, Snapshot};
use larder::repo::{Commit, Revision};

use super::row::{Row, Subject};
use crate::cli::ago::unix;

/// The object of a row.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Object<'a> {
    Repo(RepoRow<'a>),
    Partial(PartialRow<'a>),
}

#[derive(Serialize)]
pub(super) struct RepoRow<'a> {
    hub: &'static str,
    kind: &'static str,
    repo: String,
    is_in_store: bool,
    is_partial: bool,
    size_bytes: u64,
    unique_bytes: u64,
    last_used: Value,
    modified: Value,
    views: Vec<View<'a>>,
    revisions: Vec<CommitRow<'a>>,
}

#[derive(Serialize)]
struct CommitRow<'a> {
    commit: Option<&'a str>,
    names: Vec<&'a str>,
    is_pinned: bool,
    files: u64,
    missing_files: u64,
    size_bytes: u64,
    unique_bytes: u64,
    last_used: Value,
    modified: Value,
    views: Vec<Place<'a>>,
}

#[derive(PartialEq, Eq, Serialize)]
struct View<'a> {
    kind: &'static str,
    root: Cow<'a, str>,
    state: &'static str,
}

/// The folder of a commit in a view.
#[derive(Serialize)]
struct Place<'a> {
    #[serde(flatten)]
    view: View<'a>,
    path: Cow<'a, str>,
}

#[derive(Serialize)]
pub(super) struct PartialRow<'a> {
    hub: Option<&'static str>,
    kind: Option<&'static str>,
    repo: Option<String>,
    file: Option<&'a str>,
    file_bytes: Option<u64>,
    digest: String,
    is_in_store: bool,
    is_partial: bool,
    is_in_progress: bool,
    size_bytes: u64,
    unique_bytes: u64,
    last_used: Value,
    modified: Value,
    views: [(); 0],
    revisions: [(); 0],
}

/// One object for each row.
pub(super) fn document<'a>(rows: &[Row<'a>]) -> Vec<Object<'a>> {
    let objects = rows.iter().map(|row| match row.subject {
        Subject::Repo(repo, commits) => Object::Repo(of_repo(row, repo, commits)),
        Subject::Partial(partial) => Object::Partial(of_partial(row, partial)),
    });
    objects.collect()
}

fn of_repo<'a>(row: &Row<'_>, repo: &'a Repo, commits: &'a [Snapshot]) -> RepoRow<'a> {
    let mut views: Vec<View<'_>> = Vec::new();
    for sight in commits.iter().flat_map(|commit| &commit.views) {
        let view = of_view(sight);
        if !views.contains(&view) {
            views.push(view);
        }
    }
    RepoRow {
        hub: repo.hub.as_str(),
        kind: repo.id.kind().as_str(),
        repo: repo.id.id(),
        is_in_store: repo.is_in_store,
        is_partial: false,
        size_bytes: row.size_bytes,
        unique_bytes: row.unique_bytes,
        last_used: unix(row.last_used),
        modified: unix(row.modified),
        views,
        revisions: commits.iter().map(of_commit).collect(),
    }
}

fn of_commit(commit: &Snapshot) -> CommitRow<'_> {
    let places = commit.views.iter().map(|sight| Place {
        view: of_view(sight),
        path: sight.folder.to_string_lossy(),
    });
    CommitRow {
        commit: commit.commit.as_ref().map(Commit::as_str),
        names: commit.revisions.iter().map(Revision::as_str).collect(),
        is_pinned: commit.is_pinned,
        files: commit.files,
        missing_files: commit.missing,
        size_bytes: commit.size_bytes,
        unique_bytes: commit.unique_bytes,
        last_used: unix(commit.last_used),
        modified: unix(commit.modified),
        views: places.collect(),
    }
}

fn of_view(sight: &Sight) -> View<'_> {
    View {
        kind: sight.view.kind.as_str(),
        root: sight.view.root.to_string_lossy(),
        state: state(sight.presence),
    }
}

/// What became of a commit in a view.
pub(crate) fn state(presence: Presence) -> &'static str {
    match presence {
        Presence::Shown => "shown",
        Presence::Gone => "gone",
        Presence::Away => "away",
    }
}

fn of_partial<'a>(row: &Row<'_>, partial: &'a Partial) -> PartialRow<'a> {
    let wanted = partial.wanted.as_ref();
    PartialRow {
        hub: wanted.map(|wanted| wanted.hub.as_str()),
        kind: wanted.map(|wanted| wanted.repo.kind().as_str()),
        repo: wanted.map(|wanted| wanted.repo.id()),
        file: wanted.map(|wanted| wanted.path.as_str()),
        file_bytes: wanted.map(|wanted| wanted.len),
        digest: partial.digest.to_string(),
        is_in_store: true,
        is_partial: true,
        is_in_progress: partial.is_owned,
        size_bytes: row.size_bytes,
        unique_bytes: row.unique_bytes,
        last_used: unix(row.last_used),
        modified: unix(row.modified),
        views: [],
        revisions: [],
    }
}
