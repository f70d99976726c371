//! `larder ls`: what is here, what removing it frees, and where it is seen.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

use serde_json::{Value, json};

use crate::bin::{Larder, Ran};
use crate::hub::{File, Hub, Repo};
use crate::repos::{CONFIG, some_bytes, tiny, weights};

/// `larder ls …`, which has to succeed.
#[track_caller]
fn ls(larder: &Larder, args: &[&str]) -> Ran {
    larder.args(["ls"]).and(args).run().succeeded()
}

#[track_caller]
fn rows(larder: &Larder, args: &[&str]) -> Vec<Value> {
    let ran = ls(larder, &[args, &["--json"]].concat());
    ran.json().as_array().expect("an array").clone()
}

/// Three repos: two share their weights, one has two revisions.
fn three() -> Hub {
    let sharing = |id: &str| {
        Repo::model(id)
            .file("config.json", format!("{{\"of\": \"{id}\"}}").into_bytes())
            .lfs("model.safetensors", weights())
    };
    Hub::builder()
        .repo(sharing("org/a"))
        .repo(sharing("org/b"))
        .repo(
            Repo::dataset("org/data")
                .lfs("rows.bin", some_bytes(6))
                .branch("old")
                .file("README.md", b"# more"),
        )
        .start()
}

fn filled(hub: &Hub) -> Larder {
    let larder = Larder::at(hub);
    for repo in [
        "org/a",
        "org/b",
        "datasets/org/data",
        "datasets/org/data@old",
    ] {
        larder.pulled([repo]);
    }
    larder
}

/// Bytes of all files below the folders, each once, but for records, refs and lists.
fn bytes_in(dirs: &[&Path]) -> u64 {
    fn add(dir: &Path, found: &mut BTreeMap<u64, u64>) {
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            let (path, there) = (entry.path(), entry.metadata().unwrap());
            if there.is_dir() {
                add(&path, found);
            } else if there.is_file() && path.to_string_lossy().contains("/blobs/") {
                found.insert(there.ino(), there.len());
            }
        }
    }
    let mut found = BTreeMap::new();
    for dir in dirs {
        add(dir, &mut found);
    }
    found.values().sum()
}

#[test]
fn a_table_that_fits_and_its_total() {
    let hub = three();
    let larder = filled(&hub);
    let ran = ls(&larder, &[]);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    let words = |line: &str| {
        line.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        words(lines[0]),
        [
            "MODEL", "HUB", "REVISION", "SIZE", "UNIQUE", "LAST", "USED", "WHERE"
        ]
    );
    assert_eq!(
        words(lines[1])[..7],
        ["org/a", "hf", "main", "17.8", "MB", "15", "B"],
        "{}",
        ran.stdout
    );
    assert!(
        lines[3].starts_with("datasets/org/data  hf   main +1"),
        "{}",
        ran.stdout
    );
    assert!(lines[3].ends_with("just now   hf"), "{}", ran.stdout);
    assert_eq!(lines[5], "3 repos, 17.9 MB on disk; sharing saves 17.8 MB");
    assert_eq!(ran.stderr, "");
}

#[test]
fn what_a_row_frees_is_what_becomes_free() {
    let hub = three();
    let larder = filled(&hub);
    let all = rows(&larder, &[]);
    let size = |row: &Value, name: &str| row[name].as_u64().unwrap();
    let total = bytes_in(&[&larder.store(), &larder.hub_cache()]);
    let [a, b, data] = &all[..] else {
        panic!("{all:#?}")
    };
    assert_eq!(size(a, "size_bytes"), weights().len() + 15);
    // What both need stays when one goes.
    assert_eq!((size(a, "unique_bytes"), size(b, "unique_bytes")), (15, 15));
    assert_eq!(size(data, "unique_bytes"), size(data, "size_bytes"));
    assert_eq!(total, weights().len() + 30 + size(data, "size_bytes"));
    // A name from elsewhere keeps the room of what it stands for.
    fs::hard_link(larder.blob(some_bytes(6).sha256()), larder.path("mine")).unwrap();
    let data = &rows(&larder, &["--filter", "type=dataset"])[0];
    assert_eq!(size(data, "unique_bytes"), 6);
}

#[test]
fn commits_one_by_one() {
    let hub = three();
    let larder = filled(&hub);
    let commits = rows(&larder, &["--revisions", "--filter", "type=dataset"]);
    let mut seen: Vec<_> = commits
        .iter()
        .map(|row| {
            let commit = &row["revisions"][0];
            (
                commit["names"].clone(),
                commit["files"].clone(),
                row["unique_bytes"].clone(),
            )
        })
        .collect();
    seen.sort_by_key(|(names, ..)| names.to_string());
    // The content that both need is freed by neither alone.
    let want = [
        (json!(["main"]), json!(2), json!(6)),
        (json!(["old"]), json!(1), json!(0)),
    ];
    assert_eq!(seen, want);
    let table = ls(&larder, &["--revisions"]).stdout;
    let old = hub.commit_of("datasets/org/data", "old").unwrap();
    let line = table.lines().find(|line| line.contains(" old ")).unwrap();
    assert!(line.contains(&old[..12]) && line.ends_with("hf"), "{table}");
    let quiet = ls(&larder, &["--revisions", "-q", "--filter", "refs=old"]);
    assert_eq!(quiet.line(), format!("datasets/org/data@{old}"));
}

#[test]
fn rows_are_chosen_ordered_and_counted() {
    let hub = three();
    let larder = filled(&hub);
    let names = |args: &[&str]| {
        ls(&larder, &[args, &["-q"]].concat())
            .stdout
            .replace('\n', " ")
    };
    assert_eq!(names(&[]), "org/a org/b datasets/org/data ");
    assert_eq!(names(&["--filter", "size>1MB"]), "org/a org/b ");
    assert_eq!(names(&["--filter", "size>1MB", "--filter", "refs=old"]), "");
    assert_eq!(names(&["--filter", "type=dataset"]), "datasets/org/data ");
    assert_eq!(names(&["--filter", "accessed>1h"]), "");
    assert_eq!(
        names(&["--filter", "accessed<1h", "--limit", "1"]),
        "org/a "
    );
    assert_eq!(
        names(&["--sort", "size:asc", "--limit", "1"]),
        "datasets/org/data "
    );
    assert_eq!(
        names(&["--sort", "name:desc"]),
        "datasets/org/data org/b org/a "
    );
    let some = ls(&larder, &["--limit", "2"]).stdout;
    assert!(
        some.ends_with("2 of 3 rows; all of them together take 17.9 MB on disk\n"),
        "{some}"
    );
    for (args, why) in [
        (["--filter", "size>much"], "is not a size"),
        (["--filter", "colour=red"], "there are size, accessed"),
        (["--sort", "colour"], "there are name, size"),
    ] {
        let ran = larder.args(["ls"]).and(args).run().exited(2);
        ran.says(&[why]);
    }
}

#[test]
fn what_another_client_left_is_listed_and_marked() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    let folder = larder.repo("other/model");
    let commit = "5".repeat(40);
    fs::create_dir_all(folder.join("blobs")).unwrap();
    fs::create_dir_all(folder.join("refs")).unwrap();
    fs::create_dir_all(folder.join("snapshots").join(&commit)).unwrap();
    fs::write(folder.join("blobs/abc"), CONFIG).unwrap();
    fs::write(folder.join("refs/main"), &commit).unwrap();
    let entry = folder.join("snapshots").join(&commit).join("config.json");
    symlink("../../blobs/abc", entry).unwrap();

    let row = &rows(&larder, &[])[0];
    assert_eq!(row["repo"], "other/model");
    assert_eq!(row["is_in_store"], false);
    assert_eq!(row["revisions"][0]["names"], json!(["main"]));
    assert_eq!(row["unique_bytes"], CONFIG.len());
    assert_eq!(row["last_used"], Value::Null);
    assert!(row["modified"].as_u64().unwrap() > 0);
    larder.pulled(["org/tiny"]);
    let table = ls(&larder, &[]).stdout;
    assert!(table.contains("\norg/tiny "), "{table}");
    assert!(table.contains("\nother/model *  hf "), "{table}");
    assert!(
        table.ends_with("* not in the store: `larder adopt` takes it over\n"),
        "{table}"
    );
    // Other commands would not find it.
    assert_eq!(ls(&larder, &["-q"]).line(), "org/tiny");
}

#[test]
fn where_it_is_seen_and_that_it_is_gone() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/tiny"]);
    larder
        .pull(["org/tiny"])
        .env("HF_HUB_CACHE", larder.path("disk/second"))
        .run()
        .succeeded();
    let states = || {
        let row = rows(&larder, &[]).remove(0);
        let views = row["views"].as_array().unwrap().clone();
        views
            .iter()
            .map(|view| view["state"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let place = || {
        let table = ls(&larder, &[]).stdout;
        table
            .lines()
            .nth(1)
            .unwrap()
            .split("  ")
            .last()
            .unwrap()
            .trim()
            .to_owned()
    };
    assert_eq!(
        (states(), place()),
        (vec!["shown".to_owned(); 2], "hf".to_owned())
    );
    fs::remove_dir_all(larder.repo("org/tiny")).unwrap();
    assert_eq!(states(), ["gone", "shown"]);
    // The disk of the other one is taken away.
    fs::rename(larder.path("disk"), larder.path("elsewhere")).unwrap();
    assert_eq!(
        (states(), place()),
        (
            vec!["gone".to_owned(), "away".to_owned()],
            "away".to_owned()
        )
    );
    // The folder where it was mounted may be left.
    fs::create_dir(larder.path("disk")).unwrap();
    assert_eq!(place(), "away");
    fs::write(larder.path("disk/other"), "").unwrap();
    assert_eq!(place(), "gone");
}

#[test]
fn a_folder_of_links_into_the_store_is_shown() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/tiny", "--local-dir", "dir", "--link", "symlink"]);
    let state = || rows(&larder, &[])[0]["views"][0]["state"].clone();
    assert_eq!(state(), "shown");
    for file in fs::read_dir(larder.path("dir")).unwrap() {
        let file = file.unwrap().path();
        if file.is_symlink() {
            fs::remove_file(file).unwrap();
        }
    }
    assert_eq!(state(), "gone");
}

#[test]
fn what_is_unfinished_has_rows_of_its_own() {
    let hub = three();
    let larder = Larder::at(&hub);
    larder.pulled(["org/a", "config.json"]);
    let partial = larder.store().join("partial").join(weights().sha256());
    fs::create_dir_all(&partial).unwrap();
    fs::write(partial.join("data"), [7; 8192]).unwrap();
    fs::create_dir(larder.store().join("partial").join("0".repeat(64))).unwrap();
    let rows = rows(&larder, &["--filter", "modified<1d"]);
    let [whole, known, unknown] = &rows[..] else {
        panic!("{rows:#?}")
    };
    assert_eq!(whole["is_partial"], false);
    assert_eq!(
        (&known["repo"], &known["file"]),
        (&json!("org/a"), &json!("model.safetensors"))
    );
    assert_eq!(known["file_bytes"], weights().len());
    assert!(known["size_bytes"].as_u64().unwrap() >= 8192);
    assert_eq!(known["is_in_progress"], false);
    assert_eq!(
        (&unknown["repo"], &unknown["is_partial"]),
        (&Value::Null, &json!(true))
    );
    let table = ls(&larder, &[]).stdout;
    assert!(
        table.contains("\norg/a/model.safetensors  hf   partial "),
        "{table}"
    );
    assert!(table.contains("1 repo, 2 unfinished files, "), "{table}");
    assert_eq!(ls(&larder, &["-q"]).line(), "org/a");
}

#[test]
fn nothing_is_here() {
    let hub = Hub::builder().start();
    let larder = Larder::at(&hub);
    let ran = ls(&larder, &[]);
    assert_eq!(ran.stdout, "");
    ran.says(&["nothing is here yet"]);
    assert_eq!(ls(&larder, &["--json"]).stdout, "[]\n");
    assert_eq!(
        fs::read_dir(larder.home()).unwrap().count(),
        0,
        "looking leaves no trace"
    );
}

#[test]
fn damaged_and_newer_records_are_told_once() {
    let hub = three();
    let larder = filled(&hub);
    let record = |repo: &str| {
        let dir = larder.store().join("manifests/hf/models").join(repo);
        fs::read_dir(dir).unwrap().next().unwrap().unwrap().path()
    };
    fs::write(record("org/a"), "{").unwrap();
    fs::write(record("org/b"), r#"{"version": 99}"#).unwrap();
    let ran = ls(&larder, &["-v"]);
    ran.says(&[
        "1 record in the store is damaged",
        "1 record in the store was written by a newer larder",
    ]);
    assert!(
        !ran.stderr.contains("nothing listed needs"),
        "nobody can tell: {}",
        ran.stderr
    );
    // The damaged one is seen in the cache all the same.
    assert!(ran.stdout.contains("org/a *"), "{}", ran.stdout);
    assert!(ran.stdout.contains("datasets/org/data "), "{}", ran.stdout);
}

#[test]
fn a_branch_that_moved_on_names_its_new_commit() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/tiny"]);
    let new = hub.commit("org/tiny", "main", [File::git("new", b"")]);
    larder.pulled(["org/tiny"]);
    let row = rows(&larder, &[]).remove(0);
    let commits = row["revisions"].as_array().unwrap();
    assert_eq!(commits.len(), 2);
    for commit in commits {
        let want = if commit["commit"] == json!(new) {
            json!(["main"])
        } else {
            json!([])
        };
        assert_eq!(commit["names"], want, "{row:#}");
    }
}
