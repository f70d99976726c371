//! Lock files that other clients look at: flock's, as those of Python's `filelock`.
//!
//! Such a file is empty, stays for ever, and is never opened through a link. The lock ends with the
//! process.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use super::ViewLock;
use crate::error::Cause;
use crate::fs::{OnPath, is_unwritable, make_dirs, share_file};

/// How a client's lock is taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct LockFile {
    /// The mode of a new file, whatever the umask; `None` where the client leaves it to the umask.
    pub(super) mode: Option<u32>,
    /// Whether others of our kind may hold it as well: the client's own lock is exclusive either way.
    pub(super) is_shared: bool,
}

impl LockFile {
    /// Takes the lock `path`; `None` while somebody else holds it. Does not wait. Where the view may
    /// not be written, or knows no locks, the lock holds nothing: no promise rests on it.
    ///
    /// # Errors
    /// When something that is no lock file stands in its place.
    pub(super) fn try_hold(self, path: &Path) -> Result<Option<ViewLock>, Cause> {
        let held = match self.hold(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make_folder(path).and_then(|()| self.hold(path))
            }
            other => other,
        };
        match held {
            Err(error) if is_unwritable(&error) => Ok(Some(ViewLock::unneeded())),
            other => other.on_path("lock", path),
        }
    }

    /// Leaves each of the files as a client that took its lock does; none where the view may not be
    /// written.
    ///
    /// # Errors
    /// As for [`LockFile::leave`].
    pub(super) fn leave_all(self, paths: impl Iterator<Item = PathBuf>) -> Result<(), Cause> {
        for path in paths {
            if !self.leave(&path)? {
                break;
            }
        }
        Ok(())
    }

    /// Leaves the file `path` as a client that took the lock does; whether it could be left, which
    /// it cannot in a view that may not be written.
    ///
    /// # Errors
    /// When it cannot be created although the view can be written.
    pub(super) fn leave(self, path: &Path) -> Result<bool, Cause> {
        let created = match self.create(path) {
            Err(Errno::NOENT) => {
                make_folder(path).and_then(|()| self.create(path).map_err(io::Error::from))
            }
            other => other.map_err(io::Error::from),
        };
        match created {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(true),
            Err(error) if is_unwritable(&error) => Ok(false),
            Err(error) => Err(error).on_path("create", path),
        }
    }

    fn hold(self, path: &Path) -> io::Result<Option<ViewLock>> {
        let operation = if self.is_shared {
            FlockOperation::NonBlockingLockShared
        } else {
            FlockOperation::NonBlockingLockExclusive
        };
        // Some clients delete their lock files: a lock on a file without a name excludes nobody.
        for _attempt in 0..100 {
            let Some(file) = self.open(path)? else {
                continue;
            };
            match rustix::fs::flock(&file, operation) {
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
    fn open(self, path: &Path) -> io::Result<Option<File>> {
        let refused = match self.create(path) {
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

    fn create(self, path: &Path) -> Result<File, Errno> {
        let flags =
            OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let usual = Mode::from_raw_mode(self.mode.unwrap_or(0o666));
        let file = File::from(rustix::fs::open(path, flags, usual)?);
        let Some(mode) = self.mode else {
            share_file(&file, path);
            return Ok(file);
        };
        match rustix::fs::fchmod(&file, Mode::from_raw_mode(mode)) {
            Ok(()) | Err(Errno::PERM | Errno::OPNOTSUPP) => Ok(file),
            Err(error) => Err(error),
        }
    }
}

fn make_folder(path: &Path) -> io::Result<()> {
    make_dirs(path.parent().unwrap_or(Path::new(".")))
}

fn open_old(path: &Path, access: OFlags) -> Result<File, Errno> {
    let flags = access | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).map(File::from)
}
