//! `.locks/<repo>/<etag>.lock`: the lock that hf holds while it downloads a file.
//!
//! The file is empty, mode 0664 whatever the umask, stays for ever, and is never opened through a
//! link. The lock is flock's, as that of Python's `filelock`, and ends with the process.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use super::RepoCache;
use super::layout::Layout;
use crate::digest::Digest;
use crate::error::Cause;
use crate::fs::{OnPath, is_unwritable, make_dirs};
use crate::hub::RemoteFile;
use crate::view::ViewLock;

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
    let held = match hold(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make_dirs(folder_of(path)).and_then(|()| hold(path))
        }
        other => other,
    };
    match held {
        Err(error) if is_unwritable(&error) => Ok(Some(ViewLock::unneeded())),
        other => other.on_path("lock", path),
    }
}

/// Leaves the lock files that hf would have left; none where the cache may not be written.
pub(super) fn leave(layout: &Layout, digests: impl Iterator<Item = Digest>) -> Result<(), Cause> {
    leave_at(digests.map(|digest| layout.lock(digest)))
}

/// Leaves lock files with these paths, unless they are there; none where they may not be written.
pub(in crate::view) fn leave_at(paths: impl Iterator<Item = PathBuf>) -> Result<(), Cause> {
    for path in paths {
        let created = match create(&path) {
            Err(Errno::NOENT) => {
                make_dirs(folder_of(&path)).and_then(|()| create(&path).map_err(io::Error::from))
            }
            other => other.map_err(io::Error::from),
        };
        match created {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) if is_unwritable(&error) => return Ok(()),
            Err(error) => return Err(error).on_path("create", &path),
        }
    }
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

fn hold(path: &Path) -> io::Result<Option<ViewLock>> {
    // Some clients delete their lock files: a lock on a file without a name excludes nobody.
    for _attempt in 0..100 {
        let Some(file) = open(path)? else { continue };
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) if file.metadata()?.nlink() == 0 => {}
            Ok(()) => return Ok(Some(ViewLock::held(file))),
            Err(Errno::WOULDBLOCK | Errno::ACCESS) => return Ok(None),
            Err(Errno::NOSYS | Errno::OPNOTSUPP | Errno::NOLCK | Errno::BADF) => {
                return Ok(Some(ViewLock::unneeded()));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// Opens the lock file, new or old; `None` when an old one was deleted meanwhile.
fn open(path: &Path) -> io::Result<Option<File>> {
    let refused = match create(path) {
        Ok(file) => return Ok(Some(file)),
        // In a sticky folder another user's file cannot be opened for creation.
        Err(error @ (Errno::EXIST | Errno::ACCESS | Errno::ROFS)) => error,
        Err(error) => return Err(error.into()),
    };
    let opened = open_old(path, OFlags::RDWR).or_else(|error| match error {
        Errno::ACCESS | Errno::ROFS => open_old(path, OFlags::RDONLY),
        other => Err(other),
    });
    let file = match opened {
        Err(Errno::NOENT) if refused == Errno::EXIST => return Ok(None),
        Err(Errno::NOENT) => return Err(refused.into()),
        other => other?,
    };
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is not a regular file",
        ));
    }
    Ok(Some(file))
}

fn create(path: &Path) -> Result<File, Errno> {
    let mode = Mode::from_raw_mode(0o664);
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, mode)?;
    match rustix::fs::fchmod(&file, mode) {
        Ok(()) | Err(Errno::PERM | Errno::OPNOTSUPP) => Ok(File::from(file)),
        Err(error) => Err(error),
    }
}

fn open_old(path: &Path, access: OFlags) -> Result<File, Errno> {
    let flags = access | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).map(File::from)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

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
