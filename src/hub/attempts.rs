//! Tries a question to a hub again and again, as the policy says, and tells each time.

use tokio_util::sync::CancellationToken;

use crate::error::Cause;
use crate::repo::RepoPath;
use crate::report::{Event, Sink};
use crate::retry::{Decision, Policy};

/// Asks until there is an answer, the policy gives up, or `stop` is cancelled.
///
/// `path` is the file it is about, for the event of each further try.
pub(crate) async fn with_retries<T, F, A>(
    policy: &Policy,
    sink: &dyn Sink,
    path: Option<&RepoPath>,
    stop: &CancellationToken,
    mut ask: F,
) -> Result<T, Cause>
where
    F: FnMut() -> A,
    A: Future<Output = Result<T, Cause>>,
{
    let mut attempt = 0;
    loop {
        attempt += 1;
        let cause = match ask().await {
            Ok(answer) => return Ok(answer),
            Err(cause) => cause,
        };
        let Decision::Wait(wait) = policy.next(&cause, attempt, fastrand::f64()) else {
            return Err(cause);
        };
        sink.emit(Event::Retrying {
            path: path.cloned(),
            cause: cause.to_string(),
            wait,
        });
        if stop
            .run_until_cancelled(tokio::time::sleep(wait))
            .await
            .is_none()
        {
            return Err(Cause::Cancelled);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::Mutex;
    use std::time::Duration;

    use super::*;

    #[derive(Default)]
    struct Heard(Mutex<Vec<Duration>>);

    impl Sink for Heard {
        fn emit(&self, event: Event) {
            if let Event::Retrying { wait, .. } = event {
                self.0.lock().unwrap().push(wait);
            }
        }
    }

    fn stalled() -> Cause {
        Cause::Stalled {
            host: "h".into(),
            after: Duration::from_secs(1),
        }
    }

    /// Fails `failures` times, then answers with the number of tries.
    async fn run(failures: u32, stop: &CancellationToken) -> (Result<u32, Cause>, Vec<Duration>) {
        let heard = Heard::default();
        let tries = Cell::new(0);
        let ask = || {
            tries.set(tries.get() + 1);
            let tries = tries.get();
            async move {
                if tries > failures {
                    Ok(tries)
                } else {
                    Err(stalled())
                }
            }
        };
        let result = with_retries(&Policy::API, &heard, None, stop, ask).await;
        (result, heard.0.into_inner().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn goes_on_until_it_works_and_waits_as_told() {
        let start = tokio::time::Instant::now();
        let (result, waits) = run(3, &CancellationToken::new()).await;
        assert_eq!(result.unwrap(), 4);
        assert_eq!(waits.len(), 3);
        assert!(start.elapsed() >= waits.iter().sum::<Duration>());
    }

    #[tokio::test(start_paused = true)]
    async fn gives_up_with_the_last_cause() {
        let (result, waits) = run(99, &CancellationToken::new()).await;
        assert!(matches!(result, Err(Cause::Stalled { .. })));
        assert_eq!(waits.len(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_can_be_cancelled() {
        let stop = CancellationToken::new();
        stop.cancel();
        let (result, waits) = run(99, &stop).await;
        assert!(matches!(result, Err(Cause::Cancelled)));
        assert_eq!(waits.len(), 1);
    }
}
