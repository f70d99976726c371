//! `larder verify` of folders: what is there of another commit is not missed, and people's copies stay
//! theirs.

use std::fs;

use crate::bin::Larder;
use crate::folder::mode;
use crate::hub::{Content, Hub, Repo};
use crate::repos::{model, some_bytes, tiny};
use crate::tree::{inode, read, tree};

/// `org/two` at `v1` and `main`, which differ in every file but one.
fn two() -> Hub {
    let repo = Repo::model("org/two")
        .file("config.json", b"old!")
        .lfs("weights.bin", Content::synthetic(2 << 20, 81))
        .file("same.txt", b"the same")
        .tag("v1")
        .file("config.json", b"new!")
        .lfs("weights.bin", Content::synthetic(2 << 20, 82));
    Hub::builder().repo(repo).start()
}

#[track_caller]
fn verified(larder: &Larder) {
    let ran = larder.args(["verify"]).run().succeeded();
    assert!(ran.stdout.ends_with(": all right\n"), "{ran:#?}");
}

#[test]
fn a_folder_that_shows_a_newer_commit_is_right_and_stays_so() {
    let hub = two();
    let larder = Larder::at(&hub);
    for revision in ["v1", "main"] {
        larder.pulled([&format!("org/two@{revision}"), "--local-dir", "dir"]);
    }
    let before = tree(&larder.path("dir"));
    verified(&larder);
    larder.args(["verify", "--repair"]).run().succeeded();
    assert_eq!(tree(&larder.path("dir")), before);
    assert_eq!(read(larder.path("dir").join("config.json")), b"new!");
    // What it does show is watched.
    fs::remove_file(larder.path("dir").join("weights.bin")).unwrap();
    let ran = larder.args(["verify"]).run().exited(6);
    assert!(ran.stdout.contains("weights.bin"), "{ran:#?}");
}

#[test]
fn a_file_is_missed_only_where_it_may_have_been() {
    let hub = Hub::builder().repo(model()).start();
    let larder = Larder::at(&hub);
    let at = larder.pulled(["org/model"]).line().to_owned();
    larder.pulled(["org/model", "config.json", "--local-dir", "dir"]);
    verified(&larder);
    larder.args(["verify", "--repair"]).run().succeeded();
    assert!(!larder.path("dir").join("model.safetensors").exists());
    // It was nowhere but in the cache.
    let weights = std::path::Path::new(&at).join("model.safetensors");
    fs::remove_file(&weights).unwrap();
    larder.args(["verify"]).run().exited(6);
    larder.args(["verify", "--repair"]).run().succeeded();
    assert!(weights.exists() && !larder.path("dir").join("model.safetensors").exists());
    // That one has a note.
    fs::remove_file(larder.path("dir").join("config.json")).unwrap();
    larder.args(["verify"]).run().exited(6);
    larder.args(["verify", "--repair"]).run().succeeded();
    assert!(larder.path("dir").join("config.json").exists());
}

#[test]
fn what_only_a_folder_had_is_not_missed_in_the_cache() {
    let hub = Hub::builder().repo(model()).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/model", "config.json"]);
    larder.pulled(["org/model", "--local-dir", "dir"]);
    verified(&larder);
    fs::remove_dir_all(larder.path("dir")).unwrap();
    larder.args(["verify"]).run().succeeded();
}

#[test]
fn what_the_store_gets_back_from_a_folder_stays_its_owners() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/tiny", "--local-dir", "dir"]);
    let (mine, stored) = (
        larder.path("dir").join("weights.bin"),
        larder.blob(some_bytes(4).sha256()),
    );
    let before = (mode(&mine), inode(&mine));
    fs::remove_file(&stored).unwrap();
    fs::write(&stored, "rotten").unwrap();
    larder.args(["verify", "--repair"]).run().succeeded();
    assert_eq!(read(&stored), read(&mine));
    assert_eq!((mode(&mine), inode(&mine)), before);
    assert_ne!(inode(&stored), before.1);
}
