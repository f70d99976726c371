//! The writes of one file, one after the other: no filesystem lets two writers into a file at once,
//! and connections that try make each other spin.
//!
//! A thread of the blocking pool works while there is something to write, so that under load handing
//! over a buffer wakes nobody.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::error::Cause;
use crate::store::ingest::Partial;
use crate::transfer::engine::lock;

/// What became of a write: how many bytes were hashed on the way.
pub(super) type Outcome = oneshot::Receiver<Result<u64, Cause>>;

pub(super) struct WriteQueue {
    partial: Arc<Partial>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    queued: VecDeque<Write>,
    is_at_work: bool,
}

struct Write {
    offset: u64,
    buffers: Vec<Bytes>,
    held: Option<OwnedSemaphorePermit>,
    done: oneshot::Sender<Result<u64, Cause>>,
}

impl WriteQueue {
    pub(super) fn new(partial: Arc<Partial>) -> Arc<Self> {
        Arc::new(Self {
            partial,
            state: Mutex::default(),
        })
    }

    /// Has the buffers written at `offset`. `held` is their memory, given back when they are written.
    pub(super) fn submit(
        self: &Arc<Self>,
        offset: u64,
        buffers: Vec<Bytes>,
        held: Option<OwnedSemaphorePermit>,
    ) -> Outcome {
        let (done, outcome) = oneshot::channel();
        let write = Write {
            offset,
            buffers,
            held,
            done,
        };
        let mut state = lock(&self.state);
        state.queued.push_back(write);
        if !std::mem::replace(&mut state.is_at_work, true) {
            let shift = Shift(Arc::clone(self));
            tokio::task::spawn_blocking(move || shift.work());
        }
        outcome
    }
}

/// A thread at work on the queue.
struct Shift(Arc<WriteQueue>);

impl Shift {
    fn work(&self) {
        while let Some(write) = self.next() {
            let partial = &self.0.partial;
            let written = partial.write(write.offset, &write.buffers);
            drop((write.buffers, write.held));
            // Who waited may have gone, with all of the transfer.
            let _gone = write.done.send(written);
        }
    }

    fn next(&self) -> Option<Write> {
        let mut state = lock(&self.0.state);
        let next = state.queued.pop_front();
        state.is_at_work = next.is_some();
        next
    }
}

/// Also when it panics nobody waits in vain: whoever is in the queue is told by its channel.
impl Drop for Shift {
    fn drop(&mut self) {
        if std::thread::panicking() {
            *lock(&self.0.state) = State::default();
        }
    }
}
