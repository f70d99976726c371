//! What there is to take over, as a value.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::adopt::{Left, folder, huggingface, modelscope};
use crate::digest::Digest;
use crate::error::Cause;
use crate::fs::{FileId, Stamp};
use crate::hub::RemoteFile;
use crate::repo::{Commit, HubName, RepoId, RepoPath, Revision};
use crate::view::ViewId;
use crate::view::huggingface::stock;
use crate::view::modelscope::scan;

/// What is taken over in one go: a repo of a cache, or a folder.
#[derive(Debug)]
pub struct Part {
    /// The cache or folder.
    pub root: PathBuf,
    /// What it is called: the repo as a reference would name it, or the folder.
    pub title: String,
    /// The repo that it is.
    pub repo: Option<RepoOf>,
    /// Every file of it.
    pub files: Vec<Candidate>,
    /// Every commit of which there is a file.
    pub commits: Vec<CommitOf>,
    /// Folders in it that this user may not read, so that nobody knows what is in them.
    pub closed: Vec<PathBuf>,
}

/// Which repo, and the view that shows it.
#[derive(Clone, Debug)]
pub struct RepoOf {
    /// The hub.
    pub hub: HubName,
    /// The repo.
    pub repo: RepoId,
    /// The cache as a view.
    pub view: ViewId,
}

/// A name of a file that may be taken over.
#[derive(Debug)]
pub struct Candidate {
    /// The file itself, not a link.
    pub path: PathBuf,
    /// What it is called in messages.
    pub name: RepoPath,
    /// What its name promises of its content, where it does.
    pub promise: Option<Digest>,
    /// Whether the name is another tool's to write, and is never given to another file.
    pub is_foreign: bool,
    /// What the file looked like.
    pub metadata: Metadata,
}

/// A commit of which there are files.
#[derive(Debug)]
pub struct CommitOf {
    /// The commit.
    pub commit: Commit,
    /// The revisions that lead to it.
    pub revisions: BTreeSet<Revision>,
    /// Its files, as far as they are known.
    pub listing: Vec<RemoteFile>,
    /// The files that are here: the place of each in [`Part::files`].
    pub present: BTreeMap<RepoPath, usize>,
}

/// A file with all its names in a part.
#[derive(Debug)]
pub(super) struct Inode {
    pub(super) id: FileId,
    pub(super) stamp: Stamp,
    pub(super) disk_bytes: u64,
    pub(super) promise: Option<Digest>,
    /// Whether one of its names must stay as it is.
    pub(super) is_foreign: bool,
    /// Its names: places in [`Part::files`].
    pub(super) names: Vec<usize>,
}

impl Part {
    /// The folders that cannot be read, as what is left where it is.
    pub(super) fn unread(&self) -> impl Iterator<Item = Left> {
        self.closed.iter().map(|path| Left {
            path: path.clone(),
            why: format!("this user may not read the folder {}", path.display()),
        })
    }

    /// The files, each once, in the order of their first names.
    pub(super) fn inodes(&self) -> Vec<Inode> {
        let mut inodes: Vec<Inode> = Vec::new();
        let mut by_id = std::collections::HashMap::new();
        for (at, file) in self.files.iter().enumerate() {
            let id = FileId::of(&file.metadata);
            let place = *by_id.entry(id).or_insert(inodes.len());
            if place == inodes.len() {
                inodes.push(Inode {
                    id,
                    stamp: Stamp::of(&file.metadata),
                    disk_bytes: file.metadata.blocks() * 512,
                    promise: None,
                    is_foreign: false,
                    names: Vec::new(),
                });
            }
            let inode = &mut inodes[place];
            // With git's id both hashes are made.
            let is_git = matches!(file.promise, Some(Digest::Git(_)));
            if is_git || inode.promise.is_none() {
                inode.promise = file.promise;
            }
            inode.is_foreign |= file.is_foreign;
            inode.names.push(at);
        }
        inodes
    }
}

/// What is in `dir`: the repos of a Hugging Face cache, where it is one or has one as `hub`; those of a
/// ModelScope cache, whichever client made it; else the large files of a folder. `store`, wherever it is, is left out.
///
/// # Errors
/// When it cannot be read.
pub fn look(dir: &Path, store: &Path) -> Result<Vec<Part>, Cause> {
    let inside = dir.join("hub");
    let found = scan(dir)?;
    for cache in [dir, &inside] {
        if stock::is_cache(cache)? {
            let mut parts = huggingface::parts(cache)?;
            parts.extend(modelscope::shown(dir, &found)?);
            return Ok(parts);
        }
    }
    if !found.snapshots.is_empty() {
        return modelscope::parts(dir, &found, store);
    }
    folder::parts(dir, store)
}
