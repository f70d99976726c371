//! `refs/<revision>`: which commit a revision was when it was last pulled.
//!
//! Exactly the 40 digits: readers take the file's whole content as a folder name, and hf's scanner
//! drops a repo whose refs it cannot follow. That is also why no temporary file may stand here.

use std::path::Path;

use super::RepoCache;
use crate::error::Cause;
use crate::fs;
use crate::repo::{Commit, Revision};
use crate::view::work::Work;

/// More than any client writes.
pub(super) const MAX_BYTES: u64 = 256;

impl RepoCache {
    /// The commit that `revision` was last pulled as; `None` where nobody wrote one down, or what
    /// is there is no commit.
    ///
    /// # Errors
    /// When the file is there and may not be read.
    pub fn read_ref(&self, revision: &Revision) -> Result<Option<Commit>, Cause> {
        use std::io::ErrorKind::{InvalidData, IsADirectory};
        match fs::read_small(&self.layout.reference(revision), MAX_BYTES) {
            Ok(bytes) => Ok(bytes.and_then(|bytes| parse(&bytes))),
            Err(Cause::Io { source, .. })
                if matches!(source.kind(), InvalidData | IsADirectory) =>
            {
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    /// Writes down that `revision` is `commit`, unless that is what is there. The caller has seen to
    /// it that the commit's snapshot exists. A revision that is a commit needs no ref and gets none.
    ///
    /// # Errors
    /// When the file cannot be written, or another ref's name is in the way (`a` and `a/b`).
    pub fn write_ref(&self, revision: &Revision, commit: &Commit) -> Result<(), Cause> {
        let mut work = self.work();
        self.put_ref(revision, commit, &mut work)?;
        work.folders.sync()
    }

    pub(super) fn put_ref(
        &self,
        revision: &Revision,
        commit: &Commit,
        work: &mut Work,
    ) -> Result<(), Cause> {
        if revision.as_commit().is_some() {
            return Ok(());
        }
        let path = self.layout.reference(revision);
        if holds(&path, commit.as_str().as_bytes()) {
            return Ok(());
        }
        work.aside
            .put(&path, commit.as_str().as_bytes(), &mut work.folders)
    }
}

/// Whether the file is there with exactly this content.
pub(super) fn holds(path: &Path, bytes: &[u8]) -> bool {
    let there = fs::read_small(path, bytes.len() as u64);
    there.is_ok_and(|there| there.as_deref() == Some(bytes))
}

/// The commit in the text of a ref's file.
pub(crate) fn parse(bytes: &[u8]) -> Option<Commit> {
    let text = std::str::from_utf8(bytes).ok()?;
    Commit::parse(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{commit, repo};
    use super::*;

    fn revision(text: &str) -> Revision {
        Revision::parse(text).unwrap()
    }

    #[test]
    fn refs_hold_forty_bytes() {
        let (_dir, repo) = repo(true);
        for name in ["main", "refs/pr/1", "5f3c0e1"] {
            assert_eq!(repo.read_ref(&revision(name)).unwrap(), None);
            repo.write_ref(&revision(name), &commit('c')).unwrap();
            assert_eq!(repo.read_ref(&revision(name)).unwrap(), Some(commit('c')));
        }
        let bytes = std::fs::read(repo.folder().join("refs/refs/pr/1")).unwrap();
        assert_eq!(bytes, "c".repeat(40).as_bytes());
        assert!(!repo.layout.private().exists());
    }

    #[test]
    fn a_ref_moves_and_a_commit_gets_none() {
        let (_dir, repo) = repo(true);
        repo.write_ref(&revision("main"), &commit('c')).unwrap();
        repo.write_ref(&revision("main"), &commit('d')).unwrap();
        assert_eq!(repo.read_ref(&revision("main")).unwrap(), Some(commit('d')));
        repo.write_ref(&revision(commit('d').as_str()), &commit('d'))
            .unwrap();
        assert_eq!(
            std::fs::read_dir(repo.folder().join("refs"))
                .unwrap()
                .count(),
            1
        );
    }

    #[test]
    fn other_clients_mistakes_are_read_or_passed_over() {
        let (_dir, repo) = repo(true);
        let refs = repo.folder().join("refs");
        std::fs::create_dir_all(refs.join("folder")).unwrap();
        let digits = "c".repeat(40);
        std::fs::write(refs.join("newline"), format!("{digits}\n")).unwrap();
        std::fs::write(refs.join("half"), &digits[..20]).unwrap();
        std::fs::write(refs.join("long"), digits.repeat(100)).unwrap();
        std::fs::write(refs.join("binary"), [0xff; 40]).unwrap();
        assert_eq!(
            repo.read_ref(&revision("newline")).unwrap(),
            Some(commit('c'))
        );
        for name in ["half", "long", "binary", "folder", "half/x"] {
            assert_eq!(repo.read_ref(&revision(name)).unwrap(), None, "{name}");
        }
        repo.write_ref(&revision("newline"), &commit('c')).unwrap();
        assert_eq!(
            std::fs::read(refs.join("newline")).unwrap(),
            digits.as_bytes()
        );
    }

    #[test]
    fn names_in_the_way_are_an_error() {
        let (_dir, repo) = repo(true);
        repo.write_ref(&revision("a"), &commit('c')).unwrap();
        repo.write_ref(&revision("d/e"), &commit('c')).unwrap();
        for name in ["a/b", "d"] {
            let error = repo.write_ref(&revision(name), &commit('c')).unwrap_err();
            assert!(matches!(error, Cause::Io { .. }), "{error}");
        }
        assert_eq!(repo.read_ref(&revision("a")).unwrap(), Some(commit('c')));
    }
}
