//! `larder adopt` and `larder ls` of what the client left: linked, kept once, and fetched no more.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde_json::Value;

use crate::bin::Larder;
use crate::modelscope::Official;
use crate::modelscope::Version::{Now, Old};
use crate::{MODEL, WEIGHTS, assert_holds, cache, fetches, hub, ms};

fn inode(path: impl AsRef<Path>) -> u64 {
    fs::metadata(path).unwrap().ino()
}

fn adopted(larder: &Larder) -> Value {
    larder.args(["adopt", "--json"]).run().succeeded().json()
}

/// `repo revision is-in-the-store` of each row.
fn listed(larder: &Larder) -> Vec<String> {
    let rows = larder.args(["ls", "--json"]).run().succeeded().json();
    let rows = rows.as_array().unwrap().iter().map(|row| {
        assert_eq!(row["hub"], "ms", "{row}");
        let [repo, revision] =
            [&row["repo"], &row["revisions"][0]["names"][0]].map(|it| it.as_str().unwrap());
        format!("{repo} {revision} {}", row["is_in_store"])
    });
    rows.collect()
}

#[test]
fn every_generation_becomes_one_copy_and_the_next_pull_fetches_nothing() {
    let hub = hub();
    let larder = Larder::at(&hub);
    // The newest would open what the older has left, so it comes first.
    for args in [&[MODEL][..], &[MODEL, "--revision", "v1.0"]] {
        Official::snapshot(&larder, Now, args).succeeded();
    }
    Official::snapshot(&larder, Old, &[MODEL]).succeeded();
    let older = cache(&larder).join("hub/models/acme/tiny___v1-5B");
    let folders = [
        older,
        larder.modelscope(MODEL, "master"),
        larder.modelscope(MODEL, "v1.0"),
    ];
    let weights = folders.each_ref().map(|folder| folder.join(WEIGHTS));
    assert_ne!(inode(&weights[0]), inode(&weights[1]));
    let foreseen = larder.args(["adopt", "--dry-run", "--json"]).run();
    assert_eq!(foreseen.succeeded().json()["files"], 3);
    let taken = adopted(&larder);
    assert_eq!(
        (&taken["linked"], &taken["replaced"], &taken["recorded"]),
        (&1.into(), &2.into(), &0.into()),
        "{taken}"
    );
    assert!(weights.iter().all(|name| inode(name) == inode(&weights[0])));
    for folder in &folders {
        assert_holds(folder, &hub, MODEL);
    }
    let again = adopted(&larder);
    assert_eq!(
        (&again["hashed_bytes"], &again["replaced"]),
        (&0.into(), &0.into())
    );
    hub.log().clear();
    let pulled = larder.pulled([ms(MODEL)]);
    assert_holds(pulled.line(), &hub, MODEL);
    assert_eq!(
        inode(Path::new(pulled.line()).join(WEIGHTS)),
        inode(&weights[0])
    );
    // The client takes it as its own.
    Official::snapshot(&larder, Now, &[MODEL]).succeeded();
    assert_eq!(fetches(&hub), [""; 0]);
}

#[test]
fn what_is_unfinished_or_beside_it_is_told_apart() {
    let hub = hub();
    let larder = Larder::at(&hub);
    Official::snapshot(&larder, Now, &[MODEL]).succeeded();
    let bytes = fs::read(larder.modelscope(MODEL, "master").join(WEIGHTS)).unwrap();
    let put = |name: &str| {
        let path = cache(&larder).join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &bytes).unwrap();
        inode(path)
    };
    let unfinished = [
        "models/._____temp/acme/tiny___v1-5B/model.safetensors",
        "models/acme--tiny.v1-5B/snapshots/master/other.bin.incomplete",
    ];
    let before = unfinished.map(put);
    put("mine/model.bin");
    let taken = adopted(&larder);
    assert_eq!(
        (&taken["files"], &taken["replaced"]),
        (&2.into(), &1.into()),
        "{taken}"
    );
    assert_eq!(
        unfinished.map(|name| inode(cache(&larder).join(name))),
        before
    );
}

#[test]
fn it_is_listed_as_not_in_the_store_until_it_is_pulled() {
    let hub = hub();
    let larder = Larder::at(&hub);
    Official::snapshot(&larder, Now, &[MODEL, "--revision", "feat/x"]).succeeded();
    assert_eq!(listed(&larder), [format!("{MODEL} feat/x false")]);
    adopted(&larder);
    let ls = larder.args(["ls"]).run().succeeded();
    assert!(!ls.stderr.contains("nothing listed needs"), "{}", ls.stderr);
    assert_eq!(listed(&larder), [format!("{MODEL} feat/x false")]);
    let missing = larder.args(["show", &ms(MODEL)]).run();
    assert_eq!(missing.code, Some(3));
    let place = cache(&larder);
    assert!(
        missing.stderr.contains(place.to_str().unwrap()),
        "{}",
        missing.stderr
    );
    larder.pulled([ms(&format!("{MODEL}@feat/x"))]);
    assert_eq!(listed(&larder), [format!("{MODEL} feat/x true")]);
}

#[test]
fn what_the_older_client_left_is_listed_with_its_revision() {
    let hub = hub();
    let larder = Larder::at(&hub);
    Official::snapshot(&larder, Old, &[MODEL]).succeeded();
    let rows = larder.args(["ls", "--json"]).run().succeeded().json();
    let size: u64 = hub
        .files(MODEL, "main")
        .iter()
        .map(|(_, content)| content.len())
        .sum();
    assert_eq!(
        rows[0]["size_bytes"], size,
        "without the client's notes: {rows}"
    );
    assert_eq!(listed(&larder), [format!("{MODEL} master false")]);
}
