//! What is in a folder.

use std::fs::{self, DirEntry, ReadDir};
use std::io;
use std::path::{Path, PathBuf};

use super::{OnPath, is_absent};
use crate::error::Cause;

/// The paths in a folder; none where there is no folder.
///
/// # Errors
/// When it cannot be read.
pub fn list(dir: &Path) -> Result<Vec<PathBuf>, Cause> {
    let paths = |entries: ReadDir| entries.map(|entry| Ok(entry?.path())).collect();
    list_by(dir, paths)
}

/// The paths of the folders in a folder, which links to folders are not; none where there is no folder.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn list_folders(dir: &Path) -> Result<Vec<PathBuf>, Cause> {
    let folder = |entry: io::Result<DirEntry>| -> io::Result<Option<PathBuf>> {
        let entry = entry?;
        match entry.file_type() {
            // Where the folder does not tell, the entry is looked at, and may have gone.
            Err(error) if is_absent(&error) => Ok(None),
            other => Ok(other?.is_dir().then(|| entry.path())),
        }
    };
    list_by(dir, |entries| {
        entries
            .filter_map(|entry| folder(entry).transpose())
            .collect()
    })
}

fn list_by(
    dir: &Path,
    paths: impl FnOnce(ReadDir) -> io::Result<Vec<PathBuf>>,
) -> Result<Vec<PathBuf>, Cause> {
    match fs::read_dir(dir) {
        Err(error) if is_absent(&error) => Ok(Vec::new()),
        other => other.and_then(paths).on_path("read the folder", dir),
    }
}

/// As [`list`], and a folder that this user may not read has nothing: it is noted in `closed`.
///
/// # Errors
/// When it cannot be read for another reason.
pub(crate) fn list_open(dir: &Path, closed: &mut Vec<PathBuf>) -> Result<Vec<PathBuf>, Cause> {
    match list(dir) {
        Err(Cause::Io { source, .. }) if source.kind() == io::ErrorKind::PermissionDenied => {
            closed.push(dir.to_owned());
            Ok(Vec::new())
        }
        other => other,
    }
}
