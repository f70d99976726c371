//! Advisory locks: who may fetch a content, publish a repo, or collect garbage.
//!
//! # Order
//! store (shared, or exclusive to collect) → one content → its view's lock → the repo → the whole view,
//! where repos share one. A task that holds a content's lock waits for no other content, so processes
//! that want the same files in any order cannot block each other for good. Lock files are never
//! deleted: a waiter could be left holding a lock on a name that is gone.
//!
//! # Filesystems
//! `flock` is released by the kernel when its holder dies. Correctness does not rest on it: where it
//! does nothing, work is done twice and the digest still decides.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::error::Cause;
use crate::fs::{OnPath, is_unwritable, make_dirs, open_no_link, read_no_link};

/// A held lock; dropping it releases it.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock at `path` alone, if nobody holds it.
    ///
    /// # Errors
    /// When the lock file cannot be created or locked for another reason.
    pub fn try_exclusive(path: &Path) -> Result<Option<Self>, Cause> {
        Self::take(path, fs2::FileExt::try_lock_exclusive)
    }

    /// Takes the lock at `path` together with others who share it.
    ///
    /// # Errors
    /// As for [`Lock::try_exclusive`].
    pub fn try_shared(path: &Path) -> Result<Option<Self>, Cause> {
        Self::take(path, fs2::FileExt::try_lock_shared)
    }

    fn take(path: &Path, lock: fn(&File) -> io::Result<()>) -> Result<Option<Self>, Cause> {
        let file = open(path).on_path("open the lock", path)?;
        match lock(&file) {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            // A filesystem without locks: go on without, the digest decides.
            Err(error) if is_lockless(&error) => Ok(Some(Self { _file: file })),
            Err(error) => Err(error).on_path("take the lock", path),
        }
    }
}

fn is_lockless(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let errno = Errno::from_io_error(error);
    // EBADF: a network filesystem that gives the lock only to who may write the file.
    matches!(
        errno,
        Some(Errno::NOSYS | Errno::OPNOTSUPP | Errno::NOLCK | Errno::BADF)
    )
}

fn open(path: &Path) -> io::Result<File> {
    let open = || match open_no_link(path) {
        // A lock file that another user made, or on a disk that cannot be written.
        Err(error) if is_unwritable(&error) => read_no_link(path).map_err(|_none| error),
        other => other,
    };
    match open() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make_dirs(path.parent().unwrap_or(Path::new(".")))?;
            open()
        }
        other => other,
    }
}

/// How often a lock that is held is tried again.
pub const POLL: Duration = Duration::from_millis(100);

/// Waits until `take` yields a lock; `waiting` is called once, when it turns out to be held.
///
/// # Errors
/// [`Cause::Locked`] after `timeout`, [`Cause::Cancelled`], or what `take` fails with.
pub async fn wait_for<T>(
    mut take: impl FnMut() -> Result<Option<T>, Cause>,
    what: &str,
    timeout: Option<Duration>,
    stop: &CancellationToken,
    waiting: impl FnOnce(),
) -> Result<T, Cause> {
    let started = Instant::now();
    let mut waiting = Some(waiting);
    loop {
        if let Some(lock) = take()? {
            return Ok(lock);
        }
        if let Some(waiting) = waiting.take() {
            waiting();
        }
        let waited = started.elapsed();
        if timeout.is_some_and(|timeout| waited >= timeout) {
            return Err(Cause::Locked {
                what: what.to_owned(),
                waited,
            });
        }
        tokio::select! {
            () = stop.cancelled() => return Err(Cause::Cancelled),
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b.lock");
        let held = Lock::try_exclusive(&path).unwrap();
        assert!(held.is_some());
        assert!(Lock::try_exclusive(&path).unwrap().is_none());
        assert!(Lock::try_shared(&path).unwrap().is_none());
        drop(held);
        let shared = Lock::try_shared(&path).unwrap();
        assert!(shared.is_some());
        assert!(Lock::try_shared(&path).unwrap().is_some());
        assert!(Lock::try_exclusive(&path).unwrap().is_none());
    }

    #[test]
    fn nothing_is_made_through_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let (link, elsewhere) = (dir.path().join("lock"), dir.path().join("elsewhere"));
        std::os::unix::fs::symlink(&elsewhere, &link).unwrap();
        assert!(Lock::try_exclusive(&link).is_err());
        assert!(!elsewhere.exists());
    }

    #[tokio::test]
    async fn waiting_ends_with_the_timeout_or_the_stop() {
        let stop = CancellationToken::new();
        let never = || Ok(None::<()>);
        let timeout = Some(Duration::ZERO);
        let failed = wait_for(never, "x", timeout, &stop, || {})
            .await
            .unwrap_err();
        assert!(matches!(failed, Cause::Locked { .. }));
        stop.cancel();
        let failed = wait_for(never, "x", None, &stop, || {}).await.unwrap_err();
        assert!(matches!(failed, Cause::Cancelled));
    }
}
