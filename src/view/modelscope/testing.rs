//! What the unit tests of the view share.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::{MsCache, MsSnapshot};
use crate::digest::{BlobId, Digest};
use crate::hub::RemoteFile;
use crate::repo::{Commit, RepoId, RepoKind, RepoPath, Revision};
use crate::view::Proven;

/// An empty cache, and a store of proven files beside it.
pub(super) struct Place {
    pub(super) dir: TempDir,
}

impl Place {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("store")).unwrap();
        Self { dir }
    }

    pub(super) fn root(&self) -> PathBuf {
        self.dir.path().join("cache")
    }

    pub(super) fn at(&self, revision: &str) -> MsSnapshot {
        MsCache::new(self.root()).snapshot(&repo(), &revision_of(revision))
    }

    /// Puts content into the store; what a pull would hand to `publish`.
    pub(super) fn stored(&self, path: &str, content: &[u8]) -> Proven {
        let sha256 = BlobId::of(content);
        let blob = self.dir.path().join("store").join(sha256.to_string());
        if !blob.exists() {
            fs::write(&blob, content).unwrap();
        }
        let file = RemoteFile {
            path: RepoPath::parse(path).unwrap(),
            len: content.len() as u64,
            digest: Digest::Sha256(sha256),
            git_oid: None,
            xet_hash: None,
            changed_by: None,
        };
        (file.into(), blob.into())
    }
}

pub(super) fn repo() -> RepoId {
    RepoId::parse(RepoKind::Model, "acme/tiny.v1").unwrap()
}

pub(super) fn revision_of(text: &str) -> Revision {
    Revision::parse(text).unwrap()
}

/// The commit that consists of one digit.
pub(super) fn commit(digit: char) -> Commit {
    Commit::parse(&digit.to_string().repeat(40)).unwrap()
}
