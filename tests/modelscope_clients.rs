//! The official client of `ModelScope`: it opens what larder wrote, and larder opens what it wrote.
//!
//! The newest version and 1.37.1, each in the home that larder filled or is about to find filled,
//! against one test hub that logs every request.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    reason = "a broken promise ends a test"
)]

#[path = "support/larder.rs"]
mod bin;
#[path = "clients/disk.rs"]
#[expect(dead_code, reason = "others count inodes with it")]
mod disk;
#[path = "support/hub.rs"]
mod hub;
#[path = "support/modelscope.rs"]
mod modelscope;

#[path = "modelscope_clients/adopted.rs"]
mod adopted;
#[path = "modelscope_clients/filled.rs"]
mod filled;
#[path = "modelscope_clients/login.rs"]
mod login;
#[path = "modelscope_clients/older.rs"]
mod older;
#[path = "modelscope_clients/open.rs"]
mod open;
#[path = "modelscope_clients/same_tree.rs"]
mod same_tree;
#[path = "modelscope_clients/together.rs"]
mod together;

use std::path::{Path, PathBuf};

use bin::Larder;
use hub::{Content, Hub, Origin, Record, Repo};

/// Its name has dots, which the older client hides.
const MODEL: &str = "acme/tiny.v1-5B";
const DATA: &str = "datasets/acme/corpus";
const WEIGHTS: &str = "weights/model.safetensors";

fn model() -> Repo {
    Repo::model(MODEL)
        .file("config.json", b"{\"hidden_size\": 8}\n")
        .file("sub dir/\u{4e2d}\u{6587} #1+%.txt", b"odd")
        .lfs(WEIGHTS, Content::synthetic(3_000_000, 5))
        .tag("v1.0")
        .branch("feat/x")
}

fn hub() -> Hub {
    let data = Repo::dataset("acme/corpus").file("data/train.csv", b"a,b\n1,2\n");
    Hub::builder().repo(model()).repo(data).start()
}

fn ms(name: &str) -> String {
    format!("ms:{name}")
}

/// Every request that asked for bytes of a file.
fn fetches(hub: &Hub) -> Vec<String> {
    let is_bytes = |record: &Record| record.origin == Origin::Cdn || record.path.ends_with("/repo");
    let shown = |record: &Record| format!("{} {}?{}", record.method, record.path, record.query);
    hub.log().select(is_bytes).iter().map(shown).collect()
}

/// The folder holds the files of the hub's `main`.
#[track_caller]
fn assert_holds(folder: impl AsRef<Path>, hub: &Hub, name: &str) {
    for (path, content) in hub.files(name, "main") {
        let there = Content::disk(folder.as_ref().join(&path)).unwrap();
        assert_eq!(there.sha256(), content.sha256(), "{path}");
    }
}

/// The cache where it is by default.
fn cache(larder: &Larder) -> PathBuf {
    larder.path(".cache/modelscope")
}
