//! When to try again: a pure policy on cause, attempt and what the server asked for.
//!
//! Whoever tries keeps the count and does the waiting; here is only the decision. Jitter comes in as
//! a number, so that every decision can be tested.

use std::time::Duration;

use crate::error::Cause;

/// The longest wait that a server may impose: one rate-limit window of the Hub (300 s) and a little.
/// Beyond it the user is told instead.
const LONGEST_ASKED: Duration = Duration::from_secs(305);

/// Tries for an answer that makes no sense: a login page rarely goes away within seconds.
const ATTEMPTS_AT_NONSENSE: u32 = 3;

/// How often to try, and how long to wait in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Tries in all.
    pub attempts: u32,
    /// The most that is waited after the first failure; doubles with each one.
    pub base: Duration,
    /// Bound of that doubling.
    pub cap: Duration,
}

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Try again after this time.
    Wait(Duration),
    /// Report the failure.
    GiveUp,
}

impl Policy {
    /// For questions to a hub.
    pub const API: Self = Self {
        attempts: 6,
        base: Duration::from_millis(500),
        cap: Duration::from_secs(8),
    };

    /// For the bytes of a file. Progress resets the count, so this bounds tries in vain.
    pub const TRANSFER: Self = Self {
        attempts: 6,
        base: Duration::from_millis(500),
        cap: Duration::from_secs(10),
    };

    /// Decides after try number `attempt` (the first is 1) failed with `cause`.
    ///
    /// `jitter` is a random number in [0, 1). Without a wish of the server the wait is exponential
    /// with full jitter; with one it is that wish and a little more, so that many clients behind
    /// one address do not come back in the same instant.
    pub fn next(&self, cause: &Cause, attempt: u32, jitter: f64) -> Decision {
        let attempts = match cause {
            Cause::BadAnswer { .. } => self.attempts.min(ATTEMPTS_AT_NONSENSE),
            _ => self.attempts,
        };
        if !cause.is_transient() || attempt >= attempts {
            return Decision::GiveUp;
        }
        let jitter = jitter.clamp(0.0, 1.0);
        match cause.retry_after() {
            Some(asked) if asked > LONGEST_ASKED => Decision::GiveUp,
            Some(asked) => Decision::Wait(asked + self.base.mul_f64(jitter)),
            None => {
                let doubled = 2_u32.saturating_pow(attempt.saturating_sub(1));
                Decision::Wait(
                    self.base
                        .saturating_mul(doubled)
                        .min(self.cap)
                        .mul_f64(jitter),
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;
    use crate::error::HttpContext;
    use crate::redact::SafeUrl;

    fn http(status: u16, retry_after: Option<u64>) -> HttpContext {
        HttpContext {
            status,
            url: SafeUrl::from(&Url::parse("https://hub.example/x").unwrap()),
            request_id: None,
            code: None,
            message: None,
            retry_after: retry_after.map(Duration::from_secs),
        }
    }

    fn wait(attempt: u32, jitter: f64) -> Decision {
        Policy::API.next(&Cause::Http(http(503, None)), attempt, jitter)
    }

    #[test]
    fn waits_double_up_to_the_cap() {
        let secs = |s| Decision::Wait(Duration::from_secs_f64(s));
        assert_eq!(wait(1, 1.0), secs(0.5));
        assert_eq!(wait(2, 1.0), secs(1.0));
        assert_eq!(wait(5, 1.0), secs(8.0));
        assert_eq!(wait(6, 1.0), Decision::GiveUp);
        assert_eq!(wait(2, 0.0), secs(0.0));
        let many = Policy {
            attempts: u32::MAX,
            ..Policy::API
        };
        assert_eq!(
            many.next(&Cause::Http(http(503, None)), 1000, 1.0),
            secs(8.0)
        );
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let next = |cause: &Cause| Policy::API.next(cause, 1, 0.5);
        assert_eq!(next(&Cause::Disabled), Decision::GiveUp);
        assert_eq!(next(&Cause::Cancelled), Decision::GiveUp);
        assert_eq!(next(&Cause::Http(http(404, None))), Decision::GiveUp);
        assert_ne!(next(&Cause::Http(http(502, None))), Decision::GiveUp);
    }

    #[test]
    fn the_server_may_ask_for_a_wait_but_not_for_any() {
        let next = |secs| Policy::API.next(&Cause::RateLimited(http(429, Some(secs))), 1, 0.5);
        assert_eq!(next(30), Decision::Wait(Duration::from_millis(30_250)));
        assert!(
            matches!(next(301), Decision::Wait(_)),
            "a whole window of the Hub"
        );
        assert_eq!(next(3600), Decision::GiveUp);
        assert_eq!(next(u64::MAX), Decision::GiveUp);
    }

    #[test]
    fn nonsense_is_not_asked_for_six_times() {
        let cause = Cause::BadAnswer {
            host: "h".into(),
            what: "html".into(),
        };
        assert!(matches!(
            Policy::API.next(&cause, 2, 0.5),
            Decision::Wait(_)
        ));
        assert_eq!(Policy::API.next(&cause, 3, 0.5), Decision::GiveUp);
    }
}
