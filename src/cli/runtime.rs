//! The runtime of a command that may wait: for the network, or for other processes.

use std::future::Future;
use std::path::PathBuf;

use larder::error::{Cause, Error};

/// Threads that receive. A few can take what any network brings, since hashing and the disk have
/// threads of their own; and the allocator keeps memory for each of them.
const MOST_WORKERS: usize = 4;

/// Runs `work` to its end on a runtime that is gone when this returns.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.min(MOST_WORKERS))
        .enable_all()
        .build();
    let runtime = runtime.map_err(|source| {
        let path = PathBuf::from("the runtime");
        let cause = Cause::Io {
            action: "start",
            path: path.clone(),
            source,
        };
        cause.on_path("start", &path)
    })?;
    runtime.block_on(work)
}
