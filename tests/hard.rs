//! What happens when everything goes wrong: kills, damage, neighbours, full disks. The real
//! binary against the test hub, in processes of its own.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a broken promise ends a test"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[path = "support/hub.rs"]
mod hub;
#[path = "support/larder.rs"]
mod larder;
#[path = "support/truth.rs"]
mod truth;

#[cfg(target_os = "linux")]
#[path = "hard/crash.rs"]
mod crash;
#[cfg(target_os = "linux")]
#[path = "hard/disk.rs"]
mod disk;
#[cfg(target_os = "linux")]
#[path = "hard/every_call.rs"]
mod every_call;
#[cfg(target_os = "linux")]
#[path = "hard/folder.rs"]
mod folder;
#[path = "hard/integrity.rs"]
mod integrity;
#[path = "hard/interrupt.rs"]
mod interrupt;
#[path = "hard/kill.rs"]
mod kill;
#[cfg(target_os = "linux")]
#[path = "hard/limits.rs"]
mod limits;
#[path = "hard/neighbours.rs"]
mod neighbours;
#[cfg(target_os = "linux")]
#[path = "hard/removals.rs"]
mod removals;
#[cfg(target_os = "linux")]
#[path = "hard/shares.rs"]
mod shares;

use hub::{Content, Fault, Hub, Log, Match, Origin, Record, Repo};
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
fn repo(weights: Content) -> Repo {
    Repo::model(ID)
        .file("config.json", b"{\"hidden_size\": 8}\n")
        .file("tokenizer/vocab.txt", "word\n".repeat(5000))
        .lfs(WEIGHTS, weights)
}

/// A machine whose hub has [`repo`] and nothing wrong with it.
fn plain(weights: Content) -> (Hub, Larder) {
    let hub = Hub::builder().repo(repo(weights)).start();
    let larder = Larder::at(&hub);
    (hub, larder)
}

/// Body bytes written to sockets in these requests.
fn sent(requests: &[Record]) -> u64 {
    requests.iter().map(|request| request.body_bytes_sent).sum()
}

/// Blocks until both origins have sent so many bytes in all.
fn wait_for_bytes(log: &Log, bytes: u64) {
    let reached = log.block_until(LIMIT, |requests| sent(requests) >= bytes);
    assert!(reached, "{} of {bytes} bytes were sent", log.bytes_sent());
}

fn sha256(path: &Path) -> String {
    Content::disk(path).unwrap().sha256().to_owned()
}

/// The run succeeded, every file of `main` has the right bytes under its name and, with the bytes, in
/// the store, and nothing else is left.
#[track_caller]
fn assert_right(larder: &Larder, hub: &Hub, ran: Ran) {
    let ran = ran.succeeded();
    let commit = hub.commit_of(ID, "main").unwrap();
    let snapshot = larder.snapshot(ID, &commit);
    assert_eq!(Path::new(ran.line()), snapshot);
    for (path, content) in hub.files(ID, "main") {
        assert_eq!(sha256(&snapshot.join(&path)), content.sha256(), "{path}");
        assert_eq!(
            sha256(&larder.blob(content.sha256())),
            content.sha256(),
            "{path}"
        );
    }
    assert_eq!(leftovers(larder), Vec::<PathBuf>::new());
}

/// Everything in the home that should not outlive a run.
fn leftovers(larder: &Larder) -> Vec<PathBuf> {
    let mut left = children(&larder.store().join("partial"));
    left.extend(entries(larder.home()).into_iter().filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name == ".larder" || name.starts_with(".tmp")
    }));
    let strangers = children(larder.home()).into_iter();
    left.extend(
        strangers.filter(|path| !path.ends_with(".cache") && !path.ends_with("larder-of-nobody")),
    );
    left
}

/// Every path below `dir`.
fn entries(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for path in children(dir) {
        if fs::symlink_metadata(&path).is_ok_and(|there| there.is_dir()) {
            all.extend(entries(&path));
        }
        all.push(path);
    }
    all
}

fn children(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else {
        return Vec::new();
    };
    entries.map(|entry| entry.unwrap().path()).collect()
}
