//! What is in the cache already, put there by any client. Looks, and never writes.

use std::fs;
use std::path::{Path, PathBuf};

use super::RepoCache;
use super::layout::{Layout, link_leads, normal};
use super::shared;
use crate::digest::Digest;
use crate::error::Cause;
use crate::fs::{Stamp, lstat};
use crate::hub::RemoteFile;
use crate::repo::{Commit, RepoPath};
use crate::view::Found;

impl RepoCache {
    /// Content for `file` that some client left: the repo's blob, or the payload in hf's shared
    /// store that the blob is a link to, or a file in the snapshot where hf used no links.
    ///
    /// # Errors
    /// When the cache cannot be looked at.
    pub fn find(&self, commit: &Commit, file: &RemoteFile) -> Result<Option<Found>, Cause> {
        let blob = self.layout.blob(file.digest);
        let there = lstat(&blob)?;
        let is_link = there.as_ref().is_some_and(fs::Metadata::is_symlink);
        let found = if is_link && let Some(payload) = shared::payload(&self.layout, &blob) {
            regular(lstat(&payload)?, payload, file.len)
        } else {
            regular(there, blob, file.len)
        };
        if found.is_some() {
            return Ok(found);
        }
        let entry = self.layout.entry(commit, &file.path);
        Ok(regular(lstat(&entry)?, entry, file.len))
    }

    /// Whether `file` has its name in the snapshot, and content of the right length behind it.
    pub fn is_linked(&self, commit: &Commit, file: &RemoteFile) -> bool {
        let entry = self.layout.entry(commit, &file.path);
        let is_whole = |there: fs::Metadata| there.is_file() && there.len() == file.len;
        if self.leads_to_blob(&entry, &file.path, file.digest) {
            return fs::metadata(&entry).is_ok_and(is_whole);
        }
        !self.use_symlinks && fs::symlink_metadata(&entry).is_ok_and(is_whole)
    }

    /// Whether `entry`, the name of `path`, is a link to the repo's blob, which need not exist.
    pub(super) fn leads_to_blob(&self, entry: &Path, path: &RepoPath, digest: Digest) -> bool {
        let Ok(target) = fs::read_link(entry) else {
            return false;
        };
        target == Layout::link_target(path, digest)
            || link_leads(entry, &target) == normal(&self.layout.blob(digest))
    }
}

/// What was seen at `path`, if it is a file of this length.
fn regular(there: Option<fs::Metadata>, path: PathBuf, len: u64) -> Option<Found> {
    let there = there.filter(|there| there.is_file() && there.len() == len)?;
    Some(Found {
        path,
        len,
        stamp: Stamp::of(&there),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::super::testing::{commit, git_file, repo};
    use super::*;

    fn write(path: &Path, content: &[u8]) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    #[test]
    fn a_blob_of_the_right_length_is_found() {
        let (_dir, repo) = repo(true);
        let file = git_file("d/f", b"content");
        assert_eq!(repo.find(&commit('c'), &file).unwrap(), None);
        let blob = repo.layout.blob(file.digest);
        write(&blob, b"short");
        assert_eq!(repo.find(&commit('c'), &file).unwrap(), None);
        write(&blob, b"CONTENT");
        let found = repo.find(&commit('c'), &file).unwrap().unwrap();
        assert_eq!((found.path, found.len), (blob, 7));
    }

    #[test]
    fn a_blob_in_the_shared_store_is_found_there() {
        let (_dir, repo) = repo(true);
        let file = git_file("f", b"content");
        let blob = repo.layout.blob(file.digest);
        let payload = shared::testing::share(&repo.layout, &blob, b"content");
        assert_eq!(
            repo.find(&commit('c'), &file).unwrap().unwrap().path,
            payload
        );
        fs::remove_file(payload).unwrap();
        assert_eq!(repo.find(&commit('c'), &file).unwrap(), None);
    }

    #[test]
    fn a_file_in_the_snapshot_is_found_where_links_are_not_used() {
        for use_symlinks in [true, false] {
            let (_dir, repo) = repo(use_symlinks);
            let file = git_file("d/f", b"content");
            let entry = repo.layout.entry(&commit('c'), &file.path);
            write(&entry, b"content");
            assert_eq!(repo.find(&commit('c'), &file).unwrap().unwrap().path, entry);
            assert_eq!(repo.find(&commit('d'), &file).unwrap(), None);
            assert_eq!(repo.is_linked(&commit('c'), &file), !use_symlinks);
        }
    }

    #[test]
    fn links_to_elsewhere_are_neither_found_nor_linked() {
        let (dir, repo) = repo(true);
        let file = git_file("d/f", b"content");
        let elsewhere = dir.path().join("elsewhere");
        write(&elsewhere, b"content");
        let (blob, entry) = (
            repo.layout.blob(file.digest),
            repo.layout.entry(&commit('c'), &file.path),
        );
        fs::create_dir_all(blob.parent().unwrap()).unwrap();
        fs::create_dir_all(entry.parent().unwrap()).unwrap();
        symlink(&elsewhere, &blob).unwrap();
        symlink(&elsewhere, &entry).unwrap();
        assert_eq!(repo.find(&commit('c'), &file).unwrap(), None);
        assert!(!repo.is_linked(&commit('c'), &file));
    }

    #[test]
    fn a_link_counts_when_it_leads_to_content() {
        let (_dir, repo) = repo(true);
        let file = git_file("d/f", b"content");
        let entry = repo.layout.entry(&commit('c'), &file.path);
        fs::create_dir_all(entry.parent().unwrap()).unwrap();
        symlink(Layout::link_target(&file.path, file.digest), &entry).unwrap();
        assert!(!repo.is_linked(&commit('c'), &file), "dangling");
        write(&repo.layout.blob(file.digest), b"content");
        assert!(repo.is_linked(&commit('c'), &file));
        fs::remove_file(&entry).unwrap();
        symlink(repo.layout.blob(file.digest), &entry).unwrap();
        assert!(repo.is_linked(&commit('c'), &file), "absolute");
    }
}
