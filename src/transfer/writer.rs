//! Gathers what a connection receives into large writes, and writes one while the next is gathered.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use crate::error::Cause;
use crate::plan::schedule::{FileIndex, Segment, SegmentId};
use crate::source::Piece;
use crate::transfer::division::OriginIndex;
use crate::transfer::engine::Engine;
use crate::transfer::job::{Job, Large, OpenFile};
use crate::transfer::write_queue::Outcome;

/// Received bytes reach the file after at most about this time: what a kill can cost.
const MAX_AGE: Duration = Duration::from_millis(50);

/// The same where so much has come that a write and its claim are worth it.
const BULK_AGE: Duration = Duration::from_millis(20);
const BULK_BYTES: u64 = 64 << 10;

/// The hash is looked at again after this time at the latest.
const MAX_PAUSE: Duration = Duration::from_millis(100);

/// So much is written at once.
const FULL_BYTES: u64 = 128 << 10;

/// Writes the bytes of one request to a partial, in order.
pub(super) struct Writer<'a> {
    engine: &'a Engine,
    segment: SegmentId,
    origin: OriginIndex,
    file: FileIndex,
    job: &'a Job,
    open: Arc<OpenFile>,
    gathered: Vec<Bytes>,
    gathered_bytes: u64,
    gathered_since: Option<Instant>,
    /// The memory of what was gathered.
    held: Option<OwnedSemaphorePermit>,
    /// The longest piece since the last count.
    piece_bytes: u64,
    /// Offset of the next byte that is received.
    position: u64,
    /// Everything before it is in the file.
    written: u64,
    under_way: Option<Outcome>,
    under_way_bytes: u64,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        engine: &'a Engine,
        segment: &Segment,
        origin: OriginIndex,
        open: Arc<OpenFile>,
        start: u64,
    ) -> Self {
        Self {
            engine,
            segment: segment.id,
            origin,
            file: segment.file,
            job: &engine.jobs[segment.file],
            open,
            gathered: Vec::new(),
            gathered_bytes: 0,
            gathered_since: None,
            held: None,
            piece_bytes: 0,
            position: start,
            written: start,
            under_way: None,
            under_way_bytes: 0,
        }
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Takes the next piece, as far as it is this segment's. Returns where the segment ends by now.
    ///
    /// The schedule is told first: what it leaves to this connection no other one will write, so two
    /// connections never write the same bytes and what was hashed on the way is what is in the file.
    pub(super) async fn push(&mut self, piece: Piece) -> Result<u64, Cause> {
        if piece.offset != self.position {
            let host = "the source".to_owned();
            let what = format!(
                "bytes of offset {} where {} was due",
                piece.offset, self.position
            );
            return Err(Cause::BadAnswer { host, what });
        }
        let mut bytes = piece.bytes;
        let reached = self.position + bytes.len() as u64;
        let end = self
            .engine
            .schedule()
            .progress(self.segment, reached, self.engine.now());
        let room = end.saturating_sub(self.position);
        bytes.truncate(usize::try_from(room).unwrap_or(usize::MAX));
        self.position += bytes.len() as u64;
        self.gathered_bytes += bytes.len() as u64;
        self.hold(bytes.len()).await?;
        self.piece_bytes = self.piece_bytes.max(bytes.len() as u64);
        self.gathered.push(bytes);
        self.gathered_since.get_or_insert_with(Instant::now);
        Ok(end)
    }

    /// Waits until there is memory for so much more. Nobody waits for ever: what others hold is being
    /// written, or less than would fill the memory.
    async fn hold(&mut self, bytes: usize) -> Result<(), Cause> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.engine.room);
        let permit = room.acquire_many_owned(bytes).await;
        let permit = permit.map_err(|_closed| Cause::Cancelled)?;
        match &mut self.held {
            Some(held) => held.merge(permit),
            None => self.held = Some(permit),
        }
        Ok(())
    }

    /// Completes when what was gathered should be written.
    pub(super) async fn is_due(&self) {
        match self.gathered_since {
            Some(_) if self.gathered_bytes >= FULL_BYTES => {}
            Some(since) if self.gathered_bytes >= BULK_BYTES => {
                tokio::time::sleep_until(since + BULK_AGE).await;
            }
            Some(since) => tokio::time::sleep_until(since + MAX_AGE).await,
            None => std::future::pending().await,
        }
    }

    /// Starts to write what was gathered, once the write before has ended and the hash is not far behind.
    pub(super) async fn flush(&mut self) -> Result<(), Cause> {
        self.settle().await?;
        self.let_the_hash_catch_up().await?;
        let (buffers, held) = (std::mem::take(&mut self.gathered), self.held.take());
        self.under_way_bytes = std::mem::take(&mut self.gathered_bytes);
        self.gathered_since = None;
        let offset = self.position - self.under_way_bytes;
        self.under_way = Some(self.large()?.writes.submit(offset, buffers, held));
        Ok(())
    }

    /// Waits while the hash of this file would be the last to end anyway.
    async fn let_the_hash_catch_up(&self) -> Result<(), Cause> {
        let (large, engine) = (self.large()?, self.engine);
        while large.is_ahead(engine.rate()) && !engine.stop.is_cancelled() {
            engine.schedule().set_behind(self.file, true);
            tokio::select! {
                () = large.hashed.notified() => {}
                () = engine.stop.cancelled() => {}
                () = tokio::time::sleep(MAX_PAUSE) => {}
            }
            engine.schedule().set_behind(self.file, false);
        }
        Ok(())
    }

    /// Writes everything that was received.
    pub(super) async fn drain(&mut self) -> Result<(), Cause> {
        if self.gathered_bytes > 0 {
            self.flush().await?;
        }
        self.settle().await
    }

    /// Waits for the write that is under way.
    async fn settle(&mut self) -> Result<(), Cause> {
        let Some(write) = self.under_way.take() else {
            return Ok(());
        };
        let hashed = write.await.unwrap_or(Err(Cause::Cancelled))?;
        let bytes = std::mem::take(&mut self.under_way_bytes);
        self.written += bytes;
        self.job.counters.add_written(bytes);
        self.job.counters.add_verified(hashed);
        self.job.supply.note_giver(self.origin);
        self.engine
            .count(self.origin, bytes, std::mem::take(&mut self.piece_bytes));
        self.large()?.grown.notify_one();
        Ok(())
    }

    fn large(&self) -> Result<&Large, Cause> {
        let large = self.open.large.as_ref();
        large.ok_or_else(|| Cause::Bug("a small file was written in segments".to_owned()))
    }
}
