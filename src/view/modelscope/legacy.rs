//! The cache as `modelscope` 1.23 to 1.37 keep it: one folder per repo, and what the client notes in
//! it of the files and the revision.
//!
//! `models/<owner>/<name>` with `___` for each dot of the name, a link to it by the name itself, and
//! in it `.msc`, `.mdl` and `.mv` (`hub.utils.caching.ModelFileSystemCache`). There is no second
//! revision: the folder shows what was pulled last. The newest client reads it too, and takes it for
//! every revision.
//!
//! **Invariant.** The client takes a folder for finished when `.msc` lists a file: that file is
//! written last, and taken back first.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::layout::Layout;
use super::scan::Generation;
use super::{find, lock, lying};
use crate::error::Cause;
use crate::hub::{Listing, RemoteFile};
use crate::repo::{Commit, RepoId, RepoPath, Revision};
use crate::view::lock_file::LockFile;
use crate::view::lying::{Contents, Snapshot};
use crate::view::{
    Coming, Found, Publication, Published, RepoView, View, ViewId, ViewKind, ViewLock, Withdrawal,
    Withdrawn,
};

pub(crate) mod index;
mod notes;
mod publish;
mod withdraw;

/// One for the whole repo, exclusive among clients. Several of our own hold it together: they do not
/// write one file at the same time, by the store's locks.
const LOCK: LockFile = LockFile {
    is_shared: true,
    ..lock::CURRENT
};

/// A ModelScope cache folder in its older layout.
#[derive(Clone, Debug)]
pub struct MsLegacyCache {
    root: PathBuf,
}

impl MsLegacyCache {
    /// The cache at `root`, which holds `models`: what `MODELSCOPE_CACHE` names, else
    /// `~/.cache/modelscope/hub`. Touches nothing.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The folder of `repo`, as it is when `revision` is pulled.
    pub fn repo(&self, repo: &RepoId, revision: &Revision) -> MsFolder {
        MsFolder {
            layout: Layout::new(&self.root, repo),
            revision: revision.clone(),
        }
    }
}

impl View for MsLegacyCache {
    fn id(&self) -> ViewId {
        ViewId {
            kind: ViewKind::ModelScopeLegacy,
            root: self.root.clone(),
        }
    }

    fn root(&self) -> &Path {
        &self.root
    }

    fn at(&self, repo: &RepoId, revision: &Revision) -> Arc<dyn RepoView> {
        Arc::new(self.repo(repo, revision))
    }

    fn snapshots(&self) -> Result<Vec<Snapshot>, Cause> {
        lying::snapshots(&self.root, |made_by| made_by == Generation::Legacy)
    }

    fn contents(&self, snapshot: &Snapshot) -> Result<Contents, Cause> {
        lying::contents(&self.root, snapshot)
    }
}

/// A repo's folder in the older layout.
#[derive(Clone, Debug)]
pub struct MsFolder {
    layout: Layout,
    revision: Revision,
}

impl MsFolder {
    /// The folder that readers open.
    pub fn folder(&self) -> PathBuf {
        self.layout.old_folder()
    }

    fn entry(&self, file: &RemoteFile) -> PathBuf {
        self.folder().join(file.path.as_str())
    }
}

impl RepoView for MsFolder {
    fn find(&self, _commit: &Commit, file: &RemoteFile) -> Result<Option<Found>, Cause> {
        find::find(&self.layout, &self.folder(), file)
    }

    fn name_of(&self, _commit: &Commit, file: &RemoteFile) -> PathBuf {
        self.entry(file)
    }

    /// The client notes one revision for the whole folder, and only which it is not tells.
    fn is_noted(
        &self,
        commit: &Commit,
        shown_at: &BTreeSet<Revision>,
        _file: &RemoteFile,
    ) -> Option<bool> {
        let noted = self.version()?;
        let is_it = shown_at.contains(&noted) || noted == Revision::from(commit);
        (!is_it).then_some(false)
    }

    /// The index of what is there.
    fn folders(&self) -> Vec<PathBuf> {
        vec![self.folder()]
    }

    fn folder_of(&self, _commit: &Commit) -> PathBuf {
        self.folder()
    }

    fn try_lock(&self, _file: &RemoteFile) -> Result<Option<ViewLock>, Cause> {
        LOCK.try_hold(&self.layout.old_lock())
    }

    /// Nobody edits files there; a file that can have no place there is refused before it is fetched.
    fn edited(
        &self,
        coming: &[Coming<'_>],
        _go_on: &dyn Fn() -> bool,
    ) -> Result<Vec<PathBuf>, Cause> {
        coming
            .iter()
            .try_for_each(|coming| notes::refuse(&coming.file.path))?;
        Ok(Vec::new())
    }

    /// The client notes a revision's name and not its commit.
    fn read_ref(&self, _revision: &Revision) -> Result<Option<Commit>, Cause> {
        Ok(None)
    }

    /// The client notes which files it has, without size and hash.
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
}

#[cfg(test)]
mod tests;
