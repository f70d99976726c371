//! One model from several origins: who is asked when the first one dies, crawls, refuses or lies, what
//! that costs, and what is said of it. Two test hubs, and the real binary.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a broken promise ends a test, and what a test does to files need not last"
)]

use std::fs;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[path = "support/hub.rs"]
mod hub;
#[path = "support/larder.rs"]
mod larder;

#[path = "origins/away.rs"]
mod away;
#[path = "origins/content.rs"]
mod content;
#[path = "origins/dead.rs"]
mod dead;
#[path = "origins/hubs.rs"]
mod hubs;
#[path = "origins/speed.rs"]
mod speed;

use hub::{Access, Content, Fault, Hub, Log, Match, Origin, Repo, Shape};
use larder::{Larder, Ran};

const ID: &str = "org/model";
const WEIGHTS: &str = "model.safetensors";
const MB: u64 = 1_000_000;

/// Nothing that is waited for takes nearly as long.
const LIMIT: Duration = Duration::from_secs(120);

/// Tests that load the machine take turns, so that each has it for itself.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A repo with one large file and two small ones.
fn repo(weights: &Content) -> Repo {
    Repo::model(ID)
        .file("config.json", b"{\"hidden_size\": 8}\n")
        .file("tokenizer/vocab.txt", "word\n".repeat(5000))
        .lfs(WEIGHTS, weights.clone())
}

/// A hub and a mirror of it that send at this rate on each connection.
fn twins(weights: &Content, rate: Option<u64>) -> (Hub, Hub) {
    let start = || {
        let shape = Shape {
            rate,
            ..Shape::default()
        };
        let builder = Hub::builder().repo(repo(weights));
        builder.shape(Origin::Cdn, shape).start()
    };
    (start(), start())
}

/// How messages name the repo at a hub.
fn place(hub: &Hub) -> String {
    format!("hf:{ID} at {}", hub.endpoint().replace("http://", ""))
}

/// No byte of a large file can be had from this hub.
fn breaks_off(hub: &Hub) {
    hub.faults().always(Match::cdn(), Fault::ResetBeforeHeaders);
}

/// Blocks until so many bytes were sent.
fn wait_for_bytes(log: &Log, bytes: u64) {
    let sent = |requests: &[hub::Record]| -> u64 {
        requests.iter().map(|request| request.body_bytes_sent).sum()
    };
    let reached = log.block_until(LIMIT, |requests| sent(requests) >= bytes);
    assert!(reached, "{} of {bytes} bytes were sent", log.bytes_sent());
}

/// File bytes that were asked for and could be had: a request that was broken off counts as far as it
/// came.
fn really_asked(log: &Log) -> u64 {
    let requests = log.requests();
    let files = requests.iter().filter_map(|request| {
        let asked = request.asked_bytes?;
        Some(asked.min(request.body_bytes_sent))
    });
    files.sum()
}

fn sha256(path: &Path) -> String {
    Content::disk(path).unwrap().sha256().to_owned()
}

/// The run succeeded, every file of `main` is there with the bytes that `hub` has, and nothing is left
/// of the way.
#[track_caller]
fn assert_right(larder: &Larder, hub: &Hub, ran: &Ran) {
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let commit = hub.commit_of(ID, "main").unwrap();
    let snapshot = larder.snapshot(ID, &commit);
    for (path, content) in hub.files(ID, "main") {
        assert_eq!(sha256(&snapshot.join(&path)), content.sha256(), "{path}");
    }
    assert_nothing_unfinished(larder);
}

#[track_caller]
fn assert_nothing_unfinished(larder: &Larder) {
    let partials = fs::read_dir(larder.store().join("partial"));
    assert_eq!(partials.map_or(0, Iterator::count), 0);
}

/// Nothing has been published.
#[track_caller]
fn assert_unpublished(larder: &Larder) {
    assert!(!larder.repo(ID).join("snapshots").exists());
}
