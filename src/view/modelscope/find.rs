//! What is in the cache already, put there by any generation of the client. Looks, and never writes.

use std::fs;
use std::path::{Path, PathBuf};

use super::MsSnapshot;
use crate::error::Cause;
use crate::fs::{Stamp, list};
use crate::hub::RemoteFile;
use crate::view::Found;

impl MsSnapshot {
    /// Content for `file` that some client left: in this snapshot, in another of the repo, or in a
    /// folder of an older layout.
    ///
    /// # Errors
    /// When the cache cannot be looked at.
    pub fn find(&self, file: &RemoteFile) -> Result<Option<Found>, Cause> {
        let mut folders = vec![self.folder()];
        folders.extend(list(&self.layout.snapshots())?);
        folders.extend(self.layout.old_folders());
        let root = fs::canonicalize(self.layout.root()).unwrap_or_default();
        let found = |folder: PathBuf| regular(&folder.join(file.path.as_str()), file.len, &root);
        Ok(folders.into_iter().find_map(found))
    }
}

/// What was seen at `path`, if it is a file of this length in the cache: a link out of it leads to
/// what is not the cache's to give away.
pub(super) fn regular(path: &Path, len: u64, root: &Path) -> Option<Found> {
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
