//! Does what a [`Removal`] says, under the store's lock alone.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use crate::digest::BlobId;
use crate::error::{Cause, Error};
use crate::fs::{self, FileId, Stamp};
use crate::hub::RemoteFile;
use crate::removal::{Going, Key, Removal};
use crate::repo::{RepoPath, Revision};
use crate::store::Store;
use crate::store::collect::Collecting;
use crate::view::places::{Place, is_there, places, unless_closed};
use crate::view::{RepoView, View, ViewId, ViewKind, Withdrawal, Withdrawn};

/// What has gone.
#[derive(Clone, Debug, Default)]
pub struct Removed {
    /// Names that were taken out of views.
    pub names: u64,
    /// Blobs that are gone.
    pub blobs: u64,
    /// Unfinished contents that are gone.
    pub unfinished: u64,
    /// Bytes that this disk has back.
    pub freed_bytes: u64,
    /// Blobs that stay because a name outside the store holds them.
    pub held: u64,
    /// What stands in a view in place of what was pulled, and stays.
    pub foreign: Vec<PathBuf>,
    /// Views on disks that are not there.
    pub absent: BTreeSet<PathBuf>,
    /// Views that this user may not change.
    pub closed: BTreeSet<PathBuf>,
    /// Commits that stay in the store, because a folder that is absent or closed may show them by links
    /// into it. They are out of the other views.
    pub kept: BTreeSet<Key>,
}

impl Removed {
    /// Counts what went out of a view. A layout with one folder for all revisions tells the same twice.
    fn withdrew(&mut self, withdrawn: Withdrawn) {
        self.names += withdrawn.names;
        self.freed_bytes += withdrawn.freed_bytes;
        for path in withdrawn.foreign {
            if !self.foreign.contains(&path) {
                self.foreign.push(path);
            }
        }
    }

    /// Counts what went in another store, too.
    pub fn add(&mut self, other: Self) {
        self.names += other.names;
        self.blobs += other.blobs;
        self.unfinished += other.unfinished;
        self.freed_bytes += other.freed_bytes;
        self.held += other.held;
        self.foreign.extend(other.foreign);
        self.absent.extend(other.absent);
        self.closed.extend(other.closed);
        self.kept.extend(other.kept);
    }
}

/// Does what `removal` says. `views` are looked through for contents that an interrupted pull has put
/// there without a name.
///
/// # Errors
/// What could not be removed and why. What was done until then is done, and the same removal goes on
/// from there.
pub fn apply(
    store: &Store,
    leave: &Collecting,
    removal: &Removal,
    views: &BTreeSet<ViewId>,
    stop: &CancellationToken,
) -> Result<Removed, Error> {
    let mut removed = Removed::default();
    let around = Around {
        store: store.root(),
        kept: &removal.kept_names,
    };
    for going in &removal.commits {
        let on_repo = |cause: Cause| cause.on_repo("remove", &going.repo);
        if stop.is_cancelled() {
            return Err(on_repo(Cause::Cancelled));
        }
        withdraw(store, around, going, &mut removed).map_err(on_repo)?;
        if !removed.kept.contains(&going.key()) {
            forget_revisions(store, leave, going).map_err(on_repo)?;
        }
    }
    discard(store, leave, removal, views, &mut removed)
        .map_err(|cause| cause.on_path("clean", store.root()))?;
    let kept = &removed.kept;
    let goes = |going: &&Going| !kept.contains(&going.key());
    for going in removal.commits.iter().filter(goes) {
        record(store, leave, going).map_err(|cause| cause.on_repo("remove", &going.repo))?;
    }
    Ok(removed)
}

/// What every withdrawal is told.
#[derive(Clone, Copy)]
struct Around<'a> {
    store: &'a Path,
    kept: &'a HashSet<PathBuf>,
}

/// Takes a commit, or what goes of it, out of every view that is there.
fn withdraw(
    store: &Store,
    around: Around<'_>,
    going: &Going,
    removed: &mut Removed,
) -> Result<(), Cause> {
    let pulled = with_looks(store, going)?;
    for id in &going.manifest.views {
        if !is_there(&id.root) {
            removed.absent.insert(id.root.clone());
            keep_linked(going, id, removed);
            continue;
        }
        let (view, commit) = (id.open(), &going.manifest.commit);
        for place in places(view.as_ref(), &going.repo, commit, &going.shown_at).into_values() {
            let Some(withdrawn) = unless_closed(withdraw_at(around, going, &pulled, place))? else {
                removed.closed.insert(id.root.clone());
                keep_linked(going, id, removed);
                continue;
            };
            removed.withdrew(withdrawn);
        }
        for left in going.left_at.iter().filter(|(_, files)| !files.is_empty()) {
            let part = view.at(&going.repo, left.0);
            match unless_closed(withdraw_left(around, going, &pulled, part.as_ref(), left))? {
                Some(withdrawn) => removed.withdrew(withdrawn),
                None => {
                    removed.closed.insert(id.root.clone());
                }
            }
        }
    }
    Ok(())
}

/// What the next commit of a revision left standing in the folder of that.
fn withdraw_left(
    around: Around<'_>,
    going: &Going,
    pulled: &[(RemoteFile, Vec<Stamp>)],
    part: &dyn RepoView,
    (revision, left): (&Revision, &BTreeSet<RepoPath>),
) -> Result<Withdrawn, Cause> {
    let files = pulled.iter().filter(|(file, _)| left.contains(&file.path));
    let files: Vec<_> = files.cloned().collect();
    must_be_open(part, going, &files)?;
    part.withdraw(&Withdrawal {
        commit: &going.manifest.commit,
        revisions: &[],
        shown_at: std::slice::from_ref(revision),
        files: &files,
        kept: around.kept,
        store: around.store,
        is_whole: false,
    })
}

/// Keeps the contents that a view may lead to which could not be changed: a second name would hold
/// them, a link does not.
fn keep_linked(going: &Going, view: &ViewId, removed: &mut Removed) {
    if view.kind == ViewKind::Folder {
        removed.kept.insert(going.key());
    }
}

/// What is at one place goes with the last revision that leads there.
fn withdraw_at(
    around: Around<'_>,
    going: &Going,
    pulled: &[(RemoteFile, Vec<Stamp>)],
    (part, leading): Place,
) -> Result<Withdrawn, Cause> {
    let is_whole = going.is_whole || leading.is_subset(&going.revisions);
    let goes = |file: &RemoteFile| is_whole || going.files.contains(&file.path);
    let files = pulled.iter().filter(|(file, _)| goes(file));
    let files: Vec<_> = files.cloned().collect();
    must_be_open(part.as_ref(), going, &files)?;
    let revisions: Vec<_> = going.revisions.iter().cloned().collect();
    let shown_at: Vec<_> = leading.iter().cloned().collect();
    part.withdraw(&Withdrawal {
        commit: &going.manifest.commit,
        revisions: &revisions,
        shown_at: &shown_at,
        files: &files,
        kept: around.kept,
        store: around.store,
        is_whole,
    })
}

/// Nothing goes from a place from which not all can go: half a snapshot is what nobody asked for.
///
/// # Errors
/// When a folder may not be changed.
fn must_be_open(
    part: &dyn RepoView,
    going: &Going,
    files: &[(RemoteFile, Vec<Stamp>)],
) -> Result<(), Cause> {
    if files.is_empty() {
        return Ok(());
    }
    let commit = &going.manifest.commit;
    // As the number was computed that was promised: for the whole commit.
    let pulled = || going.pulled.iter().map(|(file, _)| file);
    let names: Vec<PathBuf> = pulled().map(|file| part.name_of(commit, file)).collect();
    let kept: Vec<PathBuf> = pulled().filter_map(|file| part.kept_as(file)).collect();
    let folders = part.folders();
    let above = names.iter().filter_map(|name| name.parent());
    let all: BTreeSet<&Path> = folders.iter().map(PathBuf::as_path).chain(above).collect();
    fs::must_change(all, names.iter().chain(&kept).map(PathBuf::as_path))
}

/// What was pulled, and every look by which its content is known: that of the blob as well.
fn with_looks(store: &Store, going: &Going) -> Result<Vec<(RemoteFile, Vec<Stamp>)>, Cause> {
    let records = going.manifest.by_path();
    let mut pulled = going.pulled.clone();
    for (file, looks) in &mut pulled {
        let blob = records.get(&file.path).and_then(|record| record.blob);
        if let Some(there) = blob.map(|id| fs::lstat(&store.blob_path(id))).transpose()? {
            looks.extend(there.as_ref().map(Stamp::of));
        }
    }
    Ok(pulled)
}

fn forget_revisions(store: &Store, leave: &Collecting, going: &Going) -> Result<(), Cause> {
    let (hub, repo, commit) = going.key();
    let only = (!going.is_whole).then_some(&going.revisions);
    store.forget_references(leave, (hub, &repo, &commit), only)
}

fn discard(
    store: &Store,
    leave: &Collecting,
    removal: &Removal,
    views: &BTreeSet<ViewId>,
    removed: &mut Removed,
) -> Result<(), Cause> {
    let kept = removal.blobs_of(&removed.kept);
    let ids: BTreeSet<BlobId> = removal.blobs.keys().copied().collect();
    let ids: BTreeSet<BlobId> = ids.difference(&kept).copied().collect();
    for id in views.iter().filter(|_| !ids.is_empty()) {
        removed.freed_bytes += sweep(store, id.open().as_ref(), &ids)?;
    }
    let discarded = store.discard(leave, &ids, &removal.kept_git)?;
    removed.blobs += discarded.blobs;
    removed.held += discarded.held;
    removed.freed_bytes += discarded.freed_bytes;
    for one in &removal.unfinished {
        if store.discard_unfinished(leave, one)? {
            removed.unfinished += 1;
            removed.freed_bytes += one.disk_bytes;
        }
    }
    Ok(())
}

/// Removes from a view what no name in it leads to and is one of these blobs.
fn sweep(store: &Store, view: &dyn View, ids: &BTreeSet<BlobId>) -> Result<u64, Cause> {
    let mut ours = HashSet::new();
    for id in ids {
        if let Some(there) = fs::lstat(&store.blob_path(*id))? {
            ours.insert(FileId::of(&there));
        }
    }
    let freed = view.sweep(&|there| ours.contains(&FileId::of(there)));
    Ok(unless_closed(freed)?.unwrap_or_default())
}

fn record(store: &Store, leave: &Collecting, going: &Going) -> Result<(), Cause> {
    if let Some(rest) = going.rest() {
        return store.amend(leave, &going.repo, &rest, going.last_used);
    }
    let (hub, repo, commit) = going.key();
    store.forget(leave, hub, &repo, &commit)
}
