//! Contents that a pull gave a place in `blobs` and died before anything led to them.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use super::lock::LOCK;
use super::scan::repo_of;
use super::{HfCache, RepoCache};
use crate::digest::Digest;
use crate::error::Cause;
use crate::fs::{FileId, files_below, list, lstat, remove_counted};
use crate::view::aside::{self, Aside};

impl HfCache {
    /// The contents that a pull put here, as it noted, and to which no name in the cache leads, if
    /// `is_ours` says so of them; and what was left aside of them. A repo that cannot be looked at has
    /// none.
    ///
    /// # Errors
    /// When the cache cannot be listed.
    pub fn loose(&self, is_ours: &dyn Fn(&Metadata) -> bool) -> Result<Vec<PathBuf>, Cause> {
        let mut loose = Vec::new();
        for repo in self.all()? {
            match repo.left(is_ours) {
                Ok(left) => loose.extend(left),
                Err(cause) => tracing::debug!(%cause, "passed over"),
            }
        }
        if !loose.is_empty() {
            let needed = self.needed()?;
            let is_needed = |path: &PathBuf| {
                let there = lstat(path).ok().flatten();
                there.is_none_or(|there| needed.contains(&FileId::of(&there)))
            };
            loose.retain(|path| !is_needed(path));
        }
        Ok(loose)
    }

    /// Removes those, and what is left of repos that show nothing then. Returns the bytes that this
    /// frees.
    ///
    /// # Errors
    /// When something cannot be removed; the next call goes on from there.
    pub fn sweep(&self, is_ours: &dyn Fn(&Metadata) -> bool) -> Result<u64, Cause> {
        let loose = self.loose(is_ours)?;
        let mut freed_bytes = 0;
        for repo in self.all()? {
            let mut of_repo = loose.iter().filter(|path| path.starts_with(repo.folder()));
            if of_repo.clone().next().is_none() {
                continue;
            }
            freed_bytes += of_repo.try_fold(0, |freed, path| Ok(freed + repo.take_out(path)?))?;
            drop(Aside::at(repo.folder(), repo.layout.private()));
            repo.remove_shell()?;
        }
        Ok(freed_bytes)
    }

    fn all(&self) -> Result<Vec<RepoCache>, Cause> {
        let folders = list(self.root())?.into_iter();
        let repos = folders.filter_map(|folder| repo_of(folder.file_name()?.to_str()?));
        Ok(repos.map(|repo| self.repo(&repo)).collect())
    }

    /// The files to which a name in any snapshot leads, by whatever way.
    fn needed(&self) -> Result<HashSet<FileId>, Cause> {
        let mut needed = HashSet::new();
        for repo in self.all()? {
            for name in files_below(&repo.layout.snapshots())? {
                needed.extend(fs::metadata(&name).ok().map(|there| FileId::of(&there)));
            }
        }
        Ok(needed)
    }
}

impl RepoCache {
    /// What pulls have put here that died before they gave it a name, or may have.
    fn left(&self, is_ours: &dyn Fn(&Metadata) -> bool) -> Result<Vec<PathBuf>, Cause> {
        let left = aside::left(&self.layout.private());
        let noted = left.noted.iter();
        let noted = noted.filter_map(|line| Digest::from_digits(line));
        let noted: BTreeSet<PathBuf> = noted.map(|digest| self.layout.blob(digest)).collect();
        let mut ours = Vec::new();
        for path in left.made.into_iter().chain(noted) {
            if lstat(&path)?.is_some_and(|there| there.is_file() && is_ours(&there)) {
                ours.push(path);
            }
        }
        Ok(ours)
    }

    /// Removes one of them, unless another client is at work on it. Returns the bytes that this frees.
    fn take_out(&self, path: &Path) -> Result<u64, Cause> {
        let digest = path.file_name().and_then(|name| name.to_str());
        let digest = digest.and_then(Digest::from_digits);
        let lock = digest.map(|digest| LOCK.try_hold(&self.layout.lock(digest)));
        match lock.transpose()? {
            Some(None) => Ok(0),
            _held => remove_counted(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::super::testing::{git_file, repo};
    use super::*;
    use crate::view::work::Item;

    /// What a pull leaves that dies between putting the content there and its name.
    fn died(stored: &Path, repo: &RepoCache, file: &crate::hub::RemoteFile) {
        let mut work = repo.work();
        let pair = (file.clone().into(), stored.to_owned().into());
        work.folders.ensure(&repo.layout.blobs()).unwrap();
        work.folders.ensure(&repo.layout.snapshots()).unwrap();
        let items = [Item::new(&pair).unwrap()];
        repo.put_blobs(&items, &mut work).unwrap();
        work.aside.die();
    }

    #[test]
    fn contents_without_a_name_go_if_a_pull_noted_them() {
        let (dir, repo) = repo(true);
        let cache = HfCache::new(dir.path().join("hub"), true);
        let (file, stored) = (git_file("f", b"content"), dir.path().join("stored"));
        fs::write(&stored, "content").unwrap();
        let ino = fs::metadata(&stored).unwrap().ino();
        let is_ours = move |there: &Metadata| there.ino() == ino;
        let blob = repo.layout.blob(file.digest);

        died(&stored, &repo, &file);
        assert_eq!(cache.loose(&is_ours).unwrap(), std::slice::from_ref(&blob));
        assert!(cache.loose(&|_| false).unwrap().is_empty());
        // A name in another repo that leads there by its own way.
        let other = cache
            .root()
            .join("models--o--other/snapshots")
            .join("d".repeat(40));
        fs::create_dir_all(&other).unwrap();
        std::os::unix::fs::symlink(&blob, other.join("f")).unwrap();
        assert!(cache.loose(&is_ours).unwrap().is_empty());
        fs::remove_dir_all(other.parent().unwrap().parent().unwrap()).unwrap();
        let foreign = repo.layout.blobs().join("x.incomplete");
        fs::write(&foreign, "theirs").unwrap();
        cache.sweep(&is_ours).unwrap();
        assert!(foreign.exists() && !blob.exists());
        fs::remove_file(&foreign).unwrap();

        died(&stored, &repo, &file);
        cache.sweep(&is_ours).unwrap();
        assert!(!repo.folder().exists());
    }

    /// Somebody outside of the cache may have a link to it.
    #[test]
    fn contents_that_lay_there_before_stay() {
        let (dir, repo) = repo(true);
        let cache = HfCache::new(dir.path().join("hub"), true);
        let (file, stored) = (git_file("f", b"content"), dir.path().join("stored"));
        fs::write(&stored, "content").unwrap();
        fs::create_dir_all(repo.layout.blobs()).unwrap();
        let blob = repo.layout.blob(file.digest);
        fs::hard_link(&stored, &blob).unwrap();
        died(&stored, &repo, &file);
        assert!(cache.loose(&|_| true).unwrap().is_empty());
        cache.sweep(&|_| true).unwrap();
        assert!(blob.exists());
    }
}
