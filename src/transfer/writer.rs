//! Gathers what a connection receives into large writes, and writes one while the next is gathered.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::error::Cause;
use crate::plan::schedule::SegmentId;
use crate::source::Piece;
use crate::store::ingest::Partial;
use crate::transfer::engine::Engine;
use crate::transfer::job::{Job, OpenFile};

/// Received bytes reach the file after at most about this time: what a kill can cost.
const MAX_AGE: Duration = Duration::from_millis(50);

/// The same where so much has come that a write and its claim are worth it.
const BULK_AGE: Duration = Duration::from_millis(20);
const BULK_BYTES: u64 = 64 << 10;

/// Writes the bytes of one request to a partial, in order.
pub(super) struct Writer<'a> {
    engine: &'a Engine,
    segment: SegmentId,
    job: &'a Job,
    open: Arc<OpenFile>,
    gathered: Vec<Bytes>,
    gathered_bytes: u64,
    gathered_since: Option<Instant>,
    /// Offset of the next byte that is received.
    position: u64,
    /// Everything before it is in the file.
    written: u64,
    under_way: Option<JoinHandle<Result<u64, Cause>>>,
    under_way_bytes: u64,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        engine: &'a Engine,
        segment: SegmentId,
        job: &'a Job,
        open: Arc<OpenFile>,
        start: u64,
    ) -> Self {
        Self {
            engine,
            segment,
            job,
            open,
            gathered: Vec::new(),
            gathered_bytes: 0,
            gathered_since: None,
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
    pub(super) fn push(&mut self, piece: Piece) -> Result<u64, Cause> {
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
        self.gathered_since.get_or_insert_with(Instant::now);
        self.gathered.push(bytes);
        Ok(end)
    }

    /// Completes when what was gathered should be written.
    pub(super) async fn is_due(&self) {
        match self.gathered_since {
            Some(_) if self.gathered_bytes >= self.engine.buffer_bytes => {}
            Some(since) if self.gathered_bytes >= BULK_BYTES => {
                tokio::time::sleep_until(since + BULK_AGE).await;
            }
            Some(since) => tokio::time::sleep_until(since + MAX_AGE).await,
            None => std::future::pending().await,
        }
    }

    /// Starts to write what was gathered, once the write before has ended.
    pub(super) async fn flush(&mut self) -> Result<(), Cause> {
        self.settle().await?;
        let partial = self.partial()?;
        let buffers = std::mem::take(&mut self.gathered);
        self.under_way_bytes = std::mem::take(&mut self.gathered_bytes);
        self.gathered_since = None;
        let offset = self.position - self.under_way_bytes;
        let write = move || partial.write(offset, &buffers);
        self.under_way = Some(tokio::task::spawn_blocking(write));
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
        let hashed = match write.await {
            Ok(result) => result?,
            Err(join) => match join.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_cancelled) => return Err(Cause::Cancelled),
            },
        };
        let bytes = std::mem::take(&mut self.under_way_bytes);
        self.written += bytes;
        self.job.counters.add_written(bytes);
        self.job.counters.add_verified(hashed);
        self.engine.count(bytes);
        self.open.grown.notify_one();
        Ok(())
    }

    fn partial(&self) -> Result<Arc<Partial>, Cause> {
        let partial = self.open.partial.clone();
        partial.ok_or_else(|| Cause::Bug("a small file was written in segments".to_owned()))
    }
}
