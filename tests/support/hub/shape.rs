//! How slow an origin is: waits before the answer, and bytes per second after it.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Length of one paced piece, in pieces per second: so short that sockets stay nearly empty.
const PIECES_PER_SECOND: u64 = 50;
/// Length of an unpaced piece.
const PIECE: u64 = 256 * 1024;

/// The speed of one origin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Wait before the head of each answer.
    pub latency: Duration,
    /// Further wait before the first byte of each body.
    pub first_byte: Duration,
    /// Bytes per second of each connection; `None` is as fast as it goes.
    pub rate: Option<u64>,
}

/// Spaces the pieces of one body.
pub(super) struct Pace {
    due: Instant,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self {
            due: Instant::now(),
        }
    }

    /// How many bytes may go out at once.
    pub(super) fn piece(rate: Option<u64>) -> u64 {
        match rate {
            Some(rate) => (rate / PIECES_PER_SECOND).clamp(1, PIECE),
            None => PIECE,
        }
    }

    /// Waits until `bytes` more were due at `rate`; time lost to a slow reader is not caught up.
    pub(super) async fn after(&mut self, bytes: u64, rate: Option<u64>) {
        let Some(rate) = rate else { return };
        let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(rate.max(1));
        let nanos = u64::try_from(nanos).unwrap_or(u64::MAX);
        self.due = self.due.max(Instant::now() - Duration::from_millis(5));
        self.due += Duration::from_nanos(nanos);
        sleep_until(self.due).await;
    }
}
