//! A bound on bytes per second over all connections.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Spaces out what is received. Whoever received something reads on when that fits under the rate, so
/// the sender is slowed down by the network itself.
pub(super) struct Throttle {
    rate: Option<u64>,
    free_at: Mutex<Instant>,
}

/// Bytes may come this much ahead of the rate, so that short pauses are caught up.
const AHEAD: Duration = Duration::from_millis(100);

impl Throttle {
    /// At most `rate` bytes per second; no bound without.
    pub(super) fn new(rate: Option<u64>) -> Self {
        Self {
            rate: rate.filter(|&rate| rate > 0),
            free_at: Mutex::new(Instant::now()),
        }
    }

    /// Counts `bytes` that came; returns when the next may be read, if that is not now.
    pub(super) fn reserve(&self, bytes: u64) -> Option<Instant> {
        let rate = self.rate?;
        let cost = Duration::from_secs_f64(to_f64(bytes) / to_f64(rate));
        let now = Instant::now();
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        *free_at = (*free_at).max(now.checked_sub(AHEAD).unwrap_or(now)) + cost;
        Some(*free_at).filter(|&at| at > now)
    }

    /// Counts `bytes` that came, and waits until the next may be read.
    pub(super) async fn take(&self, bytes: u64) {
        if let Some(time) = self.reserve(bytes) {
            tokio::time::sleep_until(time).await;
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a rate need not be exact to the byte"
)]
pub(super) fn to_f64(bytes: u64) -> f64 {
    bytes as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn bytes_come_at_the_rate() {
        let throttle = Throttle::new(Some(1_000_000));
        let began = Instant::now();
        for _ in 0..50 {
            throttle.take(100_000).await;
        }
        let took = began.elapsed();
        assert!(
            took >= Duration::from_millis(4850) && took <= Duration::from_millis(5100),
            "{took:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_rate_nothing_waits() {
        let began = Instant::now();
        Throttle::new(None).take(u64::MAX).await;
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}
