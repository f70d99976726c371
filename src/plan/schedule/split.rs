//! Which segment in flight gives up its tail to a free connection, and how much of it.

use std::ops::Range;
use std::time::Duration;

use super::{FileIndex, Next, Schedule, SegmentId};
use crate::plan::schedule::flight::Flight;

/// A crawling connection is relieved when it would take this much longer than a usual one.
const CRAWL_FACTOR: u64 = 4;

/// What a connection brings in so many times the wait for an answer is over soon.
const SOON: u32 = 4;
const MIN_SOON: Duration = Duration::from_millis(100);
const MAX_SOON: Duration = Duration::from_millis(500);

/// Which segments may be split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Split {
    /// Those whose connection crawls.
    Crawling,
    /// Those that take long enough, for there is nothing else to do.
    Any,
}

impl Schedule {
    /// Takes nearly all from the connection that crawls and has the most left. It is handed out in short
    /// segments, so that as many connections as are free share it.
    pub(super) fn relieve(&mut self, now: Duration) -> Option<Next> {
        let (id, file, tail) = self.cut_off(now, Split::Crawling)?;
        let relieved = &mut self.files[file];
        relieved.relieved_to = relieved.relieved_to.max(tail.end);
        relieved.to_hand_out.insert(tail);
        let max = self.shape.min_split_bytes;
        match self.hand_out(file, max, now) {
            Next::Fetch { segment, .. } => Some(Next::Fetch {
                segment,
                shortened: Some(id),
            }),
            other => Some(other),
        }
    }

    /// What is left of that.
    pub(super) fn relieve_further(&mut self, now: Duration) -> Option<Next> {
        let is_left = |&&file: &&FileIndex| {
            let file = &self.files[file];
            let first = file.to_hand_out.first();
            first.is_some_and(|first| first.start < file.relieved_to)
        };
        let file = self.large.active.iter().find(is_left).copied()?;
        Some(self.hand_out(file, self.shape.min_split_bytes, now))
    }

    /// Cuts the segment that would finish last, and gives its tail to an idle connection.
    pub(super) fn split(&mut self, now: Duration) -> Option<Next> {
        let (id, file, tail) = self.cut_off(now, Split::Any)?;
        let segment = self.fly(file, tail, now);
        Some(Next::Fetch {
            segment,
            shortened: Some(id),
        })
    }

    /// Cuts the segment that gives up the most, and returns what that is.
    fn cut_off(
        &mut self,
        now: Duration,
        which: Split,
    ) -> Option<(SegmentId, FileIndex, Range<u64>)> {
        let usual = Some(self.rate).filter(|&rate| rate > 0);
        let (&id, cut) = self
            .flights
            .iter()
            .filter_map(|(id, flight)| Some((id, self.cut(flight, usual, now, which)?)))
            .max_by_key(|&(id, cut)| (self.flights[id].end - cut, std::cmp::Reverse(*id)))?;
        let flight = self.flights.get_mut(&id)?;
        let tail = cut..flight.end;
        flight.end = cut;
        Some((id, flight.file, tail))
    }

    /// Where a segment should be cut so that both parts end together; nothing if it should stay whole.
    /// While nothing is known of rates nobody can say, and what is on its way may be all of it.
    fn cut(&self, flight: &Flight, usual: Option<u64>, now: Duration, which: Split) -> Option<u64> {
        let file = &self.files[flight.file];
        if file.len <= self.shape.whole_bytes || !file.is_open {
            return None;
        }
        let left = flight.end - flight.cursor;
        let own = if flight.is_still(now, self.first_bytes, self.progressed) {
            0
        } else {
            flight.rate(now).or(usual)?
        };
        let usual = usual.unwrap_or(own).max(1);
        let is_slow = own.saturating_mul(CRAWL_FACTOR) < usual;
        let is_crawling = is_slow && left > own.saturating_mul(CRAWL_FACTOR);
        // What is over soon is left alone: cutting it wastes what is on its way.
        let is_worth_it = which == Split::Any && left >= self.soon_bytes(own);
        if left == 0 || !(is_crawling || is_worth_it) {
            return None;
        }
        // What is taken from a connection that crawls is over as soon as one short segment.
        let shared = match which {
            Split::Crawling => left.min(self.shape.min_split_bytes),
            Split::Any => left,
        };
        let sum = u128::from(own) + u128::from(usual);
        let keeps = u128::from(shared) * u128::from(own) / sum;
        Some(flight.cursor + u64::try_from(keeps).unwrap_or(left / 2))
    }

    /// What arrives at this rate before another request would pay.
    fn soon_bytes(&self, rate: u64) -> u64 {
        let soon = (self.first_bytes * SOON).clamp(MIN_SOON, MAX_SOON);
        let millis = u64::try_from(soon.as_millis()).unwrap_or(u64::MAX);
        let bytes = rate.saturating_mul(millis) / 1000;
        bytes.max(self.shape.min_split_bytes)
    }
}
