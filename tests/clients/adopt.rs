//! What other clients left is used: hashed once, made part of the store, never fetched again.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::bin::Larder;
use crate::disk::{Picture, difference, inodes, picture};
use crate::hub::{Hub, Repo};
use crate::python::Client;
use crate::repos::{self, DATA, ZOO, fetches, files};

/// Pulls what is in the cache already, and checks that nothing was fetched, that every name leads
/// to the right bytes, and that each content is on disk once.
#[track_caller]
fn assert_adopts(larder: &Larder, hub: &Hub, repo: &Repo, name: &str) {
    hub.log().clear();
    let pulled = larder.pulled([name]);
    assert_eq!(fetches(hub), [""; 0]);
    assert_holds(Path::new(pulled.line()), repo);
    assert_once(larder);
}

/// Checks that a snapshot holds the files of `main`.
#[track_caller]
pub(crate) fn assert_holds(snapshot: &Path, repo: &Repo) {
    for file in files(repo, "main") {
        let bytes = fs::read(snapshot.join(&file.path)).unwrap();
        assert!(bytes == file.bytes(), "{} holds other bytes", file.path);
    }
}

/// Checks that no content has two inodes, in the store and the caches together.
#[track_caller]
pub(crate) fn assert_once(larder: &Larder) {
    let inodes = inodes(&[&larder.store().join("blobs"), &larder.hub_cache()]);
    let twice: BTreeMap<_, _> = inodes.iter().filter(|(_, names)| names.len() > 1).collect();
    assert!(twice.is_empty(), "on disk more than once: {twice:?}");
}

#[test]
fn a_cache_that_hf_filled() {
    let hub = repos::hub();
    let larder = Larder::at(&hub);
    Client::hf(&larder, ["download", ZOO]).run().succeeded();
    Client::hf(&larder, ["download", DATA]).run().succeeded();
    let before = picture(&larder.hub_cache());
    assert_adopts(&larder, &hub, &repos::zoo(), ZOO);
    assert_adopts(&larder, &hub, &repos::data(), DATA);
    let lines = difference(&contents(before), &contents(picture(&larder.hub_cache())));
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}

/// Names, link targets and contents without modes: a blob becomes read-only when it is adopted.
fn contents(picture: Picture) -> Picture {
    let bare = |what: String| match what.split_once(' ') {
        Some(("file", rest)) => rest
            .split_once(' ')
            .map_or(rest, |(_, text)| text)
            .to_owned(),
        _ => what,
    };
    picture
        .into_iter()
        .map(|(name, what)| (name, bare(what)))
        .collect()
}

#[test]
fn files_that_hf_fetched_one_by_one() {
    let hub = repos::hub();
    let larder = Larder::at(&hub);
    for file in ["model.safetensors", "config.json"] {
        Client::hf(&larder, ["download", ZOO, file])
            .run()
            .succeeded();
    }
    hub.log().clear();
    larder.pulled([ZOO, "model.safetensors", "config.json"]);
    assert_eq!(fetches(&hub), [""; 0]);
    assert_once(&larder);
}

#[test]
fn a_cache_without_symlinks() {
    for mode in ["0", "1"] {
        let hub = repos::hub();
        let larder = Larder::at(&hub);
        // One file at a time: without symlinks it moves a content away while it copies it elsewhere.
        let download = Client::hf(&larder, ["download", ZOO, "--max-workers", "1"]);
        let download = download.env("HF_HUB_DISABLE_SYMLINKS", "1");
        download.run().succeeded();
        hub.log().clear();
        let pull = larder.pull([ZOO]).env("HF_HUB_DISABLE_SYMLINKS", mode);
        let pulled = pull.run().succeeded();
        assert_eq!(fetches(&hub), [""; 0]);
        assert_holds(Path::new(pulled.line()), &repos::zoo());
        assert_once(&larder);
    }
}

#[test]
fn hf_finds_what_was_adopted_as_it_was() {
    let hub = repos::hub();
    let larder = Larder::at(&hub);
    Client::hf(&larder, ["download", ZOO]).run().succeeded();
    larder.pulled([ZOO]);
    hub.log().clear();
    Client::hf(&larder, ["download", ZOO]).run().succeeded();
    assert_eq!(fetches(&hub), [""; 0]);
    Client::hf(&larder, ["cache", "verify", ZOO])
        .run()
        .succeeded();
}

#[test]
fn unfinished_files_of_others_are_left_alone() {
    let hub = repos::hub();
    let larder = Larder::at(&hub);
    Client::hf(&larder, ["download", ZOO, "config.json"])
        .run()
        .succeeded();
    let blobs = larder.repo(ZOO).join("blobs");
    let weights = files(&repos::zoo(), "main");
    let etag = &weights
        .iter()
        .find(|file| file.path == "model.safetensors")
        .unwrap()
        .etag;
    // As left by a killed `hf` since 1.18, by one before it, by the old crate, and by llama.cpp.
    let names = [
        ".0a1b2c3d.incomplete",
        ".incomplete",
        ".sync.part",
        ".downloadInProgress",
    ];
    let left: Vec<_> = names
        .iter()
        .map(|end| blobs.join(format!("{etag}{end}")))
        .collect();
    for path in &left {
        fs::write(path, b"half of something").unwrap();
    }
    let inodes = || {
        left.iter()
            .map(|path| fs::metadata(path).unwrap().ino())
            .collect::<Vec<_>>()
    };
    let before = inodes();
    let pulled = larder.pulled([ZOO]);
    assert_holds(Path::new(pulled.line()), &repos::zoo());
    assert_eq!(inodes(), before);
    for path in &left {
        assert_eq!(fs::read(path).unwrap(), b"half of something");
    }
}

/// A name is no proof: what another client stored wrong is found out and replaced.
#[test]
fn a_damaged_blob_of_hf_is_replaced() {
    let hub = repos::hub();
    let larder = Larder::at(&hub);
    Client::hf(&larder, ["download", ZOO]).run().succeeded();
    for file in files(&repos::zoo(), "main") {
        if file.path.starts_with("shard-") || file.path == "README.md" {
            let blob = larder.repo(ZOO).join("blobs").join(&file.etag);
            let mut bytes = file.bytes();
            bytes[0] ^= 1;
            fs::write(blob, bytes).unwrap();
        }
    }
    let pulled = larder.pulled([ZOO]);
    assert_holds(Path::new(pulled.line()), &repos::zoo());
    assert_once(&larder);
    Client::hf(&larder, ["cache", "verify", ZOO])
        .run()
        .succeeded();
}
