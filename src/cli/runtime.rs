//! The runtime of a command that may wait: for the network, or for other processes.

use std::future::Future;
use std::path::PathBuf;

use larder::error::{Cause, Error};

/// Runs `work` to its end on a runtime that is gone when this returns.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
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
