//! What the unit tests of the view share.

use tempfile::TempDir;

use super::{HfCache, RepoCache};
use crate::digest::{BlobId, Digest, GitOid};
use crate::hub::RemoteFile;
use crate::repo::{Commit, RepoId, RepoKind, RepoPath};

/// An empty cache, and the repo `org/name` in it.
pub(super) fn repo(use_symlinks: bool) -> (TempDir, RepoCache) {
    let dir = tempfile::tempdir().unwrap();
    let cache = HfCache::new(dir.path().join("hub"), use_symlinks);
    let id = RepoId::parse(RepoKind::Model, "org/name").unwrap();
    (dir, cache.repo(&id))
}

/// The commit that consists of one digit.
pub(super) fn commit(digit: char) -> Commit {
    Commit::parse(&digit.to_string().repeat(40)).unwrap()
}

/// A file that git holds itself.
pub(super) fn git_file(path: &str, content: &[u8]) -> RemoteFile {
    let oid = GitOid::of(content);
    RemoteFile {
        path: RepoPath::parse(path).unwrap(),
        len: content.len() as u64,
        digest: Digest::Git(oid),
        git_oid: Some(oid),
        xet_hash: None,
        changed_by: None,
    }
}

/// A large file; git holds a pointer to it.
pub(super) fn lfs_file(path: &str, content: &[u8], xet_hash: Option<&str>) -> RemoteFile {
    let sha256 = BlobId::of(content);
    RemoteFile {
        digest: Digest::Sha256(sha256),
        git_oid: Some(GitOid::of(sha256.to_string().as_bytes())),
        xet_hash: xet_hash.map(str::to_owned),
        ..git_file(path, content)
    }
}
