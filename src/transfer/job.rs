//! One content of a transfer, from queued to held.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use crate::hub::RemoteFile;
use crate::report::FileCounters;
use crate::source::Source;
use crate::store::ingest::Partial;
use crate::store::lock::Lock;
use crate::store::owner::Mark;
use crate::transfer::write_queue::WriteQueue;
use crate::view::huggingface::ViewLock;

/// A hash that is further behind is waited for: one processor can hash a file, and when all its bytes
/// are here the others would watch it do so.
const MAX_LAG_BYTES: u64 = 128 << 20;

/// A wanted content and what the engine knows of it.
pub(super) struct Job {
    pub(super) file: RemoteFile,
    pub(super) source: Arc<dyn Source>,
    pub(super) counters: Arc<FileCounters>,
    /// Since when another process has it.
    pub(super) busy_since: Mutex<Option<Instant>>,
    /// Tries in vain since any connection last got on with it.
    vain: AtomicU32,
    open: Mutex<Option<Arc<OpenFile>>>,
}

/// A content that this process fetches at the moment.
pub(super) struct OpenFile {
    /// Where its bytes go; nothing for a small file, which is fetched whole into memory.
    pub(super) large: Option<Large>,
    /// Held as long as the file is open; goes last.
    pub(super) _locks: (Lock, ViewLock),
}

/// A content that is fetched in segments.
pub(super) struct Large {
    pub(super) partial: Arc<Partial>,
    pub(super) writes: Arc<WriteQueue>,
    /// Told when bytes were written.
    pub(super) grown: Notify,
    /// Told when bytes were hashed.
    pub(super) hashed: Notify,
    /// Tells other machines that this process writes to the partial.
    pub(super) mark: Mark,
}

impl Large {
    pub(super) fn new(partial: Partial, mark: Mark) -> Self {
        let partial = Arc::new(partial);
        Self {
            writes: WriteQueue::new(Arc::clone(&partial)),
            partial,
            grown: Notify::new(),
            hashed: Notify::new(),
            mark,
        }
    }

    /// Whether so much is written and not hashed that writing more would only put off the end.
    pub(super) fn is_behind(&self) -> bool {
        self.partial.lag_bytes() > MAX_LAG_BYTES
    }

    /// Completes when the hash has caught up.
    pub(super) async fn caught_up(&self) {
        loop {
            let hashed = self.hashed.notified();
            tokio::pin!(hashed);
            // Registered before looking, so that progress in between is not missed.
            hashed.as_mut().enable();
            if !self.is_behind() {
                return;
            }
            hashed.await;
        }
    }
}

impl Job {
    pub(super) fn new(file: RemoteFile, source: Arc<dyn Source>) -> Self {
        Self {
            file,
            source,
            counters: Arc::default(),
            busy_since: Mutex::default(),
            vain: AtomicU32::new(0),
            open: Mutex::default(),
        }
    }

    /// Notes that a try got on or was in vain. Returns how many were in vain since one got on.
    pub(super) fn note_try(&self, is_progress: bool) -> u32 {
        if is_progress {
            self.vain.store(0, Ordering::Relaxed);
            return 0;
        }
        self.vain.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }

    pub(super) fn set_open(&self, open: Option<Arc<OpenFile>>) {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = open;
    }

    pub(super) fn open(&self) -> Option<Arc<OpenFile>> {
        self.open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
