//! A server that answers every range with the whole file: one body serves range after range.
//!
//! Ranges take turns. Each goes on in the body where the one before it stopped, and what lies in
//! between is passed over; a range that the body has passed begins a new one. So the lowest waiting
//! range that the body has not passed is next, and a file that is asked for front to back is sent
//! about once, however many connections ask.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::stream;
use tokio::sync::Notify;

use crate::error::Cause;
use crate::hub::send::Answer;
use crate::source::{Body, Piece};

/// The turns at the bodies of one file.
#[derive(Default)]
pub(super) struct Whole {
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Default)]
struct State {
    /// The body between two turns, and where it is.
    tail: Option<Tail>,
    is_taken: bool,
    /// How many wait, by the start of their range.
    waiting: BTreeMap<u64, usize>,
}

/// A body of the whole file, and what was received of it last. That is kept: who was given it may have
/// stopped in the middle, because the rest of the range is another's by now.
struct Tail {
    answer: Answer,
    chunk: Bytes,
    /// The offset of that chunk in the file.
    at: u64,
}

/// One range's turn, until dropped.
pub(super) struct Turn {
    whole: Arc<Whole>,
    tail: Option<Tail>,
}

impl Whole {
    /// Waits for the turn of a range that begins at `start`.
    pub(super) async fn take(self: &Arc<Self>, start: u64) -> Turn {
        let _place = Place::new(self, start);
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            // Registered before looking, so that a turn that ends in between is not missed.
            freed.as_mut().enable();
            if let Some(turn) = self.try_take(start) {
                return turn;
            }
            freed.await;
        }
    }

    fn try_take(self: &Arc<Self>, start: u64) -> Option<Turn> {
        let mut state = self.lock();
        let at = state.tail.as_ref().map_or(0, |tail| tail.at);
        if state.is_taken || next(&state.waiting, at) != Some(start) {
            return None;
        }
        state.is_taken = true;
        Some(Turn {
            whole: Arc::clone(self),
            tail: state.tail.take(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The start whose turn it is when the body is at `at`.
fn next(waiting: &BTreeMap<u64, usize>, at: u64) -> Option<u64> {
    let ahead = waiting.range(at..).next();
    ahead.or(waiting.iter().next()).map(|(start, _)| *start)
}

/// A place among those who wait.
struct Place<'a> {
    whole: &'a Whole,
    start: u64,
}

impl<'a> Place<'a> {
    fn new(whole: &'a Whole, start: u64) -> Self {
        *whole.lock().waiting.entry(start).or_default() += 1;
        Self { whole, start }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.whole.lock();
        if let Some(count) = state.waiting.get_mut(&self.start) {
            *count -= 1;
            if *count == 0 {
                state.waiting.remove(&self.start);
            }
        }
        drop(state);
        // It may have been this one's turn.
        self.whole.freed.notify_waiters();
    }
}

impl Turn {
    /// Whether the body at hand has not passed `start`.
    pub(super) fn reaches(&self, start: u64) -> bool {
        self.tail.as_ref().is_some_and(|tail| tail.at <= start)
    }

    /// Begins with a new body, at the file's first byte.
    pub(super) fn begin(&mut self, answer: Answer) {
        self.tail = Some(Tail {
            answer,
            chunk: Bytes::new(),
            at: 0,
        });
    }

    /// The pieces of `range`, which the body has not passed.
    pub(super) fn read(self, range: Range<u64>) -> Body {
        let state = (self, range);
        Box::pin(stream::try_unfold(state, |(mut turn, rest)| async move {
            if rest.is_empty() {
                return Ok(None);
            }
            match turn.piece(rest.start, rest.end).await {
                Ok(bytes) => {
                    let offset = rest.start;
                    let rest = offset + bytes.len() as u64..rest.end;
                    Ok(Some((Piece { offset, bytes }, (turn, rest))))
                }
                Err(cause) => {
                    // Nobody can go on in a body that broke.
                    drop(turn.tail.take());
                    Err(cause)
                }
            }
        }))
    }

    /// The bytes from `at` on, as many as there are at once, up to `end`.
    async fn piece(&mut self, at: u64, end: u64) -> Result<Bytes, Cause> {
        let Some(tail) = &mut self.tail else {
            return Err(Cause::Bug("a turn without a body".to_owned()));
        };
        loop {
            let chunk_end = tail.at + tail.chunk.len() as u64;
            if at < chunk_end {
                let piece = (at - tail.at)..(end.min(chunk_end) - tail.at);
                // Both are no more than the chunk's length.
                let index = |offset| usize::try_from(offset).unwrap_or(usize::MAX);
                return Ok(tail.chunk.slice(index(piece.start)..index(piece.end)));
            }
            let chunk = tail.answer.chunk().await?;
            tail.at = chunk_end;
            tail.chunk = chunk.ok_or_else(|| Cause::Short {
                host: tail.answer.host(),
                got: chunk_end,
                want: end,
            })?;
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.whole.lock();
        state.tail = self.tail.take();
        state.is_taken = false;
        drop(state);
        self.whole.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_range_ahead_is_next_and_then_the_lowest_of_all() {
        let waiting = |starts: &[u64]| starts.iter().map(|start| (*start, 1)).collect();
        assert_eq!(next(&waiting(&[0, 40, 80]), 40), Some(40));
        assert_eq!(next(&waiting(&[0, 40, 80]), 41), Some(80));
        assert_eq!(next(&waiting(&[0, 40]), 41), Some(0));
        assert_eq!(next(&waiting(&[]), 0), None);
    }

    #[tokio::test]
    async fn turns_are_given_by_offset_and_a_place_that_is_left_holds_nobody_up() {
        let whole = Arc::new(Whole::default());
        let first = whole.take(0).await;
        let mut later = Box::pin(whole.take(80));
        let mut gone = Box::pin(whole.take(40));
        assert!(futures_util::poll!(&mut later).is_pending());
        assert!(futures_util::poll!(&mut gone).is_pending());
        drop(first);
        // It is the turn of the one at 40, which leaves.
        assert!(futures_util::poll!(&mut later).is_pending());
        drop(gone);
        drop(later.await);
        assert!(whole.lock().waiting.is_empty());
    }
}
