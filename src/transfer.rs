//! Runs the fetching part of a plan: one set of tasks, one stop token, one queue over all files.
//!
//! [`run`] owns every task it starts and leaves none behind. Connections ask the schedule what to do
//! next; a large file that was opened gets a keeper, which follows its hash and takes it through the door;
//! small ones that have arrived are put into the store by a few putters.
//! The first failure stops the rest; what was written stays and is found by the next run.
//!
//! Deliberately absent: any knowledge of a hub or of HTTP. Bytes come from a [`Source`](crate::source::Source)
//! of one of a few [`Origin`]s.

use std::collections::HashMap;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::blocking::blocking;
use crate::digest::{BlobId, Digest};
use crate::error::{Cause, Error};
use crate::hub::RemoteFile;
use crate::origin::Origin;
use crate::repo::{Commit, HubName, RepoId};
use crate::report::Sink;
use crate::store::Store;
use crate::view::RepoView;

mod connection;
mod division;
mod engine;
mod job;
mod keeper;
mod meter;
mod opening;
mod origins;
mod pace;
mod segment;
mod small;
mod supply;
mod throttle;
mod write_queue;
mod writer;

pub use opening::{take_from, take_in};

use engine::Engine;

/// Bounds of a transfer.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at once, at most.
    pub connections: u16,
    /// Bytes per second in all, at most.
    pub rate: Option<u64>,
    /// How long to wait for another process.
    pub lock_timeout: Option<Duration>,
    /// Use all origins at once, not one after the other.
    pub is_spread: bool,
}

/// Where a content is now that it is here and proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// A file with the content.
    pub path: Arc<Path>,
    /// Its name in the store.
    pub blob: Option<BlobId>,
}

/// What a transfer came to.
#[derive(Clone, Debug, Default)]
pub struct Fetched {
    /// Every content that was wanted.
    pub held: HashMap<Digest, Held>,
    /// Bytes that came over the network and were written.
    pub fetched_bytes: u64,
    /// How many of these came from each origin.
    pub origin_bytes: Vec<u64>,
}

/// What a transfer needs from its surroundings.
pub struct Surroundings {
    /// The hub that knows the repo.
    pub hub: HubName,
    /// The repo, for messages and notes.
    pub repo: RepoId,
    /// The commit, whose snapshot may hold content already.
    pub commit: Commit,
    /// Where blobs are kept.
    pub store: Store,
    /// Where bytes may come from, the preferred one first.
    pub origins: Vec<Arc<dyn Origin>>,
    /// The view whose locks other clients respect.
    pub view: Arc<dyn RepoView>,
    /// Who is told.
    pub sink: Arc<dyn Sink>,
    /// Cancelled when the user wants to stop.
    pub stop: CancellationToken,
    /// Bounds.
    pub limits: Limits,
    /// Trust nothing that is here already.
    pub is_forced: bool,
}

/// Fetches the content of every wanted file into the store. The caller holds the store's shared lock.
///
/// # Errors
/// The first failure, about the file that it happened to. Everything finished before it is in the
/// store, everything written is claimed in its partial.
pub async fn run(around: Surroundings, wants: Vec<Arc<RemoteFile>>) -> Result<Fetched, Error> {
    if wants.is_empty() {
        return Ok(Fetched::default());
    }
    let stop = around.stop.child_token();
    let connections = around.limits.connections.max(1);
    let (opened, mut to_keep) = mpsc::channel(64);
    let (handover, mut to_put) = small::handover(around.store.shelf());
    let engine = Engine::new(around, wants, stop.clone(), opened, handover);
    let engine = Arc::new(engine);

    let mut tasks = JoinSet::new();
    let mut looks = tokio::time::interval(origins::LOOK_EVERY);
    for origin in engine.spread_at_once().await {
        let engine = Arc::clone(&engine);
        tasks.spawn(async move { engine.call_up(origin).await });
    }
    for turn in 0..connections {
        let engine = Arc::clone(&engine);
        tasks.spawn(async move { engine.connection(turn).await });
    }
    let mut failure: Option<Error> = None;
    loop {
        let joined = tokio::select! {
            // First what a task has left to do for others: when the last one has ended, nothing is left.
            biased;
            Some(file) = to_keep.recv() => {
                let engine = Arc::clone(&engine);
                tasks.spawn(async move { engine.keep(file).await });
                continue;
            }
            Some(batch) = to_put.next() => {
                let engine = Arc::clone(&engine);
                tasks.spawn_blocking(move || engine.put(batch));
                continue;
            }
            joined = tasks.join_next() => joined,
            _ = looks.tick(), if engine.has_spare() => {
                if let Some(origin) = engine.look_at_origins() {
                    let engine = Arc::clone(&engine);
                    tasks.spawn(async move { engine.call_up(origin).await });
                }
                continue;
            }
        };
        match joined {
            None => break,
            Some(Ok(Ok(()))) => {}
            Some(Ok(Err(error))) => {
                // The first failure is the cause; what ends after it is mostly cancelled by it.
                stop.cancel();
                if failure
                    .as_ref()
                    .is_none_or(|first| matches!(first.cause, Cause::Cancelled))
                {
                    failure = Some(error);
                }
            }
            Some(Err(join)) => {
                stop.cancel();
                if let Ok(panic) = join.try_into_panic() {
                    resume_unwind(panic);
                }
            }
        }
    }
    match failure {
        Some(error) => Err(error),
        None => settle(&engine).await,
    }
}

/// What came of a transfer that went well, once it survives a power cut.
async fn settle(engine: &Arc<Engine>) -> Result<Fetched, Error> {
    let settling = Arc::clone(engine);
    let settled = blocking(move || settling.settle()).await;
    settled.map_err(|cause| cause.on_repo("pull", &engine.around.repo))?;
    Ok(engine.fetched())
}
