//! What lies in a view, by whomever it was put there: snapshots and their files, as values.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::error::Cause;
use crate::fs::{FileId, OnPath, lstat};
use crate::repo::{Commit, HubName, RepoId, Revision};

/// Folders below a snapshot's; more are none of a repo's.
const DEEPEST: usize = 64;

/// A snapshot that lies in a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The hub it is of.
    pub hub: HubName,
    /// The repo.
    pub repo: RepoId,
    /// The commit, where the layout tells it.
    pub commit: Option<Commit>,
    /// The folder that readers open.
    pub folder: PathBuf,
}

/// What a snapshot consists of.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// The revisions that lead to it.
    pub revisions: BTreeSet<Revision>,
    /// Its files that can be read.
    pub files: Vec<Lying>,
    /// How many names lead nowhere.
    pub dangling: u64,
}

/// A file of a snapshot.
#[derive(Clone, Debug)]
pub struct Lying {
    /// The name that keeps the bytes: its own, or that of the blob it is a link to.
    pub kept_as: PathBuf,
    /// Size in bytes.
    pub len: u64,
    /// Names of the file on its whole disk.
    pub links: u64,
    /// When it was last written to.
    pub modified: Option<SystemTime>,
    /// Which file it is.
    pub(crate) file: FileId,
}

impl Lying {
    /// The file that `there` describes.
    pub(crate) fn new(kept_as: PathBuf, there: &Metadata) -> Self {
        Self {
            kept_as,
            len: there.len(),
            links: there.nlink(),
            modified: there.modified().ok(),
            file: FileId::of(there),
        }
    }
}

/// The contents of a snapshot whose files lie in its folder as they are.
///
/// # Errors
/// When the folder cannot be read.
pub fn plain(snapshot: &Snapshot) -> Result<Contents, Cause> {
    let mut contents = Contents::default();
    walk(&snapshot.folder, &mut |entry, there| {
        if there.is_file() {
            contents.files.push(Lying::new(entry, there));
        }
        Ok(())
    })?;
    Ok(contents)
}

/// Shows `see` everything below `dir` that is no folder; links are not followed.
pub(super) fn walk(
    dir: &Path,
    see: &mut impl FnMut(PathBuf, &Metadata) -> Result<(), Cause>,
) -> Result<(), Cause> {
    let mut folders = vec![(dir.to_owned(), 0)];
    while let Some((dir, depth)) = folders.pop() {
        for entry in fs::read_dir(&dir).on_path("read the folder", &dir)? {
            let path = entry.on_path("read the folder", &dir)?.path();
            match lstat(&path)? {
                Some(there) if there.is_dir() && depth < DEEPEST => folders.push((path, depth + 1)),
                Some(there) if !there.is_dir() => see(path, &there)?,
                _gone_or_too_deep => {}
            }
        }
    }
    Ok(())
}
