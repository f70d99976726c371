//! A segment in flight, and how fast it goes.

use std::ops::Range;
use std::time::Duration;

use crate::plan::schedule::FileIndex;

/// A connection that had begun and brought nothing for this long counts as standing still.
const STANDSTILL: Duration = Duration::from_secs(2);

/// How long a connection may take for its first bytes before it counts as standing still, where
/// others were not slower.
const PATIENCE: Duration = Duration::from_secs(10);

/// The rate is taken over the last one to two of these.
const WINDOW: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub(super) struct Flight {
    pub(super) file: FileIndex,
    pub(super) end: u64,
    pub(super) cursor: u64,
    start: u64,
    began: Duration,
    progressed: Duration,
    /// Where it was, and when: one to two windows ago, and less than one ago.
    marks: [(Duration, u64); 2],
}

impl Flight {
    pub(super) fn new(file: FileIndex, range: &Range<u64>, now: Duration) -> Self {
        Self {
            file,
            end: range.end,
            cursor: range.start,
            start: range.start,
            began: now,
            progressed: now,
            marks: [(now, range.start); 2],
        }
    }

    /// Bytes have arrived up to `cursor`. Returns how long the first ones took, if there are new ones.
    pub(super) fn progress(&mut self, cursor: u64, now: Duration) -> Option<Duration> {
        let cursor = cursor.min(self.end);
        if cursor <= self.cursor {
            return None;
        }
        let is_first = !self.has_begun();
        self.cursor = cursor;
        self.progressed = now;
        if now.saturating_sub(self.marks[1].0) >= WINDOW {
            self.marks = [self.marks[1], (now, cursor)];
        }
        Some(if is_first {
            now.saturating_sub(self.began)
        } else {
            Duration::ZERO
        })
    }

    /// Nothing will be read until then, by our own wish.
    pub(super) fn hold(&mut self, until: Duration) {
        self.progressed = self.progressed.max(until);
    }

    /// Whether it has brought nothing for longer than is usual. `first_bytes` is how long a request
    /// may take for its first bytes at this hub, `progressed` when any segment last progressed.
    pub(super) fn is_still(
        &self,
        now: Duration,
        first_bytes: Duration,
        progressed: Duration,
    ) -> bool {
        let silent = now.saturating_sub(self.progressed);
        if self.has_begun() {
            return silent >= STANDSTILL;
        }
        // Where nobody gets anything, another connection would fare no better.
        silent >= PATIENCE.max(first_bytes * 2) && progressed > self.began
    }

    /// Bytes per second as of late; nothing when it is too young to say.
    pub(super) fn rate(&self, now: Duration) -> Option<u64> {
        let (since, from) = self.marks[0];
        let elapsed = now.saturating_sub(since);
        if elapsed < WINDOW || !self.has_begun() {
            return None;
        }
        u64::try_from(u128::from(self.cursor - from) * 1000 / elapsed.as_millis()).ok()
    }

    fn has_begun(&self) -> bool {
        self.cursor > self.start
    }
}
