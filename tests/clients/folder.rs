//! A folder that larder filled is one that `hf download --local-dir` filled, and the other way round.

use std::fs;
use std::path::Path;

use crate::adopt::assert_holds;
use crate::bin::{Larder, Ran};
use crate::disk::{Picture, difference, picture};
use crate::python::Client;
use crate::repos::{self, DATA, ZOO, fetches};

fn by_larder(larder: &Larder, name: &str) -> Ran {
    larder.pulled([name, "--local-dir", "dir"])
}

fn by_hf(larder: &Larder, name: &str) -> Ran {
    let args: &[&str] = match name.strip_prefix("datasets/") {
        Some(name) => &["download", "--repo-type", "dataset", name],
        None => &["download", name],
    };
    let args = args.iter().chain(&["--local-dir", "dir"]);
    Client::hf(larder, args).run().succeeded()
}

#[test]
fn hf_has_nothing_to_fetch_in_what_larder_filled() {
    let hub = repos::hub();
    for (name, repo) in [(ZOO, repos::zoo()), (DATA, repos::data())] {
        let larder = Larder::at(&hub);
        by_larder(&larder, name);
        let before = files_of(&larder);
        hub.log().clear();
        by_hf(&larder, name);
        assert_eq!(fetches(&hub), [""; 0]);
        assert_holds(&larder.path("dir"), &repo);
        assert_eq!(files_of(&larder), before);
    }
}

#[test]
fn larder_has_nothing_to_fetch_in_what_hf_filled() {
    let hub = repos::hub();
    let larder = Larder::at(&hub);
    by_hf(&larder, ZOO);
    let before = files_of(&larder);
    hub.log().clear();
    let first = by_larder(&larder, ZOO);
    first.says(&["to check"]);
    assert_eq!(fetches(&hub), [""; 0]);
    // Hashed once, and believed from then on.
    let second = by_larder(&larder, ZOO);
    assert!(!second.stderr.contains("to check"), "{}", second.stderr);
    assert_holds(&larder.path("dir"), &repos::zoo());
    let after = files_of(&larder);
    let names = |picture: &Picture| picture.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&after), names(&before));
    // And they are still hf's.
    hub.log().clear();
    by_hf(&larder, ZOO);
    assert_eq!(fetches(&hub), [""; 0]);
}

/// An older revision by one client is brought forward by the other.
#[test]
fn each_updates_what_the_other_left() {
    let hub = repos::hub();
    let tagged = format!("{ZOO}@v1.0");
    let larder = Larder::at(&hub);
    let hf = |revision: &str| {
        let args = [
            "download",
            ZOO,
            "--revision",
            revision,
            "--local-dir",
            "dir",
        ];
        Client::hf(&larder, args).run().succeeded();
    };
    hf("v1.0");
    by_larder(&larder, ZOO);
    assert_holds(&larder.path("dir"), &repos::zoo());
    by_larder(&larder, &tagged);
    let readme = fs::read_to_string(larder.path("dir/README.md")).unwrap();
    assert_eq!(readme, "# Zoo, the first\n");
    hf("main");
    assert_holds(&larder.path("dir"), &repos::zoo());
}

/// The files themselves, without the notes.
fn files_of(larder: &Larder) -> Picture {
    let picture = picture(&larder.path("dir"));
    let is_file = |name: &str| !name.starts_with(".cache");
    picture
        .into_iter()
        .filter(|(name, _)| is_file(name))
        .collect()
}

/// The notes are those that hf leaves, times and larder's own lock apart.
#[test]
fn the_notes_are_those_of_hf() {
    let hub = repos::hub();
    let (ours, theirs) = (Larder::at(&hub), Larder::at(&hub));
    by_larder(&ours, ZOO);
    by_hf(&theirs, ZOO);
    let (ours, theirs) = (notes(&ours.path("dir")), notes(&theirs.path("dir")));
    let difference = difference(&theirs, &ours);
    assert_eq!(difference, ["+ larder.lock: file 664 \"\""]);
}

fn notes(dir: &Path) -> Picture {
    let settle = |(name, what): (String, String)| {
        let what = match what.rsplit_once('.') {
            _ if name == "CACHEDIR.TAG" => String::new(),
            Some((text, _fraction)) if name.ends_with(".metadata") => {
                let mut lines: Vec<&str> = text.split("\\n").collect();
                lines.pop();
                lines.join(" ")
            }
            // hf makes the listing by itself, with a mode of its own.
            _ if name.starts_with("trees/") => what.split(' ').skip(2).collect(),
            _ => what,
        };
        (name, what)
    };
    let picture = picture(&dir.join(".cache/huggingface"));
    picture.into_iter().map(settle).collect()
}
