//! Fetching one segment: ask, read, write, and ask again for the rest when that breaks.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::Instant;

use crate::error::Cause;
use crate::plan::schedule::{FileIndex, SMALL_BYTES, Segment, SegmentId};
use crate::report::Event;
use crate::source::{Body, Piece};
use crate::transfer::division::OriginIndex;
use crate::transfer::engine::Engine;
use crate::transfer::origins::{Bell, Picked};
use crate::transfer::writer::Writer;

/// A request that brought less was in vain: who cuts every answer short is not asked for ever.
const PROGRESS_BYTES: u64 = 64 << 10;

impl Engine {
    /// Fetches a segment, or as much of it as is left to this connection.
    pub(super) async fn fetch(&self, segment: Segment) -> Result<(), Cause> {
        if self.jobs[segment.file].file.len <= SMALL_BYTES {
            return self.fetch_small(segment).await;
        }
        let bell = self.take_off(segment.id);
        let mut cursor = segment.range.start;
        let result = self.persist(&segment, &bell, &mut cursor).await;
        self.land(segment.id, cursor);
        result
    }

    /// Goes on after every failure that may pass. Progress worth its name resets the count of attempts.
    async fn persist(&self, segment: &Segment, bell: &Bell, cursor: &mut u64) -> Result<(), Cause> {
        let mut attempts: BTreeMap<OriginIndex, u32> = BTreeMap::new();
        let mut last = None;
        loop {
            let end = self.end_of(segment.id, *cursor);
            if *cursor >= end {
                return Ok(());
            }
            let began = *cursor;
            let picked = tokio::select! {
                biased;
                picked = self.pick(segment.file) => picked?,
                () = self.taken_over(segment.id, bell, began) => return Ok(()),
            };
            if last
                .replace(picked.origin)
                .is_some_and(|last| last != picked.origin)
            {
                self.schedule().begin_anew(segment.id, self.now());
            }
            let asked = *cursor..end;
            let tried = self.stream(segment, &picked, asked, bell, cursor).await;
            let origin = picked.origin;
            drop(picked);
            let job = &self.jobs[segment.file];
            let is_progress = *cursor - began >= PROGRESS_BYTES;
            let Err(cause) = tried else {
                if is_progress {
                    job.note_try(true);
                }
                continue;
            };
            let attempt = attempts.entry(origin).or_default();
            *attempt = if is_progress { 1 } else { *attempt + 1 };
            // Connections that take over from each other begin to count anew; the file does not.
            let rounds =
                job.note_try(is_progress) / u32::from(self.around.limits.connections.max(1));
            let count = (*attempt).max(rounds);
            if self.recover(segment.file, origin, cause, count).await? {
                *attempt = 0;
            }
        }
    }

    pub(super) fn tell_retry(&self, file: FileIndex, cause: String, wait: Duration) {
        let path = Some(self.jobs[file].file.path.clone());
        self.emit(Event::Retrying { path, cause, wait });
    }

    /// One request. `cursor` follows what is on disk, also when it ends with an error.
    async fn stream(
        &self,
        segment: &Segment,
        picked: &Picked<'_>,
        range: Range<u64>,
        bell: &Bell,
        cursor: &mut u64,
    ) -> Result<(), Cause> {
        let job = &self.jobs[segment.file];
        let Some(open) = job.open() else {
            return Err(Cause::Cancelled);
        };
        let Some(mut body) = self.ask(segment.id, picked, &range, bell).await? else {
            return Ok(());
        };
        let mut writer = Writer::new(self, segment, picked.origin, open, range.start);
        let mut end = self.end_of(segment.id, range.start);
        let mut not_before = None;
        let result = loop {
            if writer.position() >= end {
                break Ok(());
            }
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break Err(Cause::Cancelled),
                () = bell.rung() => {
                    if bell.leaves() {
                        break Ok(());
                    }
                    end = self.end_of(segment.id, writer.position());
                }
                () = writer.is_due() => if let Err(cause) = writer.flush().await {
                    break Err(cause);
                },
                piece = next_piece(&mut body, not_before) => match piece {
                    None => break Err(short(&writer, &range)),
                    Some(Err(cause)) => break Err(cause),
                    Some(Ok(piece)) => {
                        not_before = self.throttle.reserve(piece.bytes.len() as u64);
                        match writer.push(piece).await {
                            Ok(moved) => end = moved,
                            Err(cause) => break Err(cause),
                        }
                        self.excuse(segment.id, not_before);
                    }
                },
            }
            *cursor = writer.written();
        };
        // What was received is worth keeping, however it ended.
        let drained = writer.drain().await;
        *cursor = writer.written();
        drained.and(result)
    }

    /// A connection that `--limit-rate` keeps from reading does not stand still.
    fn excuse(&self, id: SegmentId, not_before: Option<Instant>) {
        if let Some(at) = not_before {
            let wait = at.saturating_duration_since(Instant::now());
            self.schedule().hold(id, self.now() + wait);
        }
    }

    /// Sends the request; nothing if all of the range was given to others before there was an answer, or
    /// another origin is to be asked.
    async fn ask(
        &self,
        id: SegmentId,
        picked: &Picked<'_>,
        range: &Range<u64>,
        bell: &Bell,
    ) -> Result<Option<Body>, Cause> {
        let mut opening = picked.source.open(range.clone());
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return Err(Cause::Cancelled),
                // A shorter segment is still worth the request that is on its way.
                () = bell.rung() => if bell.leaves() || self.end_of(id, range.start) <= range.start {
                    return Ok(None);
                },
                body = &mut opening => return body.map(Some),
            }
        }
    }

    /// Completes when others have got all of the segment from `position` on: to find out whom to ask for
    /// it may take longer than they do.
    async fn taken_over(&self, id: SegmentId, bell: &Bell, position: u64) {
        while self.end_of(id, position) > position {
            bell.rung().await;
        }
    }

    /// Where the segment ends by now, having arrived up to `position`.
    fn end_of(&self, id: SegmentId, position: u64) -> u64 {
        self.schedule().progress(id, position, self.now())
    }
}

/// The next piece, when the throttle allows it.
async fn next_piece(body: &mut Body, not_before: Option<Instant>) -> Option<Result<Piece, Cause>> {
    if let Some(time) = not_before {
        tokio::time::sleep_until(time).await;
    }
    body.next().await
}

fn short(writer: &Writer<'_>, range: &Range<u64>) -> Cause {
    Cause::Short {
        host: "the source".to_owned(),
        got: writer.position() - range.start,
        want: range.end - range.start,
    }
}
