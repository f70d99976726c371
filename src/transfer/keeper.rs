//! The keeper of one large file: follows its hash, makes progress durable, takes it through the door.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::blocking::blocking;
use crate::error::{Cause, Error};
use crate::plan::ranges::RangeSet;
use crate::plan::schedule::FileIndex;
use crate::store::ingest::Partial;
use crate::transfer::Held;
use crate::transfer::engine::Engine;
use crate::transfer::job::{Large, OpenFile};

/// Bytes hashed in one visit to the blocking pool.
const CATCH_UP_BYTES: u64 = 32 << 20;

/// How much a power cut may cost: data is synced about this often.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(5);

/// A content with the wrong digest is fetched once more, then it is an error.
const TRIES: u32 = 2;

impl Engine {
    pub(super) async fn keep(&self, file: FileIndex) -> Result<(), Error> {
        self.see_through(file)
            .await
            .map_err(|cause| self.error(file, cause))
    }

    async fn see_through(&self, file: FileIndex) -> Result<(), Cause> {
        let Some(open) = self.jobs[file].open() else {
            return Ok(());
        };
        let Some(large) = &open.large else {
            return Ok(());
        };
        for attempt in 1..=TRIES {
            self.follow(file, large, &open).await?;
            let finishing = Arc::clone(&large.partial);
            match blocking(move || finishing.finish()).await {
                Ok(blob) => {
                    let path = self.around.store.blob_path(blob);
                    self.close(
                        file,
                        Held {
                            path,
                            blob: Some(blob),
                        },
                    );
                    return Ok(());
                }
                Err(cause @ Cause::Corrupt { .. }) => {
                    self.again(file, &large.partial, cause, attempt)?;
                }
                Err(cause) => return Err(cause),
            }
        }
        Ok(())
    }

    /// Waits until every byte is written and hashed.
    async fn follow(
        &self,
        file: FileIndex,
        large: &Large,
        open: &Arc<OpenFile>,
    ) -> Result<(), Cause> {
        let job = &self.jobs[file];
        let mut due = Instant::now() + CHECKPOINT_EVERY;
        loop {
            let hashing = Arc::clone(&large.partial);
            let began = Instant::now();
            let hashed = blocking(move || hashing.catch_up(CATCH_UP_BYTES)).await?;
            job.counters.add_verified(hashed);
            if hashed > 0 {
                large.note_hashed(hashed, began.elapsed());
            }
            if large.partial.hashed_bytes() == job.file.len {
                return Ok(());
            }
            if self.stop.is_cancelled() {
                return Err(Cause::Cancelled);
            }
            // Also while what was there before is hashed, which may take long.
            if Instant::now() >= due {
                checkpoint(open).await?;
                due = Instant::now() + CHECKPOINT_EVERY;
            }
            if hashed == CATCH_UP_BYTES {
                continue;
            }
            tokio::select! {
                () = large.grown.notified() => {}
                () = self.stop.cancelled() => {}
                () = sleep_until(due) => {}
            }
        }
    }

    /// The digest is wrong: begin anew, once.
    fn again(
        &self,
        file: FileIndex,
        partial: &Partial,
        cause: Cause,
        attempt: u32,
    ) -> Result<(), Cause> {
        partial.start_over()?;
        if attempt == TRIES {
            return Err(cause);
        }
        let job = &self.jobs[file];
        self.tell_retry(file, &cause, Duration::ZERO);
        job.counters.reset(0, 0);
        self.schedule()
            .opened(file, RangeSet::from(0..job.file.len));
        self.changed.notify_waiters();
        Ok(())
    }
}

/// Makes progress durable and tells other machines that this process lives, also when it only waits.
async fn checkpoint(open: &Arc<OpenFile>) -> Result<(), Cause> {
    let open = Arc::clone(open);
    blocking(move || match &open.large {
        Some(large) => {
            large.mark.touch();
            large.partial.checkpoint()
        }
        None => Ok(()),
    })
    .await
}
