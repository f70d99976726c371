//! What can be seen of the recorded commits in the views that they were published to.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::num::NonZero;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use super::Presence;
use crate::digest::BlobId;
use crate::error::Cause;
use crate::fs::{Stamp, lstat};
use crate::repo::Revision;
use crate::store::census::{Blob, Census, Recorded};
use crate::store::snapshot::FileRecord;
use crate::view::lying::Lying;
use crate::view::places::places;
use crate::view::{RepoView, View, ViewId};

/// More threads than these wait for each other in the filesystem.
const MOST_THREADS: usize = 8;

/// What was seen of one file in one part of a view.
#[derive(Default)]
pub(super) struct Look {
    /// Names that lead to what was proven.
    pub(super) ours: Vec<(PathBuf, Metadata)>,
    /// What stands under the name of a file that was not pulled.
    pub(super) foreign: Option<Lying>,
    /// Whether a reader would find the file, which was pulled.
    is_shown: bool,
}

/// What was seen of a commit in one part of a view.
pub(super) struct Seen {
    pub(super) part: Part,
    /// By the index of the file in the manifest.
    pub(super) looks: Result<Vec<Look>, Cause>,
}

/// Looks at every commit, in the order of the census. Looking waits for the disk, so several threads do.
pub(super) fn all(census: &Census, blobs: &BTreeMap<BlobId, Blob>) -> Vec<Vec<Seen>> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let share = census
        .commits
        .len()
        .div_ceil(threads.min(MOST_THREADS))
        .max(1);
    let look = |recorded: &Recorded| -> Vec<Seen> {
        let parts = parts_of(recorded).into_iter();
        parts
            .map(|part| Seen {
                looks: part.look(recorded, blobs),
                part,
            })
            .collect()
    };
    thread::scope(|scope| {
        let shares = census.commits.chunks(share);
        let workers: Vec<_> = shares
            .map(|commits| scope.spawn(move || commits.iter().map(look).collect::<Vec<_>>()))
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    })
}

impl Part {
    /// Looks at every file of the commit, in the order of its manifest.
    ///
    /// # Errors
    /// When one may not be looked at.
    fn look(
        &self,
        recorded: &Recorded,
        blobs: &BTreeMap<BlobId, Blob>,
    ) -> Result<Vec<Look>, Cause> {
        let commit = &recorded.manifest.commit;
        let part = self.shows.as_ref();
        let files = recorded.manifest.files.iter();
        files
            .map(|file| look(&part.name_of(commit, &file.remote), file, part, blobs))
            .collect()
    }
}

fn look(
    entry: &Path,
    file: &FileRecord,
    part: &dyn RepoView,
    blobs: &BTreeMap<BlobId, Blob>,
) -> Result<Look, Cause> {
    let there = lstat(entry)?;
    let is_named = there.is_some();
    let mut names = vec![(entry.to_owned(), there)];
    // The name of what was not pulled tells enough where there is none.
    if (is_named || file.blob.is_some())
        && let Some(kept) = part.kept_as(&file.remote)
    {
        let there = lstat(&kept)?;
        names.push((kept, there));
    }
    let mut files = names
        .into_iter()
        .filter_map(|(path, there)| Some((path, there.filter(Metadata::is_file)?)));
    if file.blob.is_none() {
        let foreign = files.next();
        return Ok(Look {
            foreign: foreign.map(|(path, there)| Lying::new(path, &there)),
            ..Look::default()
        });
    }
    let files: Vec<_> = files.collect();
    let stamps = stamps_of(file, blobs);
    Ok(Look {
        is_shown: is_named && !files.is_empty(),
        ours: files
            .into_iter()
            .filter(|(_, there)| stamps.contains(&Stamp::of(there)))
            .collect(),
        foreign: None,
    })
}

pub(super) fn presence(looked: &[Look], root: &Path) -> Presence {
    // Not even the folder above is there: a disk that is not mounted.
    let is_away = || !root.exists() && !root.parent().is_some_and(Path::exists);
    if looked.iter().any(|look| look.is_shown) {
        Presence::Shown
    } else if is_away() {
        Presence::Away
    } else {
        Presence::Gone
    }
}

/// A part of a view that may show a commit.
pub(super) struct Part {
    pub(super) view: Arc<dyn View>,
    shows: Arc<dyn RepoView>,
    /// The folder that readers open, or would.
    pub(super) folder: PathBuf,
}

/// Every part of a view that may show a commit.
fn parts_of(recorded: &Recorded) -> Vec<Part> {
    let commit = &recorded.manifest.commit;
    let revisions = revisions_of(recorded);
    let mut parts: Vec<Part> = Vec::new();
    for id in &recorded.manifest.views {
        let view = opened(id);
        for (folder, (shows, _)) in places(view.as_ref(), &recorded.repo, commit, &revisions) {
            if parts.iter().all(|known| known.folder != folder) {
                let view = Arc::clone(&view);
                parts.push(Part {
                    view,
                    shows,
                    folder,
                });
            }
        }
    }
    parts
}

/// The view under the one spelling of its folder that has no links in it.
pub(super) fn opened(id: &ViewId) -> Arc<dyn View> {
    let root = std::fs::canonicalize(&id.root).unwrap_or_else(|_away| id.root.clone());
    ViewId {
        kind: id.kind,
        root,
    }
    .open()
}

/// Under what a commit may be shown: each revision, or the commit itself where it has none.
fn revisions_of(recorded: &Recorded) -> Vec<Revision> {
    let manifest = &recorded.manifest;
    let own = Revision::parse(manifest.commit.as_str());
    let own = own
        .into_iter()
        .filter(|_| manifest.is_pinned || manifest.revisions.is_empty());
    manifest.revisions.iter().cloned().chain(own).collect()
}

/// Every look by which the content of a file is known to be what was proven.
fn stamps_of(file: &FileRecord, blobs: &BTreeMap<BlobId, Blob>) -> Vec<Stamp> {
    let stored = file.blob.and_then(|id| blobs.get(&id));
    let stored = stored.map(|blob| blob.stamp);
    file.stamps.iter().chain(stored).collect()
}
