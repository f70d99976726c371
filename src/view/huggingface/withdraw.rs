//! Takes names away again, and nothing that larder did not prove.
//!
//! In the order in which a crash after any line leaves a sound cache: refs, names, what is noted of
//! the commit, then the blobs that no name of any snapshot leads to, by whomever it was made.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::RepoCache;
use super::layout::{link_leads, normal};
use crate::digest::Digest;
use crate::error::Cause;
use crate::fs::{OnPath, Stamp, is_absent, list, lstat, remove_file};
use crate::hub::RemoteFile;
use crate::repo::Commit;
use crate::view::folders::remove_empty_above;
use crate::view::{Withdrawal, Withdrawn};

impl RepoCache {
    /// Makes the files of a commit invisible.
    ///
    /// # Errors
    /// When a step fails; the next call goes on from there.
    pub fn withdraw(&self, withdrawal: &Withdrawal<'_>) -> Result<Withdrawn, Cause> {
        let Withdrawal { commit, files, .. } = *withdrawal;
        let mut withdrawn = Withdrawn::default();
        if withdrawal.is_whole {
            for revision in withdrawal.revisions {
                if self.read_ref(revision)?.as_ref() == Some(commit) {
                    let path = self.layout.reference(revision);
                    remove_file(&path)?;
                    remove_empty_above(&path, &self.layout.refs());
                }
            }
        }
        for (file, stamps) in files {
            self.withdraw_name(commit, file, stamps, &mut withdrawn)?;
        }
        if withdrawal.is_whole {
            remove_file(&self.layout.tree(commit))?;
            remove_notes(&self.layout.no_exists(commit))?;
        }
        self.withdraw_blobs(files, &mut withdrawn)?;
        self.remove_shell();
        Ok(withdrawn)
    }

    fn withdraw_name(
        &self,
        commit: &Commit,
        file: &RemoteFile,
        stamps: &[Stamp],
        withdrawn: &mut Withdrawn,
    ) -> Result<(), Cause> {
        let entry = self.layout.entry(commit, &file.path);
        let Some(there) = lstat(&entry)? else {
            return Ok(());
        };
        let is_ours = if there.is_symlink() {
            // A dangling one shows nobody anything.
            self.leads_to_blob(&entry, &file.path, file.digest)
                && fs::metadata(&entry).map_or(true, |there| stamps.contains(&Stamp::of(&there)))
        } else {
            stamps.contains(&Stamp::of(&there))
        };
        if !is_ours {
            withdrawn.foreign.push(entry);
            return Ok(());
        }
        remove_file(&entry)?;
        withdrawn.names += 1;
        remove_empty_above(&entry, &self.layout.snapshots());
        Ok(())
    }

    /// Removes the blobs of these files that no name leads to any more.
    fn withdraw_blobs(
        &self,
        files: &[(RemoteFile, Vec<Stamp>)],
        withdrawn: &mut Withdrawn,
    ) -> Result<(), Cause> {
        let mut needed = HashSet::new();
        links_below(&self.layout.snapshots(), &mut needed)?;
        let mut done: HashSet<Digest> = HashSet::new();
        for (file, stamps) in files {
            let blob = self.layout.blob(file.digest);
            if needed.contains(&normal(&blob)) || !done.insert(file.digest) {
                continue;
            }
            match lstat(&blob)? {
                // A link into hf's shared store is the repo's, what it leads to is hf's.
                Some(there) if there.is_symlink() || stamps.contains(&Stamp::of(&there)) => {
                    remove_file(&blob)?;
                }
                Some(_) => withdrawn.foreign.push(blob),
                None => {}
            }
        }
        Ok(())
    }

    /// Removes the repo's folder when nothing is left in it. What cannot go stays: it is empty.
    fn remove_shell(&self) {
        for dir in [
            self.layout.snapshots(),
            self.layout.blobs(),
            self.layout.refs(),
            self.layout.trees(),
            self.folder().join(".no_exist"),
            self.layout.private(),
            self.folder().to_owned(),
        ] {
            if let Err(error) = fs::remove_dir(&dir) {
                tracing::trace!(dir = %dir.display(), %error, "a folder stays");
            }
        }
    }
}

/// Removes the folder of empty markers `dir`.
fn remove_notes(dir: &Path) -> Result<(), Cause> {
    match fs::remove_dir_all(dir) {
        Err(error) if is_absent(&error) => Ok(()),
        other => other.on_path("remove", dir),
    }
}

/// Where the links below `dir` lead, by their text.
fn links_below(dir: &Path, found: &mut HashSet<PathBuf>) -> Result<(), Cause> {
    for path in list(dir)? {
        let Some(there) = lstat(&path)? else { continue };
        if there.is_dir() {
            links_below(&path, found)?;
        } else if let Ok(target) = fs::read_link(&path) {
            found.insert(link_leads(&path, &target));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{commit, git_file, repo};
    use super::*;
    use crate::fs::stamp;
    use crate::repo::Revision;
    use crate::view::Publication;

    /// A repo with one file in two commits, `main` at the first.
    fn published() -> (tempfile::TempDir, RepoCache, (RemoteFile, Vec<Stamp>)) {
        let (dir, repo) = repo(true);
        let (file, stored) = (git_file("d/f", b"content"), dir.path().join("stored"));
        fs::write(&stored, "content").unwrap();
        let files = [(file.clone(), stored.clone())];
        let main = Revision::parse("main").unwrap();
        for (commit, revision) in [(commit('c'), Some(&main)), (commit('d'), None)] {
            repo.publish(&Publication {
                commit: &commit,
                revision,
                listing: std::slice::from_ref(&file),
                files: &files,
            })
            .unwrap();
        }
        let stamps = vec![stamp(&stored).unwrap()];
        (dir, repo, (file, stamps))
    }

    fn withdraw(repo: &RepoCache, at: char, file: &(RemoteFile, Vec<Stamp>)) -> Withdrawn {
        repo.withdraw(&Withdrawal {
            commit: &commit(at),
            revisions: &[Revision::parse("main").unwrap()],
            files: std::slice::from_ref(file),
            is_whole: true,
        })
        .unwrap()
    }

    #[test]
    fn what_another_commit_shows_stays_until_it_goes() {
        let (_dir, repo, file) = published();
        assert_eq!(withdraw(&repo, 'c', &file).names, 1);
        assert!(!repo.snapshot_dir(&commit('c')).exists());
        assert!(!repo.layout.refs().join("main").exists());
        assert!(repo.is_linked(&commit('d'), &file.0));
        assert_eq!(withdraw(&repo, 'd', &file).names, 1);
        assert!(!repo.folder().exists());
    }

    #[test]
    fn what_larder_did_not_prove_stays() {
        let (_dir, repo, file) = published();
        let blob = repo.layout.blob(file.0.digest);
        fs::remove_file(&blob).unwrap();
        fs::write(&blob, "foreign").unwrap();
        let other = repo.snapshot_dir(&commit('c')).join("d/notes");
        fs::write(&other, "mine").unwrap();
        let withdrawn = withdraw(&repo, 'c', &file);
        let entry = repo.layout.entry(&commit('c'), &file.0.path);
        assert_eq!(withdrawn.names, 0);
        assert!(withdrawn.foreign.contains(&entry));
        assert!(entry.exists() && blob.exists() && other.exists());
    }
}
