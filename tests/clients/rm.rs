//! What `larder rm` leaves is a cache that `hf` takes for sound, and what `hf` put there it leaves.

use std::fs;

use crate::adopt::assert_holds;
use crate::bin::Larder;
use crate::disk::picture;
use crate::hub::{Content, Hub, Repo};
use crate::python::Client;
use crate::repos::{self, DATA, ZOO};

/// What the scanner of the reference client has to complain about, and the repos that it finds.
fn scan(larder: &Larder) -> (Vec<String>, Vec<String>) {
    let ran = Client::script(larder, "scan.py", [larder.hub_cache()]).run();
    let found = ran.succeeded().json();
    let list = |name: &str| {
        let texts = found[name].as_array().unwrap().iter();
        texts
            .map(|text| text.as_str().unwrap().to_owned())
            .collect()
    };
    (list("warnings"), list("repos"))
}

#[track_caller]
fn assert_sound(larder: &Larder, repos: &[&str]) {
    let (warnings, found) = scan(larder);
    assert_eq!(warnings, [""; 0]);
    assert_eq!(found, repos);
}

fn rm(larder: &Larder, reference: &str) {
    larder.args(["rm", "--yes", reference]).run().succeeded();
}

#[test]
fn a_repo_and_a_revision_leave_no_complaint() {
    let hub = repos::hub();
    let larder = Larder::at(&hub);
    larder.pulled([ZOO, "--revision", "v1.0"]);
    larder.pulled([ZOO]);
    larder.pulled([DATA]);
    larder.pull([ZOO, "no-such-file"]).run().exited(3);
    rm(&larder, "acme/zoo@v1.0");
    assert_sound(&larder, &["acme/data", ZOO]);
    Client::hf(&larder, ["cache", "verify", ZOO])
        .run()
        .succeeded();
    rm(&larder, ZOO);
    assert_sound(&larder, &["acme/data"]);
    assert!(!larder.repo(ZOO).exists());
    rm(&larder, DATA);
    assert_sound(&larder, &[]);
}

/// Like `hf cache rm` of the same repos, but for locks.
#[test]
fn the_cache_is_what_hf_would_have_left() {
    let hub = repos::hub();
    let [ours, theirs] = [(); 2].map(|()| Larder::at(&hub));
    for larder in [&ours, &theirs] {
        larder.pulled([ZOO]);
        larder.pulled([DATA]);
    }
    rm(&ours, ZOO);
    let remove = Client::hf(&theirs, ["cache", "rm", "model/acme/zoo", "--yes"]);
    remove.run().succeeded();
    assert_eq!(picture(&ours.hub_cache()), picture(&theirs.hub_cache()));
}

#[test]
fn what_hf_pulled_of_the_same_repo_stays() {
    let hub = repos::hub();
    let larder = Larder::at(&hub);
    let download = ["download", ZOO, "--revision", "v1.0"];
    Client::hf(&larder, download).run().succeeded();
    larder.pulled([ZOO]);
    rm(&larder, ZOO);
    assert_sound(&larder, &[ZOO]);
    let (main, first) = commits(&hub);
    assert!(!larder.snapshot(ZOO, &main).exists());
    let there = larder.snapshot(ZOO, &first);
    assert!(there.join("config.json").exists() && there.join("README.md").exists());
    Client::hf(&larder, download).offline().run().succeeded();
}

#[test]
fn a_file_that_hf_added_to_the_same_commit_stays() {
    let hub = repos::hub();
    let larder = Larder::at(&hub);
    larder.pulled([ZOO, "config.json", "model.safetensors"]);
    Client::hf(&larder, ["download", ZOO, "README.md"])
        .run()
        .succeeded();
    rm(&larder, ZOO);
    assert_sound(&larder, &[ZOO]);
    let there = larder.snapshot(ZOO, &commits(&hub).0);
    assert!(there.join("README.md").exists() && !there.join("config.json").exists());
    let again = Client::hf(&larder, ["download", ZOO, "README.md"]);
    again.offline().run().succeeded();
}

/// What only `hf` shows is held by its name there, without a record: it would free nothing. When `hf`
/// removes it as well, the store learns of it at the next `prune`.
#[test]
fn what_hf_shows_of_the_same_content_stays_until_hf_removes_it() {
    let weights = Content::synthetic(3 << 20, 8);
    let repo = Repo::model(ZOO)
        .lfs("model.safetensors", weights.clone())
        .tag("v1.0")
        .file("config.json", "{}\n")
        .branch("main");
    let hub = Hub::builder().repo(repo).start();
    let larder = Larder::at(&hub);
    Client::hf(&larder, ["download", ZOO, "--revision", "v1.0"])
        .run()
        .succeeded();
    larder.pulled([ZOO]);
    let blob = larder.blob(weights.sha256());
    let prune = ["prune", "--yes", "--partials-older-than", "0"];
    let prune = || larder.args(prune).run().succeeded();

    rm(&larder, ZOO);
    let (_, first) = commits(&hub);
    let name = larder.snapshot(ZOO, &first).join("model.safetensors");
    assert!(name.exists() && blob.exists());
    let ran = prune();
    assert!(ran.stderr.contains("nothing to prune"), "{ran:?}");
    assert!(name.exists() && blob.exists());

    Client::hf(&larder, ["cache", "rm", &first, "--yes"])
        .run()
        .succeeded();
    let ran = prune();
    assert!(ran.stdout.contains("3.1 MB"), "{ran:?}");
    assert!(!blob.exists());
}

#[test]
fn what_hf_keeps_for_several_repos_is_respected() {
    let hub = repos::hub();
    let larder = Larder::at(&hub);
    larder.pulled([ZOO]);
    // As hf leaves it: the repo's blob is a link to a payload in the shared store.
    let (main, _) = commits(&hub);
    let name = larder.snapshot(ZOO, &main).join("model.safetensors");
    let blob = fs::canonicalize(&name).unwrap();
    let hash = "cd".repeat(32);
    let shared = larder.hub_cache().join("blobs");
    fs::create_dir_all(shared.join("cd")).unwrap();
    fs::write(shared.join(".huggingface-shared-blobs"), "1\n").unwrap();
    fs::hard_link(&blob, shared.join("cd").join(&hash)).unwrap();
    fs::remove_file(&blob).unwrap();
    std::os::unix::fs::symlink(format!("../../blobs/cd/{hash}"), &blob).unwrap();
    rm(&larder, ZOO);
    assert!(!larder.repo(ZOO).exists());
    assert!(shared.join("cd").join(&hash).exists(), "hf's own");
}

#[test]
fn files_in_place_of_links_go_too() {
    let hub = repos::hub();
    let larder = Larder::at(&hub);
    let pulled = larder.pull([ZOO]).env("HF_HUB_DISABLE_SYMLINKS", "1");
    let pulled = pulled.run().succeeded();
    assert_holds(std::path::Path::new(pulled.line()), &repos::zoo());
    let ran = larder.args(["rm", "--yes", ZOO]).run().succeeded();
    assert!(!ran.stdout.contains("kept"), "{ran:?}");
    assert!(!larder.repo(ZOO).exists());
    assert_sound(&larder, &[]);
}

fn commits(hub: &Hub) -> (String, String) {
    let commit = |revision| hub.commit_of(ZOO, revision).unwrap();
    (commit("main"), commit("v1.0"))
}
