//! Ctrl-C and SIGTERM: the first asks to stop, the second ends the process.
//!
//! Neither does work that correctness needs: `kill -9` would skip it. The watch has its own thread
//! and small runtime, so that the second signal counts even while the main runtime winds down.

use std::sync::Arc;
use std::thread::JoinHandle;

use tokio_util::sync::CancellationToken;

use larder::report::{Event, Sink};

/// Watches for signals as long as it lives.
pub(crate) struct Watch {
    done: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Starts watching: the first signal cancels `stop`, the second exits.
    pub(crate) fn start(stop: CancellationToken, sink: Arc<dyn Sink>) -> Self {
        let done = CancellationToken::new();
        let until = done.clone();
        let thread = std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || watch(&stop, &until, sink.as_ref()))
            .ok();
        Self { done, thread }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.done.cancel();
        if let Some(thread) = self.thread.take() {
            // It ends with `done`; a panic in it was reported by the hook.
            drop(thread.join());
        }
    }
}

fn watch(stop: &CancellationToken, done: &CancellationToken, sink: &dyn Sink) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    // Without it, signals keep their default meaning: the process ends at once.
    let Ok(runtime) = runtime else { return };
    runtime.block_on(async {
        let Ok(mut signals) = Signals::new() else {
            return;
        };
        tokio::select! {
            _ = signals.next() => {}
            () = done.cancelled() => return,
        }
        stop.cancel();
        sink.emit(Event::Notice(
            "stopping; once more ends it at once".to_owned(),
        ));
        tokio::select! {
            code = signals.next() => end(code),
            () = done.cancelled() => {}
        }
    });
}

#[expect(
    clippy::exit,
    reason = "the user asked twice: nothing is worth waiting for"
)]
fn end(code: i32) {
    std::process::exit(code);
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let (interrupt, terminate) = (SignalKind::interrupt(), SignalKind::terminate());
        Ok(Self {
            interrupt: signal(interrupt)?,
            terminate: signal(terminate)?,
        })
    }

    /// Waits for a signal; the exit code that goes with it.
    async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.interrupt.recv() => 130,
            _ = self.terminate.recv() => 143,
        }
    }
}

#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    /// Waits for Ctrl-C; the exit code that goes with it.
    async fn next(&mut self) -> i32 {
        self.0.recv().await;
        130
    }
}
