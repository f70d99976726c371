//! The Hugging Face cache: the folder in which `huggingface_hub` and everything built on it looks.
//!
//! Owns every path below the cache root except hf's shared store of Xet payloads (`<root>/blobs`),
//! which it reads and never writes. The layout is that of `huggingface_hub` 2.4
//! (`file_download._hf_hub_download_to_cache_dir`, `_tree_cache`, `utils._cache_manager`).
//!
//! **Invariants.** A name in a snapshot never points at a missing blob; a ref never names a missing
//! snapshot; a new snapshot becomes visible whole. Nothing is written in place or through a link:
//! every change is one rename or one exclusive creation, and what is right already is not touched.
//! Half-made things stand only in `<repo>/.larder`, which no scanner looks into.
//!
//! **Locking.** `.locks/<repo>/<etag>.lock` keeps two clients from downloading one file twice;
//! nothing here is wrong without it, and publishing takes none.

use std::fs::{Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::digest::Digest;
use crate::error::Cause;
use crate::fs::{OnPath, is_unwritable, make_dirs, share_file};
use crate::hub::{Listing, RemoteFile};
use crate::repo::{Commit, RepoId, RepoPath, Revision};
use crate::view::lying::{Contents, Snapshot};
use crate::view::{
    Found, Publication, Published, RepoView, View, ViewId, ViewKind, ViewLock, Withdrawal,
    Withdrawn,
};

mod content;
mod find;
mod layout;
pub(in crate::view) mod lock;
mod publish;
pub(crate) mod refs;
mod scan;
mod shared;
pub mod stock;
mod sweep;
pub(crate) mod tree;
mod withdraw;

use layout::Layout;

/// Tells backup tools to skip the cache. Only the first line is fixed.
pub(in crate::view) const CACHEDIR_TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
    # This file is a cache directory tag created by larder.\n\
    # For information about cache directory tags, see:\n\
    #\thttps://bford.info/cachedir/\n";

/// A Hugging Face cache folder.
#[derive(Clone, Debug)]
pub struct HfCache {
    root: PathBuf,
    use_symlinks: bool,
}

impl HfCache {
    /// The cache at `root`. Without symlinks, snapshots hold the files themselves, as hf does with
    /// `HF_HUB_DISABLE_SYMLINKS`. Touches nothing.
    pub fn new(root: PathBuf, use_symlinks: bool) -> Self {
        Self { root, use_symlinks }
    }

    /// The cache folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The part of the cache that belongs to `repo`, under the name that was asked for: readers look
    /// for that one, also when the hub has renamed the repo.
    pub fn repo(&self, repo: &RepoId) -> RepoCache {
        RepoCache {
            layout: Layout::new(&self.root, repo),
            use_symlinks: self.use_symlinks,
        }
    }

    /// Leaves a `CACHEDIR.TAG` if there is none. A cache that may not be written stays as it is.
    ///
    /// # Errors
    /// When the tag cannot be written although the folder can.
    pub fn mark(&self) -> Result<(), Cause> {
        mark(&self.root)
    }
}

fn mark(root: &Path) -> Result<(), Cause> {
    let tag = root.join("CACHEDIR.TAG");
    let created = OpenOptions::new().write(true).create_new(true).open(&tag);
    let written = created.and_then(|mut file| {
        share_file(&file, &tag);
        file.write_all(CACHEDIR_TAG.as_bytes())
    });
    match written {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists || is_unwritable(&error) => {
            Ok(())
        }
        other => other.on_path("write", &tag),
    }
}

/// One repo's part of a Hugging Face cache.
#[derive(Clone, Debug)]
pub struct RepoCache {
    layout: Layout,
    use_symlinks: bool,
}

impl RepoCache {
    /// The repo's folder, `models--owner--name`.
    pub fn folder(&self) -> &Path {
        self.layout.folder()
    }

    /// Where the files of `commit` have their names.
    pub fn snapshot_dir(&self, commit: &Commit) -> PathBuf {
        self.layout.snapshot(commit)
    }

    /// Where content of this digest lies: the hub's `ETag` is the digest.
    pub fn blob_path(&self, digest: Digest) -> PathBuf {
        self.layout.blob(digest)
    }

    /// Remembers that `commit` has no file `path`, which spares readers of optional files a request.
    /// A cache that may not be written stays as it is.
    ///
    /// # Errors
    /// When the marker cannot be left although the folder can be written.
    pub fn note_missing(&self, commit: &Commit, path: &RepoPath) -> Result<(), Cause> {
        let marker = self.layout.no_exist(commit, path);
        let dir = marker.parent().unwrap_or(self.folder());
        let created = make_dirs(dir).and_then(|()| {
            OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(&marker)
        });
        match created {
            Ok(_empty) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && marker.is_file() => {
                Ok(())
            }
            Err(error) if is_unwritable(&error) => Ok(()),
            Err(error) => Err(error).on_path("create", &marker),
        }
    }
}

impl View for HfCache {
    fn id(&self) -> ViewId {
        ViewId {
            kind: ViewKind::HuggingFace,
            root: self.root.clone(),
        }
    }

    fn root(&self) -> &Path {
        &self.root
    }

    /// All revisions of a repo share one folder.
    fn at(&self, repo: &RepoId, _revision: &Revision) -> Arc<dyn RepoView> {
        Arc::new(self.repo(repo))
    }

    fn snapshots(&self) -> Result<Vec<Snapshot>, Cause> {
        scan::snapshots(&self.root)
    }

    fn contents(&self, snapshot: &Snapshot) -> Result<Contents, Cause> {
        scan::contents(&self.repo(&snapshot.repo), snapshot)
    }

    fn loose(&self, is_ours: &dyn Fn(&Metadata) -> bool) -> Result<Vec<PathBuf>, Cause> {
        self.loose(is_ours)
    }

    fn sweep(&self, is_ours: &dyn Fn(&Metadata) -> bool) -> Result<u64, Cause> {
        self.sweep(is_ours)
    }
}

impl RepoView for RepoCache {
    fn find(&self, commit: &Commit, file: &RemoteFile) -> Result<Option<Found>, Cause> {
        self.find(commit, file)
    }

    fn name_of(&self, commit: &Commit, file: &RemoteFile) -> PathBuf {
        self.layout.entry(commit, &file.path)
    }

    fn kept_as(&self, file: &RemoteFile) -> Option<PathBuf> {
        Some(self.layout.blob(file.digest))
    }

    fn folders(&self) -> Vec<PathBuf> {
        vec![self.layout.blobs(), self.layout.snapshots()]
    }

    fn refs(&self) -> Option<PathBuf> {
        Some(self.layout.refs())
    }

    /// What another commit leads to is known when all snapshots were read.
    fn whole(&self) -> Option<PathBuf> {
        Some(self.folder().to_owned())
    }

    fn folder_of(&self, commit: &Commit) -> PathBuf {
        self.snapshot_dir(commit)
    }

    fn try_lock(&self, file: &RemoteFile) -> Result<Option<ViewLock>, Cause> {
        self.try_lock(file)
    }

    fn read_ref(&self, revision: &Revision) -> Result<Option<Commit>, Cause> {
        self.read_ref(revision)
    }

    fn read_tree(&self, commit: &Commit) -> Option<Listing> {
        self.read_tree(commit)
    }

    fn note_missing(&self, commit: &Commit, path: &RepoPath) -> Result<(), Cause> {
        self.note_missing(commit, path)
    }

    fn publish(&self, publication: &Publication<'_>) -> Result<Published, Cause> {
        self.publish(publication)
    }

    fn refs_to(&self, commit: &Commit) -> Result<Vec<Revision>, Cause> {
        self.refs_to(commit)
    }

    fn withdraw(&self, withdrawal: &Withdrawal<'_>) -> Result<Withdrawn, Cause> {
        self.withdraw(withdrawal)
    }
}

#[cfg(test)]
mod testing;
