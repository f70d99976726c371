//! A plain folder: large files without any promise of what they are.

use std::path::{Path, PathBuf};

use crate::adopt::found::{Candidate, Part};
use crate::error::Cause;
use crate::fs::{FileId, OnPath, list_open, lstat};
use crate::redact::clean;
use crate::repo::RepoPath;

/// Smaller files are edited by people, and save little.
pub(super) const LARGE: u64 = 1 << 20;

/// How names end that downloads have until they are finished.
const UNFINISHED: [&str; 7] = [
    "incomplete",
    "part",
    "partial",
    "crdownload",
    "download",
    "parallel_tmp",
    "tmp",
];

/// Folders in which clients of ModelScope, and larder, make what is not finished.
const WORKSHOPS: [&str; 2] = ["._____temp", ".larder"];

/// The folder as one part.
pub(super) fn parts(dir: &Path, store: &Path) -> Result<Vec<Part>, Cause> {
    // Other than a folder inside, which may be gone by now, this one was named.
    std::fs::read_dir(dir).on_path("read the folder", dir)?;
    // It may be named through a link, and this folder by its real name.
    let store = std::fs::metadata(store).ok().as_ref().map(FileId::of);
    let (mut folders, mut files) = (vec![dir.to_owned()], Vec::new());
    let mut closed = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in list_open(&folder, &mut closed)? {
            let Some(metadata) = lstat(&path)? else {
                continue;
            };
            if metadata.is_dir() {
                if Some(FileId::of(&metadata)) != store && !is_workshop(&path) {
                    folders.push(path);
                }
            } else if metadata.is_file() && metadata.len() >= LARGE && !is_unfinished(&path) {
                files.push(Candidate {
                    name: shown(dir, &path)?,
                    path,
                    promise: None,
                    is_foreign: false,
                    metadata,
                });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(vec![Part {
        root: dir.to_owned(),
        title: dir.display().to_string(),
        repo: None,
        files,
        commits: Vec::new(),
        closed,
    }])
}

fn is_workshop(path: &Path) -> bool {
    WORKSHOPS.iter().any(|name| path.ends_with(name))
}

/// Whether somebody is still writing to it, by its name or by what aria2 keeps beside it.
fn is_unfinished(path: &Path) -> bool {
    let is_named = path
        .extension()
        .and_then(|end| end.to_str())
        .is_some_and(|end| UNFINISHED.contains(&end));
    let mut beside = path.as_os_str().to_owned();
    beside.push(".aria2");
    is_named || PathBuf::from(beside).exists()
}

/// What a file is called in the story; a name that no hub could give loses its odd characters.
fn shown(dir: &Path, path: &Path) -> Result<RepoPath, Cause> {
    let below = path.strip_prefix(dir).unwrap_or(path);
    let text = clean(&below.to_string_lossy()).replace('\\', "/");
    let parsed = RepoPath::parse(&text).or_else(|_| RepoPath::parse("a file of the folder"));
    parsed.map_err(|bad| Cause::Bug(bad.to_string()))
}
