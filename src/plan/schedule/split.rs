//! Which segment in flight gives up its tail to a free connection, and how much of it.

use std::time::Duration;

use super::{Next, Schedule};
use crate::plan::schedule::flight::Flight;

/// A crawling connection is relieved when it would take this much longer than a usual one.
const CRAWL_FACTOR: u64 = 4;

/// What a connection brings in so many times the wait for an answer is over soon.
const SOON: u32 = 4;
const MIN_SOON: Duration = Duration::from_millis(100);
const MAX_SOON: Duration = Duration::from_millis(500);

/// Which segments may be split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Split {
    /// Those whose connection crawls.
    Crawling,
    /// Those that take long enough, for there is nothing else to do.
    Any,
}

impl Schedule {
    /// Cuts the segment that would finish last, and gives its tail to an idle connection.
    pub(super) fn split(&mut self, now: Duration, which: Split) -> Option<Next> {
        let usual = Some(self.rate).filter(|&rate| rate > 0);
        let (&id, cut) = self
            .flights
            .iter()
            .filter_map(|(id, flight)| Some((id, self.cut(flight, usual, now, which)?)))
            .max_by_key(|&(id, cut)| (self.flights[id].end - cut, std::cmp::Reverse(*id)))?;
        let flight = self.flights.get_mut(&id)?;
        let (file, tail) = (flight.file, cut..flight.end);
        flight.end = cut;
        let segment = self.fly(file, tail, now);
        Some(Next::Fetch {
            segment,
            shortened: Some(id),
        })
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
        let sum = u128::from(own) + u128::from(usual);
        let keeps = u128::from(left) * u128::from(own) / sum;
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
