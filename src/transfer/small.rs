//! Fetching a small file: one request into memory, checked there, one write.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;

use crate::blocking::blocking;
use crate::error::Cause;
use crate::plan::schedule::{FileIndex, Segment};
use crate::transfer::Held;
use crate::transfer::engine::Engine;

/// A content with the wrong digest is fetched once more, then it is an error.
const TRIES: u32 = 2;

impl Engine {
    pub(super) async fn fetch_small(&self, segment: Segment) -> Result<(), Cause> {
        let _bell = self.take_off(segment.id);
        let result = self.fetch_whole(segment.file).await;
        match result {
            Ok(held) => {
                self.land(segment.id, segment.range.end);
                self.close(segment.file, held);
                Ok(())
            }
            Err(cause) => {
                self.land(segment.id, segment.range.start);
                Err(cause)
            }
        }
    }

    async fn fetch_whole(&self, file: FileIndex) -> Result<Held, Cause> {
        let job = &self.jobs[file];
        let mut attempt = 0;
        let mut corrupt = 0;
        loop {
            let content = match self.receive(file).await {
                Ok(content) => content,
                Err(cause) => {
                    attempt += 1;
                    self.wait_to_retry(file, cause, attempt).await?;
                    continue;
                }
            };
            let (store, digest) = (self.around.store.clone(), job.file.digest);
            match blocking(move || store.put(digest, &content)).await {
                Ok(blob) => {
                    let path = self.around.store.blob_path(blob);
                    job.counters.reset(job.file.len, job.file.len);
                    self.count(job.file.len, job.file.len);
                    return Ok(Held {
                        path,
                        blob: Some(blob),
                    });
                }
                Err(cause @ Cause::Corrupt { .. }) => {
                    corrupt += 1;
                    if corrupt == TRIES {
                        return Err(cause);
                    }
                    self.tell_retry(file, &cause, Duration::ZERO);
                }
                Err(cause) => return Err(cause),
            }
        }
    }

    async fn receive(&self, file: FileIndex) -> Result<Vec<Bytes>, Cause> {
        let job = &self.jobs[file];
        let range = 0..job.file.len;
        let receive = async {
            let mut body = job.source.open(range).await?;
            let mut content = Vec::new();
            let mut position = 0;
            while let Some(piece) = body.next().await {
                let piece = piece?;
                position += piece.bytes.len() as u64;
                self.throttle.take(piece.bytes.len() as u64).await;
                content.push(piece.bytes);
                if position > job.file.len {
                    break;
                }
            }
            if position == job.file.len {
                return Ok(content);
            }
            let host = "the source".to_owned();
            Err(Cause::Short {
                host,
                got: position,
                want: job.file.len,
            })
        };
        tokio::select! {
            () = self.stop.cancelled() => Err(Cause::Cancelled),
            content = receive => content,
        }
    }
}
