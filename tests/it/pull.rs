//! What a whole repo leaves on disk: each file right, where every client looks, once.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::bin::Larder;
use crate::hub::{Content, File, Hub, Repo};
use crate::repos::{CONFIG, DEEP, EMPTY_SHA256, ODD, lines, model, some_bytes, tiny, weights};
use crate::tree::{inode, read, tree};

/// The git id of what `content` holds.
fn git(content: &[u8]) -> String {
    Content::bytes(content.to_vec()).blob_id().to_owned()
}

fn sha256(content: &[u8]) -> String {
    Content::bytes(content.to_vec()).sha256().to_owned()
}

fn bytes(content: &Content) -> Vec<u8> {
    content.slice(0..content.len()).unwrap()
}

#[test]
fn every_file_of_a_repo_is_on_disk() {
    let hub = Hub::builder().repo(model()).start();
    let larder = Larder::at(&hub);
    let ran = larder.pulled(["org/model"]);

    let commit = hub.commit_of("org/model", "main").unwrap();
    let snapshot = larder.snapshot("org/model", &commit);
    assert_eq!(ran.line(), snapshot.to_str().unwrap());
    assert_eq!(read(snapshot.join("config.json")), CONFIG);
    assert_eq!(read(snapshot.join("copy/config.json")), CONFIG);
    assert_eq!(read(snapshot.join("empty.txt")), b"");
    assert_eq!(read(snapshot.join(ODD)), b"odd");
    assert!(read(snapshot.join(DEEP)) == bytes(&some_bytes(3)));
    assert!(read(snapshot.join("model.safetensors")) == bytes(&weights()));
    assert!(read(snapshot.join("twin.safetensors")) == bytes(&weights()));
}

#[test]
fn the_cache_is_what_every_client_expects() {
    let hub = Hub::builder().repo(model()).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/model"]);

    let commit = hub.commit_of("org/model", "main").unwrap();
    let (config, empty, odd) = (git(CONFIG), git(b""), git(b"odd"));
    let (small, large) = (some_bytes(3), weights());
    let listing = format!("trees/{commit}.json");
    let listing_len = read(larder.repo("org/model").join(&listing)).len();
    let snapshot = format!("snapshots/{commit}");
    let want = lines([
        "blobs/".to_owned(),
        format!("blobs/{config} {}", CONFIG.len()),
        format!("blobs/{empty} 0"),
        format!("blobs/{odd} 3"),
        format!("blobs/{} {}", small.sha256(), small.len()),
        format!("blobs/{} {}", large.sha256(), large.len()),
        "refs/".to_owned(),
        "refs/main 40".to_owned(),
        "snapshots/".to_owned(),
        format!("{snapshot}/"),
        format!("{snapshot}/a b/"),
        format!("{snapshot}/{ODD} -> ../../../blobs/{odd}"),
        format!("{snapshot}/config.json -> ../../blobs/{config}"),
        format!("{snapshot}/copy/"),
        format!("{snapshot}/copy/config.json -> ../../../blobs/{config}"),
        format!("{snapshot}/deep/"),
        format!("{snapshot}/deep/er/"),
        format!("{snapshot}/deep/er/still/"),
        format!(
            "{snapshot}/{DEEP} -> ../../../../../blobs/{}",
            small.sha256()
        ),
        format!("{snapshot}/empty.txt -> ../../blobs/{empty}"),
        format!(
            "{snapshot}/model.safetensors -> ../../blobs/{}",
            large.sha256()
        ),
        format!(
            "{snapshot}/twin.safetensors -> ../../blobs/{}",
            large.sha256()
        ),
        "trees/".to_owned(),
        format!("{listing} {listing_len}"),
    ]);
    assert_eq!(tree(&larder.repo("org/model")), want);
    assert_eq!(
        read(larder.repo("org/model").join("refs/main")),
        commit.as_bytes()
    );
    let tag = read(larder.hub_cache().join("CACHEDIR.TAG"));
    assert!(tag.starts_with(b"Signature: 8a477f597d28d172789f06886806bc55"));
}

#[test]
fn the_listing_is_kept_for_other_clients() {
    let hash = "ab".repeat(32);
    let repo = Repo::model("org/xet")
        .file("config.json", CONFIG)
        .with(File::xet("w.bin", some_bytes(5), hash.clone()));
    let hub = Hub::builder().repo(repo).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/xet", "w.bin"]);

    let commit = hub.commit_of("org/xet", "main").unwrap();
    assert!(read(larder.snapshot("org/xet", &commit).join("w.bin")) == bytes(&some_bytes(5)));
    let kept = read(larder.repo("org/xet").join(format!("trees/{commit}.json")));
    let (content, pointer) = (some_bytes(5), File::lfs("w.bin", some_bytes(5)).oid());
    let want = json!({
        "format_version": 1,
        "files": {
            "config.json": { "size": CONFIG.len(), "blob_id": git(CONFIG) },
            "w.bin": {
                "size": content.len(), "blob_id": pointer, "lfs_sha256": content.sha256(),
                "lfs_size": content.len(), "xet_hash": hash,
            },
        },
    });
    assert_eq!(serde_json::from_slice::<Value>(&kept).unwrap(), want);
}

#[test]
fn the_store_has_every_content_once_and_read_only() {
    let hub = Hub::builder().repo(model()).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/model"]);

    let shard = |folder: &str, name: &str| format!("{folder}/{}/{name}", &name[..2]);
    let (small, large) = (some_bytes(3), weights());
    let mut want = Vec::new();
    for (sha256, len) in [
        (sha256(CONFIG), CONFIG.len() as u64),
        (EMPTY_SHA256.to_owned(), 0),
        (sha256(b"odd"), 3),
        (small.sha256().to_owned(), small.len()),
        (large.sha256().to_owned(), large.len()),
    ] {
        want.push(format!("{} {len}", shard("sha256", &sha256)));
    }
    for (id, len) in [(git(CONFIG), CONFIG.len()), (git(b""), 0), (git(b"odd"), 3)] {
        want.push(format!("{} {len}", shard("git-sha1", &id)));
    }
    let blobs = larder.store().join("blobs");
    let all = tree(&blobs);
    let files = all.lines().filter(|line| !line.ends_with('/'));
    assert_eq!(lines(files), lines(want));
    assert_eq!(tree(&larder.store().join("partial")), "");
    assert_eq!(read(larder.store().join("VERSION")), b"1\n");

    let blob = larder.blob(large.sha256());
    assert_eq!(
        fs::metadata(&blob).unwrap().permissions().mode() & 0o777,
        0o444
    );
    let in_cache = larder.repo("org/model").join("blobs").join(large.sha256());
    assert_eq!(inode(&blob), inode(&in_cache));
    let second_name = blobs.join(shard("git-sha1", &git(CONFIG)));
    assert_eq!(inode(second_name), inode(larder.blob(&sha256(CONFIG))));
}

#[test]
fn nothing_is_left_over_elsewhere() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/tiny"]);
    let tops = |folder: &str| -> Vec<String> {
        let entries = fs::read_dir(larder.path(folder)).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(tops(""), [".cache"]);
    assert_eq!(tops(".cache"), ["huggingface", "larder"]);
    assert_eq!(tops(".cache/huggingface"), ["hub"]);
    assert_eq!(
        tops(".cache/huggingface/hub"),
        [".locks", "CACHEDIR.TAG", "models--org--tiny"]
    );
}

#[test]
fn a_repo_without_files() {
    let hub = Hub::builder().repo(Repo::model("org/nothing")).start();
    let larder = Larder::at(&hub);
    let ran = larder.pulled(["org/nothing"]);
    let commit = hub.commit_of("org/nothing", "main").unwrap();
    assert_eq!(
        ran.line(),
        larder.snapshot("org/nothing", &commit).to_str().unwrap()
    );
    assert!(larder.snapshot("org/nothing", &commit).is_dir());
}

#[test]
fn one_content_as_a_small_and_as_a_large_file() {
    let repo = Repo::model("org/both")
        .file("a.txt", b"same")
        .lfs("b.txt", b"same");
    let hub = Hub::builder().repo(repo).start();
    let larder = Larder::at(&hub);
    let path = larder.pulled(["org/both"]).line().to_owned();
    for name in ["a.txt", "b.txt"] {
        assert_eq!(read(format!("{path}/{name}")), b"same");
    }
    let stored = larder.blob(&sha256(b"same"));
    assert_eq!(inode(format!("{path}/b.txt")), inode(&stored));
    assert_eq!(inode(format!("{path}/a.txt")), inode(&stored));
}
