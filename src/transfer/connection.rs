//! One connection's worth of work: ask the schedule what is next, and do it, until all is done.

use std::time::Duration;

use crate::error::{Cause, Error};
use crate::plan::schedule::Next;
use crate::transfer::engine::Engine;

/// How often an idle connection looks for one that crawls.
const IDLE_LOOK: Duration = Duration::from_millis(500);

impl Engine {
    /// Works as connection number `turn`; rests while fewer are to be in use.
    pub(super) async fn connection(&self, turn: u16) -> Result<(), Error> {
        loop {
            if self.stop.is_cancelled() {
                return Err(Cause::Cancelled.on_repo("pull", &self.around.repo));
            }
            let (changed, paced) = (self.changed.notified(), self.paced.notified());
            tokio::pin!(changed, paced);
            // Registered before looking, so that a change in between is not missed.
            changed.as_mut().enable();
            paced.as_mut().enable();
            let is_resting = turn >= self.allowed();
            let next = if is_resting {
                self.schedule().rest()
            } else {
                self.schedule().next(self.now())
            };
            match next {
                Next::Open(file) => {
                    self.open(file)
                        .await
                        .map_err(|cause| self.error(file, cause))?;
                    self.changed.notify_waiters();
                }
                Next::Fetch { segment, shortened } => {
                    if let Some(id) = shortened {
                        self.ring(id);
                    }
                    let file = segment.file;
                    self.fetch(segment)
                        .await
                        .map_err(|cause| self.error(file, cause))?;
                }
                Next::Wait => {
                    // What is due then is not for a connection that rests.
                    let wake_at = self.schedule().wake_at().filter(|_| !is_resting);
                    let nap = wake_at.map_or(IDLE_LOOK, |at| at.saturating_sub(self.now()));
                    tokio::select! {
                        () = changed, if !is_resting => {}
                        () = paced, if is_resting => {}
                        () = self.stop.cancelled() => {}
                        () = tokio::time::sleep(nap.clamp(Duration::from_millis(1), IDLE_LOOK)) => {}
                    }
                }
                Next::Finished => return Ok(()),
            }
        }
    }
}
