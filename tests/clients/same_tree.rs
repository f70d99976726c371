//! The tree that `larder pull` leaves is the one that `hf download` leaves.

use std::path::Path;

use crate::bin::Larder;
use crate::disk::{Picture, difference, picture};
use crate::python::Client;
use crate::repos::{self, BARE, DATA, ZOO};

/// The pictures of two caches, filled by larder and by the reference client with these arguments.
fn both(larder_args: &[&str], hf_args: &[&str]) -> (Picture, Picture) {
    let hub = repos::hub();
    let (ours, theirs) = (Larder::at(&hub), Larder::at(&hub));
    ours.pulled(larder_args);
    let download = ["download"].iter().chain(hf_args);
    Client::hf(&theirs, download).run().succeeded();
    (picture(&ours.hub_cache()), picture(&theirs.hub_cache()))
}

/// Leaves out the three differences that are meant; see `the_known_differences`.
fn settled(picture: Picture) -> Picture {
    let settle = |(name, what): (String, String)| {
        let what = match name.split('/').nth(1) {
            None if name == "CACHEDIR.TAG" => first_line(&what).to_owned(),
            Some("trees" | "blobs") => what.split_once(' ').map(without_mode).unwrap_or_default(),
            _ => what,
        };
        (name, what)
    };
    picture.into_iter().map(settle).collect()
}

fn first_line(what: &str) -> &str {
    what.split("\\n").next().unwrap_or_default()
}

/// `file 644 content` → `file content`, folders as they are.
fn without_mode((kind, rest): (&str, &str)) -> String {
    match rest.split_once(' ') {
        Some((_mode, content)) => format!("{kind} {content}"),
        None => format!("{kind} {rest}"),
    }
}

#[track_caller]
fn assert_same(larder_args: &[&str], hf_args: &[&str]) {
    let (ours, theirs) = both(larder_args, hf_args);
    let difference = difference(&settled(theirs), &settled(ours));
    assert!(difference.is_empty(), "{}", difference.join("\n"));
}

#[test]
fn of_a_whole_repo() {
    assert_same(&[ZOO], &[ZOO]);
}

#[test]
fn of_what_a_pattern_selects() {
    let some = ["--include", "*.json", "--exclude", "sub/*"];
    assert_same(&[&[ZOO], &some[..]].concat(), &[&[ZOO], &some[..]].concat());
}

#[test]
fn of_two_named_files() {
    let two = [ZOO, "config.json", "onnx/deep/er/model.onnx"];
    assert_same(&two, &two);
}

#[test]
fn of_a_dataset() {
    assert_same(&[DATA], &[DATA]);
}

#[test]
fn of_a_repo_without_owner() {
    assert_same(&[BARE], &[BARE]);
}

#[test]
fn of_a_tag() {
    assert_same(&["acme/zoo@v1.0"], &[ZOO, "--revision", "v1.0"]);
}

#[test]
fn of_a_pull_request() {
    assert_same(&["acme/zoo@refs/pr/1"], &[ZOO, "--revision", "refs/pr/1"]);
}

#[test]
fn of_a_commit() {
    let hub = repos::hub();
    let commit = hub.commit_of(ZOO, "main").unwrap();
    assert_same(&[&format!("{ZOO}@{commit}")], &[ZOO, "--revision", &commit]);
}

#[test]
fn of_several_revisions_one_after_the_other() {
    let hub = repos::hub();
    let (ours, theirs) = (Larder::at(&hub), Larder::at(&hub));
    for revision in ["v1.0", "main", "refs/pr/1"] {
        ours.pulled([ZOO, "--revision", revision]);
        let download = Client::hf(&theirs, ["download", ZOO, "--revision", revision]);
        download.run().succeeded();
    }
    let (ours, theirs) = (ours.hub_cache(), theirs.hub_cache());
    let difference = difference(&settled(picture(&theirs)), &settled(picture(&ours)));
    assert!(difference.is_empty(), "{}", difference.join("\n"));
}

#[test]
fn without_symlinks() {
    let hub = repos::hub();
    let (ours, theirs) = (Larder::at(&hub), Larder::at(&hub));
    let pull = ours.pull([BARE]).env("HF_HUB_DISABLE_SYMLINKS", "1");
    pull.run().succeeded();
    let download = Client::hf(&theirs, ["download", BARE]).env("HF_HUB_DISABLE_SYMLINKS", "1");
    download.run().succeeded();
    let names = |cache: &Path| picture(cache).into_keys().collect::<Vec<_>>();
    assert_eq!(names(&ours.hub_cache()), names(&theirs.hub_cache()));
}

/// For one named file `hf` writes no listing. With it an offline `snapshot_download` says that the
/// snapshot is not whole; without it that call returns the one file as if it were the repo.
#[test]
fn of_one_named_file_but_for_the_listing() {
    let one = [ZOO, "config.json"];
    let (ours, theirs) = both(&one, &one);
    let difference = difference(&settled(theirs), &settled(ours));
    let is_listing = |line: &String| line.starts_with("+ models--acme--zoo/trees");
    assert!(
        difference.iter().all(is_listing),
        "{}",
        difference.join("\n")
    );
    assert_eq!(difference.len(), 2);
}

/// What differs, and nothing else does: the words in the tag, who may read a listing, and that
/// blobs may not be written, being the store's own.
#[test]
fn the_known_differences() {
    let (ours, theirs) = both(&[ZOO], &[ZOO]);
    assert!(ours["CACHEDIR.TAG"].contains("created by larder"));
    assert!(theirs["CACHEDIR.TAG"].contains("created by huggingface_hub"));
    let modes = |picture: &Picture, part: &str| {
        let files = picture
            .iter()
            .filter(|(name, what)| name.contains(part) && what.starts_with("file"));
        let mut modes: Vec<String> = files
            .map(|(_, what)| what.split(' ').nth(1).unwrap().to_owned())
            .collect();
        modes.sort();
        modes.dedup();
        modes
    };
    assert_eq!(modes(&ours, "/trees/"), modes(&ours, "/refs/"));
    assert_eq!(modes(&theirs, "/trees/"), ["600"]);
    assert_eq!(modes(&ours, "/blobs/"), ["444"]);
    assert_eq!(modes(&theirs, "/blobs/"), modes(&theirs, "/refs/"));
}
