//! Without the network: what is here is enough or it is said what is missing, and nothing is asked.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use serde_json::json;

use crate::bin::{Larder, Ran};
use crate::hub::{Content, File, Hub};
use crate::repos::{CONFIG, model, some_bytes, tiny};
use crate::tree::{read, tree};

/// Runs a pull in each of the ways to say that there is no network; they come to the same.
#[track_caller]
fn offline(larder: &Larder, args: &[&str]) -> Ran {
    let option = larder.pull(args).and(["--offline"]).run();
    for name in ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"] {
        let variable = larder.pull(args).env(name, "1").run();
        assert_eq!(
            (variable.code, &variable.stdout),
            (option.code, &option.stdout),
            "{name}"
        );
    }
    option
}

#[test]
fn what_is_complete_is_answered_without_a_request() {
    let hub = Hub::builder().repo(model()).start();
    let larder = Larder::at(&hub);
    let online = larder.pulled(["org/model"]);
    hub.log().clear();
    assert_eq!(
        offline(&larder, &["org/model"]).succeeded().stdout,
        online.stdout
    );
    let commit = hub.commit_of("org/model", "main").unwrap();
    let pinned = offline(&larder, &[&format!("org/model@{commit}")]).succeeded();
    assert_eq!(pinned.stdout, online.stdout);
    let file = offline(&larder, &["org/model", "config.json"]).succeeded();
    assert_eq!(read(file.line()), CONFIG);
    assert_eq!(hub.log().requests().len(), 0);
}

#[test]
fn what_is_missing_is_named() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/tiny", "config.json"]);
    hub.log().clear();
    let ran = offline(&larder, &["org/tiny"]).exited(3);
    ran.says(&[
        "cannot pull org/tiny",
        "offline, and `weights.bin` is not on this disk",
        "hint: run the pull once with the network",
    ]);
    offline(&larder, &["org/tiny", "config.json"]).succeeded();
    let other = offline(&larder, &["org/tiny@v2"]).exited(3);
    other.says(&["offline, and revision `v2` is not on this disk"]);
    let other = offline(&larder, &["org/other", "--json"]).exited(3);
    let error = &other.json()["error"];
    assert_eq!(
        (&error["kind"], &error["repo"]),
        (&json!("missing"), &json!("org/other"))
    );
    let typo = offline(&larder, &["org/tiny", "confg.json"]).exited(3);
    typo.says(&["has no file `confg.json`", "did you mean config.json"]);
    assert_eq!(hub.log().requests().len(), 0);
}

#[test]
fn a_commit_that_was_never_listed() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/tiny"]);
    let commit = hub.commit("org/tiny", "main", [File::git("new", b"")]);
    let ran = offline(&larder, &[&format!("org/tiny@{commit}")]).exited(3);
    ran.says(&[&format!(
        "offline, and the file list of commit {commit} is not on this disk"
    )]);
    // The branch still is what it was when it was last asked.
    offline(&larder, &["org/tiny"]).succeeded();
}

#[test]
fn an_unset_switch_does_not_count() {
    let hub = Hub::builder().repo(tiny()).start();
    for value in ["", "0", "false"] {
        let larder = Larder::at(&hub);
        larder
            .pull(["org/tiny"])
            .env("HF_HUB_OFFLINE", value)
            .run()
            .succeeded();
    }
    // The first one that is set decides.
    let larder = Larder::at(&hub);
    let call = larder.pull(["org/tiny"]).env("HF_HUB_OFFLINE", "0");
    call.env("TRANSFORMERS_OFFLINE", "1").run().succeeded();
}

/// Fills the cache of `larder` as `hf` does; nothing of it is in a store.
fn by_another_client(larder: &Larder, hub: &Hub, with_listing: bool) {
    let commit = hub.commit_of("org/tiny", "main").unwrap();
    let (repo, snapshot) = (
        larder.repo("org/tiny"),
        larder.snapshot("org/tiny", &commit),
    );
    let (config, weights) = (Content::bytes(CONFIG), some_bytes(4));
    for folder in [
        &repo.join("blobs"),
        &repo.join("refs"),
        &repo.join("trees"),
        &snapshot,
    ] {
        fs::create_dir_all(folder).unwrap();
    }
    for (name, etag, content) in [
        ("config.json", config.blob_id(), &config),
        ("weights.bin", weights.sha256(), &weights),
    ] {
        let bytes = content.slice(0..content.len()).unwrap();
        fs::write(repo.join("blobs").join(etag), bytes).unwrap();
        symlink(format!("../../blobs/{etag}"), snapshot.join(name)).unwrap();
    }
    fs::write(repo.join("refs/main"), &commit).unwrap();
    if with_listing {
        let listing = json!({ "format_version": 1, "files": {
            "config.json": { "size": config.len(), "blob_id": config.blob_id() },
            "weights.bin": {
                "size": weights.len(), "blob_id": File::lfs("", weights.clone()).oid(),
                "lfs_sha256": weights.sha256(), "lfs_size": weights.len(),
            },
        }});
        fs::write(
            repo.join(format!("trees/{commit}.json")),
            listing.to_string(),
        )
        .unwrap();
    }
}

#[test]
fn a_cache_that_another_client_filled() {
    let hub = Hub::builder().repo(tiny()).start();
    let commit = hub.commit_of("org/tiny", "main").unwrap();
    let larder = Larder::at(&hub);
    by_another_client(&larder, &hub, true);
    let ran = offline(&larder, &["org/tiny"]).succeeded();
    assert_eq!(
        ran.line(),
        larder.snapshot("org/tiny", &commit).to_str().unwrap()
    );
    assert_eq!(hub.log().requests().len(), 0);

    // Nobody can say what belongs to a commit without its listing.
    let unlisted = Larder::at(&hub);
    by_another_client(&unlisted, &hub, false);
    let ran = offline(&unlisted, &["org/tiny"]).exited(3);
    ran.says(&["the file list of commit"]);
}

#[test]
fn damage_is_found_offline_too() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    let path = larder.pulled(["org/tiny"]).line().to_owned();
    let len = some_bytes(4).len().try_into().unwrap();
    fs::write(format!("{path}/weights.bin"), vec![7; len]).unwrap();
    let ran = larder.pull(["org/tiny", "--offline"]).run().exited(6);
    ran.says(&["cannot check weights.bin of org/tiny", "checksum mismatch"]);
}

/// Takes the right to write from everything below `folder`, or gives it back to the owner.
fn set_writable(folder: &Path, is_writable: bool) {
    let metadata = fs::symlink_metadata(folder).unwrap();
    if metadata.is_symlink() {
        return;
    }
    let mode = match (metadata.is_dir(), is_writable) {
        (true, true) => 0o755,
        (true, false) => 0o555,
        (false, _) => 0o444,
    };
    fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
    if metadata.is_dir() {
        for entry in fs::read_dir(folder).unwrap() {
            set_writable(&entry.unwrap().path(), is_writable);
        }
    }
}

#[test]
fn cache_and_store_may_be_read_only_when_all_is_here() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    let path = larder.pulled(["org/tiny"]).line().to_owned();
    let call = |args: &[&str]| larder.pull(args).bound_by_permissions();
    // Whoever runs it can be told apart from root, else this test says nothing.
    call(&["org/tiny", "--dry-run"]).run().succeeded();
    set_writable(&larder.path(".cache"), false);
    fs::set_permissions(larder.home(), fs::Permissions::from_mode(0o755)).unwrap();
    let before = tree(larder.home());

    for args in [
        &["org/tiny"][..],
        &["org/tiny", "--offline"],
        &["org/tiny", "config.json"],
    ] {
        let ran = call(args).run().succeeded();
        assert!(ran.line().starts_with(&path), "{ran:?}");
        // What was proven when it was pulled is not hashed at every start.
        assert!(!ran.stderr.contains("to check"), "{ran:?}");
    }
    assert_eq!(tree(larder.home()), before);

    // And something new is refused with words about the disk.
    hub.commit("org/tiny", "main", [File::git("new.txt", b"new")]);
    let ran = call(&["org/tiny"]).run().exited(7);
    ran.says(&[
        "permission denied",
        "hint: check who owns the folder",
        "--store",
    ]);
    assert_eq!(tree(larder.home()), before);
    set_writable(&larder.path(".cache"), true);
}

#[test]
fn a_read_only_cache_that_another_client_filled() {
    let hub = Hub::builder().repo(tiny()).start();
    let commit = hub.commit_of("org/tiny", "main").unwrap();
    for (has_listing, args) in [
        (true, &["org/tiny", "--offline"][..]),
        (false, &["org/tiny"]),
    ] {
        let larder = Larder::at(&hub);
        by_another_client(&larder, &hub, has_listing);
        fs::set_permissions(larder.home(), fs::Permissions::from_mode(0o755)).unwrap();
        set_writable(&larder.path(".cache"), false);
        let before = tree(&larder.path(".cache"));
        let ran = larder.pull(args).bound_by_permissions().run().succeeded();
        assert_eq!(
            ran.line(),
            larder.snapshot("org/tiny", &commit).to_str().unwrap()
        );
        assert_eq!(tree(&larder.path(".cache")), before);
        set_writable(&larder.path(".cache"), true);
    }
    assert_eq!(
        hub.log().count(|record| record.path.contains("/resolve/")),
        0
    );
}
