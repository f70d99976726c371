//! stdout and stderr of a process that is running, as events to wait for.

use std::io::Read;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::LIMIT;

#[derive(Default)]
pub(super) struct Shared {
    streams: Mutex<Streams>,
    changed: Condvar,
}

/// stdout and stderr.
#[derive(Default)]
pub(super) struct Streams {
    pub(super) bytes: [Vec<u8>; 2],
    pub(super) closed: usize,
}

impl Streams {
    pub(super) fn text(&self, stream: usize) -> String {
        String::from_utf8_lossy(&self.bytes[stream]).into_owned()
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `reached`; whether it was before the limit.
    pub(super) fn wait(&self, reached: impl Fn(&Streams) -> bool) -> bool {
        let waiting = |streams: &mut Streams| !reached(streams);
        let waited = self.changed.wait_timeout_while(self.lock(), LIMIT, waiting);
        let (streams, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        drop(streams);
        !timeout.timed_out()
    }

    /// Reads one stream to its end.
    pub(super) fn follow(&self, mut stream: impl Read, number: usize) {
        let mut buffer = [0; 8192];
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            self.lock().bytes[number].extend_from_slice(&buffer[..count]);
            self.changed.notify_all();
        }
        self.lock().closed += 1;
        self.changed.notify_all();
    }
}
