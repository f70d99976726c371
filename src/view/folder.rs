//! A plain folder with the files of one commit, as `hf download --local-dir` leaves it.
//!
//! Owns the notes below `<root>/.cache/huggingface` and the files that it has put there itself; what
//! else is in the folder is its owner's. The layout is that of `huggingface_hub` 2.4
//! (`_local_folder`, `file_download._hf_hub_download_to_local_dir`).
//!
//! **Invariants.** What somebody has written is not replaced unless that was asked for: a file gives
//! way only when its bytes are those that its note says were published there. Nothing is written in
//! place or through a link below the root: every change is one rename. A note never vouches for
//! bytes that are not there: it is made void before its file is replaced, and good after.
//!
//! **Locking.** `download/<path>.lock` keeps two clients from fetching one file twice, `larder.lock`
//! two publications of any repos from mixing.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::digest::Digest;
use crate::error::Cause;
use crate::fs::{self, Stamp, lstat};
use crate::hub::{Listing, RemoteFile};
use crate::repo::{Commit, RepoId, RepoPath, Revision};
use crate::view::huggingface::{lock, tree};
use crate::view::{
    Coming, Found, Publication, Published, RepoView, View, ViewId, ViewKind, ViewLock, Withdrawal,
    Withdrawn,
};

mod bring;
mod layout;
mod metadata;
mod notes;
mod publish;
mod stand;
mod withdraw;

pub use bring::Link;

use layout::Layout;
use stand::Verdict;

/// Smaller files are copied: people edit those, and a copy costs little.
pub const SMALL_BYTES: u64 = 1 << 20;

/// A folder for the files of one commit.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
    link: Link,
    may_replace: bool,
}

impl Folder {
    /// The folder at `root`, an absolute path. Touches nothing.
    pub fn new(root: PathBuf) -> Self {
        Self {
            root,
            link: Link::Auto,
            may_replace: false,
        }
    }

    /// How files come into it.
    #[must_use]
    pub fn linked_by(self, link: Link) -> Self {
        Self { link, ..self }
    }

    /// Whether what somebody has written there may be replaced.
    #[must_use]
    pub fn replacing(self, may_replace: bool) -> Self {
        Self {
            may_replace,
            ..self
        }
    }
}

impl View for Folder {
    fn id(&self) -> ViewId {
        ViewId {
            kind: ViewKind::Folder,
            root: self.root.clone(),
        }
    }

    fn root(&self) -> &Path {
        &self.root
    }

    fn at(&self, _repo: &RepoId, _revision: &Revision) -> Arc<dyn RepoView> {
        Arc::new(Files {
            layout: Layout::new(self.root.clone()),
            link: self.link,
            may_replace: self.may_replace,
            seen: Mutex::default(),
        })
    }
}

/// The files of one repo in a folder.
#[derive(Debug)]
struct Files {
    layout: Layout,
    link: Link,
    may_replace: bool,
    /// What was found out about files by hashing them, while they look as they did then.
    seen: Mutex<HashMap<RepoPath, (Stamp, Verdict)>>,
}

impl RepoView for Files {
    /// A file under the right name, unless its note says that it is another.
    fn find(&self, _commit: &Commit, file: &RemoteFile) -> Result<Option<Found>, Cause> {
        let path = self.layout.entry(&file.path);
        let there = lstat(&path)?.filter(|there| there.is_file() && there.len() == file.len);
        let Some(there) = there else { return Ok(None) };
        let note = self.note(&file.path)?;
        if note.is_some_and(|note| note.vouches_for(&there) && note.digest != Some(file.digest)) {
            return Ok(None);
        }
        Ok(Some(Found {
            path,
            len: file.len,
            stamp: Stamp::of(&there),
        }))
    }

    fn name_of(&self, _commit: &Commit, file: &RemoteFile) -> PathBuf {
        self.layout.entry(&file.path)
    }

    fn shows(&self, commit: &Commit, file: &RemoteFile) -> Result<bool, Cause> {
        if lstat(&self.layout.entry(&file.path))?.is_none() {
            return Ok(false);
        }
        let note = self.note(&file.path)?;
        Ok(note.is_none_or(|note| note.commit == *commit))
    }

    fn is_noted(
        &self,
        commit: &Commit,
        _shown_at: &BTreeSet<Revision>,
        file: &RemoteFile,
    ) -> Option<bool> {
        let note = self.note(&file.path).ok()?;
        Some(note.is_some_and(|note| note.commit == *commit))
    }

    fn folder_of(&self, _commit: &Commit) -> PathBuf {
        self.layout.root().to_owned()
    }

    fn try_lock(&self, file: &RemoteFile) -> Result<Option<ViewLock>, Cause> {
        self.layout.guard(&file.path)?;
        lock::LOCK.try_hold(&self.layout.lock(&file.path))
    }

    fn try_lock_whole(&self) -> Result<Option<ViewLock>, Cause> {
        self.layout.guard_notes()?;
        lock::LOCK.try_hold(&self.layout.whole_lock())
    }

    fn may_share(&self, path: &Path) -> bool {
        let is_small = || fs::stamp(path).is_ok_and(|stamp| stamp.len < SMALL_BYTES);
        let is_kept_apart = matches!(self.link, Link::Copy | Link::Reflink);
        !path.starts_with(self.layout.root()) || !(is_kept_apart || is_small())
    }

    fn edited(
        &self,
        coming: &[Coming<'_>],
        go_on: &dyn Fn() -> bool,
    ) -> Result<Vec<PathBuf>, Cause> {
        self.edited(coming, go_on)
    }

    /// A folder has no refs: its files are of one commit.
    fn read_ref(&self, _revision: &Revision) -> Result<Option<Commit>, Cause> {
        Ok(None)
    }

    fn read_tree(&self, commit: &Commit) -> Option<Listing> {
        tree::read(&self.layout.tree(commit))
    }

    /// A folder has no place for it.
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

/// The commit and the digest, where it is one, in the text of a note on a file.
pub(crate) fn read_note(bytes: &[u8]) -> Option<(Commit, Option<Digest>)> {
    let note = metadata::Metadata::parse(bytes)?;
    Some((note.commit, note.digest))
}

#[cfg(test)]
mod testing;
