//! The parts of the recorded views in which a commit may be seen.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use crate::repo::Revision;
use crate::store::census::{Census, Recorded};
use crate::view::places::places;
use crate::view::{RepoView, View, ViewId};

/// A part of a view that may show a commit.
pub(super) struct Part {
    pub(super) view: Arc<dyn View>,
    pub(super) shows: Arc<dyn RepoView>,
    /// The folder that readers open, or would.
    pub(super) folder: PathBuf,
    /// Whether the commit was published there at some time.
    pub(super) is_expected: bool,
}

/// The views of all records, each opened once.
pub(super) struct Views<'a>(BTreeMap<&'a ViewId, Arc<dyn View>>);

impl<'a> Views<'a> {
    pub(super) fn of(census: &'a Census) -> Self {
        let ids = ids(census).into_iter();
        Self(ids.map(|id| (id, opened(id))).collect())
    }

    /// Every part of a view that may show a commit.
    pub(super) fn parts_of(&self, recorded: &Recorded) -> Vec<Part> {
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
