//! `larder adopt`: what other tools left is taken over, kept once, and never damaged.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::bin::{Larder, Ran};
use crate::hub::{Content, Hub, Repo};
use crate::repos::{CONFIG, some_bytes, tiny, weights};
use crate::tree::{inode, read, tree};

const MIB: u64 = 1 << 20;

fn bytes(content: &Content) -> Vec<u8> {
    content.slice(0..content.len()).unwrap()
}

/// Repos that share their weights and have configurations of their own.
fn shared(id: &str) -> Repo {
    Repo::model(id)
        .file("config.json", format!("{{\"id\": \"{id}\"}}").into_bytes())
        .file("sub/copy.json", CONFIG)
        .lfs("model.safetensors", weights())
}

/// Leaves `main` of a repo in the cache as a client does that knows no listings.
fn by_another_client(larder: &Larder, hub: &Hub, repo: Repo, id: &str) -> PathBuf {
    let commit = hub.commit_of(id, "main").unwrap();
    let (folder, snapshot) = (larder.repo(id), larder.snapshot(id, &commit));
    for dir in [&folder.join("blobs"), &folder.join("refs")] {
        fs::create_dir_all(dir).unwrap();
    }
    let repo = repo.branch("main");
    for file in repo.revision("main").unwrap().files.values() {
        let (blob, name) = (
            folder.join("blobs").join(file.etag()),
            snapshot.join(&file.path),
        );
        fs::write(&blob, bytes(&file.content)).unwrap();
        fs::create_dir_all(name.parent().unwrap()).unwrap();
        let up = "../".repeat(file.path.split('/').count() + 1);
        symlink(format!("{up}blobs/{}", file.etag()), name).unwrap();
    }
    fs::write(folder.join("refs/main"), &commit).unwrap();
    snapshot
}

/// Inode, length and modification time of everything below a folder, by path.
fn stamps(root: &Path) -> BTreeMap<PathBuf, (u64, u64, i64, i64)> {
    let (mut stamps, mut folders) = (BTreeMap::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let there = fs::symlink_metadata(&path).unwrap();
            if there.is_dir() {
                folders.push(path.clone());
            }
            let stamp = (there.ino(), there.len(), there.mtime(), there.mtime_nsec());
            stamps.insert(path, stamp);
        }
    }
    stamps
}

fn adopt(larder: &Larder, args: &[&str]) -> Ran {
    larder.args(["adopt", "--json"]).and(args).run()
}

#[track_caller]
fn assert_pulls_nothing(larder: &Larder, hub: &Hub, id: &str) {
    hub.log().clear();
    larder.pulled([id]);
    assert_eq!(hub.log().bytes_asked(), 0, "{id}");
}

#[test]
fn two_repos_become_one_file_for_each_content() {
    let ids = ["org/one", "org/two"];
    let hub = Hub::builder()
        .repo(shared(ids[0]))
        .repo(shared(ids[1]))
        .start();
    let larder = Larder::at(&hub);
    let [one, two] = ids.map(|id| by_another_client(&larder, &hub, shared(id), id));
    let names = tree(&larder.hub_cache());
    hub.log().clear();
    let said = adopt(&larder, &[]).succeeded().json();
    assert_eq!(hub.log().count(|_| true), 0);
    let counts = ["files", "linked", "replaced", "recorded"].map(|key| said[key].as_u64().unwrap());
    assert_eq!(counts, [6, 4, 2, 2], "{said}");
    let freed = said["freed_bytes"].as_u64().unwrap();
    let large = weights().len();
    assert!((large..large + 100_000).contains(&freed), "{said}");
    assert_eq!(tree(&larder.hub_cache()), names);
    for name in ["model.safetensors", "sub/copy.json"] {
        assert_eq!(inode(one.join(name)), inode(two.join(name)), "{name}");
    }
    assert_eq!(
        inode(one.join("model.safetensors")),
        inode(larder.blob(weights().sha256()))
    );
    assert!(read(two.join("model.safetensors")) == bytes(&weights()));
    larder.args(["verify"]).run().succeeded();
    for id in ids {
        assert_pulls_nothing(&larder, &hub, id);
    }
    larder.args(["verify"]).run().succeeded();
}

#[test]
fn the_second_time_changes_nothing() {
    let hub = Hub::builder().repo(shared("org/one")).repo(tiny()).start();
    let larder = Larder::at(&hub);
    by_another_client(&larder, &hub, shared("org/one"), "org/one");
    let folder = larder.path("models");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("w.bin"), bytes(&weights())).unwrap();
    let cache = larder.hub_cache();
    let [cached, plain] = [&cache, &folder].map(|dir| dir.to_str().unwrap());
    let dirs = [cached, plain, cached, plain];
    let first = adopt(&larder, &dirs).succeeded().json();
    assert_eq!(first["replaced"], 1, "{first}");
    let before = (stamps(&cache), stamps(&folder), stamps(&larder.store()));
    let again = adopt(&larder, &dirs).succeeded().json();
    assert_eq!(
        (&again["known"], &again["hashed_bytes"]),
        (&again["files"], &0.into())
    );
    let after = (stamps(&cache), stamps(&folder), stamps(&larder.store()));
    assert!(before == after, "{before:#?}\n{after:#?}");
}

#[test]
fn damage_is_named_and_left_alone() {
    let hub = Hub::builder().repo(shared("org/one")).start();
    let larder = Larder::at(&hub);
    by_another_client(&larder, &hub, shared("org/one"), "org/one");
    let blob = larder
        .repo("org/one")
        .join("blobs")
        .join(weights().sha256());
    let mut wrong = read(&blob);
    wrong[99] ^= 1;
    fs::write(&blob, &wrong).unwrap();
    let before = stamps(blob.parent().unwrap())[&blob];
    let ran = larder.args(["adopt"]).run().exited(6);
    assert!(
        ran.stdout.contains("damaged: ") && ran.stdout.contains("of org/one"),
        "{ran:#?}"
    );
    assert_eq!(stamps(blob.parent().unwrap())[&blob], before);
    assert!(read(&blob) == wrong && !larder.blob(weights().sha256()).exists());
    // It was never recorded as being here.
    larder.args(["verify"]).run().succeeded();
    hub.log().clear();
    let path = larder.pulled(["org/one"]).line().to_owned();
    let is_other = |path: &str| path.contains("/resolve/") && !path.ends_with("model.safetensors");
    assert_eq!(hub.log().count(|record| is_other(&record.path)), 0);
    assert!(read(format!("{path}/model.safetensors")) == bytes(&weights()));
}

#[test]
fn a_rotten_blob_of_the_store_replaces_nothing() {
    let hub = Hub::builder().repo(tiny()).repo(shared("org/one")).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/one"]);
    fs::remove_dir_all(larder.repo("org/one")).unwrap();
    let stored = larder.blob(weights().sha256());
    fs::set_permissions(&stored, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(&stored, vec![7; usize::try_from(weights().len()).unwrap()]).unwrap();
    let snapshot = by_another_client(&larder, &hub, shared("org/one"), "org/one");
    adopt(&larder, &[]).succeeded();
    assert!(read(&stored) == bytes(&weights()));
    assert_eq!(inode(stored), inode(snapshot.join("model.safetensors")));
}

#[test]
fn a_plain_folder_gives_and_takes() {
    let other = Content::synthetic(3 * MIB, 77);
    let only = Repo::model("org/only").lfs("x.gguf", other.clone());
    let hub = Hub::builder().repo(shared("org/one")).repo(only).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/one"]);
    let folder = larder.path("my models/sub");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("same.bin"), bytes(&weights())).unwrap();
    fs::write(folder.join("new.gguf"), bytes(&other)).unwrap();
    fs::write(folder.join("config.json"), CONFIG).unwrap();
    fs::write(folder.join("half.part"), bytes(&other)).unwrap();
    symlink(folder.join("new.gguf"), folder.join("link")).unwrap();
    let before = tree(&folder);
    let apart = ["config.json", "half.part"].map(|name| inode(folder.join(name)));
    let said = adopt(&larder, &[larder.path("my models").to_str().unwrap()])
        .succeeded()
        .json();
    assert_eq!(
        (&said["linked"], &said["replaced"]),
        (&1.into(), &1.into()),
        "{said}"
    );
    assert!(
        said["freed_bytes"].as_u64().unwrap() >= weights().len(),
        "{said}"
    );
    assert_eq!(tree(&folder), before);
    assert_eq!(
        inode(folder.join("same.bin")),
        inode(larder.blob(weights().sha256()))
    );
    assert_eq!(
        inode(folder.join("new.gguf")),
        inode(larder.blob(other.sha256()))
    );
    assert_eq!(
        ["config.json", "half.part"].map(|name| inode(folder.join(name))),
        apart
    );
    assert_pulls_nothing(&larder, &hub, "org/only");
    fs::remove_dir_all(larder.path("my models")).unwrap();
    larder.args(["verify"]).run().succeeded();
}

#[test]
fn a_dry_run_tells_and_writes_nothing() {
    let ids = ["org/one", "org/two"];
    let hub = Hub::builder()
        .repo(shared(ids[0]))
        .repo(shared(ids[1]))
        .start();
    let larder = Larder::at(&hub);
    for id in ids {
        by_another_client(&larder, &hub, shared(id), id);
    }
    let before = stamps(larder.home());
    let said = adopt(&larder, &["--dry-run"]).succeeded().json();
    assert!(
        said["freed_bytes"].as_u64().unwrap() >= weights().len(),
        "{said}"
    );
    assert!(
        said["hashed_bytes"].as_u64().unwrap() >= 2 * weights().len(),
        "{said}"
    );
    assert_eq!(stamps(larder.home()), before);
    let freed = adopt(&larder, &[]).succeeded().json()["freed_bytes"].clone();
    assert_eq!(freed, said["freed_bytes"]);
}

/// A snapshot tells which files are here, and not which there are.
#[test]
fn what_a_snapshot_lists_is_believed_only_without_network() {
    let repo = tiny().file("README.md", b"# tiny");
    let hub = Hub::builder().repo(repo).start();
    let larder = Larder::at(&hub);
    let snapshot = by_another_client(
        &larder,
        &hub,
        tiny().file("README.md", b"# tiny"),
        "org/tiny",
    );
    fs::remove_file(snapshot.join("README.md")).unwrap();
    adopt(&larder, &[]).succeeded();
    let offline = larder.pulled(["org/tiny", "--offline"]);
    assert_eq!(offline.line(), snapshot.to_str().unwrap());
    assert!(!snapshot.join("README.md").exists());
    larder.pulled(["org/tiny"]);
    assert_eq!(read(snapshot.join("README.md")), b"# tiny");
    larder.args(["verify"]).run().succeeded();
    hub.log().clear();
    let commit = hub.commit_of("org/tiny", "main").unwrap();
    larder.pulled([format!("org/tiny@{commit}")]);
    assert_eq!(
        hub.log().count(|_| true),
        0,
        "the hub's own listing is kept"
    );
}

/// hf's store of payloads is hf's to write.
#[test]
fn the_shared_store_of_hf_stays_as_it_is() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    let snapshot = by_another_client(&larder, &hub, tiny(), "org/tiny");
    let large = some_bytes(4);
    let blob = larder.repo("org/tiny").join("blobs").join(large.sha256());
    let xet = "ab".repeat(32);
    let payload = larder.hub_cache().join("blobs/ab").join(&xet);
    fs::create_dir_all(payload.parent().unwrap()).unwrap();
    fs::write(
        larder.hub_cache().join("blobs/.huggingface-shared-blobs"),
        "1\n",
    )
    .unwrap();
    fs::rename(&blob, &payload).unwrap();
    symlink(format!("../../blobs/ab/{xet}"), &blob).unwrap();
    let before = (
        stamps(&larder.hub_cache().join("blobs")),
        tree(&larder.hub_cache()),
    );
    adopt(&larder, &[]).succeeded();
    assert_eq!(
        (
            stamps(&larder.hub_cache().join("blobs")),
            tree(&larder.hub_cache())
        ),
        before
    );
    assert_eq!(inode(larder.blob(large.sha256())), inode(payload));
    assert!(read(snapshot.join("weights.bin")) == bytes(&large));
    assert_pulls_nothing(&larder, &hub, "org/tiny");
}

#[test]
fn an_interruption_says_how_to_go_on_and_keeps_what_was_done() {
    let hub = Hub::builder().repo(shared("org/one")).start();
    let larder = Larder::at(&hub);
    by_another_client(&larder, &hub, shared("org/one"), "org/one");
    let folder = larder.path("huge");
    fs::create_dir(&folder).unwrap();
    // Nothing but a hole, and much too long to be hashed here.
    let hole = fs::File::create(folder.join("hole.bin")).unwrap();
    hole.set_len(256 << 30).unwrap();
    let cache = larder.hub_cache();
    let run = larder
        .args(["adopt", "--progress", "lines"])
        .and([&cache, &folder])
        .spawn();
    run.wait_until_it_says("verified org/one/model.safetensors");
    run.interrupt();
    let ran = run.wait().exited(130);
    ran.says(&["To go on: larder adopt"]);
    let said = adopt(&larder, &[cache.to_str().unwrap()])
        .succeeded()
        .json();
    assert_eq!(
        (&said["known"], &said["hashed_bytes"]),
        (&said["files"], &0.into()),
        "{said}"
    );
}

#[test]
fn a_kill_leaves_every_file_as_it_was_or_shared() {
    let ids = ["org/one", "org/two"];
    let hub = Hub::builder()
        .repo(shared(ids[0]))
        .repo(shared(ids[1]))
        .start();
    let larder = Larder::at(&hub);
    let snapshots = ids.map(|id| by_another_client(&larder, &hub, shared(id), id));
    let names = tree(&larder.hub_cache());
    for words in ["here to check", "verified org/one/", "verified org/two/"] {
        let run = larder.args(["adopt", "--progress", "lines"]).spawn();
        run.wait_until_it_says(words);
        run.kill_9();
        assert_eq!(tree(&larder.hub_cache()), names, "{words}");
        for snapshot in &snapshots {
            assert!(read(snapshot.join("model.safetensors")) == bytes(&weights()));
        }
        larder.args(["verify"]).run().succeeded();
        // What the last run recorded is not told again.
        fs::remove_dir_all(larder.store().join("manifests")).ok();
    }
    adopt(&larder, &[]).succeeded();
    let [one, two] = snapshots.map(|snapshot| inode(snapshot.join("model.safetensors")));
    assert_eq!(one, two);
    larder.args(["verify"]).run().succeeded();
}

#[test]
fn what_cannot_be_taken_over_is_refused_with_a_reason() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/tiny"]);
    let store = larder.store();
    larder
        .args(["adopt"])
        .and([&store])
        .run()
        .exited(2)
        .says(&["it is the store itself"]);
    larder
        .args(["adopt", "nowhere"])
        .run()
        .exited(7)
        .says(&["nowhere"]);
    let memory = Path::new("/dev/shm");
    let dev = |path: &Path| fs::metadata(path).map(|there| there.dev()).ok();
    if dev(memory).is_some_and(|there| Some(there) != dev(larder.home())) {
        let other = tempfile::tempdir_in(memory).unwrap();
        let ran = larder.args(["adopt"]).and([other.path()]).run().exited(2);
        ran.says(&["it is on another disk than the store", "--store"]);
    }
}
