//! Measures what arrives, window by window, and sets the pace by it.

use std::time::Duration;

use crate::transfer::pace::Pace;
use crate::transfer::throttle::to_f64;

/// The rate is measured over windows of about this length.
const WINDOW: Duration = Duration::from_millis(250);

/// Windows in which new connections come up to speed. To begin with one is enough: who measures too
/// little there only tries more.
const SETTLING: u32 = 2;
const SETTLING_FIRST: u32 = 1;

/// Refusals within this time are one.
const PUSH_BACK_TIME: Duration = Duration::from_secs(1);

/// Memory that received bytes may take, and how many pieces a connection holds at once: some that are
/// written, some that wait for it, one that is handed over and one that is being received.
const HELD_BYTES: u64 = 32 << 20;
const HELD_PIECES: u64 = 6;

/// Connections that are never too many for the memory.
const FEW: u16 = 16;

/// Counts bytes and connections. Times are since the start of the transfer.
#[derive(Debug)]
pub(super) struct Meter {
    pace: Pace,
    since: Duration,
    bytes: u64,
    /// Bytes per second in the best window of late: pauses are no measure of the network.
    best: u64,
    /// The longest piece of late.
    piece_bytes: u64,
    /// Windows that are not judged, after a change.
    settling: u32,
    pushed_at: Option<Duration>,
    has_measured: bool,
}

/// What was written at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written {
    pub(super) bytes: u64,
    /// The longest piece in which it came.
    pub(super) piece_bytes: u64,
    /// Requests under way.
    pub(super) flying: usize,
}

/// What a window came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Measured {
    /// Bytes per second and connection.
    pub(super) rate: u64,
    /// Whether all the connections that may be in use were at work, or would have been if there were
    /// more to do: to begin with none is idle because it was faster.
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
            best: 0,
            piece_bytes: 1,
            settling: SETTLING_FIRST,
            pushed_at: None,
            has_measured: false,
        }
    }

    /// Connections that may be in use.
    pub(super) fn connections(&self) -> u16 {
        self.pace.connections()
    }

    /// Counts bytes that were written; speaks at the end of a window.
    pub(super) fn count(&mut self, written: Written, now: Duration) -> Option<Measured> {
        self.bytes += written.bytes;
        self.piece_bytes = self.piece_bytes.max(written.piece_bytes);
        let elapsed = now.saturating_sub(self.since);
        if elapsed < WINDOW {
            return None;
        }
        let millis = elapsed.as_millis().max(1);
        let per_second = u128::from(std::mem::take(&mut self.bytes)) * 1000 / millis;
        self.since = now;
        let all = u64::try_from(per_second).unwrap_or(u64::MAX);
        self.best = all.max(self.best - self.best / 16);
        let is_first = !std::mem::replace(&mut self.has_measured, true);
        let bound = self.bound();
        self.piece_bytes = (self.piece_bytes / 2).max(1);
        let rate = per_second / written.flying.max(1) as u128;
        let before = self.connections();
        if written.flying == usize::from(before) && self.settling == 0 {
            self.pace.learn(to_f64(all), bound);
        }
        let now = self.connections();
        // More at work than may be: those that are to rest have not finished.
        if now != before {
            self.settling = SETTLING;
        } else if written.flying <= usize::from(before) {
            self.settling = self.settling.saturating_sub(1);
        }
        Some(Measured {
            rate: u64::try_from(rate).unwrap_or(u64::MAX),
            is_busy: written.flying >= usize::from(before) || is_first,
            changed: (now != before).then_some(now),
        })
    }

    /// Bytes per second of all connections, in the best window of late.
    pub(super) fn rate(&self) -> u64 {
        self.best
    }

    /// Connections for whose pieces there is memory. Pieces get long where this machine is slower than
    /// the network; more connections would not help then either.
    fn bound(&self) -> u16 {
        let bound = HELD_BYTES / (HELD_PIECES * self.piece_bytes);
        u16::try_from(bound).unwrap_or(u16::MAX).max(FEW)
    }

    /// The hub asks for less. Returns how many connections may be in use from now on.
    pub(super) fn push_back(&mut self, now: Duration) -> u16 {
        // Requests that were under way meet the same refusal.
        if self
            .pushed_at
            .is_none_or(|at| now.saturating_sub(at) >= PUSH_BACK_TIME)
        {
            self.pushed_at = Some(now);
            self.pace.push_back();
            self.settling = SETTLING;
        }
        self.connections()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(windows: u32) -> Duration {
        Duration::from_millis(250 * windows as u64)
    }

    fn written(bytes: u64, flying: u16) -> Written {
        Written {
            bytes,
            piece_bytes: 16 << 10,
            flying: flying.into(),
        }
    }

    #[test]
    fn a_window_yields_the_rate_of_one_connection() {
        let mut meter = Meter::new(8);
        assert_eq!(meter.count(written(1000, 4), at(1) / 2), None);
        let measured = meter.count(written(1000, 4), at(1)).unwrap();
        assert_eq!(measured.rate, 2000);
    }

    #[test]
    fn it_grows_while_that_pays_and_skips_the_windows_after_a_change() {
        let mut meter = Meter::new(64);
        let mut trace = Vec::new();
        for window in 1..=7 {
            let flying = meter.connections();
            meter.count(written(u64::from(flying) * 1_000_000, flying), at(window));
            trace.push(meter.connections());
        }
        assert_eq!(trace, [16, 32, 32, 32, 64, 64, 64]);
    }

    #[test]
    fn fewer_are_judged_when_the_others_have_finished() {
        let mut meter = Meter::new(32);
        let mut window = 0;
        let mut play = |meter: &mut Meter, windows: u32, flying: u16| {
            for _ in 0..windows {
                window += 1;
                meter.count(written(1_000_000, flying), at(window));
            }
            meter.connections()
        };
        assert_eq!(play(&mut meter, 2, 16), 32);
        assert_eq!(play(&mut meter, 3, 32), 12);
        assert_eq!(play(&mut meter, 20, 13), 12);
        assert_eq!(play(&mut meter, 3, 12), 9);
    }

    #[test]
    fn a_window_with_idle_connections_says_nothing_about_the_number() {
        let mut meter = Meter::new(64);
        for window in 1..10 {
            meter.count(written(1_000_000, 3), at(window));
        }
        assert_eq!(meter.connections(), 16);
    }

    #[test]
    fn many_refusals_at_once_are_one_push_back() {
        let mut meter = Meter::new(64);
        let after = |meter: &mut Meter, millis| meter.push_back(Duration::from_millis(millis));
        assert_eq!(after(&mut meter, 100), 8);
        assert_eq!(after(&mut meter, 900), 8);
        assert_eq!(after(&mut meter, 1100), 4);
    }

    #[test]
    fn long_pieces_leave_room_for_fewer_connections() {
        let mut meter = Meter::new(64);
        for window in 1..10 {
            let flying = meter.connections();
            let mut written = written(u64::from(flying) * 100_000_000, flying);
            written.piece_bytes = 400 << 10;
            meter.count(written, at(window));
        }
        assert_eq!(meter.connections(), 16);
    }
}
