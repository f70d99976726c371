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
        loop {
            self.follow(file, large, &open).await?;
            let finishing = Arc::clone(&large.partial);
            match blocking(move || finishing.finish()).await {
                Ok(blob) => {
                    let path = self.around.store.blob_path(blob);
                    self.close(
                        file,
                        Held {
                            path: path.into(),
                            blob: Some(blob),
                        },
                    );
                    return Ok(());
                }
                Err(cause @ Cause::Corrupt { .. }) => {
                    self.again(file, &large.partial, cause)?;
                }
                Err(cause) => return Err(cause),
            }
        }
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

    /// The digest is wrong: begin anew.
    fn again(&self, file: FileIndex, partial: &Partial, cause: Cause) -> Result<(), Cause> {
        partial.start_over()?;
        self.once_more(file, cause)?;
        let job = &self.jobs[file];
        job.counters.reset(0, 0);
        self.schedule()
            .opened(file, RangeSet::from(0..job.file.len));
        self.changed.notify_waiters();
        Ok(())
    }
}

impl Engine {
    /// A content has the wrong digest, as `cause` says: has it asked for once more, all of it from one
    /// origin. Gives the cause back when that was tried.
    pub(super) fn once_more(&self, file: FileIndex, cause: Cause) -> Result<(), Cause> {
        let job = &self.jobs[file];
        let said = cause.to_string();
        let standing = self.origins.standing();
        if job.supply.doubt(cause, standing.into_iter()).is_none() {
            return Err(self.failed_everywhere(job));
        }
        self.tell_retry(file, said, Duration::ZERO);
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
