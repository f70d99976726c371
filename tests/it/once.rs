//! Every content is fetched once and kept once, whoever put it there.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use crate::bin::{Larder, Ran};
use crate::hub::{Content, File, Hub, Record, Repo};
use crate::repos::{CONFIG, model, other_weights, some_bytes, tiny, weights};
use crate::tree::{inode, read, tree};

fn bytes(content: &Content) -> Vec<u8> {
    content.slice(0..content.len()).unwrap()
}

/// Whether a request is for the bytes of a file.
fn is_file(record: &Record) -> bool {
    record.path.contains("/resolve/")
}

/// Puts `org/tiny` into the cache of `larder` as another client does, with this weights file.
fn by_another_client(larder: &Larder, hub: &Hub, weights: &[u8]) -> PathBuf {
    let commit = hub.commit_of("org/tiny", "main").unwrap();
    let repo = larder.repo("org/tiny");
    let snapshot = larder.snapshot("org/tiny", &commit);
    for folder in [&repo.join("blobs"), &repo.join("refs"), &snapshot] {
        fs::create_dir_all(folder).unwrap();
    }
    let (config, large) = (Content::bytes(CONFIG), some_bytes(4));
    for (name, etag, content) in [
        ("config.json", config.blob_id(), CONFIG),
        ("weights.bin", large.sha256(), weights),
    ] {
        fs::write(repo.join("blobs").join(etag), content).unwrap();
        symlink(format!("../../blobs/{etag}"), snapshot.join(name)).unwrap();
    }
    fs::write(repo.join("refs/main"), &commit).unwrap();
    snapshot
}

#[test]
fn force_fetches_again() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/tiny"]);
    hub.log().clear();
    let ran = larder.pulled(["org/tiny", "--force"]);
    let len = CONFIG.len() as u64 + some_bytes(4).len();
    assert_eq!(hub.log().bytes_asked(), len);
    assert!(read(format!("{}/weights.bin", ran.line())) == bytes(&some_bytes(4)));
    assert_eq!(tree(&larder.store().join("partial")), "");
}

#[test]
fn force_replaces_what_is_damaged() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    let path = larder.pulled(["org/tiny"]).line().to_owned();
    for name in ["weights.bin", "config.json"] {
        let right = read(format!("{path}/{name}"));
        fs::write(format!("{path}/{name}"), vec![7; right.len()]).unwrap();
        larder.pulled(["org/tiny", "--force"]);
        assert!(read(format!("{path}/{name}")) == right, "{name}");
        let stored = larder.blob(Content::bytes(right).sha256());
        assert_eq!(inode(format!("{path}/{name}")), inode(stored));
    }
}

#[test]
fn a_new_revision_costs_what_is_new() {
    let hub = Hub::builder().repo(model()).start();
    let larder = Larder::at(&hub);
    let before = larder.pulled(["org/model"]).line().to_owned();
    let changed = [
        File::git("config.json", b"{}"),
        File::lfs("added.bin", some_bytes(6)),
        File::lfs("moved/model.safetensors", weights()),
    ];
    hub.commit("org/model", "main", changed);
    hub.log().clear();
    let ran = larder.pulled(["org/model", "--json"]);
    let new = 2 + some_bytes(6).len();
    assert_eq!(hub.log().bytes_asked(), new);
    let document = ran.json();
    assert_eq!(document["fetched_bytes"], new);
    let after = document["path"].as_str().unwrap();
    for moved in ["model.safetensors", "moved/model.safetensors"] {
        let first = inode(format!("{before}/model.safetensors"));
        assert_eq!(inode(format!("{after}/{moved}")), first);
    }
}

#[test]
fn what_the_store_has_is_hashed_before_another_repo_gets_it() {
    let other = Repo::model("org/other").lfs("model.bin", some_bytes(4));
    let hub = Hub::builder().repo(tiny()).repo(other).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/tiny"]);
    // Somebody writes through the one name: the length is right, the bytes are not.
    let blob = larder.blob(some_bytes(4).sha256());
    let mut wrong = read(&blob);
    wrong[7] ^= 1;
    fs::set_permissions(&blob, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(&blob, &wrong).unwrap();

    larder.pulled(["org/other"]);
    let commit = hub.commit_of("org/other", "main").unwrap();
    let file = larder.snapshot("org/other", &commit).join("model.bin");
    assert!(read(file) == bytes(&some_bytes(4)));
}

#[test]
fn a_large_git_file_is_fetched_once() {
    let tokenizer = bytes(&Content::synthetic(3_000_000, 11));
    let one = Repo::model("org/one").with(File::git("tokenizer.json", tokenizer.clone()));
    let two = Repo::model("org/two").with(File::git("tokenizer.json", tokenizer.clone()));
    let hub = Hub::builder().repo(one).repo(two).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/one"]);
    hub.log().clear();
    larder.pulled(["org/two"]);
    assert_eq!(hub.log().count(is_file), 0);
    let commit = hub.commit_of("org/two", "main").unwrap();
    let file = larder.snapshot("org/two", &commit).join("tokenizer.json");
    assert!(read(file) == tokenizer);
}

#[test]
fn a_store_of_a_group_stays_writable_to_the_group() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    fs::create_dir_all(larder.store()).unwrap();
    fs::set_permissions(larder.store(), fs::Permissions::from_mode(0o2775)).unwrap();
    larder.pulled(["org/tiny"]);
    let lock = larder.store().join("locks/store.lock");
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(lock) & 0o060, 0o060);
    assert_eq!(mode(larder.store().join("blobs/sha256")) & 0o2070, 0o2070);
    // What is proven is nobody's to write.
    assert_eq!(mode(larder.blob(some_bytes(4).sha256())), 0o444);
}

#[test]
fn two_repos_share_a_content() {
    let twin = Repo::dataset("other/copy")
        .file("settings.json", CONFIG)
        .lfs("renamed.bin", other_weights());
    let first = Repo::model("org/first")
        .file("config.json", CONFIG)
        .lfs("model.bin", other_weights());
    let hub = Hub::builder().repo(first).repo(twin).start();
    let larder = Larder::at(&hub);
    let first = larder.pulled(["org/first"]).line().to_owned();
    hub.log().clear();
    let second = larder.pulled(["datasets/other/copy"]).line().to_owned();
    assert_eq!(hub.log().count(is_file), 0);
    assert_eq!(
        inode(format!("{first}/model.bin")),
        inode(format!("{second}/renamed.bin"))
    );
    assert_eq!(
        inode(format!("{first}/config.json")),
        inode(format!("{second}/settings.json"))
    );
}

#[test]
fn what_another_client_fetched_is_hashed_once_and_not_fetched() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    let snapshot = by_another_client(&larder, &hub, &bytes(&some_bytes(4)));
    let before = inode(snapshot.join("weights.bin"));
    let ran = larder.pulled(["org/tiny"]);
    ran.says(&["to check", "all already here"]);
    assert_eq!(hub.log().count(is_file), 0);
    // The store has it now, and nobody has it twice.
    assert_eq!(inode(larder.blob(some_bytes(4).sha256())), before);
    assert_eq!(inode(snapshot.join("weights.bin")), before);
    let again = larder.pulled(["org/tiny"]);
    assert!(!again.stderr.contains("to check"), "{again:?}");
    let other = larder
        .pull(["org/tiny", "--store", "elsewhere"])
        .run()
        .succeeded();
    assert_eq!(other.line(), snapshot.to_str().unwrap());
    assert_eq!(hub.log().count(is_file), 0);
}

#[test]
fn what_another_client_left_wrong_is_replaced() {
    let right = bytes(&some_bytes(4));
    let mut wrong = right.clone();
    wrong[1000] ^= 1;
    for (left, notice) in [(&wrong[..], "damaged"), (&right[1..], ""), (&[][..], "")] {
        let hub = Hub::builder().repo(tiny()).start();
        let larder = Larder::at(&hub);
        let snapshot = by_another_client(&larder, &hub, left);
        larder.pulled(["org/tiny"]).says(&["weights.bin", notice]);
        assert!(read(snapshot.join("weights.bin")) == right);
        assert!(read(larder.blob(some_bytes(4).sha256())) == right);
        let asked = hub.log().select(is_file);
        let others = asked
            .iter()
            .filter(|record| !record.path.ends_with("weights.bin"));
        assert_eq!(others.count(), 0, "{asked:#?}");
    }
}

#[test]
fn a_copied_file_in_place_of_a_link_is_taken_too() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    let commit = hub.commit_of("org/tiny", "main").unwrap();
    let snapshot = larder.snapshot("org/tiny", &commit);
    fs::create_dir_all(&snapshot).unwrap();
    fs::write(snapshot.join("weights.bin"), bytes(&some_bytes(4))).unwrap();
    fs::write(snapshot.join("config.json"), CONFIG).unwrap();
    larder.pulled(["org/tiny"]);
    assert_eq!(hub.log().count(is_file), 0);
    assert!(read(snapshot.join("weights.bin")) == bytes(&some_bytes(4)));
}

#[test]
fn a_shared_blob_of_hf_is_read_through() {
    let hash = "cd".repeat(32);
    let repo = Repo::model("org/tiny")
        .file("config.json", CONFIG)
        .with(File::xet("weights.bin", some_bytes(4), hash.clone()));
    let hub = Hub::builder().repo(repo).start();
    let larder = Larder::at(&hub);
    let snapshot = by_another_client(&larder, &hub, b"");
    // As `hf` 1.32 shares what it fetched from Xet storage.
    let shared = larder.hub_cache().join("blobs");
    let payload = shared.join("cd").join(&hash);
    let etag = some_bytes(4).sha256().to_owned();
    fs::create_dir_all(shared.join("cd")).unwrap();
    fs::write(shared.join(".huggingface-shared-blobs"), "1\n").unwrap();
    fs::write(&payload, bytes(&some_bytes(4))).unwrap();
    let user = format!("models--org--tiny/blobs/{etag}\n");
    fs::write(shared.join("cd").join(format!("{hash}.refs")), &user).unwrap();
    let blob = larder.repo("org/tiny").join("blobs").join(&etag);
    fs::remove_file(&blob).unwrap();
    let target = format!("../../blobs/cd/{hash}");
    symlink(&target, &blob).unwrap();
    let before = tree(&shared);

    larder.pulled(["org/tiny"]);
    assert_eq!(hub.log().count(is_file), 0);
    assert!(read(snapshot.join("weights.bin")) == bytes(&some_bytes(4)));
    assert_eq!(tree(&shared), before);
    assert_eq!(fs::read_link(&blob).unwrap().to_str(), Some(&target[..]));
    assert_eq!(inode(larder.blob(&etag)), inode(&payload));
}

#[test]
fn a_cache_without_symlinks() {
    let hub = Hub::builder().repo(model()).start();
    let larder = Larder::at(&hub);
    let pull = |args: &[&str]| -> Ran {
        let call = larder.pull(args).env("HF_HUB_DISABLE_SYMLINKS", "1");
        call.run().succeeded()
    };
    let path = pull(&["org/model"]).line().to_owned();
    assert!(!tree(&larder.hub_cache()).contains(" -> "));
    let kind = fs::symlink_metadata(format!("{path}/model.safetensors")).unwrap();
    assert!(kind.is_file());
    assert!(read(format!("{path}/model.safetensors")) == bytes(&weights()));
    // Still no byte twice.
    let stored = inode(larder.blob(weights().sha256()));
    assert_eq!(inode(format!("{path}/model.safetensors")), stored);
    assert_eq!(inode(format!("{path}/twin.safetensors")), stored);
    hub.log().clear();
    pull(&["org/model"]).says(&["all already here"]);
    hub.commit("org/model", "main", [File::git("new.txt", b"new")]);
    hub.log().clear();
    pull(&["org/model"]);
    assert_eq!(hub.log().bytes_asked(), 3);
}

#[test]
fn damage_that_shows_is_repaired() {
    let hub = Hub::builder().repo(tiny()).start();
    for name in ["weights.bin", "config.json"] {
        let larder = Larder::at(&hub);
        let path = larder.pulled(["org/tiny"]).line().to_owned();
        let right = read(format!("{path}/{name}"));
        // Through the link, so into the blob of cache and store.
        fs::write(format!("{path}/{name}"), vec![7; right.len()]).unwrap();
        larder.pulled(["org/tiny"]).says(&[name, "damaged"]);
        assert!(read(format!("{path}/{name}")) == right, "{name}");
        // And for whoever asks next.
        fs::remove_dir_all(larder.hub_cache()).unwrap();
        larder.pulled(["org/tiny"]);
        assert!(read(format!("{path}/{name}")) == right, "{name}");
    }
}
