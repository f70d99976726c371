//! One content of a transfer, from queued to held.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::hub::RemoteFile;
use crate::report::FileCounters;
use crate::store::ingest::Partial;
use crate::store::lock::Lock;
use crate::store::owner::Mark;
use crate::transfer::supply::Supply;
use crate::transfer::write_queue::WriteQueue;
use crate::view::ViewLock;

/// A hash that is no further behind is never waited for. All that is in flight may become hashable at
/// once, when the first of it has arrived, and that is no reason to leave the network idle.
const LAG_BYTES: u64 = 1 << 30;

/// A wanted content and what the engine knows of it.
pub(super) struct Job {
    pub(super) file: Arc<RemoteFile>,
    /// What is known of its origins.
    pub(super) supply: Supply,
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
    /// Bytes per second; as fast as can be while nothing is known.
    hash_rate: AtomicU64,
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
            hash_rate: AtomicU64::new(u64::MAX),
            mark,
        }
    }

    /// Whether at these rates the hash will end after the last byte has come: `network` is bytes per
    /// second. What is written until then only takes the processor's time from it.
    pub(super) fn is_ahead(&self, network: u64) -> bool {
        let lag = self.partial.lag_bytes();
        let hash = self.hash_rate.load(Ordering::Relaxed);
        let left = u128::from(self.partial.missing_bytes());
        lag > LAG_BYTES && (u128::from(lag) + left) * u128::from(network) > left * u128::from(hash)
    }

    /// Learns how fast it is hashed.
    pub(super) fn note_hashed(&self, bytes: u64, took: Duration) {
        let micros = took.as_micros().max(1);
        let rate = u64::try_from(u128::from(bytes) * 1_000_000 / micros);
        self.hash_rate
            .store(rate.unwrap_or(u64::MAX), Ordering::Relaxed);
        self.hashed.notify_waiters();
    }
}

impl Job {
    pub(super) fn new(file: Arc<RemoteFile>) -> Self {
        Self {
            file,
            supply: Supply::default(),
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
