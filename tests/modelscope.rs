//! Pulling from ModelScope with the real binary: what its site does that no other hub does.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a broken promise ends a test"
)]

use std::fs;
use std::path::Path;

#[path = "support/hub.rs"]
mod hub;
#[path = "support/larder.rs"]
mod larder;

#[path = "modelscope/access.rs"]
mod access;
#[path = "modelscope/bytes.rs"]
mod bytes;
#[path = "modelscope/disks.rs"]
mod disks;
#[path = "modelscope/listing.rs"]
mod listing;
#[path = "modelscope/once.rs"]
mod once;
#[path = "modelscope/references.rs"]
mod references;
#[path = "modelscope/removed.rs"]
mod removed;
#[path = "modelscope/verify.rs"]
mod verify;

use hub::{Access, Builder, Content, Digests, Direct, Fault, Hub, Match, Origin, Record, Repo};
use larder::{Larder, Ran};

const ID: &str = "org/tiny";
const WEIGHTS: &str = "model.safetensors";
/// So long that it is asked for in ranges of a shared URL.
const LEN: u64 = 20_000_000;

/// A large file, small ones, and one without a byte.
fn repo() -> Repo {
    Repo::model(ID)
        .file("config.json", b"{\"hidden_size\": 8}\n")
        .file("empty.txt", b"")
        .file("sub dir/n\u{e4}me #1+%&?.txt", b"odd")
        .lfs(WEIGHTS, Content::synthetic(LEN, 5))
}

fn start(builder: Builder) -> (Hub, Larder) {
    let hub = builder.start();
    let larder = Larder::at(&hub);
    (hub, larder)
}

fn plain() -> (Hub, Larder) {
    start(Hub::builder().repo(repo()))
}

fn ms(name: &str) -> String {
    format!("ms:{name}")
}

/// The folder of `master` holds exactly the files of the hub's `main`.
#[track_caller]
fn assert_whole(larder: &Larder, hub: &Hub, name: &str, ran: &Ran) {
    let folder = larder.modelscope(name, "master");
    assert_eq!(Path::new(ran.clone().succeeded().line()), folder);
    for (path, content) in hub.files(name, "main") {
        let there = Content::disk(folder.join(&path)).unwrap();
        assert_eq!(there.sha256(), content.sha256(), "{path}");
    }
}

fn is_bytes(request: &Record) -> bool {
    request.origin == Origin::Cdn || request.path.ends_with("/repo")
}
