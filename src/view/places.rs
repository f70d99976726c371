//! Where a view shows a commit: some layouts have a folder for each revision, others one for each
//! commit, or one for all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::{RepoView, View};
use crate::repo::{Commit, RepoId, Revision};

/// A part of a view, and the revisions that lead there.
pub type Place = (Arc<dyn RepoView>, BTreeSet<Revision>);

/// The parts of a view that show a commit under these revisions, by the folder that readers open.
pub fn places<'a>(
    view: &dyn View,
    repo: &RepoId,
    commit: &Commit,
    revisions: impl IntoIterator<Item = &'a Revision>,
) -> BTreeMap<PathBuf, Place> {
    let mut places = BTreeMap::new();
    for revision in revisions {
        let part = view.at(repo, revision);
        let folder = part.folder_of(commit);
        let (_, leading) = places
            .entry(folder)
            .or_insert_with(|| (part, BTreeSet::new()));
        leading.insert(revision.clone());
    }
    places
}
