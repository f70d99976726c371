//! The files in a folder that a client left.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::find::within;
use super::ShownFile;
use crate::error::Cause;
use crate::fs::list_open;
use crate::repo::RepoPath;

/// What the clients keep for themselves at the top of a folder.
const NOTES: [&str; 7] = [
    ".msc",
    ".mdl",
    ".mv",
    ".msc.corrupted",
    ".mdl.corrupted",
    "._____temp",
    ".larder",
];

/// The files below `folder` that are in the cache `root`, links resolved; what cannot be the name of
/// one, or be read, goes to `odd`.
pub(super) fn of(
    folder: &Path,
    root: &Path,
    odd: &mut Vec<PathBuf>,
) -> Result<Vec<ShownFile>, Cause> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(dir) = folders.pop() {
        for entry in list_open(&dir, odd)? {
            let Ok(there) = fs::symlink_metadata(&entry) else {
                continue;
            };
            let inside = entry.strip_prefix(folder).ok().and_then(Path::to_str);
            let path = inside.and_then(|inside| RepoPath::parse(inside).ok());
            let Some(path) = path else {
                odd.push(entry);
                continue;
            };
            if NOTES.contains(&path.as_str()) || is_unfinished(&path) {
                continue;
            }
            if there.is_dir() {
                folders.push(entry);
            } else if let Some((place, stamp)) = within(&entry, root) {
                files.push(ShownFile {
                    path,
                    place,
                    stamp,
                    changed_by: None,
                });
            } else {
                odd.push(entry);
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// `<file>.incomplete`, which the client goes on with; `<file>.parallel_tmp`, which it joins.
fn is_unfinished(path: &RepoPath) -> bool {
    let name = path.file_name();
    [".incomplete", ".parallel_tmp"]
        .iter()
        .any(|end| name.strip_suffix(end).is_some())
}
