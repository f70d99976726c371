//! The crossing from asynchronous code to blocking file work.

use std::panic::resume_unwind;

use crate::error::Cause;

/// Runs `work` on the blocking pool. A panic stays a panic.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Cause> + Send + 'static,
) -> Result<T, Cause> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(join) => match join.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(_cancelled) => Err(Cause::Cancelled),
        },
    }
}
