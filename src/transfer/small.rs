//! Fetching a small file: one request into memory, checked on the way, written by somebody else.
//!
//! The connection that received a content hands it over and asks for the next file at once. What was
//! handed over waits for a putter ([`Engine::put`]); how much may wait is bounded, and a connection
//! that finds no room waits with it. What was received is written, also when the transfer is stopped.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Cause, Error};
use crate::plan::schedule::{FileIndex, Segment};
use crate::store::shelf::{Proven, Shelf, Small};
use crate::transfer::Held;
use crate::transfer::division::OriginIndex;
use crate::transfer::engine::Engine;
use crate::transfer::origins::{Bell, Picked};

/// Bytes of received contents that may wait to be written.
const WAITING_BYTES: u32 = 8 << 20;

/// What a content counts for at least while it waits: its file has locks that are held, and its bytes
/// may lie in a larger buffer of the socket's.
const LEAST_BYTES: u32 = 128 << 10;

/// Contents that are written at once. A filesystem makes what is synced at the same time durable in one go.
const PUTTERS: usize = 8;

/// Contents that one putter takes at a time, so that none is idle while another has many.
const BATCH: usize = (WAITING_BYTES / LEAST_BYTES) as usize / PUTTERS;

/// A small file that has arrived.
pub(super) struct Received {
    file: FileIndex,
    content: Proven,
    _room: OwnedSemaphorePermit,
}

/// The connections' end of the way to the putters.
pub(super) struct Handover {
    shelf: Shelf,
    room: Arc<Semaphore>,
    received: Sender<Received>,
}

/// The putters' end.
pub(super) struct Putting {
    received: Receiver<Received>,
    turns: Arc<Semaphore>,
}

/// Contents for one putter, and its leave to work.
pub(super) struct Batch {
    contents: Vec<Received>,
    _turn: OwnedSemaphorePermit,
}

/// The way from the connections to the putters of `shelf`.
pub(super) fn handover(shelf: Shelf) -> (Handover, Putting) {
    // As many as fit by their bytes: the room is what bounds it.
    let (sender, received) = tokio::sync::mpsc::channel(PUTTERS * BATCH);
    let handover = Handover {
        shelf,
        room: Arc::new(Semaphore::new(WAITING_BYTES as usize)),
        received: sender,
    };
    let turns = Arc::new(Semaphore::new(PUTTERS));
    (handover, Putting { received, turns })
}

impl Putting {
    /// The next contents to put, once one of the putters is free.
    pub(super) async fn next(&mut self) -> Option<Batch> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.ok()?;
        let mut contents = Vec::with_capacity(BATCH);
        self.received.recv_many(&mut contents, BATCH).await;
        let is_open = !contents.is_empty();
        is_open.then_some(Batch {
            contents,
            _turn: turn,
        })
    }
}

impl Handover {
    /// Hands over a content, when there is room for it.
    async fn give(&self, file: FileIndex, content: Proven) -> Result<(), Cause> {
        let bytes = u32::try_from(content.len()).unwrap_or(WAITING_BYTES);
        let bytes = bytes.clamp(LEAST_BYTES, WAITING_BYTES);
        let room = Arc::clone(&self.room).acquire_many_owned(bytes).await;
        let received = Received {
            file,
            content,
            _room: room.map_err(|_closed| Cause::Cancelled)?,
        };
        let given = self.received.send(received).await;
        given.map_err(|_closed| Cause::Cancelled)
    }
}

impl Engine {
    pub(super) async fn fetch_small(&self, segment: Segment) -> Result<(), Cause> {
        let bell = self.take_off(segment.id);
        match self.fetch_whole(segment.file, &bell).await {
            Ok((origin, content)) => {
                self.count(origin, content.len(), content.len());
                self.land(segment.id, segment.range.end);
                self.handover.give(segment.file, content).await
            }
            Err(cause) => {
                self.land(segment.id, segment.range.start);
                Err(cause)
            }
        }
    }

    /// Fetches a file, and says from which origin.
    async fn fetch_whole(
        &self,
        file: FileIndex,
        bell: &Bell,
    ) -> Result<(OriginIndex, Proven), Cause> {
        let mut attempts: BTreeMap<OriginIndex, u32> = BTreeMap::new();
        loop {
            let picked = self.pick(file).await?;
            let received = self.receive(file, &picked, bell).await;
            let origin = picked.origin;
            drop(picked);
            match received {
                Ok(None) => {}
                Ok(Some(content)) => match content.prove() {
                    Ok(proven) => return Ok((origin, proven)),
                    Err(cause) => {
                        self.jobs[file].supply.note_giver(origin);
                        self.once_more(file, cause)?;
                    }
                },
                Err(cause) => {
                    let attempt = attempts.entry(origin).or_default();
                    *attempt += 1;
                    if self.recover(file, origin, cause, *attempt).await? {
                        *attempt = 0;
                    }
                }
            }
        }
    }

    /// One request; nothing when another origin is to be asked instead.
    async fn receive(
        &self,
        file: FileIndex,
        picked: &Picked<'_>,
        bell: &Bell,
    ) -> Result<Option<Small>, Cause> {
        let job = &self.jobs[file];
        let len = job.file.len;
        let receive = async {
            let mut body = picked.source.open(0..len).await?;
            let mut content = Small::new(job.file.digest, len);
            while let Some(piece) = body.next().await {
                let piece = piece?;
                self.throttle.take(piece.bytes.len() as u64).await;
                content.push(piece.bytes);
                if content.len() > len {
                    break;
                }
            }
            if content.len() == len {
                return Ok(Some(content));
            }
            Err(Cause::Short {
                host: "the source".to_owned(),
                got: content.len(),
                want: len,
            })
        };
        tokio::select! {
            () = self.stop.cancelled() => Err(Cause::Cancelled),
            // Its end does not move: when it rings, it is to leave.
            () = bell.rung() => Ok(None),
            content = receive => content,
        }
    }

    /// Makes blobs of what was received. Goes on after a failure: what has arrived is not to be fetched
    /// again.
    pub(super) fn put(&self, batch: Batch) -> Result<(), Error> {
        let mut result = Ok(());
        for received in batch.contents {
            if let Err(cause) = self.put_one(&received) {
                let error = self.error(received.file, cause);
                result = result.and(Err(error));
            }
        }
        result
    }

    fn put_one(&self, received: &Received) -> Result<(), Cause> {
        let (file, blob) = (received.file, received.content.id());
        self.handover.shelf.put(&received.content)?;
        let job = &self.jobs[file];
        job.counters.reset(job.file.len, job.file.len);
        let path = self.around.store.blob_path(blob);
        let blob = Some(blob);
        let path = path.into();
        self.close(file, Held { path, blob });
        Ok(())
    }

    /// Makes what was put survive a power cut.
    pub(super) fn settle(&self) -> Result<(), Cause> {
        self.handover.shelf.settle()
    }
}
