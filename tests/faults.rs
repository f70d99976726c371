//! Every fault of a network, a hub and a storage, over real sockets: what passes is waited out, what
//! stays is named within the retry budget, and what was fetched is not fetched again.
//!
//! Most faults are rows of `table`; `passing` and `staying` play each of them at each place where it
//! can happen. What needs a setting of its own has a test of its own. `docs/semantics.md` lists all.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a broken promise ends a test"
)]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

#[path = "support/front.rs"]
mod front;
#[path = "support/hub.rs"]
mod hub;
#[path = "support/larder.rs"]
mod larder;

#[path = "faults/document.rs"]
mod document;
#[path = "faults/passing.rs"]
mod passing;
#[path = "faults/proxy.rs"]
mod proxy;
#[path = "faults/slow.rs"]
mod slow;
#[path = "faults/staying.rs"]
mod staying;
#[path = "faults/table.rs"]
mod table;
#[path = "faults/tls.rs"]
mod tls;
#[path = "faults/unreachable.rs"]
mod unreachable;
#[path = "faults/urls.rs"]
mod urls;
#[path = "faults/waits.rs"]
mod waits;

use hub::{Content, Fault, Hub, Match, Origin, Record, Repo, Shape};
use larder::{Call, Larder, Ran};
use table::Case;

const ID: &str = "org/model";
const WEIGHTS: &str = "model.safetensors";
const SMALL: &str = "tokenizer/vocab.txt";
const MB: u64 = 1_000_000;

/// Length of the large file: so long that it is asked for in ranges of a shared URL.
const LEN: u64 = 20 * MB;

/// What may be on its way when a connection ends: the buffers of a few sockets.
const ON_ITS_WAY: u64 = 2 * MB;

/// Nothing that is waited for takes nearly as long.
const LIMIT: Duration = Duration::from_secs(120);

static CONTENT: LazyLock<Content> = LazyLock::new(|| Content::synthetic(LEN, 8));

/// Tests that load the machine take turns, so that each has it for itself.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The hub that a pull goes to; one server speaks for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Site {
    HuggingFace,
    ModelScope,
}

impl Site {
    fn pull(self, larder: &Larder) -> Call<'_> {
        match self {
            Self::HuggingFace => larder.pull([ID]),
            Self::ModelScope => larder.pull([format!("ms:{ID}")]),
        }
    }

    /// The folder of `main` in the hub's cache.
    fn folder(self, larder: &Larder, hub: &Hub) -> PathBuf {
        match self {
            Self::HuggingFace => larder.snapshot(ID, &hub.commit_of(ID, "main").unwrap()),
            Self::ModelScope => larder.modelscope(ID, "master"),
        }
    }
}

/// A repo with one large file and two small ones.
fn repo() -> Repo {
    repo_of(CONTENT.clone())
}

fn repo_of(weights: Content) -> Repo {
    Repo::model(ID)
        .file("config.json", b"{\"hidden_size\": 8}\n")
        .file(SMALL, "word\n".repeat(5000))
        .lfs(WEIGHTS, weights)
}

/// A machine whose hub has [`repo`] and nothing wrong with it.
fn plain() -> (Hub, Larder) {
    let hub = Hub::builder().repo(repo()).start();
    let larder = Larder::at(&hub);
    (hub, larder)
}

fn pull(larder: &Larder) -> Call<'_> {
    Site::HuggingFace.pull(larder)
}

/// A pull that takes this many seconds of silence for a failure.
fn pull_within<'a>(larder: &'a Larder, seconds: &str) -> Call<'a> {
    within(pull(larder), seconds)
}

fn within<'a>(call: Call<'a>, seconds: &str) -> Call<'a> {
    let call = call.env("HF_HUB_DOWNLOAD_TIMEOUT", seconds);
    call.env("HF_HUB_ETAG_TIMEOUT", seconds)
}

/// Runs the cases side by side, so many at once, each with a hub and a home of its own; names those
/// that fail.
fn side_by_side(at_once: usize, cases: &[Case], run: impl Fn(&Case) + Sync) {
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if catch_unwind(AssertUnwindSafe(|| run(case))).is_err() {
                        failed.lock().unwrap().push(case.name());
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "failed: {failed:#?}");
}

/// Whether a request is for the bytes of a file.
fn is_for_bytes(request: &Record) -> bool {
    let is_file = request.origin == Origin::Cdn
        || request.path.contains("/resolve/")
        || request.path.ends_with("/repo");
    request.method == "GET" && is_file
}

/// How many bytes of the large file were asked for at all, however often.
fn covered(requests: &[Record]) -> u64 {
    let at_storage = |r: &&Record| r.origin == Origin::Cdn && r.method == "GET";
    let ranges = requests.iter().filter(at_storage);
    let mut ranges: Vec<_> = ranges
        .filter_map(|r| Some((r.offset(), r.offset() + r.asked_bytes?)))
        .collect();
    ranges.sort_unstable();
    let (mut reached, mut sum) = (0, 0);
    for (start, end) in ranges {
        sum += end.saturating_sub(start.max(reached));
        reached = reached.max(end);
    }
    sum
}

/// Bytes of files that the hub has sent so far in requests that `wanted` picks.
fn sent(hub: &Hub, wanted: impl Fn(&Record) -> bool) -> u64 {
    let requests = hub.log().select(|r| is_for_bytes(r) && wanted(r));
    requests.iter().map(|request| request.body_bytes_sent).sum()
}

/// Length of all files of the repo.
fn total(hub: &Hub) -> u64 {
    let files = hub.files(ID, "main");
    files.iter().map(|(_, content)| content.len()).sum()
}

/// How often a run says that it tries something again.
fn lines(ran: &Ran) -> usize {
    let tries = |line: &&str| line.starts_with("trying ");
    ran.stderr.lines().filter(tries).count()
}

fn sha256(path: &Path) -> String {
    Content::disk(path).unwrap().sha256().to_owned()
}

/// The run succeeded, every file of `main` has the right bytes under its name, and no partial is left.
#[track_caller]
fn assert_right(larder: &Larder, hub: &Hub, ran: &Ran) {
    assert_right_of(Site::HuggingFace, larder, hub, ran);
}

#[track_caller]
fn assert_right_of(site: Site, larder: &Larder, hub: &Hub, ran: &Ran) {
    let snapshot = site.folder(larder, hub);
    assert_eq!(Path::new(ran.clone().succeeded().line()), snapshot);
    for (path, content) in hub.files(ID, "main") {
        assert_eq!(sha256(&snapshot.join(&path)), content.sha256(), "{path}");
    }
    let partials = fs::read_dir(larder.store().join("partial"));
    assert_eq!(partials.map_or(0, Iterator::count), 0);
}
