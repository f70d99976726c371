//! What lies in the cache, in the words of every view.

use std::fs;
use std::path::Path;

use super::layout::Layout;
use super::scan::{self, Generation};
use crate::error::Cause;
use crate::repo::{HubName, Revision};
use crate::view::lying::{Contents, Lying, Snapshot};

/// Every snapshot in the cache at `root` of the generations that `is_meant` says. None has a commit:
/// no client notes one.
///
/// # Errors
/// When a folder cannot be read.
pub(super) fn snapshots(
    root: &Path,
    is_meant: impl Fn(Generation) -> bool,
) -> Result<Vec<Snapshot>, Cause> {
    let found = scan::scan(root)?.snapshots.into_iter();
    let meant = found.filter(|there| is_meant(there.generation) && !there.files.is_empty());
    let snapshots = meant.map(|there| Snapshot {
        hub: HubName::ModelScope,
        repo: there.repo,
        commit: None,
        folder: there.folder,
    });
    Ok(snapshots.collect())
}

/// What is in one of them: its files without the clients' notes, and the revision that its folder or
/// its note names.
///
/// # Errors
/// When the folder cannot be read.
pub(super) fn contents(root: &Path, snapshot: &Snapshot) -> Result<Contents, Cause> {
    let files = scan::files_of(&snapshot.folder, root)?.into_iter();
    let files = files.filter_map(|file| {
        let there = fs::metadata(&file.place).ok()?;
        Some(Lying::new(file.place, &there))
    });
    let shelf = Layout::new(root, &snapshot.repo).snapshots();
    let revision = match snapshot.folder.strip_prefix(&shelf) {
        Ok(name) => name.to_str().and_then(|name| Revision::parse(name).ok()),
        Err(_older) => scan::noted_revision(&snapshot.folder),
    };
    Ok(Contents {
        revisions: revision.into_iter().collect(),
        files: files.collect(),
        dangling: 0,
    })
}
