//! The state of a pull as far as a viewer cares: totals, files in flight, speed.
//!
//! Fed by events and by sampling the counters of the files in flight. Time comes from the caller.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use larder::repo::RepoPath;
use larder::report::{Event, FileCounters};

/// Speed is measured over this time.
const WINDOW: Duration = Duration::from_secs(10);

/// What is known so far.
#[derive(Debug, Default)]
pub(crate) struct Board {
    plan: Option<Plan>,
    in_flight: Vec<InFlight>,
    /// Files that were found whole or became so.
    verified_files: u64,
    /// Of finished files: bytes that came, and bytes that were hashed.
    finished: Bytes,
    /// Bytes that arrived, whatever became of them. Never falls.
    arrived: u64,
    /// Bytes that were hashed, likewise.
    hashed: u64,
    history: VecDeque<(Duration, u64, u64)>,
}

#[derive(Clone, Copy, Debug)]
struct Plan {
    files: u64,
    have: u64,
    check: u64,
    need: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Bytes {
    come: i128,
    hashed: u64,
}

#[derive(Debug)]
struct InFlight {
    path: RepoPath,
    len: u64,
    have: u64,
    is_fetch: bool,
    counters: Arc<FileCounters>,
    seen: (u64, u64),
}

/// The state at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sample {
    /// Bytes of all distinct contents; `None` before the plan is known.
    pub(crate) total: Option<u64>,
    /// Of those, on disk.
    pub(crate) on_disk: u64,
    /// Of those, proven.
    pub(crate) verified: u64,
    /// Bytes that came over the network.
    pub(crate) fetched: u64,
    /// Bytes per second: of the network, or of hashing once everything is here.
    pub(crate) rate: Option<u64>,
    /// Time left, while it can be told.
    pub(crate) eta: Option<Duration>,
    /// Files selected.
    pub(crate) files: u64,
    /// Files found or made whole so far.
    pub(crate) verified_files: u64,
    /// Files in flight, oldest first.
    pub(crate) in_flight: Vec<FileSample>,
}

/// One file in flight at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileSample {
    pub(crate) path: RepoPath,
    pub(crate) len: u64,
    pub(crate) written: u64,
    pub(crate) verified: u64,
    pub(crate) is_fetch: bool,
}

impl Board {
    /// Takes an event in.
    pub(crate) fn take(&mut self, event: &Event) {
        match event {
            Event::Planned {
                files,
                have_bytes,
                check_bytes,
                need_bytes,
            } => {
                self.plan = Some(Plan {
                    files: *files,
                    have: *have_bytes,
                    check: *check_bytes,
                    need: *need_bytes,
                });
            }
            Event::Started {
                path,
                len,
                have_bytes,
                is_fetch,
                counters,
            } => {
                self.in_flight.retain(|file| file.path != *path);
                let seen = (counters.written_bytes(), counters.verified_bytes());
                self.in_flight.push(InFlight {
                    path: path.clone(),
                    len: *len,
                    have: *have_bytes,
                    is_fetch: *is_fetch,
                    counters: Arc::clone(counters),
                    seen: (seen.0.max(*have_bytes), seen.1),
                });
            }
            Event::Verified { path, len } => {
                self.verified_files += 1;
                self.finish(path, *len);
            }
            _ => {}
        }
    }

    fn finish(&mut self, path: &RepoPath, len: u64) {
        let Some(at) = self.in_flight.iter().position(|file| file.path == *path) else {
            return;
        };
        let file = self.in_flight.remove(at);
        self.finished.hashed += len;
        self.hashed += len.saturating_sub(file.seen.1);
        if file.is_fetch {
            self.finished.come += i128::from(len) - i128::from(file.have);
            self.arrived += len.saturating_sub(file.seen.0);
        }
    }

    /// Reads the counters.
    pub(crate) fn sample(&mut self, now: Duration) -> Sample {
        let mut bytes = self.finished;
        let mut in_flight = Vec::with_capacity(self.in_flight.len());
        for file in &mut self.in_flight {
            let written = file.counters.written_bytes().min(file.len);
            let verified = file.counters.verified_bytes().min(file.len);
            // A file that begins anew counts from there on.
            if file.is_fetch {
                self.arrived += written.saturating_sub(file.seen.0);
                bytes.come += i128::from(written) - i128::from(file.have);
            }
            self.hashed += verified.saturating_sub(file.seen.1);
            file.seen = (written, verified);
            bytes.hashed += verified;
            in_flight.push(FileSample {
                path: file.path.clone(),
                len: file.len,
                written,
                verified,
                is_fetch: file.is_fetch,
            });
        }
        self.remember(now);
        let mut sample = Sample {
            in_flight,
            fetched: self.arrived,
            ..Sample::default()
        };
        sample.verified_files = self.verified_files;
        if let Some(plan) = self.plan {
            let total = plan.have + plan.check + plan.need;
            let missing = (i128::from(plan.need) - bytes.come).clamp(0, i128::from(total));
            sample.files = plan.files;
            sample.total = Some(total);
            sample.on_disk = total - u64::try_from(missing).unwrap_or(total);
            sample.verified = (plan.have + bytes.hashed).min(total);
            self.add_speed(&mut sample, total);
        }
        sample
    }

    fn remember(&mut self, now: Duration) {
        self.history.push_back((now, self.arrived, self.hashed));
        while self.history.len() > 2 && self.history[1].0 + WINDOW <= now {
            self.history.pop_front();
        }
    }

    fn add_speed(&self, sample: &mut Sample, total: u64) {
        let (Some(first), Some(last)) = (self.history.front(), self.history.back()) else {
            return;
        };
        let millis = last.0.saturating_sub(first.0).as_millis();
        let is_fetching = sample.on_disk < total;
        let (done, left) = if is_fetching {
            (last.1 - first.1, total - sample.on_disk)
        } else {
            (last.2 - first.2, total - sample.verified)
        };
        if millis < 500 || (!is_fetching && left == 0) {
            return;
        }
        let rate = u64::try_from(u128::from(done) * 1000 / millis).unwrap_or(u64::MAX);
        sample.rate = Some(rate);
        if rate > 0 {
            sample.eta = Some(Duration::from_secs(left.div_ceil(rate)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{planned, started, verified};
    use super::*;

    const MB: u64 = 1_000_000;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_resumed_download() {
        let mut board = Board::default();
        board.take(&planned(3, 10 * MB, 20 * MB, 70 * MB));
        let (event, counters) = started("a", 20 * MB, 90 * MB);
        board.take(&event);
        let sample = board.sample(at(0));
        assert_eq!(
            (sample.total, sample.on_disk, sample.fetched),
            (Some(100 * MB), 30 * MB, 0)
        );
        assert_eq!((sample.verified, sample.rate), (10 * MB, None));
        counters.add_written(35 * MB);
        counters.add_verified(50 * MB);
        let sample = board.sample(at(5));
        assert_eq!((sample.on_disk, sample.verified), (65 * MB, 60 * MB));
        assert_eq!((sample.rate, sample.eta), (Some(7 * MB), Some(at(5))));
        counters.add_written(35 * MB);
        board.take(&verified("a", 90 * MB));
        let sample = board.sample(at(10));
        assert_eq!((sample.on_disk, sample.verified), (100 * MB, 100 * MB));
        assert_eq!((sample.fetched, sample.eta), (70 * MB, None));
        assert!(sample.in_flight.is_empty());
    }

    #[test]
    fn a_file_that_begins_anew() {
        let mut board = Board::default();
        board.take(&planned(1, 0, 0, 10 * MB));
        let (event, counters) = started("a", 0, 10 * MB);
        board.take(&event);
        counters.add_written(8 * MB);
        assert_eq!(board.sample(at(1)).on_disk, 8 * MB);
        counters.reset(0, 0);
        assert_eq!(board.sample(at(2)).on_disk, 0);
        counters.add_written(3 * MB);
        let sample = board.sample(at(3));
        assert_eq!((sample.on_disk, sample.fetched), (3 * MB, 11 * MB));
    }

    #[test]
    fn hashing_what_is_there() {
        let mut board = Board::default();
        board.take(&planned(1, 0, 10 * MB, 0));
        let (mut event, counters) = started("a", 10 * MB, 10 * MB);
        if let Event::Started { is_fetch, .. } = &mut event {
            *is_fetch = false;
        }
        board.take(&event);
        board.sample(at(0));
        counters.add_verified(4 * MB);
        let sample = board.sample(at(2));
        assert_eq!(
            (sample.on_disk, sample.verified, sample.fetched),
            (10 * MB, 4 * MB, 0)
        );
        assert_eq!((sample.rate, sample.eta), (Some(2 * MB), Some(at(3))));
    }

    #[test]
    fn speed_forgets_the_past() {
        let mut board = Board::default();
        board.take(&planned(1, 0, 0, 1000 * MB));
        let (event, counters) = started("a", 0, 1000 * MB);
        board.take(&event);
        for second in 0..=30 {
            board.sample(at(second));
            counters.add_written(if second < 15 { 10 * MB } else { MB });
        }
        assert_eq!(board.sample(at(31)).rate, Some(MB));
    }

    #[test]
    fn nothing_is_claimed_before_the_plan() {
        let sample = Board::default().sample(at(1));
        assert_eq!(sample, Sample::default());
    }
}
