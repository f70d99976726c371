//! How many connections at once: as many as pay, no more than allowed.
//!
//! Pure: it is told what one window of time brought and answers with a number. It doubles the number
//! while that pays; where it does not (one connection fills the link, or the disk or the processor is
//! the limit), it goes back and stays for a while. Now and then it looks whether fewer do as well, or
//! more help by now. When the hub pushes back it halves at once and stays for longer.

/// Connections to begin with.
const START: u16 = 8;

/// The share of the ideal gain that makes more connections worth keeping.
const WORTH: f64 = 0.3;

/// Fewer connections are kept if they bring this share of what more brought.
const AS_GOOD: f64 = 0.98;

/// Windows to stay after a step that did not pay.
const STAY: u32 = 16;

/// Windows to stay after the hub pushed back.
const STAY_AFTER_PUSH_BACK: u32 = 120;

/// The number of connections, and how it came about.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    max: u16,
    now: u16,
    step: Step,
    tries_fewer: bool,
}

/// What the last change of the number was.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    /// None yet: the first window only measures.
    Begun,
    /// From `before` connections, which brought `rate`.
    Tried { before: u16, rate: f64 },
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
            tries_fewer: false,
        }
    }

    /// Connections that may be in use.
    pub(super) fn connections(&self) -> u16 {
        self.now
    }

    /// Learns what a window brought in which all the connections were busy.
    pub(super) fn learn(&mut self, rate: f64) {
        self.step = match self.step {
            Step::Begun => self.more(rate),
            Step::Tried { before, rate: old } if before < self.now => {
                let ideal = f64::from(self.now) / f64::from(before) - 1.0;
                if rate >= old * (1.0 + WORTH * ideal) {
                    self.more(rate)
                } else {
                    self.back_to(before)
                }
            }
            Step::Tried { before, rate: old } => {
                if rate >= old * AS_GOOD {
                    self.fewer(rate)
                } else {
                    self.back_to(before)
                }
            }
            Step::Staying { windows: 0 } => {
                self.tries_fewer = !self.tries_fewer;
                if self.tries_fewer {
                    self.fewer(rate)
                } else {
                    self.more(rate)
                }
            }
            Step::Staying { windows } => Step::Staying {
                windows: windows - 1,
            },
        };
    }

    /// The hub asks for less.
    pub(super) fn push_back(&mut self) {
        self.now = (self.now / 2).max(1);
        self.step = Step::Staying {
            windows: STAY_AFTER_PUSH_BACK,
        };
    }

    fn more(&mut self, rate: f64) -> Step {
        self.go_to(self.now.saturating_mul(2).min(self.max), rate)
    }

    fn fewer(&mut self, rate: f64) -> Step {
        self.go_to((self.now / 2).max(1), rate)
    }

    fn go_to(&mut self, next: u16, rate: f64) -> Step {
        let before = std::mem::replace(&mut self.now, next);
        if before == next {
            Step::Staying { windows: STAY }
        } else {
            Step::Tried { before, rate }
        }
    }

    fn back_to(&mut self, before: u16) -> Step {
        self.now = before;
        Step::Staying { windows: STAY }
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
                pace.learn(rate(now));
                now
            })
            .collect()
    }

    #[test]
    fn where_each_connection_is_capped_it_opens_more() {
        let trace = play(64, 5, |n| f64::from(n) * 30.0);
        assert_eq!(trace, [8, 16, 32, 64, 64]);
    }

    #[test]
    fn it_stops_where_the_link_is_full() {
        let trace = play(64, 12, |n| f64::from(n.min(18)) * 30.0);
        assert_eq!(trace[..5], [8, 16, 32, 16, 16]);
    }

    #[test]
    fn where_one_connection_fills_the_link_it_comes_down() {
        let trace = play(64, 60, |_| 1000.0);
        assert_eq!(trace[..3], [8, 16, 8]);
        assert!(trace.contains(&1), "{trace:?}");
    }

    #[test]
    fn when_the_hub_pushes_back_it_yields_and_stays() {
        let mut pace = Pace::new(16);
        pace.learn(1.0);
        pace.push_back();
        assert_eq!(pace.connections(), 8);
        for _ in 0..100 {
            pace.learn(1000.0);
        }
        assert_eq!(pace.connections(), 8);
        (0..10).for_each(|_| pace.push_back());
        assert_eq!(pace.connections(), 1);
    }

    #[test]
    fn the_bound_holds() {
        assert_eq!(play(3, 3, f64::from), [3, 3, 3]);
    }
}
