//! What `larder ls` shows, one after the other: repos, their commits, and what is unfinished.

use std::time::SystemTime;

use larder::inventory::{Inventory, Partial, Presence, Repo, Snapshot};
use larder::repo::{HubName, RepoKind};

/// A row, and what it can be told by.
#[derive(Clone)]
pub(crate) struct Row<'a> {
    pub(crate) subject: Subject<'a>,
    /// As a reference names it, but without the hub.
    pub(crate) name: String,
    pub(crate) hub: Option<HubName>,
    pub(crate) kind: Option<RepoKind>,
    pub(crate) revisions: Vec<String>,
    pub(crate) size_bytes: u64,
    pub(crate) unique_bytes: u64,
    pub(crate) last_used: Option<SystemTime>,
    pub(crate) modified: Option<SystemTime>,
}

/// What a row is about.
#[derive(Clone, Copy)]
pub(crate) enum Subject<'a> {
    /// A repo, and those of its commits that the row is about.
    Repo(&'a Repo, &'a [Snapshot]),
    /// An unfinished content.
    Partial(&'a Partial),
}

/// Every row, in the order of the inventory: one for each repo, or one for each commit.
pub(super) fn all(inventory: &Inventory, by_commit: bool) -> Vec<Row<'_>> {
    let repos = inventory.repos.iter().flat_map(|repo| {
        let commits = &repo.commits;
        let size = if by_commit { 1 } else { commits.len().max(1) };
        commits
            .chunks(size)
            .map(move |commits| of_repo(repo, commits, by_commit))
    });
    let partials = inventory.partials.iter().map(of_partial);
    repos.chain(partials).collect()
}

fn of_repo<'a>(repo: &'a Repo, commits: &'a [Snapshot], by_commit: bool) -> Row<'a> {
    let latest = |time: fn(&Snapshot) -> Option<SystemTime>| commits.iter().filter_map(time).max();
    let names = commits.iter().flat_map(|commit| &commit.revisions);
    let mut revisions: Vec<String> = names.map(ToString::to_string).collect();
    revisions.sort_by_key(|name| (name != "main" && name != "master", name.clone()));
    let (size_bytes, unique_bytes) = match (by_commit, commits) {
        (true, [commit]) => (commit.size_bytes, commit.unique_bytes),
        _ => (repo.size_bytes, repo.unique_bytes),
    };
    Row {
        subject: Subject::Repo(repo, commits),
        name: repo.id.to_string(),
        hub: Some(repo.hub),
        kind: Some(repo.id.kind()),
        revisions,
        size_bytes,
        unique_bytes,
        last_used: latest(|commit| commit.last_used),
        modified: latest(|commit| commit.modified),
    }
}

fn of_partial(partial: &Partial) -> Row<'_> {
    let wanted = partial.wanted.as_ref();
    let name = match wanted {
        Some(wanted) => format!("{}/{}", wanted.repo, wanted.path),
        None => format!("{}…", &partial.digest.to_string()[..12]),
    };
    Row {
        subject: Subject::Partial(partial),
        name,
        hub: wanted.map(|wanted| wanted.hub),
        kind: wanted.map(|wanted| wanted.repo.kind()),
        revisions: Vec::new(),
        size_bytes: partial.disk_bytes,
        unique_bytes: partial.disk_bytes,
        last_used: None,
        modified: Some(partial.modified),
    }
}

impl Row<'_> {
    /// Whether the row is about a repo that is in no record.
    pub(super) fn is_foreign(&self) -> bool {
        matches!(self.subject, Subject::Repo(repo, _) if !repo.is_in_store)
    }

    /// What other commands take for it; nothing for what the store does not have.
    pub(super) fn reference(&self, by_commit: bool) -> Option<String> {
        let Subject::Repo(repo, commits) = self.subject else {
            return None;
        };
        let commit = match commits {
            [one] if by_commit => Some(one.commit.as_ref()?),
            _ => None,
        };
        let hub = prefix(repo.hub);
        let commit = commit
            .map(|commit| format!("@{commit}"))
            .unwrap_or_default();
        repo.is_in_store
            .then(|| format!("{hub}{}{commit}", repo.id))
    }

    /// Where it can be seen: the short names of the views, or `gone`, or `away`.
    pub(super) fn places(&self) -> String {
        let Subject::Repo(_, commits) = self.subject else {
            return "-".to_owned();
        };
        let sights = || commits.iter().flat_map(|commit| &commit.views);
        let shown = sights().filter(|sight| sight.presence == Presence::Shown);
        let mut names: Vec<&str> = shown.map(|sight| sight.view.kind.short()).collect();
        names.sort_unstable();
        names.dedup();
        let is_away = || sights().any(|sight| sight.presence == Presence::Away);
        match names.as_slice() {
            [] if is_away() => "away".to_owned(),
            [] => "gone".to_owned(),
            names => names.join(","),
        }
    }
}

/// What a reference begins with, where the hub is not the usual one.
pub(super) fn prefix(hub: HubName) -> &'static str {
    match hub {
        HubName::HuggingFace => "",
        HubName::ModelScope => "ms:",
    }
}

#[cfg(test)]
pub(super) mod testing {
    use larder::digest::BlobId;

    use super::*;

    /// A row that is told by its name alone.
    pub(in super::super) fn row(name: &str) -> Row<'static> {
        let partial = Partial {
            digest: BlobId::of(b"").into(),
            wanted: None,
            disk_bytes: 0,
            modified: SystemTime::UNIX_EPOCH,
            is_owned: false,
        };
        Row {
            subject: Subject::Partial(Box::leak(Box::new(partial))),
            name: name.to_owned(),
            hub: None,
            kind: None,
            revisions: Vec::new(),
            size_bytes: 0,
            unique_bytes: 0,
            last_used: None,
            modified: None,
        }
    }
}
