//! `.locks/<repo>/<etag>.lock`: the lock that hf holds while it downloads a file.
//!
//! The file has the mode 0664 whatever the umask.

use std::path::{Path, PathBuf};

use super::RepoCache;
use super::layout::Layout;
use crate::digest::Digest;
use crate::error::Cause;
use crate::hub::RemoteFile;
use crate::view::ViewLock;
use crate::view::lock_file::LockFile;

const LOCK: LockFile = LockFile {
    mode: Some(0o664),
    is_shared: false,
};

impl RepoCache {
    /// Takes hf's lock on `file`; `None` while somebody else holds it. Does not wait. Where the
    /// cache may not be written, or knows no locks, the lock holds nothing: no promise rests on it.
    ///
    /// # Errors
    /// When something that is no lock file stands in its place.
    pub fn try_lock(&self, file: &RemoteFile) -> Result<Option<ViewLock>, Cause> {
        try_hold(&self.layout.lock(file.digest))
    }
}

/// Takes the lock at `path`, whose folder is made where it is absent.
pub(in crate::view) fn try_hold(path: &Path) -> Result<Option<ViewLock>, Cause> {
    LOCK.try_hold(path)
}

/// Leaves the lock files that hf would have left; none where the cache may not be written.
pub(super) fn leave(layout: &Layout, digests: impl Iterator<Item = Digest>) -> Result<(), Cause> {
    leave_at(digests.map(|digest| layout.lock(digest)))
}

/// Leaves lock files with these paths, unless they are there; none where they may not be written.
pub(in crate::view) fn leave_at(paths: impl Iterator<Item = PathBuf>) -> Result<(), Cause> {
    for path in paths {
        if !LOCK.leave(&path)? {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::super::testing::{git_file, repo};
    use super::*;

    #[test]
    fn one_holds_and_the_file_stays() {
        let (_dir, repo) = repo(true);
        let file = git_file("f", b"x");
        let path = repo.layout.lock(file.digest);
        let held = repo.try_lock(&file).unwrap().unwrap();
        assert!(repo.try_lock(&file).unwrap().is_none());
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o664
        );
        drop(held);
        fs::write(&path, "somebody's note").unwrap();
        assert!(repo.try_lock(&file).unwrap().is_some());
        assert_eq!(fs::read(&path).unwrap(), b"somebody's note");
    }

    #[test]
    fn a_planted_link_or_folder_is_refused() {
        let (dir, repo) = repo(true);
        let file = git_file("f", b"x");
        let path = repo.layout.lock(file.digest);
        fs::create_dir_all(repo.layout.locks()).unwrap();
        symlink(dir.path().join("victim"), &path).unwrap();
        assert!(repo.try_lock(&file).is_err());
        assert!(!dir.path().join("victim").exists());
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(repo.try_lock(&file).is_err());
    }

    #[test]
    fn lock_files_are_left_as_hf_leaves_them() {
        let (_dir, repo) = repo(true);
        let digests = [git_file("f", b"x").digest, git_file("g", b"y").digest];
        for _time in 0..2 {
            leave(&repo.layout, digests.into_iter()).unwrap();
        }
        let left = fs::read_dir(repo.layout.locks()).unwrap();
        let modes: Vec<u32> = left
            .map(|f| f.unwrap().metadata().unwrap().mode() & 0o777)
            .collect();
        assert_eq!(modes, [0o664, 0o664]);
    }
}
