//! Other tools remove what larder wrote: the store keeps the bytes, and the next pull costs none.

use std::fs;
use std::path::Path;

use crate::adopt::{assert_holds, assert_once};
use crate::bin::Larder;
use crate::disk::picture;
use crate::hub::Hub;
use crate::python::Client;
use crate::repos::{self, ZOO, fetches};

/// Pulls, lets `remove` have its way with the cache, and pulls again.
#[track_caller]
fn assert_survives(remove: impl FnOnce(&Larder, &Hub)) {
    let hub = repos::hub();
    let larder = Larder::at(&hub);
    larder.pulled([ZOO, "--revision", "v1.0"]);
    larder.pulled([ZOO]);
    let blobs = picture(&larder.store().join("blobs"));
    remove(&larder, &hub);
    assert_eq!(picture(&larder.store().join("blobs")), blobs);
    hub.log().clear();
    let pulled = larder.pulled([ZOO]);
    assert_eq!(fetches(&hub), [""; 0]);
    assert_holds(Path::new(pulled.line()), &repos::zoo());
    assert_once(&larder);
    Client::hf(&larder, ["cache", "verify", ZOO])
        .run()
        .succeeded();
}

#[test]
fn the_repo_by_hf() {
    assert_survives(|larder, _| {
        let remove = Client::hf(larder, ["cache", "rm", "model/acme/zoo", "--yes"]);
        remove.run().succeeded();
        assert!(!larder.repo(ZOO).exists());
    });
}

#[test]
fn a_revision_by_hf() {
    assert_survives(|larder, hub| {
        let commit = hub.commit_of(ZOO, "main").unwrap();
        Client::hf(larder, ["cache", "rm", &commit, "--yes"])
            .run()
            .succeeded();
        assert!(!larder.snapshot(ZOO, &commit).exists());
        assert!(
            larder
                .snapshot(ZOO, &hub.commit_of(ZOO, "v1.0").unwrap())
                .exists()
        );
    });
}

#[test]
fn the_folder_by_hand() {
    assert_survives(|larder, _| fs::remove_dir_all(larder.repo(ZOO)).unwrap());
}

#[test]
fn the_whole_cache_by_hand() {
    assert_survives(|larder, _| fs::remove_dir_all(larder.hub_cache()).unwrap());
}

#[test]
fn a_blob_and_a_name_by_hand() {
    assert_survives(|larder, hub| {
        let snapshot = larder.snapshot(ZOO, &hub.commit_of(ZOO, "main").unwrap());
        fs::remove_file(fs::canonicalize(snapshot.join("config.json")).unwrap()).unwrap();
        fs::remove_file(snapshot.join("model.safetensors")).unwrap();
    });
}

/// Offline, the store alone is enough to make a cache anew.
#[test]
fn the_folder_by_hand_and_the_network_too() {
    let hub = repos::hub();
    let larder = Larder::at(&hub);
    let first = larder.pulled([ZOO]);
    fs::remove_dir_all(larder.repo(ZOO)).unwrap();
    hub.log().clear();
    let again = larder.pulled([ZOO, "--offline"]);
    assert_eq!(again.line(), first.line());
    assert_holds(Path::new(again.line()), &repos::zoo());
    assert_eq!(hub.log().count(|_| true), 0);
}
