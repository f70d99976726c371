//! The locks of the clients, and waiting for one of them.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::error::Cause;
use crate::view::ViewLock;
use crate::view::lock_file::LockFile;

/// One per file, since `modelscope` 1.38. Python's `filelock` creates it with this mode.
pub(super) const CURRENT: LockFile = LockFile {
    mode: None,
    is_shared: false,
};

/// How long a publication waits for another client. What it does then is a rename, which is safe
/// without the lock: the client finds its file either way.
const PATIENCE: Duration = Duration::from_secs(10);

const PAUSE: Duration = Duration::from_millis(50);

/// Waits for the lock `path`, within reason; `None` when its holder does not let go.
pub(super) fn wait(lock: LockFile, path: &Path) -> Result<Option<ViewLock>, Cause> {
    let begun = Instant::now();
    loop {
        if let Some(held) = lock.try_hold(path)? {
            return Ok(Some(held));
        }
        if begun.elapsed() > PATIENCE {
            tracing::debug!(lock = %path.display(), "another client holds its lock: going on");
            return Ok(None);
        }
        thread::sleep(PAUSE);
    }
}
