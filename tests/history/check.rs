//! The disk against the model.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::hub::Content;
use super::model::{VIEWS, View};
use super::read::{self, children, files};
use super::world::{REPOS, World};

/// Everything that must hold between two steps.
#[track_caller]
pub(crate) fn everything(world: &World) {
    let model = &world.model;
    assert_eq!(read::records(world), model.records, "records");
    assert_eq!(read::refs(world), model.refs, "refs of the store");
    assert_eq!(read::shown(world), model.shown, "names in the views");
    assert_eq!(read::noted(world), model.noted, "refs in the views");
    blobs_of_store(world);
    for view in VIEWS {
        for id in REPOS {
            repo_in_view(world, view, id);
        }
    }
    verified(world);
}

/// `verify` finds what was removed by hand out of a snapshot, and nothing else; snapshots that are gone
/// are told and no failure.
fn verified(world: &World) {
    let (mut missing, mut gone) = (BTreeSet::new(), BTreeSet::new());
    for (key, record) in &world.model.records {
        let views = record.views.iter().copied();
        let (there, away): (Vec<View>, Vec<View>) =
            views.partition(|view| world.snapshot(*view, key).exists());
        gone.extend(away.iter().map(|view| (key.1.clone(), world.cache(*view))));
        let shows = |view: View, path: &String| {
            let shown = world.model.shown.get(&(view, key.clone()));
            shown.is_some_and(|shown| shown.contains(path))
        };
        for path in &record.files {
            let had = |view: View| record.complete.contains(&view) || shows(view, path);
            // What is in no view was in one of them; in which, nobody noted.
            let is_lost = away.is_empty() && !there.iter().any(|view| had(*view));
            for view in &there {
                if !shows(*view, path) && (is_lost || record.complete.contains(view)) {
                    missing.insert(world.snapshot(*view, key).join(path));
                }
            }
        }
    }
    let ran = world.larder.args(["verify", "--json"]).run();
    let told = ran.json();
    let rows = |list: &str| told[list].as_array().unwrap().clone();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let wrong = rows("wrong");
    assert!(
        wrong.iter().all(|row| row["problem"] == "missing"),
        "{ran:#?}"
    );
    let wrong: BTreeSet<PathBuf> = wrong.iter().map(|row| text(&row["path"]).into()).collect();
    assert_eq!(wrong, missing, "verify: missing");
    let absent = rows("gone");
    let absent: BTreeSet<(String, PathBuf)> = absent
        .iter()
        .map(|row| (text(&row["commit"]), text(&row["view"]["root"]).into()))
        .collect();
    assert_eq!(absent, gone, "verify: gone");
    ran.exited(if missing.is_empty() { 0 } else { 6 });
}

fn blobs_of_store(world: &World) {
    let needed = world.needed();
    let store = world.larder.store();
    let there = named_by_content(&store.join("blobs/sha256"), Content::sha256);
    let git = named_by_content(&store.join("blobs/git-sha1"), Content::blob_id);
    for sha256 in needed.keys() {
        assert!(there.contains(sha256), "the needed blob {sha256} is gone");
    }
    if world.model.has_garbage {
        return;
    }
    let held = world.held();
    let may = |name: &str| {
        let mut all = needed.iter().chain(&held).chain(&world.model.loose);
        all.any(|(sha256, git)| sha256 == name || git == name)
    };
    for name in there.iter().chain(&git) {
        assert!(may(name), "nothing needs the blob {name}");
    }
    let partials = children(&store.join("partial"));
    assert!(partials.is_empty(), "unfinished: {partials:?}");
}

/// The names of the files below a folder, which are those of their contents.
fn named_by_content(dir: &Path, digest: fn(&Content) -> &str) -> BTreeSet<String> {
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let all = files(dir);
    let names = all.iter().map(|path| {
        let content = Content::disk(path).unwrap();
        assert_eq!(digest(&content), name(path), "{}", path.display());
        name(path)
    });
    names.collect()
}

/// Names lead to the right bytes, refs to snapshots, and there is no blob that nothing can want.
fn repo_in_view(world: &World, view: View, id: &'static str) {
    let (folder, model) = (world.folder(view, id), &world.model);
    let mut wanted = BTreeSet::new();
    for ((at, key), names) in &model.shown {
        if *at != view || key.0 != id {
            continue;
        }
        for path in names {
            let there = folder.join("snapshots").join(&key.1).join(path);
            let content = Content::disk(&there);
            let content = content.unwrap_or_else(|error| panic!("{}: {error}", there.display()));
            let (sha256, git) = world.names_of(key, path);
            assert_eq!(content.sha256(), sha256, "{}", there.display());
            wanted.extend([sha256, git]);
        }
    }
    // A name that was removed by hand leaves its blob behind, as long as it is on record.
    for (key, record) in &model.records {
        if key.0 == id && record.views.contains(&view) {
            let names = record.files.iter().map(|path| world.names_of(key, path));
            wanted.extend(names.flat_map(|(sha256, git)| [sha256, git]));
        }
    }
    if model.has_garbage {
        return;
    }
    for blob in children(&folder.join("blobs")) {
        let name = blob.file_name().unwrap().to_str().unwrap();
        assert!(wanted.contains(name), "nothing needs {}", blob.display());
    }
    assert!(fs::symlink_metadata(folder.join(".larder")).is_err());
    let is_empty = wanted.is_empty()
        && !model
            .noted
            .keys()
            .any(|(at, of, _)| *at == view && *of == id);
    assert!(
        !is_empty || !folder.exists(),
        "{} is left",
        folder.display()
    );
}
