//! `larder rm`: what was asked goes, and nothing else.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use crate::bin::{Larder, Ran};
use crate::hub::{Content, Hub, Repo};
use crate::tree::tree;

const MB: u64 = 1_000_000;

pub(crate) fn shared() -> Content {
    Content::synthetic(2 * MB, 71)
}

/// `org/one` at two commits (`v1`, `main`) and `org/two`; one content is in all three.
pub(crate) fn hub() -> Hub {
    let one = Repo::model("org/one")
        .file("config.json", "{\"v\": 1}\n")
        .lfs("shared.bin", shared())
        .lfs("first.bin", Content::synthetic(3 * MB, 72))
        .tag("v1")
        .without("first.bin")
        .file("config.json", "{\"v\": 2}\n")
        .lfs("second.bin", Content::synthetic(4 * MB, 73));
    let two = Repo::model("org/two")
        .file("README.md", "two\n")
        .lfs("shared.bin", shared());
    Hub::builder().repo(one).repo(two).start()
}

/// A machine that has pulled all of it.
fn machine(hub: &Hub) -> Larder {
    let larder = Larder::at(hub);
    larder.pulled(["org/one@v1"]);
    larder.pulled(["org/one"]);
    larder.pulled(["org/two"]);
    larder
}

pub(crate) fn rm(larder: &Larder, args: &[&str]) -> Ran {
    larder.args(["rm", "--yes"]).and(args).run()
}

/// The names of everything but locks, which stay for ever, and folders.
fn left(larder: &Larder) -> Vec<String> {
    let is_lock = |line: &str| line.contains("/locks/") || line.contains("/.locks/");
    let all = tree(larder.home());
    let lines = all
        .lines()
        .filter(|line| !line.ends_with('/') && !is_lock(line));
    lines
        .filter_map(|line| Some(line.rsplit_once(' ')?.0.to_owned()))
        .collect()
}

/// Every file of a pulled revision is right, and a pull of it asks for no byte.
#[track_caller]
fn assert_whole(larder: &Larder, hub: &Hub, id: &str, revision: &str) {
    let snapshot = larder.snapshot(id, &hub.commit_of(id, revision).unwrap());
    for (path, content) in hub.files(id, revision) {
        let there = Content::disk(snapshot.join(&path)).unwrap();
        assert_eq!(there.sha256(), content.sha256(), "{path} of {id}");
        assert!(larder.blob(content.sha256()).exists());
    }
    larder.pulled([&format!("{id}@{revision}"), "--offline"]);
}

#[test]
fn a_repo_goes_with_everything_that_nothing_else_needs() {
    let hub = hub();
    let larder = machine(&hub);
    let ran = rm(&larder, &["org/one"]).succeeded();
    assert!(ran.stdout.contains("removed 2 commits"), "{ran:?}");
    assert!(ran.stdout.contains("7.0 MB freed"), "{ran:?}");
    assert!(!larder.repo("org/one").exists());
    assert_whole(&larder, &hub, "org/two", "main");

    let clean = Larder::at(&hub);
    clean.pulled(["org/two"]);
    // As if it had never been there, but for the mark that something was taken out.
    assert_eq!(left(&larder), left(&clean));
}

#[test]
fn the_last_repo_leaves_an_empty_store() {
    let hub = hub();
    let larder = machine(&hub);
    rm(&larder, &["org/one", "org/two"]).succeeded();
    let want = [
        ".cache/huggingface/hub/CACHEDIR.TAG",
        ".cache/larder/CACHEDIR.TAG",
        ".cache/larder/VERSION",
    ];
    assert_eq!(left(&larder), want);
}

#[test]
fn a_revision_goes_and_the_other_one_stays() {
    let hub = hub();
    let larder = machine(&hub);
    let first = hub.commit_of("org/one", "v1").unwrap();
    rm(&larder, &["org/one@v1"]).succeeded();
    assert!(!larder.snapshot("org/one", &first).exists());
    assert!(!larder.repo("org/one").join("refs/v1").exists());
    assert!(
        !larder
            .repo("org/one")
            .join(format!("trees/{first}.json"))
            .exists()
    );
    assert!(
        !larder
            .blob(Content::synthetic(3 * MB, 72).sha256())
            .exists()
    );
    assert_whole(&larder, &hub, "org/one", "main");
    assert_whole(&larder, &hub, "org/two", "main");
    larder.pull(["org/one@v1", "--offline"]).run().exited(3);
}

#[test]
fn a_name_of_a_commit_that_has_another_goes_alone() {
    let repo = Repo::model("org/one").file("config.json", "{}\n").tag("v1");
    let hub = Hub::builder().repo(repo).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/one"]);
    larder.pulled(["org/one@v1"]);
    let ran = rm(&larder, &["org/one@v1"]).succeeded();
    assert!(ran.stdout.contains("the name alone"), "{ran:?}");
    assert!(!larder.repo("org/one").join("refs/v1").exists());
    assert_whole(&larder, &hub, "org/one", "main");
    larder.pull(["org/one@v1", "--offline"]).run().exited(3);
    // A commit that was asked for by its id is not left behind by a branch.
    let commit = hub.commit_of("org/one", "main").unwrap();
    larder.pulled([&format!("org/one@{commit}")]);
    rm(&larder, &["org/one@main"]).succeeded();
    larder.pulled([&format!("org/one@{commit}"), "--offline"]);
    rm(&larder, &[&format!("org/one@{}", &commit[..12])]).succeeded();
    assert!(!larder.repo("org/one").exists());
}

#[test]
fn single_files_go_and_the_next_pull_brings_them_back() {
    let hub = hub();
    let larder = machine(&hub);
    let ran = rm(&larder, &["org/one@main", "--file", "second.bin"]).succeeded();
    assert!(
        ran.stdout.contains("removed 1 file: 4.0 MB freed"),
        "{ran:?}"
    );
    let snapshot = larder.snapshot("org/one", &hub.commit_of("org/one", "main").unwrap());
    assert!(fs::symlink_metadata(snapshot.join("second.bin")).is_err());
    assert!(snapshot.join("config.json").exists());
    assert_whole(&larder, &hub, "org/one", "v1");
    // A file that another revision has as well goes from this one alone.
    let ran = rm(&larder, &["org/one@main", "--include", "sh*"]).succeeded();
    assert!(ran.stdout.contains(": 0 B freed"), "{ran:?}");
    assert_whole(&larder, &hub, "org/one", "v1");
    larder.pull(["org/one", "--offline"]).run().exited(3);
    hub.log().clear();
    larder.pulled(["org/one"]);
    assert_whole(&larder, &hub, "org/one", "main");
    assert_eq!(hub.log().bytes_sent_by(crate::hub::Origin::Cdn), 4 * MB);
}

#[test]
fn the_last_file_takes_its_commit_along() {
    let hub = hub();
    let larder = machine(&hub);
    rm(&larder, &["org/two", "--include", "*"]).succeeded();
    assert!(!larder.repo("org/two").exists());
    larder.args(["rm", "org/two", "--dry-run"]).run().exited(3);
}

#[test]
fn a_dry_run_removes_nothing_and_says_what_would_go() {
    let hub = hub();
    let larder = machine(&hub);
    let before = tree(larder.home());
    let ran = larder
        .args(["rm", "org/one", "--dry-run"])
        .run()
        .succeeded();
    let main = &hub.commit_of("org/one", "main").unwrap()[..12];
    for words in [
        &format!("org/one@{main} (main)")[..],
        "would remove 2 commits (7.0 MB)",
    ] {
        assert!(ran.stdout.contains(words), "{words}: {ran:?}");
    }
    assert_eq!(tree(larder.home()), before);
    let json = larder
        .args(["rm", "org/one@v1", "--dry-run", "--json"])
        .run();
    let json = json.succeeded().json();
    assert_eq!(json["is_dry_run"], true);
    assert_eq!(json["content_bytes"], 3 * MB + 9);
    assert_eq!(json["commits"][0]["repo"], "org/one");
    assert_eq!(json["commits"][0]["revisions"][0], "v1");
    assert_eq!(json["commits"][0]["size_bytes"], 5 * MB + 9);
}

#[test]
fn without_a_terminal_it_does_not_ask_and_does_nothing() {
    let hub = hub();
    let larder = machine(&hub);
    let before = tree(larder.home());
    let ran = larder.args(["rm", "org/one"]).run().exited(2);
    ran.says(&["there is no terminal to ask at", "--yes", "--dry-run"]);
    assert_eq!(tree(larder.home()), before);
}

/// `script` gives the command a terminal and types into it.
#[cfg(target_os = "linux")]
fn at_a_terminal(larder: &Larder, answer: &str) -> String {
    let line = format!("{} rm org/two", env!("CARGO_BIN_EXE_larder"));
    let mut command = larder.args([""; 0]).command();
    let envs: Vec<_> = command
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect();
    command = std::process::Command::new("script");
    command
        .args(["-qec", &line, "/dev/null"])
        .env_clear()
        .envs(envs);
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = pipes.spawn().expect("this test needs script");
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{answer}").unwrap();
    let out = child.wait_with_output().unwrap();
    drop(stdin);
    String::from_utf8_lossy(&out.stdout).into_owned()
}

#[cfg(target_os = "linux")]
#[test]
fn at_a_terminal_it_asks() {
    let hub = hub();
    let larder = machine(&hub);
    let before = tree(larder.home());
    for answer in ["n", "", "what"] {
        let seen = at_a_terminal(&larder, answer);
        assert!(seen.contains("remove 1 commit"), "{seen}");
        assert!(
            seen.contains("[y/N]") && seen.contains("nothing was removed"),
            "{seen}"
        );
        assert_eq!(tree(larder.home()), before);
    }
    let seen = at_a_terminal(&larder, "y");
    assert!(seen.contains("removed 1 commit"), "{seen}");
    assert!(!larder.repo("org/two").exists());
}

#[test]
fn what_is_not_there_is_told_with_what_looks_like_it() {
    let hub = hub();
    let larder = machine(&hub);
    for (reference, hint) in [
        ("org/ones", "did you mean org/one"),
        ("org/one@v2", "v1"),
        ("org/nothing-like-it", "larder ls"),
    ] {
        let ran = larder.args(["rm", "--yes", reference]).run().exited(3);
        ran.says(&["is not in the store", hint]);
    }
    let ran = rm(&larder, &["org/one", "--file", "confg.json"]).exited(3);
    ran.says(&["confg.json", "did you mean config.json"]);
    let json = larder
        .args(["rm", "--yes", "--json", "org/ones"])
        .run()
        .exited(3);
    assert_eq!(json.json()["error"]["kind"], "missing");
}

#[test]
fn what_another_program_put_into_the_cache_is_left_to_it() {
    let hub = hub();
    let larder = Larder::at(&hub);
    let folder = larder
        .repo("org/foreign")
        .join("snapshots")
        .join("c".repeat(40));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("config.json"), "{}").unwrap();
    let before = tree(&larder.hub_cache());
    let ran = rm(&larder, &["org/foreign"]).exited(3);
    ran.says(&["another program keeps it in", "hf cache rm", "larder adopt"]);
    assert_eq!(tree(&larder.hub_cache()), before);
}

#[test]
fn what_somebody_put_in_place_of_a_file_stays_and_is_named() {
    let hub = hub();
    let larder = machine(&hub);
    let snapshot = larder.snapshot("org/two", &hub.commit_of("org/two", "main").unwrap());
    fs::remove_file(snapshot.join("README.md")).unwrap();
    fs::write(snapshot.join("README.md"), "my own words\n").unwrap();
    let ran = rm(&larder, &["org/two"]).succeeded();
    ran.says(&["README.md stays: it is not what was pulled"]);
    assert_eq!(
        fs::read_to_string(snapshot.join("README.md")).unwrap(),
        "my own words\n"
    );
    assert!(!snapshot.join("shared.bin").exists());
    assert_whole(&larder, &hub, "org/one", "main");
}

#[test]
fn what_a_name_elsewhere_holds_stays_in_the_store_and_is_used_again() {
    let hub = hub();
    let larder = machine(&hub);
    let large = Content::synthetic(4 * MB, 73);
    fs::hard_link(larder.blob(large.sha256()), larder.path("mine.bin")).unwrap();
    let ran = rm(&larder, &["org/one@main"]).succeeded();
    assert!(
        ran.stdout.contains("1 content kept for names outside"),
        "{ran:?}"
    );
    assert!(ran.stdout.contains(": 9 B freed"), "{ran:?}");
    assert!(larder.blob(large.sha256()).exists());
    hub.log().clear();
    larder.pulled(["org/one"]);
    assert_eq!(hub.log().bytes_sent_by(crate::hub::Origin::Cdn), 0);
}

#[test]
fn a_record_of_a_newer_larder_is_respected() {
    let hub = hub();
    let larder = machine(&hub);
    let records = larder.store().join("manifests/hf/models/org/two");
    fs::write(records.join("new.json"), r#"{"version": 99}"#).unwrap();
    let before = tree(larder.home());
    let ran = rm(&larder, &["org/one"]).exited(7);
    ran.says(&["has format 99", "upgrade larder"]);
    larder.args(["prune", "--yes"]).run().exited(7);
    assert_eq!(tree(larder.home()), before);
}

#[test]
fn the_folders_that_lose_files_are_named() {
    let hub = hub();
    let larder = Larder::at(&hub);
    let folder = larder.home().join("deployed");
    larder.pulled(["org/two", "--local-dir", folder.to_str().unwrap()]);
    let would = larder.args(["rm", "--dry-run", "org/two"]).run().exited(0);
    let place = format!("out of folder {}\n", folder.display());
    assert!(would.stdout.contains(&place), "{would:?}");
    assert!(folder.join("README.md").exists());
    let gone = rm(&larder, &["org/two"]).exited(0);
    assert!(gone.stdout.contains(&place), "{gone:?}");
    assert!(!folder.join("README.md").exists());
}
