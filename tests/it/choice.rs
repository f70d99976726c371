//! Which files are taken, and of which revision.

use std::path::Path;

use crate::bin::Larder;
use crate::hub::{File, Hub, Repo};
use crate::repos::{CONFIG, DEEP, ODD, gguf, model, some_bytes, tiny};
use crate::tree::{read, tree};

/// The files of a snapshot, without folders and link targets.
fn names(snapshot: impl AsRef<Path>) -> Vec<String> {
    let tree = tree(snapshot.as_ref());
    let links = tree.lines().filter_map(|line| line.split_once(" -> "));
    links.map(|(name, _)| name.to_owned()).collect()
}

/// What is in the snapshot after a pull with these arguments in an empty home.
fn taken(hub: &Hub, args: &[&str]) -> Vec<String> {
    let larder = Larder::at(hub);
    names(larder.pulled(args).line())
}

#[test]
fn names_globs_and_folders() {
    let hub = Hub::builder().repo(model()).start();
    let table: [(&[&str], &[&str]); 8] = [
        (&["config.json", "empty.txt"], &["config.json", "empty.txt"]),
        (&["copy/"], &["copy/config.json"]),
        (&["deep/er"], &[DEEP]),
        (&["*.json"], &["config.json", "copy/config.json"]),
        (
            &["--include", "*.json"],
            &["config.json", "copy/config.json"],
        ),
        (
            &["--include", "*.json", "--exclude", "copy/"],
            &["config.json"],
        ),
        (
            &["--exclude", "*.safetensors", "--exclude", "deep/*"],
            &[ODD, "config.json", "copy/config.json", "empty.txt"],
        ),
        (&["empty.txt", "--include", "a b/*"], &[ODD, "empty.txt"]),
    ];
    for (args, want) in table {
        let args = [&["org/model"], args].concat();
        assert_eq!(taken(&hub, &args), want, "{args:?}");
    }
}

#[test]
fn one_named_file_is_answered_with_its_path() {
    let hub = Hub::builder().repo(model()).start();
    let larder = Larder::at(&hub);
    let commit = hub.commit_of("org/model", "main").unwrap();
    let snapshot = larder.snapshot("org/model", &commit);
    for name in ["config.json", ODD] {
        let ran = larder.pulled(["org/model", name]);
        assert_eq!(ran.line(), snapshot.join(name).to_str().unwrap());
    }
    for args in [
        &["copy/"][..],
        &["config.json", "empty.txt"],
        &["--include", "empty.txt"],
    ] {
        let ran = larder.pull(["org/model"]).and(args).run().succeeded();
        assert_eq!(ran.line(), snapshot.to_str().unwrap(), "{args:?}");
    }
}

#[test]
fn a_quantisation_with_all_that_belongs_to_it() {
    let hub = Hub::builder().repo(gguf()).start();
    let four = ["mmproj-model-f16.gguf", "model-Q4_K_M.gguf"];
    assert_eq!(taken(&hub, &["org/gguf:Q4_K_M"]), four);
    assert_eq!(taken(&hub, &["org/gguf:q4_k_m"]), four);
    let eight = [
        "mmproj-model-f16.gguf",
        "model-Q8_0-00001-of-00002.gguf",
        "model-Q8_0-00002-of-00002.gguf",
    ];
    assert_eq!(taken(&hub, &["org/gguf:Q8_0"]), eight);
    assert_eq!(taken(&hub, &["org/gguf@main:Q8_0"]), eight);

    let larder = Larder::at(&hub);
    let ran = larder.pull(["org/gguf:Q5_K_M"]).run().exited(3);
    ran.says(&["Q5_K_M", "hint: ", "Q4_K_M", "Q8_0"]);
}

#[test]
fn one_format_of_the_weights() {
    let repo = Repo::model("org/twice")
        .file("config.json", CONFIG)
        .lfs("model.safetensors", some_bytes(20))
        .lfs("pytorch_model.bin", some_bytes(21));
    let hub = Hub::builder().repo(repo).start();
    let args = ["org/twice", "--weights", "safetensors"];
    assert_eq!(taken(&hub, &args), ["config.json", "model.safetensors"]);
    let args = ["org/twice", "--weights", "pytorch"];
    assert_eq!(taken(&hub, &args), ["config.json", "pytorch_model.bin"]);

    let ran = Larder::at(&hub).pulled(args);
    ran.says(&["weights in pytorch only: `model.safetensors` left out"]);
    let ran = Larder::at(&hub).pulled(["org/twice", "config.json", "--weights", "pytorch"]);
    assert!(!ran.stderr.contains("left out"), "{}", ran.stderr);
}

#[test]
fn datasets_and_repos_without_owner() {
    let hub = Hub::builder()
        .repo(Repo::dataset("org/data").file("train.csv", b"a,b"))
        .repo(Repo::model("gpt2").file("config.json", CONFIG))
        .repo(Repo::dataset("squad").file("data/x.csv", b"x"))
        .start();
    let larder = Larder::at(&hub);
    for (name, folder, file) in [
        ("datasets/org/data", "datasets--org--data", "train.csv"),
        ("gpt2", "models--gpt2", "config.json"),
        ("datasets/squad", "datasets--squad", "data/x.csv"),
    ] {
        let commit = hub.commit_of(name, "main").unwrap();
        let path = larder.pulled([name]).line().to_owned();
        let snapshot = larder
            .hub_cache()
            .join(folder)
            .join("snapshots")
            .join(&commit);
        assert_eq!(path, snapshot.to_str().unwrap());
        assert_eq!(names(path), [file]);
    }
}

#[test]
fn tags_branches_and_pull_requests() {
    let repo = tiny()
        .tag("v1.0")
        .file("config.json", b"{\"v\": 2}")
        .branch("feature/x y")
        .file("config.json", b"{\"v\": 3}")
        .pull_request(1)
        .file("config.json", b"{\"v\": 4}");
    let hub = Hub::builder().repo(repo).start();
    let larder = Larder::at(&hub);
    for (revision, content) in [
        ("v1.0", CONFIG),
        ("refs/pr/1", b"{\"v\": 3}"),
        ("main", b"{\"v\": 4}"),
    ] {
        let ran = larder.pulled([&format!("org/tiny@{revision}"), "config.json"]);
        assert_eq!(read(ran.line()), content, "{revision}");
        let commit = hub.commit_of("org/tiny", revision).unwrap();
        let kept = larder.repo("org/tiny").join("refs").join(revision);
        assert_eq!(read(kept), commit.as_bytes(), "{revision}");
    }
    let repo = tiny().branch("feature/x").file("config.json", b"{}");
    hub.add_repo(repo);
    let ran = larder.pulled(["org/tiny", "config.json", "--revision", "feature/x"]);
    assert_eq!(read(ran.line()), CONFIG);
    assert!(larder.repo("org/tiny").join("refs/feature/x").is_file());
}

#[test]
fn a_pinned_commit_leaves_no_ref() {
    let hub = Hub::builder().repo(tiny()).start();
    let old = hub.commit_of("org/tiny", "main").unwrap();
    hub.commit("org/tiny", "main", [File::git("config.json", b"{}")]);
    let larder = Larder::at(&hub);
    let path = larder.pulled([format!("org/tiny@{old}")]).line().to_owned();
    assert_eq!(path, larder.snapshot("org/tiny", &old).to_str().unwrap());
    assert_eq!(read(format!("{path}/config.json")), CONFIG);
    assert_eq!(tree(&larder.repo("org/tiny").join("refs")), "");
}

#[test]
fn a_branch_that_moved_is_followed() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    let before = larder.pulled(["org/tiny"]).line().to_owned();
    let commit = hub.commit("org/tiny", "main", [File::git("config.json", b"{}")]);
    let after = larder.pulled(["org/tiny"]).line().to_owned();
    assert_eq!(
        after,
        larder.snapshot("org/tiny", &commit).to_str().unwrap()
    );
    assert_eq!(read(format!("{after}/config.json")), b"{}");
    assert_eq!(read(format!("{before}/config.json")), CONFIG);
    assert_eq!(
        read(larder.repo("org/tiny").join("refs/main")),
        commit.as_bytes()
    );
}

#[test]
fn a_renamed_repo_keeps_the_name_that_was_asked() {
    for is_absolute in [false, true] {
        let hub = Hub::builder()
            .repo(tiny())
            .renamed("old/name", "org/tiny")
            .absolute_redirects(is_absolute)
            .start();
        let larder = Larder::at(&hub);
        let path = larder.pulled(["old/name"]).line().to_owned();
        let commit = hub.commit_of("org/tiny", "main").unwrap();
        assert_eq!(path, larder.snapshot("old/name", &commit).to_str().unwrap());
        assert_eq!(names(&path), ["config.json", "weights.bin"]);
        assert!(!larder.repo("org/tiny").exists());
    }
}

#[test]
fn pasted_urls() {
    let hub = Hub::builder().repo(model()).start();
    let larder = Larder::at(&hub);
    let commit = hub.commit_of("org/model", "main").unwrap();
    let snapshot = larder.snapshot("org/model", &commit);
    let host = hub.endpoint().replace("http://", "");
    for (url, want) in [
        (
            format!("{}/org/model/blob/main/config.json", hub.endpoint()),
            "config.json",
        ),
        (
            format!(
                "{}/org/model/resolve/main/empty.txt?download=true",
                hub.endpoint()
            ),
            "empty.txt",
        ),
        (
            format!("{host}/org/model/raw/main/a%20b/c%23d%25e%3F%C3%A9%2B%26.txt"),
            ODD,
        ),
        (format!("hf://org/model@main/{DEEP}"), DEEP),
        (
            format!("https://huggingface.co/org/model/blob/{commit}/copy/config.json"),
            "copy/config.json",
        ),
    ] {
        let ran = larder.pulled([&url]);
        assert_eq!(ran.line(), snapshot.join(want).to_str().unwrap(), "{url}");
    }
    assert!(!snapshot.join("model.safetensors").exists());
    let folder = Larder::at(&hub);
    let ran = folder.pulled([format!("{}/org/model/tree/main/deep/er", hub.endpoint())]);
    assert_eq!(names(ran.line()), [DEEP]);
    let whole = Larder::at(&hub);
    let ran = whole.pulled([
        format!("{}/org/model", hub.endpoint()),
        "--exclude".into(),
        "*.safetensors".into(),
    ]);
    assert_eq!(names(ran.line()).len(), 5);
}
