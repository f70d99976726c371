//! What can be seen of the recorded commits in the views that they were published to.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, Metadata};
use std::hash::RandomState;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::vec;

use super::holdings::Shown;
use super::names::{self, Entry, Folders};
use super::{Presence, Sight};
use crate::digest::BlobId;
use crate::error::Cause;
use crate::fs::{lstat, parallel};
use crate::repo::Revision;
use crate::store::census::{Blob, Census, Recorded};
use crate::store::snapshot::FileRecord;
use crate::view::lying::Lying;
use crate::view::places::{is_there, places};
use crate::view::{RepoView, View, ViewId};

/// What was seen of one file in one part of a view.
#[derive(Default)]
pub(super) struct Look {
    /// Names that lead to what was proven.
    pub(super) ours: Vec<(Shown, names::Seen)>,
    /// What stands under the name of a file that was not pulled.
    pub(super) foreign: Option<Lying>,
    /// Whether a reader would find the file, which was pulled.
    is_shown: bool,
}

/// What was seen of a commit in one part of a view.
pub(super) struct Seen {
    pub(super) sight: Sight,
    /// Whether it is seen there, or was to be.
    pub(super) is_listed: bool,
    /// By the index of the file in the manifest; none where one could not be looked at.
    looks: Vec<Look>,
}

impl Seen {
    /// The part, and what was seen of one file after the other.
    pub(super) fn one_by_one(mut self) -> (Self, vec::IntoIter<Look>) {
        let looks = std::mem::take(&mut self.looks).into_iter();
        (self, looks)
    }
}

/// Looks at every commit, and gives what was seen of it to `take`, in the order of the census. Looking
/// waits for the disk, so several threads do.
pub(super) fn each(
    census: &Census,
    blobs: &HashMap<BlobId, Blob>,
    hasher: &RandomState,
    take: impl FnMut(&Recorded, Vec<Seen>),
) {
    let views = Views::of(census);
    let look = |recorded: &Recorded| -> Vec<Seen> {
        // What several parts of a view show of a commit has one folder of blobs.
        let mut folders = Folders::default();
        let parts = views.parts_of(recorded).into_iter();
        parts
            .map(|part| {
                let looks = part.look(recorded, blobs, &mut folders, hasher);
                part.seen(looks)
            })
            .collect()
    };
    parallel::in_order(&census.commits, look, take);
}

impl Part {
    /// Looks at every file of the commit, in the order of its manifest.
    ///
    /// # Errors
    /// When one may not be looked at.
    fn look(
        &self,
        recorded: &Recorded,
        blobs: &HashMap<BlobId, Blob>,
        folders: &mut Folders,
        hasher: &RandomState,
    ) -> Result<Vec<Look>, Cause> {
        let commit = &recorded.manifest.commit;
        let part = self.shows.as_ref();
        let look = |file: &FileRecord| {
            let entry = part.name_of(commit, &file.remote);
            match file.blob {
                None => look_for_foreign(entry, file, part, folders),
                Some(id) => look_for_ours(entry, file, part, blobs.get(&id), folders, hasher),
            }
        };
        recorded.manifest.files.iter().map(look).collect()
    }

    fn seen(self, looks: Result<Vec<Look>, Cause>) -> Seen {
        let presence = match &looks {
            Ok(looks) => presence(looks, self.view.root()),
            Err(_unreadable) => Presence::Away,
        };
        Seen {
            is_listed: self.is_expected || presence == Presence::Shown,
            sight: Sight {
                view: self.view.id(),
                folder: self.folder,
                presence,
            },
            looks: looks.unwrap_or_default(),
        }
    }
}

/// What stands under the name of a file that was not pulled.
fn look_for_foreign(
    name: PathBuf,
    file: &FileRecord,
    part: &dyn RepoView,
    folders: &mut Folders,
) -> Result<Look, Cause> {
    // The name tells enough where there is none.
    let Some(entry) = folders.entry(&name, None)? else {
        return Ok(Look::default());
    };
    let path = match entry {
        Entry::File(_) => Some(name),
        Entry::Other => part.kept_as(&file.remote),
    };
    let there = path.map(|path| Ok((lstat(&path)?, path))).transpose()?;
    let there = there.and_then(|(there, path)| Some((there.filter(Metadata::is_file)?, path)));
    Ok(Look {
        foreign: there.map(|(there, path)| Lying::new(path, &there)),
        ..Look::default()
    })
}

fn look_for_ours(
    name: PathBuf,
    file: &FileRecord,
    part: &dyn RepoView,
    blob: Option<&Blob>,
    folders: &mut Folders,
    hasher: &RandomState,
) -> Result<Look, Cause> {
    let entry = folders.entry(&name, blob)?;
    let kept = match part.kept_as(&file.remote) {
        Some(kept) => Some((folders.entry(&kept, blob)?, kept)),
        None => None,
    };
    let is_file = |entry: &Option<Entry>| matches!(entry, Some(Entry::File(_)));
    let is_kept = kept.as_ref().is_some_and(|(kept, _)| is_file(kept));
    let is_shown = match &entry {
        None => false,
        Some(Entry::File(_)) => true,
        // A link of a folder into the store, or of hf into the stock of all its repos.
        Some(Entry::Other) => is_kept || fs::metadata(&name).is_ok_and(|there| there.is_file()),
    };
    let mut look = Look {
        is_shown,
        ..Look::default()
    };
    for (entry, path) in [Some((entry, name)), kept].into_iter().flatten() {
        let Some(Entry::File(there)) = entry else {
            continue;
        };
        let is_stored = blob.is_some_and(|blob| blob.stamp == there.stamp);
        if is_stored || file.stamps.contains(there.stamp) {
            look.ours.reserve_exact(1);
            look.ours.push((Shown::new(path, hasher), there));
        }
    }
    Ok(look)
}

fn presence(looked: &[Look], root: &Path) -> Presence {
    if looked.iter().any(|look| look.is_shown) {
        Presence::Shown
    } else if !is_there(root) {
        Presence::Away
    } else {
        Presence::Gone
    }
}

/// A part of a view that may show a commit.
struct Part {
    view: Arc<dyn View>,
    shows: Arc<dyn RepoView>,
    /// The folder that readers open, or would.
    folder: PathBuf,
    /// Whether the commit was published there at some time.
    is_expected: bool,
}

/// The views of all records, each opened once.
struct Views<'a>(BTreeMap<&'a ViewId, Arc<dyn View>>);

impl<'a> Views<'a> {
    fn of(census: &'a Census) -> Self {
        let ids = ids(census).into_iter();
        Self(ids.map(|id| (id, opened(id))).collect())
    }

    /// Every part of a view that may show a commit.
    fn parts_of(&self, recorded: &Recorded) -> Vec<Part> {
        let commit = &recorded.manifest.commit;
        let revisions = recorded.shown_under();
        let by_id = Revision::from(commit);
        let mut parts: Vec<Part> = Vec::new();
        let views = recorded.manifest.views.iter();
        for view in views.filter_map(|id| self.0.get(id)) {
            let found = places(view.as_ref(), &recorded.repo, commit, &revisions);
            for (folder, (shows, leading)) in found {
                if parts.iter().all(|known| known.folder != folder) {
                    let view = Arc::clone(view);
                    let is_by_id = leading.iter().eq([&by_id]);
                    parts.push(Part {
                        view,
                        shows,
                        folder,
                        is_expected: !is_by_id || recorded.is_shown_by_id(),
                    });
                }
            }
        }
        parts
    }
}

/// The views that are recorded, as they are spelled there.
pub(super) fn ids(census: &Census) -> BTreeSet<&ViewId> {
    let commits = census.commits.iter();
    commits.flat_map(|commit| &commit.manifest.views).collect()
}

/// The view under the one spelling of its folder that has no links in it.
pub(super) fn opened(id: &ViewId) -> Arc<dyn View> {
    let root = fs::canonicalize(&id.root).unwrap_or_else(|_away| id.root.clone());
    ViewId {
        kind: id.kind,
        root,
    }
    .open()
}
