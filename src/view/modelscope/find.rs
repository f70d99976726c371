//! What is in the cache already, put there by any generation of the client. Looks, and never writes.

use std::fs;
use std::path::{Path, PathBuf};

use super::layout::Layout;
use crate::error::Cause;
use crate::fs::{Stamp, list};
use crate::hub::RemoteFile;
use crate::view::Found;

/// Content for `file` that some client left: in the folder `first`, in any snapshot of the repo, or
/// in a folder of an older layout.
///
/// # Errors
/// When the cache cannot be looked at.
pub(super) fn find(
    layout: &Layout,
    first: &Path,
    file: &RemoteFile,
) -> Result<Option<Found>, Cause> {
    let mut folders = vec![first.to_owned()];
    folders.extend(list(&layout.snapshots())?);
    folders.extend(layout.old_folders());
    let root = fs::canonicalize(layout.root()).unwrap_or_default();
    let found = |folder: PathBuf| regular(&folder.join(file.path.as_str()), file.len, &root);
    Ok(folders.into_iter().find_map(found))
}

/// What was seen at `path`, if it is a file of this length in the cache: a link out of it leads to
/// what is not the cache's to give away.
fn regular(path: &Path, len: u64, root: &Path) -> Option<Found> {
    let there = fs::metadata(path).ok()?;
    if !there.is_file() || there.len() != len {
        return None;
    }
    let path = fs::canonicalize(path).ok()?;
    path.starts_with(root).then(|| Found {
        path,
        len,
        stamp: Stamp::of(&there),
    })
}
