//! One content of a transfer, from queued to held.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use crate::hub::RemoteFile;
use crate::report::FileCounters;
use crate::source::Source;
use crate::store::ingest::Partial;
use crate::store::lock::Lock;
use crate::store::owner::Mark;
use crate::view::huggingface::ViewLock;

/// A wanted content and what the engine knows of it.
pub(super) struct Job {
    pub(super) file: RemoteFile,
    pub(super) source: Arc<dyn Source>,
    pub(super) counters: Arc<FileCounters>,
    /// Since when another process has it.
    pub(super) busy_since: Mutex<Option<Instant>>,
    open: Mutex<Option<Arc<OpenFile>>>,
}

/// A content that this process fetches at the moment.
pub(super) struct OpenFile {
    /// Where its bytes go; nothing for a small file, which is fetched whole into memory.
    pub(super) partial: Option<Arc<Partial>>,
    /// Told when bytes were written.
    pub(super) grown: Notify,
    /// Tells other machines that this process writes to the partial; goes before the locks do.
    pub(super) mark: Option<Mark>,
    /// Held as long as the file is open.
    pub(super) _locks: (Lock, ViewLock),
}

impl Job {
    pub(super) fn new(file: RemoteFile, source: Arc<dyn Source>) -> Self {
        Self {
            file,
            source,
            counters: Arc::default(),
            busy_since: Mutex::default(),
            open: Mutex::default(),
        }
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

    pub(super) fn partial(&self) -> Option<Arc<Partial>> {
        self.open().and_then(|open| open.partial.clone())
    }
}
