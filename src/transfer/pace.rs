//! How many connections at once: as many as pay, no more than allowed.
//!
//! Pure: it is told what one window of time brought and answers with a number. It doubles the number
//! while that pays. Where it brings nothing (one connection fills the link, or the disk or the processor
//! is the limit), it looks whether fewer do as well, and stays at what was best. Now and then it looks
//! again. When the hub pushes back it halves at once and stays for longer.

/// Connections to begin with.
const START: u16 = 16;

/// The share of the ideal gain that makes more connections worth keeping.
const WORTH: f64 = 0.3;

/// The share of it from which on they brought something: nothing says that fewer would do then.
const SOMETHING: f64 = 0.1;

/// Fewer connections are kept if they bring this share of the best rate.
const AS_GOOD: f64 = 0.98;

/// Windows to stay at a number that was found to be best: longer each time that it still is, since
/// to look costs what fewer connections bring less.
const STAY: u32 = 24;
const MAX_STAY: u32 = 240;

/// Windows to stay after the hub pushed back.
const STAY_AFTER_PUSH_BACK: u32 = 120;

/// The number of connections, and how it came about.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    max: u16,
    now: u16,
    step: Step,
    stay: u32,
    stayed_at: u16,
}

/// What the last change of the number was.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    /// None yet: the first window only measures.
    Begun,
    /// Up from `before` connections, which brought `rate`.
    More { before: u16, rate: f64 },
    /// Down from `before` connections; `best` is the rate from which the descent began.
    Fewer { before: u16, best: f64 },
    /// Nothing for so many windows more.
    Staying { windows: u32 },
}

impl Pace {
    /// A pace of at most `max` connections.
    pub(super) fn new(max: u16) -> Self {
        let max = max.max(1);
        Self {
            max,
            now: START.min(max),
            step: Step::Begun,
            stay: STAY,
            stayed_at: 0,
        }
    }

    /// Connections that may be in use.
    pub(super) fn connections(&self) -> u16 {
        self.now
    }

    /// Learns what a window brought in which just these connections were busy. `bound` is how many
    /// there may be by other reasons.
    pub(super) fn learn(&mut self, rate: f64, bound: u16) {
        if bound < self.now {
            self.now = bound.max(1);
            self.step = self.stay();
            return;
        }
        self.step = match self.step {
            Step::Begun | Step::Staying { windows: 0 } => self.more(rate, bound),
            Step::Staying { windows } => Step::Staying {
                windows: windows - 1,
            },
            Step::More { before, rate: old } => {
                let ideal = f64::from(self.now) / f64::from(before) - 1.0;
                if rate >= old * (1.0 + WORTH * ideal) {
                    self.more(rate, bound)
                } else {
                    self.now = before;
                    let is_something = rate >= old * (1.0 + SOMETHING * ideal);
                    if is_something {
                        self.stay()
                    } else {
                        self.fewer(old)
                    }
                }
            }
            Step::Fewer { before, best } => {
                if rate >= best * AS_GOOD {
                    self.fewer(best)
                } else {
                    self.now = before;
                    self.stay()
                }
            }
        };
    }

    /// The hub asks for less.
    pub(super) fn push_back(&mut self) {
        self.now = (self.now / 2).max(1);
        self.step = Step::Staying {
            windows: STAY_AFTER_PUSH_BACK,
        };
    }

    fn more(&mut self, rate: f64, bound: u16) -> Step {
        let before = self.now;
        self.now = before.saturating_mul(2).min(self.max).min(bound);
        match self.step {
            _ if self.now > before => Step::More { before, rate },
            // Nothing says that fewer would do: that is asked later, since it may cost.
            Step::Begun | Step::More { .. } => self.stay(),
            _ => self.fewer(rate),
        }
    }

    fn stay(&mut self) -> Step {
        self.stay = if self.now == self.stayed_at {
            (self.stay * 2).min(MAX_STAY)
        } else {
            STAY
        };
        self.stayed_at = self.now;
        Step::Staying { windows: self.stay }
    }

    fn fewer(&mut self, best: f64) -> Step {
        let before = self.now;
        // A smaller step than up: if fewer do not do as well, that costs.
        self.now = (before - before.div_ceil(4)).max(1);
        if self.now == before {
            return self.stay();
        }
        Step::Fewer { before, best }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays windows on a link where `rate(n)` is what n connections bring; returns the trace.
    fn play(max: u16, windows: usize, rate: impl Fn(u16) -> f64) -> Vec<u16> {
        let mut pace = Pace::new(max);
        (0..windows)
            .map(|_| {
                let now = pace.connections();
                pace.learn(rate(now), u16::MAX);
                now
            })
            .collect()
    }

    #[test]
    fn where_each_connection_is_capped_it_opens_more_and_keeps_them() {
        let trace = play(64, 200, |n| f64::from(n) * 30.0);
        assert_eq!(trace[..4], [16, 32, 64, 64]);
        let at_most = trace.iter().filter(|&&n| n == 64).count();
        assert!(at_most > 180, "{trace:?}");
    }

    #[test]
    fn it_stops_where_the_link_is_full() {
        let trace = play(64, 12, |n| f64::from(n.min(16)) * 30.0);
        assert_eq!(trace[..5], [16, 32, 12, 16, 16]);
    }

    #[test]
    fn where_more_brought_something_it_does_not_look_for_fewer() {
        let trace = play(64, 12, |n| f64::from(n.min(18)) * 30.0);
        assert_eq!(trace[..5], [16, 32, 16, 16, 16]);
    }

    #[test]
    fn where_one_connection_fills_the_link_it_uses_few() {
        let trace = play(64, 30, |_| 1000.0);
        assert_eq!(trace[..10], [16, 32, 12, 9, 6, 4, 3, 2, 1, 1]);
    }

    /// What a transfer of so many windows brings, of which the first after a change are not judged.
    fn play_all(windows: usize, random: &mut fastrand::Rng, rate: impl Fn(u16) -> f64) -> f64 {
        let mut pace = Pace::new(32);
        let (mut sum, mut settling) = (0.0, 2);
        for _ in 0..windows {
            let before = pace.connections();
            let now = rate(before) * (0.99 + 0.02 * random.f64());
            sum += now;
            if settling == 0 {
                pace.learn(now, u16::MAX);
                settling = if pace.connections() == before { 0 } else { 2 };
            } else {
                settling -= 1;
            }
        }
        sum
    }

    #[test]
    fn it_is_hardly_ever_slower_than_a_fixed_number() {
        let mut random = fastrand::Rng::with_seed(7);
        // What one connection brings at most, and what the link does.
        let links = [
            (30.0, 1e9),
            (30.0, 480.0),
            (30.0, 250.0),
            (500.0, 700.0),
            (2.0, 9.0),
        ];
        for (cap, link) in links {
            let rate = |n: u16| (f64::from(n) * cap).min(link);
            for windows in [80, 240, 2400].repeat(20) {
                let sum = play_all(windows, &mut random, rate);
                for fixed in [8, 16] {
                    let ideal = rate(fixed) * f64::from(u32::try_from(windows).unwrap());
                    let share = sum / ideal;
                    assert!(
                        share >= 0.95,
                        "{share} of {fixed} connections, {windows} windows at {cap} of {link}"
                    );
                }
            }
        }
    }

    #[test]
    fn when_the_hub_pushes_back_it_yields_and_stays() {
        let mut pace = Pace::new(16);
        pace.push_back();
        assert_eq!(pace.connections(), 8);
        for _ in 0..100 {
            pace.learn(1000.0, u16::MAX);
        }
        assert_eq!(pace.connections(), 8);
        (0..10).for_each(|_| pace.push_back());
        assert_eq!(pace.connections(), 1);
    }

    #[test]
    fn the_bounds_hold() {
        assert!(play(3, 30, f64::from).iter().all(|&n| n <= 3));
        let mut pace = Pace::new(64);
        pace.learn(1.0, 20);
        assert_eq!(pace.connections(), 20);
        pace.learn(10.0, 5);
        assert_eq!(pace.connections(), 5);
    }
}
