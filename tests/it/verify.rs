//! `larder verify`: what is wrong is found, named and, when asked, put right.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::bin::{Larder, Ran};
use crate::hub::{Hub, Origin, Record};
use crate::repos::{CONFIG, model, some_bytes, tiny, weights};
use crate::tree::{inode, read, tree};

/// Writes other bytes of the same length into a file, as a bad disk or a careless program does.
fn damage(path: impl AsRef<Path>) {
    let path = path.as_ref();
    let mut bytes = read(path);
    bytes[7] ^= 1;
    fs::set_permissions(path, Permissions::from_mode(0o644)).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Damages a file so that its stamp does not show it, as a rotten disk does.
fn rot(path: impl AsRef<Path>) {
    let file = fs::File::open(path.as_ref()).unwrap();
    let before = file.metadata().unwrap().modified().unwrap();
    damage(path.as_ref());
    let file = fs::File::options().append(true).open(path).unwrap();
    file.set_modified(before).unwrap();
}

/// `problem file` of everything that is wrong, sorted, and whether the exit code says so.
#[track_caller]
fn wrong(ran: &Ran) -> Vec<String> {
    let document = ran.json();
    let rows = document["wrong"].as_array().unwrap();
    assert_eq!(
        ran.code,
        Some(if rows.is_empty() { 0 } else { 6 }),
        "{ran:#?}"
    );
    let text = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap_or("-").to_owned();
    let mut rows: Vec<String> = rows
        .iter()
        .map(|row| format!("{} {}", text(row, "problem"), text(row, "file")))
        .collect();
    rows.sort();
    rows
}

/// The files whose bytes were asked for.
fn asked_for(hub: &Hub) -> BTreeSet<String> {
    let is_file =
        |record: &Record| record.origin == Origin::Cdn || record.path.contains("/resolve");
    let names = hub.log().select(is_file).into_iter();
    let names = names.map(|record| {
        record
            .path
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned()
    });
    names.collect()
}

#[track_caller]
fn verified(larder: &Larder) -> Vec<String> {
    wrong(&larder.args(["verify", "--json"]).run())
}

fn pulled(larder: &Larder, name: &str) -> PathBuf {
    PathBuf::from(larder.pulled([name]).line())
}

#[test]
fn what_was_pulled_is_right_and_nothing_is_touched_or_asked() {
    let hub = Hub::builder().repo(model()).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/model"]);
    larder.pulled(["org/model", "config.json"]);
    let before = (tree(&larder.store()), tree(&larder.hub_cache()));
    hub.log().clear();
    let ran = larder.args(["verify"]).run().succeeded();
    assert!(ran.stdout.starts_with("verified 5 files"), "{ran:#?}");
    assert!(ran.stdout.contains(" of 1 commit in "), "{ran:#?}");
    assert!(ran.stdout.ends_with(": all right\n"), "{ran:#?}");
    assert_eq!(hub.log().count(|_| true), 0);
    assert_eq!((tree(&larder.store()), tree(&larder.hub_cache())), before);
}

#[test]
fn files_that_were_never_pulled_are_not_missed() {
    let hub = Hub::builder().repo(model()).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/model", "config.json"]);
    assert_eq!(verified(&larder), [""; 0]);
}

#[test]
fn an_empty_store_is_right() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    assert_eq!(verified(&larder), [""; 0]);
    assert_eq!(tree(larder.home()), "");
}

#[test]
fn every_kind_of_damage_is_named() {
    let hub = Hub::builder().repo(model()).start();
    let larder = Larder::at(&hub);
    let at = pulled(&larder, "org/model");
    let blobs = larder.repo("org/model").join("blobs");
    rot(blobs.join(weights().sha256()));
    fs::remove_file(at.join("deep/er/still/x.bin")).unwrap();
    fs::remove_file(at.join("empty.txt")).unwrap();
    symlink("../../blobs/nothing", at.join("empty.txt")).unwrap();
    fs::write(at.join("planted.py"), "import os").unwrap();
    let blob = fs::canonicalize(at.join("config.json")).unwrap();
    fs::set_permissions(&blob, Permissions::from_mode(0o644)).unwrap();
    fs::write(blob, &CONFIG[..5]).unwrap();
    // The name in the store, and that of each file; git's second name counts as one of the store.
    let expected = [
        "content model.safetensors",
        "content model.safetensors",
        "content twin.safetensors",
        "dangling empty.txt",
        "extra -",
        "length config.json",
        "length config.json",
        "length config.json",
        "length copy/config.json",
        "missing deep/er/still/x.bin",
    ];
    assert_eq!(verified(&larder), expected);
    let ran = larder.args(["verify"]).run().exited(6);
    for words in [
        "truncated: 5 of 18 bytes",
        "leads nowhere",
        "unknown file",
        "org/model@",
    ] {
        assert!(ran.stdout.contains(words), "{words}: {ran:#?}");
    }
    assert_eq!(
        ran.stdout
            .lines()
            .filter(|line| line.contains("planted.py"))
            .count(),
        1
    );
}

#[test]
fn repair_fetches_what_is_wrong_and_nothing_else() {
    let hub = Hub::builder().repo(model()).start();
    let larder = Larder::at(&hub);
    let at = pulled(&larder, "org/model");
    let blobs = larder.repo("org/model").join("blobs");
    rot(blobs.join(weights().sha256()));
    fs::remove_file(at.join("deep/er/still/x.bin")).unwrap();
    fs::write(at.join("planted.py"), "import os").unwrap();
    hub.log().clear();
    let ran = larder.args(["verify", "--repair"]).run().exited(6);
    assert!(ran.stdout.contains("left as it is: 1 name"), "{ran:#?}");
    assert_eq!(
        asked_for(&hub),
        BTreeSet::from(["model.safetensors".to_owned()])
    );
    assert!(at.join("planted.py").exists());
    fs::remove_file(at.join("planted.py")).unwrap();
    assert_eq!(verified(&larder), [""; 0]);
    let stored = larder.blob(weights().sha256());
    assert_eq!(inode(at.join("model.safetensors")), inode(stored));
    assert!(read(at.join("twin.safetensors")) == read(at.join("model.safetensors")));
}

#[test]
fn repair_of_names_alone_asks_for_no_byte() {
    let hub = Hub::builder().repo(model()).start();
    let larder = Larder::at(&hub);
    let at = pulled(&larder, "org/model");
    fs::remove_file(
        larder
            .repo("org/model")
            .join("blobs")
            .join(weights().sha256()),
    )
    .unwrap();
    fs::remove_file(at.join("config.json")).unwrap();
    let before = read(larder.repo("org/model").join("refs/main"));
    hub.log().clear();
    larder.args(["verify", "--repair"]).run().succeeded();
    assert_eq!(hub.log().count(|_| true), 0);
    assert_eq!(verified(&larder), [""; 0]);
    assert_eq!(read(larder.repo("org/model").join("refs/main")), before);
}

/// Where the store and the view cannot share a file, one of the two may be wrong alone.
#[test]
fn a_good_copy_on_this_disk_is_used() {
    for is_store_bad in [true, false] {
        let hub = Hub::builder().repo(tiny()).start();
        let larder = Larder::at(&hub);
        let at = pulled(&larder, "org/tiny");
        let large = some_bytes(4);
        let (stored, shown) = (
            larder.blob(large.sha256()),
            fs::canonicalize(at.join("weights.bin")).unwrap(),
        );
        let bytes = read(&shown);
        fs::remove_file(&shown).unwrap();
        fs::write(&shown, &bytes).unwrap();
        damage(if is_store_bad { &stored } else { &shown });
        assert_eq!(verified(&larder), ["content weights.bin"]);
        hub.log().clear();
        larder.args(["verify", "--repair"]).run().succeeded();
        assert_eq!(hub.log().bytes_asked(), 0);
        assert!(read(stored) == bytes && read(shown) == bytes);
        assert_eq!(verified(&larder), [""; 0]);
    }
}

#[test]
fn what_another_tool_removed_is_told_and_no_failure() {
    let hub = Hub::builder().repo(tiny()).repo(model()).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/tiny"]);
    larder.pulled(["org/model"]);
    fs::remove_dir_all(larder.repo("org/tiny")).unwrap();
    let ran = larder.args(["verify", "--repair"]).run().succeeded();
    assert!(ran.stdout.contains("was removed from "), "{ran:#?}");
    assert!(!larder.repo("org/tiny").exists());
    // Nothing shows it any more, so what is wrong with it is taken out and not fetched.
    damage(larder.blob(some_bytes(4).sha256()));
    hub.log().clear();
    larder.args(["verify"]).run().exited(6);
    larder.args(["verify", "--repair"]).run().succeeded();
    assert_eq!(hub.log().count(|_| true), 0);
    assert!(!larder.blob(some_bytes(4).sha256()).exists());
    assert_eq!(verified(&larder), [""; 0]);
    larder.pulled(["org/tiny"]);
    assert_eq!(verified(&larder), [""; 0]);
}

#[test]
fn only_what_is_named_is_verified() {
    let hub = Hub::builder().repo(tiny()).repo(model()).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/tiny"]);
    let at = pulled(&larder, "org/model");
    fs::remove_file(at.join("config.json")).unwrap();
    let verify = |reference: &str| larder.args(["verify", reference, "--json"]).run();
    assert_eq!(wrong(&verify("org/tiny")), [""; 0]);
    assert_eq!(wrong(&verify("org/model@main")), ["missing config.json"]);
    let commit = hub.commit_of("org/model", "main").unwrap();
    let url = format!("{}/org/model/blob/{commit}/empty.txt", hub.endpoint());
    assert_eq!(wrong(&verify(&url)), [""; 0]);
    let ran = larder.args(["verify", "org/other"]).run().exited(3);
    ran.says(&["org/other is not in the store"]);
}

#[test]
fn contents_without_a_record_are_counted_and_hashed() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/tiny"]);
    fs::remove_dir_all(larder.store().join("manifests")).unwrap();
    let ran = larder.args(["verify", "--json"]).run().succeeded();
    assert_eq!(ran.json()["unrecorded"], 2);
    damage(larder.blob(some_bytes(4).sha256()));
    assert_eq!(verified(&larder), ["content -"]);
    larder.args(["verify", "--repair"]).run().succeeded();
    assert!(!larder.blob(some_bytes(4).sha256()).exists());
}

#[test]
fn a_damaged_record_is_wrong() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/tiny"]);
    let commit = hub.commit_of("org/tiny", "main").unwrap();
    let record = larder
        .store()
        .join(format!("manifests/hf/models/org/tiny/{commit}.json"));
    fs::write(record, "{}").unwrap();
    assert_eq!(verified(&larder), ["damaged_record -"]);
    for reference in ["org/tiny", "org/tiny@main"] {
        let ran = larder.args(["verify", reference, "--json"]).run();
        assert_eq!(wrong(&ran), ["damaged_record -"]);
    }
    larder.pulled(["org/tiny"]);
    assert_eq!(verified(&larder), [""; 0]);
}
