//! `--local-dir`: plain files in a folder, and nobody's work lost in it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::bin::{Larder, Ran};
use crate::hub::{File, Hub, Origin, Repo};
use crate::repos::{CONFIG, DEEP, model, other_weights, some_bytes, tiny, weights};
use crate::tree::{inode, read, tree};

/// A folder that a hub of `org/model` filled.
fn filled() -> (Hub, Larder, PathBuf) {
    let hub = Hub::builder().repo(model()).repo(tiny()).start();
    let larder = Larder::at(&hub);
    into(&larder, "org/model", &[]);
    let dir = larder.path("dir");
    (hub, larder, dir)
}

/// Pulls into `dir` and succeeds.
#[track_caller]
fn into(larder: &Larder, repo: &str, more: &[&str]) -> Ran {
    call(larder, repo, more).succeeded()
}

fn call(larder: &Larder, repo: &str, more: &[&str]) -> Ran {
    larder.pull([repo, "--local-dir", "dir"]).and(more).run()
}

/// How many requests were for bytes of files.
fn fetches(hub: &Hub) -> usize {
    hub.log()
        .count(|record| record.origin == Origin::Cdn || record.path.contains("/resolve/"))
}

pub(crate) fn mode(path: impl AsRef<Path>) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Writes to a file as an editor does.
fn edit(path: &Path, content: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write(path, content).unwrap();
}

#[test]
fn the_files_are_there_and_the_next_pull_has_nothing_to_do() {
    let (hub, larder, dir) = filled();
    assert_eq!(read(dir.join("config.json")), CONFIG);
    assert_eq!(read(dir.join("model.safetensors")), bytes(&weights()));
    assert_eq!(read(dir.join(DEEP)), bytes(&some_bytes(3)));
    assert_eq!(tree(&larder.hub_cache()), "");
    let before = tree(&dir);
    hub.log().clear();
    let again = into(&larder, "org/model", &[]);
    assert_eq!(again.line(), dir.to_str().unwrap());
    assert_eq!(fetches(&hub), 0);
    assert!(!again.stderr.contains("to check"), "{}", again.stderr);
    assert_eq!(tree(&dir), before);
    let file = into(&larder, "org/model", &["config.json"]);
    assert_eq!(file.line(), dir.join("config.json").to_str().unwrap());
}

pub(crate) fn bytes(content: &crate::hub::Content) -> Vec<u8> {
    content.slice(0..content.len()).unwrap()
}

#[test]
fn weights_are_the_stores_and_small_files_are_ones_own() {
    let (_hub, larder, dir) = filled();
    let stored = larder.blob(weights().sha256());
    let (ours, theirs) = (inode(dir.join("model.safetensors")), inode(&stored));
    if ours == theirs {
        assert_eq!(mode(dir.join("model.safetensors")), 0o444);
    } else {
        assert_ne!(mode(dir.join("model.safetensors")) & 0o200, 0, "a reflink");
    }
    assert_ne!(mode(dir.join("config.json")) & 0o200, 0);
    assert_ne!(mode(dir.join(DEEP)) & 0o200, 0);
    assert_eq!(mode(stored), 0o444);
}

#[test]
fn each_way_to_share_bytes() {
    let (_hub, larder, _dir) = filled();
    let at = |how: &str| {
        let dir = larder.path(how);
        let args = ["org/model", "--link", how, "--local-dir", how];
        larder.pulled(args);
        (dir.join("config.json"), dir.join("model.safetensors"))
    };
    let stored = larder.blob(weights().sha256());
    let (small, large) = at("copy");
    assert!(inode(&large) != inode(&stored) && mode(&large) & 0o200 != 0);
    assert!(mode(&small) & 0o200 != 0);
    let (small, large) = at("hardlink");
    assert_eq!((inode(&large), mode(&small)), (inode(&stored), 0o444));
    let (_, large) = at("symlink");
    assert_eq!(fs::read_link(&large).unwrap(), stored);
    // What is as it should be stays, by whichever way it came.
    larder.pulled(["org/model", "--local-dir", "symlink"]);
    assert_eq!(fs::read_link(&large).unwrap(), stored);
}

#[test]
fn edited_files_are_kept_and_named_before_anything_changes() {
    let (hub, larder, dir) = filled();
    hub.commit("org/model", "main", [File::git("copy/config.json", b"{}")]);
    let mut same_length = CONFIG.to_vec();
    same_length[2] = b'H';
    for content in [&b"mine"[..], &same_length] {
        edit(&dir.join("config.json"), content);
        let before = tree(&dir);
        hub.log().clear();
        let refused = call(&larder, "org/model", &[]).exited(2);
        refused.says(&["dir/config.json", "lose what somebody wrote", "--force"]);
        assert_eq!(fetches(&hub), 0);
        assert_eq!(read(dir.join("config.json")), content);
        assert_eq!(tree(&dir), before);
        call(&larder, "org/model", &["--offline"]).exited(2);
    }
    into(&larder, "org/model", &["--force"]);
    assert_eq!(read(dir.join("config.json")), CONFIG);
    assert_eq!(read(dir.join("copy/config.json")), b"{}");
}

/// A second name of the store's file is read-only; who writes to it nevertheless writes to the store.
#[test]
fn weights_that_were_written_to_are_kept_and_serve_nobody() {
    let (_hub, larder, dir) = filled();
    let file = dir.join("model.safetensors");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let mut edited = bytes(&weights());
    edited[7] ^= 1;
    fs::write(&file, &edited).unwrap();
    call(&larder, "org/model", &[])
        .exited(2)
        .says(&["dir/model.safetensors"]);
    let cached = larder.pulled(["org/model"]);
    let cached = Path::new(cached.line()).join("model.safetensors");
    assert!(read(cached) == bytes(&weights()));
    call(&larder, "org/model", &[]).exited(2);
    assert!(read(&file) == edited);
    into(&larder, "org/model", &["--force"]);
    assert!(read(&file) == bytes(&weights()));
}

#[test]
fn what_was_never_pulled_is_kept_too() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    fs::create_dir(larder.path("dir")).unwrap();
    fs::write(larder.path("dir/config.json"), "somebody's").unwrap();
    call(&larder, "org/tiny", &[])
        .exited(2)
        .says(&["dir/config.json"]);
    assert_eq!(read(larder.path("dir/config.json")), b"somebody's");
    // The same file, from wherever, is no other.
    fs::write(larder.path("dir/config.json"), CONFIG).unwrap();
    let before = inode(larder.path("dir/config.json"));
    into(&larder, "org/tiny", &[]);
    assert_eq!(inode(larder.path("dir/config.json")), before);
    assert_ne!(mode(larder.path("dir/config.json")) & 0o200, 0);
}

#[test]
fn a_new_revision_replaces_and_says_what_it_leaves() {
    let (hub, larder, dir) = filled();
    let old = hub.commit_of("org/model", "main").unwrap();
    let changed = [
        File::git("config.json", b"{\"new\": 1}"),
        File::lfs("model.safetensors", other_weights()),
    ];
    hub.commit("org/model", "main", changed);
    into(&larder, "org/model", &[]);
    assert_eq!(read(dir.join("config.json")), b"{\"new\": 1}");
    assert_eq!(read(dir.join("model.safetensors")), bytes(&other_weights()));
    // And back, to a commit without a file that is there.
    fs::write(dir.join("mine.txt"), "mine").unwrap();
    hub.commit("org/model", "main", [File::git("added.txt", b"new")]);
    let moved = into(&larder, "org/model", &[]);
    assert!(!moved.stderr.contains("stays"), "{}", moved.stderr);
    let back = into(&larder, &format!("org/model@{old}"), &[]);
    back.says(&["dir/added.txt of the commit before stays"]);
    assert_eq!(read(dir.join("config.json")), CONFIG);
    let again = into(&larder, &format!("org/model@{old}"), &[]);
    assert!(!again.stderr.contains("stays"), "{}", again.stderr);
    assert_eq!(read(dir.join("mine.txt")), b"mine");
}

#[test]
fn nothing_is_written_through_a_link_in_the_folder() {
    let hub = Hub::builder().repo(model()).start();
    for planted in ["deep", "copy", ".cache"] {
        let larder = Larder::at(&hub);
        let (real, elsewhere) = (larder.path("real"), larder.path("elsewhere"));
        fs::create_dir_all(&real).unwrap();
        fs::create_dir_all(&elsewhere).unwrap();
        // The folder itself may be a link: the user named it.
        symlink(&real, larder.path("dir")).unwrap();
        symlink(&elsewhere, real.join(planted)).unwrap();
        hub.log().clear();
        let refused = call(&larder, "org/model", &[]).exited(7);
        refused.says(&["cannot write through the link", planted]);
        assert_eq!((tree(&elsewhere), fetches(&hub)), (String::new(), 0));
        fs::remove_file(real.join(planted)).unwrap();
        let pulled = into(&larder, "org/model", &[]);
        assert_eq!(pulled.line(), real.to_str().unwrap());
    }
}

#[test]
fn a_link_under_a_files_own_name_is_somebodys() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    fs::create_dir(larder.path("dir")).unwrap();
    fs::write(larder.path("victim"), "victim").unwrap();
    symlink(larder.path("victim"), larder.path("dir/config.json")).unwrap();
    call(&larder, "org/tiny", &[]).exited(2);
    into(&larder, "org/tiny", &["--force"]);
    assert_eq!(read(larder.path("victim")), b"victim");
    assert_eq!(read(larder.path("dir/config.json")), CONFIG);
}

#[test]
fn names_of_notes_and_folders_of_larder_are_refused() {
    let noted = Repo::model("org/noted")
        .file("a.txt", b"a")
        .file(".cache/huggingface/download/a.txt.metadata", b"x");
    let hub = Hub::builder().repo(noted).start();
    let larder = Larder::at(&hub);
    let refused = call(&larder, "org/noted", &[]).exited(2);
    refused.says(&["--exclude '.cache/*'"]);
    into(&larder, "org/noted", &["--exclude", ".cache/*"]);
    for inside in [
        larder.store().join("x"),
        larder.hub_cache().join("models--x"),
    ] {
        let dir = inside.to_str().unwrap();
        let refused = larder.pull(["org/noted", "--local-dir", dir]).run();
        refused.exited(2).says(&["is inside"]);
        assert!(!inside.exists());
    }
    fs::write(larder.path("file"), "").unwrap();
    let refused = larder.pull(["org/noted", "a.txt", "--local-dir", "file"]);
    refused
        .run()
        .exited(7)
        .says(&["something else has that name"]);
}

#[test]
fn cache_and_folder_do_not_fetch_what_the_other_has() {
    let hub = Hub::builder().repo(model()).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/model"]);
    hub.log().clear();
    into(&larder, "org/model", &[]);
    assert_eq!(fetches(&hub), 0);
    // Both stay proven: nothing is hashed again on either side.
    for _time in 0..2 {
        for ran in [
            larder.pulled(["org/model"]),
            into(&larder, "org/model", &[]),
        ] {
            assert!(!ran.stderr.contains("to check"), "{}", ran.stderr);
        }
    }
    // Without the store, what is in the cache is here.
    fs::remove_dir_all(larder.store()).unwrap();
    fs::remove_dir_all(larder.path("dir")).unwrap();
    into(&larder, "org/model", &[]);
    assert_eq!(fetches(&hub), 0);
    assert_eq!(
        read(larder.path("dir/model.safetensors")),
        bytes(&weights())
    );
}

#[test]
fn offline_dry_run_and_json() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    let planned = into(&larder, "org/tiny", &["--dry-run", "--json"]).json();
    assert_eq!(
        planned["need_bytes"],
        CONFIG.len() as u64 + some_bytes(4).len()
    );
    assert!(!larder.path("dir").exists());
    call(&larder, "org/tiny", &["--offline"]).exited(3);
    let pulled = into(&larder, "org/tiny", &["--json"]).json();
    assert_eq!(pulled["path"], larder.path("dir").to_str().unwrap());
    fs::remove_dir_all(larder.path("dir")).unwrap();
    hub.log().clear();
    into(&larder, "org/tiny", &["--offline"]);
    assert_eq!(hub.log().requests().len(), 0);
    assert_eq!(read(larder.path("dir/config.json")), CONFIG);
}

#[test]
fn the_record_names_the_folder() {
    let (_hub, larder, dir) = filled();
    let records = larder.store().join("manifests/hf/models/org/model");
    let record = fs::read_dir(records).unwrap().next().unwrap().unwrap();
    let record: serde_json::Value = serde_json::from_slice(&read(record.path())).unwrap();
    let view = &record["record"]["views"][0];
    assert_eq!(
        (&view["kind"], &view["root"]),
        (&"folder".into(), &dir.to_str().into())
    );
}

#[test]
fn a_dataset_goes_there_as_well() {
    let data = Repo::dataset("org/data").file("train.csv", b"a,b\n");
    let hub = Hub::builder().repo(data).start();
    let larder = Larder::at(&hub);
    into(&larder, "datasets/org/data", &[]);
    assert_eq!(read(larder.path("dir/train.csv")), b"a,b\n");
}

#[test]
fn several_at_once_fill_one_folder() {
    let (hub, larder, dir) = filled();
    fs::remove_dir_all(&dir).unwrap();
    let calls: Vec<_> = ["org/model", "org/tiny", "org/model"]
        .map(|repo| {
            larder
                .pull([repo, "--local-dir", "dir", "--exclude", "config.json"])
                .spawn()
        })
        .into_iter()
        .collect();
    for call in calls {
        call.wait().succeeded();
    }
    assert_eq!(read(dir.join("model.safetensors")), bytes(&weights()));
    assert_eq!(read(dir.join("weights.bin")), bytes(&some_bytes(4)));
    assert!(!dir.join(".cache/huggingface/.larder").exists());
    drop(hub);
}
