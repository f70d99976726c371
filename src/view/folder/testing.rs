//! What the unit tests of folders share.

use std::collections::HashMap;
use std::sync::Mutex;

use tempfile::TempDir;

use super::layout::Layout;
use super::{Files, Link};
use crate::digest::{Digest, GitOid};
use crate::fs::Stamp;
use crate::hub::RemoteFile;
use crate::repo::{Commit, RepoPath};
use crate::view::Publication;

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

/// A folder in which `file` is published as a file of the commit, and what it looks like there.
pub(super) fn published(
    at: char,
    file: &RemoteFile,
    content: &[u8],
) -> (TempDir, Files, Vec<Stamp>) {
    let dir = tempfile::tempdir().unwrap();
    let stored = dir.path().join("stored");
    std::fs::write(&stored, content).unwrap();
    let files = Files {
        layout: Layout::new(dir.path().join("folder")),
        link: Link::Auto,
        may_replace: false,
        seen: Mutex::new(HashMap::new()),
    };
    let published = files
        .publish(&Publication {
            commit: &commit(at),
            revision: None,
            listing: std::slice::from_ref(file),
            files: &[(file.clone().into(), stored.into())],
        })
        .unwrap();
    let stamps = published.stamps.into_iter().map(Option::unwrap).collect();
    (dir, files, stamps)
}
