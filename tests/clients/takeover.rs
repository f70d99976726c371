//! `larder adopt` of caches that the real `hf` filled: one file for each content, and `hf` finds what
//! it left. And the proof that what is kept once can be removed anywhere by anything.

use std::fs;
use std::path::Path;

use crate::adopt::{assert_holds, assert_once};
use crate::bin::Larder;
use crate::disk::inodes;
use crate::hub::{Content, Hub, Repo};
use crate::python::Client;
use crate::repos::{self, ZOO, fetches};

const SIBLING: &str = "acme/sibling";

/// A repo with the weights of the zoo, and a revision more.
fn sibling() -> Repo {
    let weights = Content::synthetic(3 * (1 << 20) + 7, 1);
    Repo::model(SIBLING)
        .file("config.json", "{\"layers\": 2}\n")
        .lfs("pytorch_model.bin", weights)
        .tag("v1")
        .file("README.md", "# Sibling\n")
        .branch("main")
}

fn hub() -> Hub {
    Hub::builder().repo(repos::zoo()).repo(sibling()).start()
}

#[track_caller]
fn assert_hf_is_content(larder: &Larder, names: &[&str]) {
    let ls = Client::hf(larder, ["cache", "ls"]).run().succeeded();
    for name in names {
        assert!(ls.stdout.contains(name), "{ls:#?}");
        Client::hf(larder, ["cache", "verify", name])
            .run()
            .succeeded();
    }
}

#[test]
fn repos_that_hf_fetched_share_their_weights_afterwards() {
    for symlinks in ["0", "1"] {
        let hub = hub();
        let larder = Larder::at(&hub);
        for name in [ZOO, SIBLING] {
            // One file at a time: without symlinks it moves a content away while it copies it elsewhere.
            let download = Client::hf(&larder, ["download", name, "--max-workers", "1"]);
            let download = download.env("HF_HUB_DISABLE_SYMLINKS", symlinks);
            download.run().succeeded();
        }
        hub.log().clear();
        larder.args(["adopt"]).run().succeeded();
        assert_eq!(hub.log().count(|_| true), 0);
        assert_once(&larder);
        assert_hf_is_content(&larder, &[ZOO, SIBLING]);
        hub.log().clear();
        for name in [ZOO, SIBLING] {
            let pull = larder.pull([name]).env("HF_HUB_DISABLE_SYMLINKS", symlinks);
            pull.run().succeeded();
        }
        assert_eq!(fetches(&hub), [""; 0]);
        assert_once(&larder);
        larder.args(["verify"]).run().succeeded();
    }
}

/// Two repos, two revisions, a folder and the cache of `hf`: one file, until the last of them goes.
#[test]
fn what_is_kept_once_can_be_removed_anywhere() {
    let hub = hub();
    let larder = Larder::at(&hub);
    larder.pulled([ZOO]);
    larder.pulled([SIBLING, "--revision", "v1"]);
    Client::hf(&larder, ["download", SIBLING]).run().succeeded();
    let folder = larder.path("models");
    fs::create_dir(&folder).unwrap();
    let weights = Content::synthetic(3 * (1 << 20) + 7, 1);
    let bytes = weights.slice(0..weights.len()).unwrap();
    fs::write(folder.join("mine.bin"), &bytes).unwrap();
    let cache = larder.hub_cache();
    larder
        .args(["adopt"])
        .and([&cache, &folder])
        .run()
        .succeeded();

    let once = |roots: &[&Path]| {
        let all = inodes(roots);
        let id = weights.sha256().parse().unwrap();
        assert_eq!(all[&id].len(), 1, "{:?}", all[&id]);
    };
    let blobs = larder.store().join("blobs");
    once(&[&blobs, &cache, &folder]);
    let clean = || {
        larder.args(["verify"]).run().succeeded();
    };
    clean();

    let commit = hub.commit_of(SIBLING, "v1").unwrap();
    Client::hf(&larder, ["cache", "rm", &commit, "--yes"])
        .run()
        .succeeded();
    clean();
    assert_holds(
        &larder.snapshot(SIBLING, &hub.commit_of(SIBLING, "main").unwrap()),
        &sibling(),
    );
    let zoo = format!("model/{ZOO}");
    Client::hf(&larder, ["cache", "rm", &zoo, "--yes"])
        .run()
        .succeeded();
    assert!(!larder.repo(ZOO).exists());
    clean();
    assert_hf_is_content(&larder, &[SIBLING]);
    assert!(fs::read(folder.join("mine.bin")).unwrap() == bytes);
    fs::remove_dir_all(&folder).unwrap();
    clean();
    fs::remove_dir_all(&cache).unwrap();
    clean();

    hub.log().clear();
    let pulled = larder.pulled([SIBLING]);
    assert_eq!(fetches(&hub), [""; 0]);
    assert_holds(Path::new(pulled.line()), &sibling());
    fs::remove_dir_all(larder.store()).unwrap();
    assert_hf_is_content(&larder, &[SIBLING]);
    assert!(fs::read(Path::new(pulled.line()).join("pytorch_model.bin")).unwrap() == bytes);
    once(&[&larder.hub_cache()]);
}
