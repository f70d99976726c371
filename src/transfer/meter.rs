//! Measures what arrives, window by window, and sets the pace by it.

use std::time::Duration;

use crate::transfer::pace::Pace;
use crate::transfer::throttle::to_f64;

/// The rate is measured over windows of about this length.
const WINDOW: Duration = Duration::from_millis(400);

/// Counts bytes and connections. Times are since the start of the transfer.
#[derive(Debug)]
pub(super) struct Meter {
    pace: Pace,
    since: Duration,
    bytes: u64,
    /// New connections take a while to come up to speed: the window after a change is not judged.
    is_settling: bool,
}

/// What a window came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Measured {
    /// Bytes per second and connection.
    pub(super) rate: u64,
    /// Whether all the connections that may be in use were at work.
    pub(super) is_busy: bool,
    /// Connections that may be in use from now on, if that changed.
    pub(super) changed: Option<u16>,
}

impl Meter {
    /// A meter for at most `max` connections.
    pub(super) fn new(max: u16) -> Self {
        Self {
            pace: Pace::new(max),
            since: Duration::ZERO,
            bytes: 0,
            is_settling: true,
        }
    }

    /// Connections that may be in use.
    pub(super) fn connections(&self) -> u16 {
        self.pace.connections()
    }

    /// Counts bytes that arrived while `flying` requests were under way; speaks at the end of a window.
    pub(super) fn count(&mut self, bytes: u64, flying: usize, now: Duration) -> Option<Measured> {
        self.bytes += bytes;
        let elapsed = now.saturating_sub(self.since);
        if elapsed < WINDOW {
            return None;
        }
        let millis = elapsed.as_millis().max(1);
        let per_second = u128::from(std::mem::take(&mut self.bytes)) * 1000 / millis;
        self.since = now;
        let rate = u64::try_from(per_second / flying.max(1) as u128).unwrap_or(u64::MAX);
        let before = self.connections();
        let is_busy = flying >= usize::from(before);
        if !std::mem::take(&mut self.is_settling) && is_busy {
            let per_second = u64::try_from(per_second).unwrap_or(u64::MAX);
            self.pace.learn(to_f64(per_second));
        }
        let now = self.connections();
        self.is_settling = now != before;
        Some(Measured {
            rate,
            is_busy,
            changed: (now != before).then_some(now),
        })
    }

    /// The hub asks for less. Returns how many connections may be in use from now on.
    pub(super) fn push_back(&mut self) -> u16 {
        self.pace.push_back();
        self.is_settling = true;
        self.connections()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(windows: u32) -> Duration {
        Duration::from_millis(400 * windows as u64)
    }

    #[test]
    fn a_window_yields_the_rate_of_one_connection() {
        let mut meter = Meter::new(8);
        assert_eq!(meter.count(1000, 4, at(1) / 2), None);
        let measured = meter.count(1000, 4, at(1)).unwrap();
        assert_eq!(measured.rate, 1250);
    }

    #[test]
    fn it_grows_while_that_pays_and_skips_the_window_after_a_change() {
        let mut meter = Meter::new(64);
        let mut trace = Vec::new();
        for window in 1..=6 {
            let flying = meter.connections();
            let bytes = u64::from(flying) * 1_000_000;
            meter.count(bytes, flying.into(), at(window));
            trace.push(meter.connections());
        }
        assert_eq!(trace, [8, 16, 16, 32, 32, 64]);
    }

    #[test]
    fn a_window_with_idle_connections_says_nothing_about_the_number() {
        let mut meter = Meter::new(64);
        for window in 1..10 {
            meter.count(1_000_000, 3, at(window));
        }
        assert_eq!(meter.connections(), 8);
    }
}
