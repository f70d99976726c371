//! The store's format: what another program wrote by the documented format is read, and a store of a
//! newer format is refused untouched.

use std::fs;
use std::path::{Path, PathBuf};

use crate::bin::Larder;
use crate::hub::{Content, Hub, Repo};
use crate::tree::{read, tree};

/// The commit of the fixture.
const COMMIT: &str = "1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f";

/// The bytes of `scripts/fixtures/store-v1.py`.
fn pattern(len: u32, seed: u32) -> Vec<u8> {
    let byte = |i: u32| (7 * i + (i >> 8) + seed).to_le_bytes()[0];
    (0..len).map(byte).collect()
}

fn hub() -> Hub {
    let repo = Repo::model("org/tiny")
        .file("config.json", "{\"model_type\": \"tiny\"}\n")
        .lfs("model.safetensors", Content::bytes(pattern(1_200_000, 1)))
        .lfs("second.safetensors", Content::bytes(pattern(1_100_000, 2)))
        .commit_id(COMMIT);
    Hub::builder().repo(repo).start()
}

/// A copy of the frozen store, with the hard links that a checkout does not keep.
fn frozen(larder: &Larder) -> PathBuf {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/stores/v1");
    let to = larder.store();
    copy(&from, &to);
    to
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_store_written_by_the_documented_format_serves_offline() {
    let hub = hub();
    let larder = Larder::at(&hub);
    frozen(&larder);
    larder.pulled(["org/tiny", "config.json", "model.safetensors", "--offline"]);
    let snapshot = larder.snapshot("org/tiny", COMMIT);
    assert!(read(snapshot.join("model.safetensors")) == pattern(1_200_000, 1));
    assert_eq!(hub.log().count(|_| true), 0);
}

#[test]
fn its_partial_is_believed_as_far_as_it_was_synced() {
    let hub = hub();
    let larder = Larder::at(&hub);
    frozen(&larder);
    larder.pulled(["org/tiny"]);
    let snapshot = larder.snapshot("org/tiny", COMMIT);
    assert!(read(snapshot.join("second.safetensors")) == pattern(1_100_000, 2));
    let asked = hub.log().select(|request| request.range.is_some());
    let ranges: Vec<_> = asked
        .iter()
        .map(|request| request.range.clone().unwrap())
        .collect();
    assert!(
        !ranges.is_empty() && ranges.iter().all(|range| *range == "bytes=700000-1099999"),
        "{ranges:?}"
    );
}

#[test]
fn a_newer_store_is_refused_and_not_touched() {
    let hub = hub();
    let larder = Larder::at(&hub);
    let store = frozen(&larder);
    fs::write(store.join("VERSION"), "2\n").unwrap();
    let before = tree(&store);
    let ran = larder.pull(["org/tiny"]).run().exited(7);
    ran.says(&["has format 2", "upgrade larder"]);
    assert_eq!(tree(&store), before);
    assert_eq!(hub.log().count(|_| true), 0);
}

#[test]
fn a_newer_manifest_is_refused() {
    let hub = hub();
    let larder = Larder::at(&hub);
    let store = frozen(&larder);
    let path = store.join(format!("manifests/hf/models/org/tiny/{COMMIT}.json"));
    let newer = fs::read_to_string(&path)
        .unwrap()
        .replace("\"version\": 1", "\"version\": 2");
    fs::write(&path, newer).unwrap();
    larder
        .pull(["org/tiny"])
        .run()
        .exited(7)
        .says(&["has format 2"]);
}
