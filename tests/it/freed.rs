//! What `ls` says that a row frees, what `rm` says it would, and what it does.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::bin::Larder;
use crate::hub::{Content, Hub, Repo};

const MB: u64 = 1_000_000;

/// Two repos that share their weights, one of them also in a folder, where people edit the small files.
fn hub() -> Hub {
    let sharing = |id: &str, seed| {
        Repo::model(id)
            .file("config.json", format!("{{\"of\": \"{id}\"}}").into_bytes())
            .lfs("own.bin", Content::synthetic(3 * MB, seed))
            .lfs("shared.bin", Content::synthetic(2 * MB, 91))
    };
    Hub::builder()
        .repo(sharing("org/a", 92))
        .repo(sharing("org/b", 93))
        .start()
}

fn machine(hub: &Hub) -> Larder {
    let larder = Larder::at(hub);
    larder.pulled(["org/a"]);
    larder.pulled(["org/b"]);
    larder.pulled(["org/a", "--local-dir", "dir"]);
    larder
}

/// Bytes of all contents below a folder, each file once.
fn measured(dir: &Path) -> u64 {
    fn add(dir: &Path, found: &mut BTreeMap<u64, u64>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let there = fs::symlink_metadata(&path).unwrap();
            let name = path.file_name().unwrap().to_str().unwrap();
            let is_content = path.to_str().unwrap().contains("/blobs/")
                || ["config.json", "own.bin", "shared.bin"].contains(&name);
            if there.is_dir() {
                add(&path, found);
            } else if there.is_file() && is_content {
                found.insert(there.ino(), there.len());
            }
        }
    }
    let mut found = BTreeMap::new();
    add(dir, &mut found);
    found.values().sum()
}

fn unique(larder: &Larder, id: &str) -> u64 {
    let ran = larder.args(["ls", "--json"]).run().succeeded();
    let rows = ran.json();
    let rows = rows.as_array().unwrap();
    let row = rows.iter().find(|row| row["repo"] == id).expect("a row");
    row["unique_bytes"].as_u64().unwrap()
}

fn promised(larder: &Larder, id: &str) -> u64 {
    let ran = larder.args(["rm", id, "--dry-run", "--json"]).run();
    ran.succeeded().json()["freed_bytes"].as_u64().unwrap()
}

#[test]
fn what_is_listed_is_what_is_promised_and_what_becomes_free() {
    let hub = hub();
    let larder = machine(&hub);
    // A name of the user's own keeps what only one of the repos has.
    let own = Content::synthetic(3 * MB, 93);
    fs::hard_link(larder.blob(own.sha256()), larder.path("mine")).unwrap();
    for id in ["org/a", "org/b"] {
        let (listed, promised) = (unique(&larder, id), promised(&larder, id));
        assert_eq!(listed, promised, "{id}");
        let before = measured(larder.home());
        let ran = larder.args(["rm", "--yes", "--json", id]).run();
        assert_eq!(ran.succeeded().json()["freed_bytes"], promised, "{id}");
        // What stays under the user's name alone is no content of the store's any more.
        let left = measured(larder.home());
        assert_eq!(before - left, promised, "{id}");
    }
}

/// Another client's snapshot of the same repo, with one name for a content.
fn show_as_hf_would(larder: &Larder, id: &str, content: &Content) {
    let snapshot = larder.snapshot(id, &"b".repeat(40));
    fs::create_dir_all(&snapshot).unwrap();
    let target = format!("../../blobs/{}", content.sha256());
    std::os::unix::fs::symlink(target, snapshot.join("theirs.bin")).unwrap();
}

#[test]
fn what_another_client_shows_is_promised_by_nobody() {
    let hub = hub();
    let larder = Larder::at(&hub);
    larder.pulled(["org/a"]);
    let own = Content::synthetic(3 * MB, 92);
    show_as_hf_would(&larder, "org/a", &own);
    let promised = promised(&larder, "org/a");
    assert_eq!(
        (unique(&larder, "org/a"), promised),
        (2 * MB + 15, promised)
    );
    let show = larder.args(["show", "org/a", "--json"]).run().succeeded();
    assert_eq!(show.json()["unique_bytes"], promised);
    let ran = larder.args(["rm", "--yes", "--json", "org/a"]).run();
    assert_eq!(ran.succeeded().json()["freed_bytes"], promised);
    let theirs = larder.snapshot("org/a", &"b".repeat(40)).join("theirs.bin");
    assert_eq!(fs::metadata(theirs).unwrap().len(), own.len());
}

#[test]
fn what_has_a_name_elsewhere_makes_no_room() {
    let by_link = |larder: &Larder, own: &Content| {
        fs::hard_link(larder.blob(own.sha256()), larder.path("mine")).unwrap();
    };
    makes_no_room(by_link);
    makes_no_room(|larder, own| show_as_hf_would(larder, "org/a", own));
}

fn makes_no_room(hold: impl Fn(&Larder, &Content)) {
    let hub = hub();
    let larder = Larder::at(&hub);
    larder.pulled(["org/a"]);
    larder.pulled(["org/b"]);
    let record = larder.store().join("manifests/hf/models/org/a");
    for record in fs::read_dir(record).unwrap() {
        let path = record.unwrap().path();
        let opened = fs::File::options().append(true).open(path).unwrap();
        let old = SystemTime::now() - Duration::from_secs(86_400);
        opened.set_modified(old).unwrap();
    }
    hold(&larder, &Content::synthetic(3 * MB, 92));
    // Of the 8 MB, the older repo has 3 to itself, and they stay.
    let ran = larder.args(["prune", "--yes", "--json", "--keep", "6MB"]);
    let json = ran.run().succeeded().json();
    assert_eq!(json["commits"].as_array().unwrap().len(), 2);
    assert_eq!(json["freed_bytes"], 5 * MB + 30);
    assert_eq!(json["held_contents"], 1);
}
