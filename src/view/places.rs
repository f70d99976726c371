//! Where a view shows a commit: some layouts have a folder for each revision, others one for each
//! commit, or one for all. And whether there is anything of a view to look at.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{RepoView, View};
use crate::error::Cause;
use crate::fs::{is_absent, is_unwritable};
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

/// Whether the disk of a view is there. The view's folder may be gone, but then the one around it has
/// something in it: a folder with nothing in it is what a disk leaves that is not mounted.
pub fn is_there(root: &Path) -> bool {
    let nearest = [Some(root), root.parent()].into_iter().flatten();
    for dir in nearest {
        match fs::read_dir(dir) {
            Ok(mut entries) => return entries.next().is_some(),
            Err(error) if is_absent(&error) => {}
            // Who looks for names in it will see.
            Err(_closed) => return true,
        }
    }
    false
}

/// What was found or done in a view; `None` where it is another user's, or on a disk that may only be
/// read: what concerns the others goes on.
///
/// # Errors
/// Every other failure.
pub fn unless_closed<T>(done: Result<T, Cause>) -> Result<Option<T>, Cause> {
    match done {
        Err(Cause::Io { source, .. }) if is_unwritable(&source) => Ok(None),
        other => other.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_folder_may_be_a_disk_that_is_not_mounted() {
        let dir = tempfile::tempdir().unwrap();
        let disk = dir.path().join("disk");
        let root = disk.join("hub");
        assert!(!is_there(&root));
        fs::create_dir(&disk).unwrap();
        assert!(!is_there(&root));
        fs::create_dir(&root).unwrap();
        assert!(!is_there(&root));
        fs::write(root.join("CACHEDIR.TAG"), "").unwrap();
        assert!(is_there(&root));
        fs::remove_dir_all(&root).unwrap();
        fs::write(disk.join("other"), "").unwrap();
        assert!(is_there(&root));
    }
}
