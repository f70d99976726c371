//! Where the files of a record are shown now.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::Cause;
use crate::hub::RemoteFile;
use crate::repo::{Commit, RepoId, Revision};
use crate::store::Store;
use crate::store::census::Recorded;
use crate::view::places::places;
use crate::view::{RepoView, View, ViewId, ViewKind};

/// A part of a view.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shown {
    /// The view.
    pub view: ViewId,
    /// A revision that leads to it.
    pub revision: Revision,
}

/// A part of a view that was to show a commit.
pub(super) struct Part {
    pub(super) view: Arc<dyn RepoView>,
    pub(super) shown: Shown,
    /// All revisions that lead to it.
    leading: BTreeSet<Revision>,
    /// Whether every file that was pulled was published there.
    is_complete: bool,
}

impl Part {
    /// Whether the file stands there as one of the commit, where that is noted, by the layout or in
    /// the record. Some layouts have one folder for all commits, and a file of it may have become
    /// another's.
    pub(super) fn is_noted(&self, commit: &Commit, file: &RemoteFile) -> Option<bool> {
        let told = self.view.is_noted(commit, &self.leading, file);
        told.or(self.is_complete.then_some(true))
    }
}

/// Parts of a view, by their folders.
type Parts = BTreeMap<PathBuf, Part>;

/// The parts of the view `id` that are to show the commit, by their folders: none where it has one
/// for each revision, and all of them lead to other commits by now.
pub(super) fn shown_in(store: &Store, recorded: &Recorded, id: &ViewId) -> Result<Parts, Cause> {
    let manifest = &recorded.manifest;
    let asked = manifest.revisions.iter().cloned();
    let now = store.references(manifest.hub, &recorded.repo, asked)?;
    let mut revisions: Vec<Revision> = manifest.led_by(&now).cloned().collect();
    // There, a commit has a folder of its own.
    let has_own = manifest.is_pinned || id.kind == ViewKind::HuggingFace;
    if has_own || manifest.revisions.is_empty() {
        revisions.extend(Revision::parse(manifest.commit.as_str()));
    }
    let view = id.open();
    let places = places(view.as_ref(), &recorded.repo, &manifest.commit, &revisions);
    let parts = places.into_iter().filter_map(|(folder, (part, leading))| {
        let mut names = leading.intersection(&manifest.revisions);
        let shown = Shown {
            view: id.clone(),
            // An older layout notes the one that was published last.
            revision: names.next().or_else(|| leading.first())?.clone(),
        };
        let part = Part {
            view: part,
            shown,
            leading,
            is_complete: manifest.complete.contains(&folder),
        };
        Some((folder, part))
    });
    Ok(parts.collect())
}

/// A view of which one part is to be filled, whatever revision is asked: a pull of a commit by its id
/// puts right what a branch or tag shows.
pub(super) struct Only {
    pub(super) inner: Arc<dyn View>,
    pub(super) revision: Revision,
}

impl View for Only {
    fn id(&self) -> ViewId {
        self.inner.id()
    }

    fn root(&self) -> &Path {
        self.inner.root()
    }

    fn at(&self, repo: &RepoId, _asked: &Revision) -> Arc<dyn RepoView> {
        self.inner.at(repo, &self.revision)
    }
}
