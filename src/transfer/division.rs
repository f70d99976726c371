//! Which origin a free connection asks next, and when one crawls. Pure: told what happens, answers with
//! a number.
//!
//! While all is well there is one origin, the first that stands. Spread over several, a connection goes
//! where it brings most: each origin's connections are in proportion to what one of them brings there.
//! An origin that fell is left alone until the others fall as well and something arrived since.

use std::collections::VecDeque;
use std::time::Duration;

/// Names an origin of a transfer: its place in the order of preference.
pub(super) type OriginIndex = usize;

/// An origin that fell is tried again only when at least this came from others meanwhile: whoever brings
/// nothing is not asked for ever.
const FORGIVING_BYTES: u64 = 64 << 10;

/// Connections that bring less than [`CRAWL_RATE`] bytes per second all together, for so long, crawl.
const CRAWL_TIME: Duration = Duration::from_secs(10);
const CRAWL_RATE: u64 = 1_000_000;

/// How much better than the best an origin is taken to be that nothing is known of; and by how much the
/// best has to be better than another one for that to be relieved.
const HOPE: u64 = 4;

/// What an origin brought this long ago says nothing any more.
const FORGET_AFTER: Duration = Duration::from_secs(10);

/// Who brings nothing for so long brings nothing; until then it may be the wait for its first bytes.
const SILENCE: Duration = Duration::from_secs(5);

/// An origin that asks for less gets no more connections for so long.
const YIELD_TIME: Duration = Duration::from_secs(30);

/// What is known of one origin.
#[derive(Debug, Default)]
struct Standing {
    bytes: u64,
    /// Connections that ask it at the moment.
    flying: u16,
    /// Bytes per second of one connection, and when that was seen.
    rate: Option<(u64, Duration)>,
    /// Of [`Self::bytes`], those that were measured.
    measured: u64,
    /// How long connections asked it since then, all together, and until when that is counted.
    asked: Duration,
    counted: Duration,
    /// When it last brought something, or began to be asked.
    brought: Duration,
    /// What is there is known.
    is_known: bool,
    /// It is being asked what is there.
    is_called: bool,
    /// It failed when so much had been fetched in all.
    fell_at: Option<u64>,
    /// Connections at most, until then.
    bound: Option<(u16, Duration)>,
}

impl Standing {
    /// Counts the time of the connections up to now.
    fn tick(&mut self, now: Duration) {
        self.asked += now.saturating_sub(self.counted) * u32::from(self.flying);
        self.counted = now;
    }

    /// Learns what one connection brings.
    fn measure(&mut self, now: Duration) {
        self.tick(now);
        let came = self.bytes - self.measured;
        let is_silent = self.flying > 0 && now.saturating_sub(self.brought) >= SILENCE;
        if self.asked.is_zero() || (came == 0 && !is_silent) {
            return;
        }
        let each = per_second(came, self.asked);
        let rate = self.rate.map_or(each, |(old, _)| old.midpoint(each));
        self.rate = Some((rate, now));
        self.measured = self.bytes;
        self.asked = Duration::ZERO;
        if came > 0 {
            self.brought = now;
        }
    }
}

/// How connections are divided among origins. Times are since the start of the transfer.
#[derive(Debug)]
pub(super) struct Division {
    standings: Vec<Standing>,
    /// Several are used at once.
    pub(super) is_spread: bool,
    /// What had come in all at the looks of late.
    recent: VecDeque<(Duration, u64)>,
    crawl_rate: u64,
}

impl Division {
    /// Among so many origins. `limit` is what may come per second at most, if that is bound.
    pub(super) fn new(origins: usize, limit: Option<u64>) -> Self {
        let mut standings: Vec<Standing> = Vec::new();
        standings.resize_with(origins, Standing::default);
        Self {
            standings,
            is_spread: false,
            recent: VecDeque::new(),
            crawl_rate: limit.map_or(CRAWL_RATE, |limit| CRAWL_RATE.min(limit / 2)),
        }
    }

    /// What is there is known.
    pub(super) fn note_known(&mut self, origin: OriginIndex) {
        self.standings[origin].is_known = true;
    }

    /// Whether it has not failed.
    pub(super) fn stands(&self, origin: OriginIndex) -> bool {
        self.standings[origin].fell_at.is_none()
    }

    /// Bytes that came from each.
    pub(super) fn bytes(&self) -> Vec<u64> {
        self.standings.iter().map(|one| one.bytes).collect()
    }

    /// Counts bytes that came.
    pub(super) fn count(&mut self, origin: OriginIndex, bytes: u64) {
        self.standings[origin].bytes += bytes;
    }

    /// It failed. Returns whether that is news.
    pub(super) fn fall(&mut self, origin: OriginIndex) -> bool {
        let fetched = self.fetched();
        self.standings[origin].fell_at.replace(fetched).is_none()
    }

    /// It asks for fewer connections.
    pub(super) fn push_back(&mut self, origin: OriginIndex, now: Duration) {
        let one = &mut self.standings[origin];
        let half = (one.flying / 2).max(1);
        if one.bound.is_none_or(|(bound, _)| half < bound) {
            one.bound = Some((half, now + YIELD_TIME));
        }
    }

    /// Whether another than `origin` could be asked instead, of those that `may` be.
    pub(super) fn has_other(&self, origin: OriginIndex, may: impl Fn(OriginIndex) -> bool) -> bool {
        (0..self.standings.len()).any(|other| other != origin && may(other) && self.stands(other))
    }

    /// The origin to ask next, of those that `may` be; nothing when all of them failed.
    pub(super) fn next(
        &mut self,
        now: Duration,
        may: impl Fn(OriginIndex) -> bool,
    ) -> Option<OriginIndex> {
        let mut able: Vec<OriginIndex> = (0..self.standings.len()).filter(|&at| may(at)).collect();
        if !able.iter().any(|&at| self.stands(at)) {
            self.forgive(&able);
        }
        able.retain(|&at| self.stands(at));
        let first = *able.first()?;
        if !self.is_spread {
            return Some(first);
        }
        let hope = self.hope(now);
        let gain = |at: OriginIndex| {
            let rate = self.rate(at, now).unwrap_or(hope).max(1);
            rate / (u64::from(self.standings[at].flying) + 1)
        };
        let ready = able.into_iter().filter(|&at| self.has_room(at, now));
        // Of equals the first.
        ready
            .max_by_key(|&at| (gain(at), std::cmp::Reverse(at)))
            .or(Some(first))
    }

    /// A connection begins to ask it.
    pub(super) fn take_off(&mut self, origin: OriginIndex, now: Duration) {
        let one = &mut self.standings[origin];
        one.tick(now);
        if one.flying == 0 {
            one.brought = now;
        }
        one.flying += 1;
    }

    /// A connection has ended to ask it.
    pub(super) fn land(&mut self, origin: OriginIndex, now: Duration) {
        let one = &mut self.standings[origin];
        one.tick(now);
        one.flying = one.flying.saturating_sub(1);
    }

    /// Measures what came since the last look. Returns an origin to call up, when those in use crawl.
    pub(super) fn look(&mut self, now: Duration) -> Option<OriginIndex> {
        self.standings.iter_mut().for_each(|one| one.measure(now));
        if !self.crawls(now) {
            return None;
        }
        self.recent.clear();
        self.call_up()
    }

    /// Notes that somebody asks an origin what is there: the first of which that is not known.
    pub(super) fn call_up(&mut self) -> Option<OriginIndex> {
        let is_new = |one: &Standing| !one.is_known && !one.is_called && one.fell_at.is_none();
        let origin = self.standings.iter().position(is_new)?;
        self.standings[origin].is_called = true;
        Some(origin)
    }

    fn crawls(&mut self, now: Duration) -> bool {
        if self.standings.iter().all(|one| one.flying == 0) {
            self.recent.clear();
            return false;
        }
        let fetched = self.fetched();
        self.recent.push_back((now, fetched));
        let is_old = |at: Duration| now.saturating_sub(at) >= CRAWL_TIME;
        while self.recent.get(1).is_some_and(|&(at, _)| is_old(at)) {
            self.recent.pop_front();
        }
        self.recent.front().is_some_and(|&(at, before)| {
            is_old(at) && per_second(fetched - before, now.saturating_sub(at)) < self.crawl_rate
        })
    }

    fn forgive(&mut self, origins: &[OriginIndex]) {
        let fetched = self.fetched();
        for &at in origins {
            let fell_at = &mut self.standings[at].fell_at;
            if fell_at.is_some_and(|then| fetched - then >= FORGIVING_BYTES) {
                *fell_at = None;
            }
        }
    }

    fn has_room(&self, origin: OriginIndex, now: Duration) -> bool {
        let one = &self.standings[origin];
        let is_full = one
            .bound
            .is_some_and(|(bound, until)| now < until && one.flying >= bound);
        one.is_known && !is_full
    }

    fn rate(&self, origin: OriginIndex, now: Duration) -> Option<u64> {
        let (rate, at) = self.standings[origin].rate?;
        (now.saturating_sub(at) < FORGET_AFTER).then_some(rate)
    }

    fn hope(&self, now: Duration) -> u64 {
        self.best_rate(now).unwrap_or(1).saturating_mul(HOPE)
    }

    fn best_rate(&self, now: Duration) -> Option<u64> {
        let known = (0..self.standings.len()).filter_map(|at| self.rate(at, now));
        known.max()
    }

    /// Bytes per second of one connection at the best origin, when another one that is asked brings so
    /// much less that it is to be relieved.
    pub(super) fn relief(&self, now: Duration) -> Option<u64> {
        let best = self.best_rate(now).filter(|_| self.is_spread)?;
        let is_slow = |at: OriginIndex| {
            let is_asked = self.standings[at].flying > 0;
            let rate = self.rate(at, now).filter(|_| is_asked);
            rate.is_some_and(|rate| rate.saturating_mul(HOPE) < best)
        };
        (0..self.standings.len()).any(is_slow).then_some(best)
    }

    fn fetched(&self) -> u64 {
        self.standings.iter().map(|one| one.bytes).sum()
    }
}

fn per_second(bytes: u64, took: Duration) -> u64 {
    let rate = u128::from(bytes) * 1000 / took.as_millis().max(1);
    u64::try_from(rate).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
