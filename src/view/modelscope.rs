//! The ModelScope cache: the folder in which `modelscope` and everything built on it looks.
//!
//! Owns the paths of a repo below the cache root. The layout is that of `modelscope_hub` 0.5, which
//! `modelscope` 1.38 and later use (`_download.DownloadManager`): plain files under
//! `models/<owner>--<name>/snapshots/<revision>`, and nothing that says of which commit they are.
//!
//! **Invariants.** A new snapshot becomes visible whole: the client takes any folder with an entry
//! for a finished one. In a snapshot that exists, files are replaced one by one, by a rename under the
//! client's own lock. Nothing is written in place or through a link. Half-made things stand only in
//! `<repo>/.larder`, which goes again.
//!
//! **Revisions.** A snapshot is what its name was last pulled as, by whichever client. It holds files
//! of older commits that the newest has not, as the client leaves them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::Cause;
use crate::hub::{Listing, RemoteFile};
use crate::repo::{Commit, RepoId, RepoPath, Revision};
use crate::view::lying::{Contents, Snapshot};
use crate::view::{
    Found, Publication, Published, RepoView, View, ViewId, ViewKind, ViewLock, Withdrawal,
    Withdrawn,
};

mod find;
mod layout;
pub mod legacy;
mod lock;
mod lying;
mod publish;
pub mod scan;
mod withdraw;

use layout::Layout;
pub use scan::scan;

/// A ModelScope cache folder.
#[derive(Clone, Debug)]
pub struct MsCache {
    root: PathBuf,
}

impl MsCache {
    /// The cache at `root`, which is what `MODELSCOPE_CACHE` names. Touches nothing.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The part of the cache that shows `revision` of `repo`.
    pub fn snapshot(&self, repo: &RepoId, revision: &Revision) -> MsSnapshot {
        MsSnapshot {
            layout: Layout::new(&self.root, repo),
            revision: revision.clone(),
        }
    }
}

impl View for MsCache {
    fn id(&self) -> ViewId {
        ViewId {
            kind: ViewKind::ModelScope,
            root: self.root.clone(),
        }
    }

    fn root(&self) -> &Path {
        &self.root
    }

    fn at(&self, repo: &RepoId, revision: &Revision) -> Arc<dyn RepoView> {
        Arc::new(self.snapshot(repo, revision))
    }

    /// Also what older clients left: the newest reads it too.
    fn snapshots(&self) -> Result<Vec<Snapshot>, Cause> {
        lying::snapshots(&self.root, |_any| true)
    }

    fn contents(&self, snapshot: &Snapshot) -> Result<Contents, Cause> {
        lying::contents(&self.root, snapshot)
    }
}

/// One revision of a repo in a ModelScope cache.
#[derive(Clone, Debug)]
pub struct MsSnapshot {
    layout: Layout,
    revision: Revision,
}

impl MsSnapshot {
    /// The folder that readers open.
    pub fn folder(&self) -> PathBuf {
        self.layout.snapshot(&self.revision)
    }

    fn entry(&self, file: &RemoteFile) -> PathBuf {
        self.folder().join(file.path.as_str())
    }
}

impl RepoView for MsSnapshot {
    fn find(&self, _commit: &Commit, file: &RemoteFile) -> Result<Option<Found>, Cause> {
        find::find(&self.layout, &self.folder(), file)
    }

    fn name_of(&self, _commit: &Commit, file: &RemoteFile) -> PathBuf {
        self.entry(file)
    }

    fn folder_of(&self, _commit: &Commit) -> PathBuf {
        self.folder()
    }

    fn try_lock(&self, file: &RemoteFile) -> Result<Option<ViewLock>, Cause> {
        lock::CURRENT.try_hold(&self.layout.lock(&file.path))
    }

    /// No client notes which commit a revision was.
    fn read_ref(&self, _revision: &Revision) -> Result<Option<Commit>, Cause> {
        Ok(None)
    }

    /// No client keeps a listing.
    fn read_tree(&self, _commit: &Commit) -> Option<Listing> {
        None
    }

    /// The layout has no place for it.
    fn note_missing(&self, _commit: &Commit, _path: &RepoPath) -> Result<(), Cause> {
        Ok(())
    }

    fn publish(&self, publication: &Publication<'_>) -> Result<Published, Cause> {
        self.publish(publication)
    }

    fn withdraw(&self, withdrawal: &Withdrawal<'_>) -> Result<Withdrawn, Cause> {
        self.withdraw(withdrawal)
    }

    fn shadow(&self) -> Option<PathBuf> {
        self.layout.shadow()
    }
}

#[cfg(test)]
mod testing;
