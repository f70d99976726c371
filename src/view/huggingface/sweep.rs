//! Contents that a pull gave a place in `blobs` and died before anything led to them.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::path::PathBuf;

use super::layout::{link_leads, normal};
use super::scan::repo_of;
use super::{HfCache, RepoCache};
use crate::error::Cause;
use crate::fs::{files_below, list, lstat, remove_counted};
use crate::view::aside::Aside;

impl HfCache {
    /// The contents that no name in the cache leads to, if `is_ours` says so of them, and what was left
    /// aside of them.
    ///
    /// # Errors
    /// When something cannot be looked at.
    pub fn loose(&self, is_ours: &dyn Fn(&Metadata) -> bool) -> Result<Vec<PathBuf>, Cause> {
        let mut loose = Vec::new();
        for repo in self.folders_of_repos()? {
            loose.extend(repo.loose(is_ours)?);
            for made in files_below(&repo.layout.private())? {
                if lstat(&made)?.is_some_and(|there| there.is_file() && is_ours(&there)) {
                    loose.push(made);
                }
            }
        }
        Ok(loose)
    }

    /// Removes contents that no name in the cache leads to, if `is_ours` says so of them, and what is
    /// left of repos that show nothing then. Returns the bytes that this frees.
    ///
    /// # Errors
    /// When something cannot be looked at or removed; the next call goes on from there.
    pub fn sweep(&self, is_ours: &dyn Fn(&Metadata) -> bool) -> Result<u64, Cause> {
        let mut freed_bytes = 0;
        for repo in self.folders_of_repos()? {
            freed_bytes += repo.sweep(is_ours)?;
        }
        Ok(freed_bytes)
    }

    fn folders_of_repos(&self) -> Result<Vec<RepoCache>, Cause> {
        let folders = list(self.root())?.into_iter();
        let repos = folders.filter_map(|folder| repo_of(folder.file_name()?.to_str()?));
        Ok(repos.map(|repo| self.repo(&repo)).collect())
    }
}

impl RepoCache {
    /// Contents in `blobs` to which no snapshot leads.
    fn loose(&self, is_ours: &dyn Fn(&Metadata) -> bool) -> Result<Vec<PathBuf>, Cause> {
        let mut ours = Vec::new();
        for blob in list(&self.layout.blobs())? {
            if lstat(&blob)?.is_some_and(|there| there.is_file() && is_ours(&there)) {
                ours.push(blob);
            }
        }
        if ours.is_empty() {
            return Ok(ours);
        }
        let mut needed = HashSet::new();
        for name in files_below(&self.layout.snapshots())? {
            if let Ok(target) = fs::read_link(&name) {
                needed.insert(link_leads(&name, &target));
            }
        }
        ours.retain(|blob| !needed.contains(&normal(blob)));
        Ok(ours)
    }

    fn sweep(&self, is_ours: &dyn Fn(&Metadata) -> bool) -> Result<u64, Cause> {
        // What it has left aside goes as well.
        drop(Aside::at(self.folder(), self.layout.private()));
        let mut freed_bytes = 0;
        let loose = self.loose(is_ours)?;
        for blob in &loose {
            freed_bytes += remove_counted(blob)?;
        }
        if !loose.is_empty() {
            self.remove_shell()?;
        }
        Ok(freed_bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::super::testing::{commit, git_file, repo};
    use super::*;
    use crate::view::Publication;

    #[test]
    fn contents_without_a_name_go_if_they_are_ours() {
        let (dir, repo) = repo(true);
        let cache = HfCache::new(dir.path().join("hub"), true);
        let (file, stored) = (git_file("f", b"content"), dir.path().join("stored"));
        fs::write(&stored, "content").unwrap();
        repo.publish(&Publication {
            commit: &commit('c'),
            revision: None,
            listing: &[],
            files: &[(file.clone().into(), stored.clone().into())],
        })
        .unwrap();
        let ino = fs::metadata(&stored).unwrap().ino();
        let is_ours = move |there: &Metadata| there.ino() == ino;
        cache.sweep(&is_ours).unwrap();
        assert!(repo.is_linked(&commit('c'), &file), "a name leads there");
        fs::remove_dir_all(repo.snapshot_dir(&commit('c'))).unwrap();
        let foreign = repo.layout.blobs().join("x.incomplete");
        fs::write(&foreign, "theirs").unwrap();
        cache.sweep(&is_ours).unwrap();
        assert!(foreign.exists() && !repo.layout.blob(file.digest).exists());
        fs::remove_file(&foreign).unwrap();
        fs::hard_link(&stored, repo.layout.blob(file.digest)).unwrap();
        cache.sweep(&is_ours).unwrap();
        assert!(!repo.folder().exists());
    }
}
