//! What is on disk, in the terms of the model.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::model::{Key, Record, VIEWS, View};
use super::world::{REPOS, World};

/// Every path below `dir` that is no folder.
pub(crate) fn files(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for path in children(dir) {
        if fs::symlink_metadata(&path).is_ok_and(|there| there.is_dir()) {
            all.extend(files(&path));
        } else {
            all.push(path);
        }
    }
    all
}

pub(crate) fn children(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

/// The names in a view's snapshots.
pub(crate) fn shown(world: &World) -> BTreeMap<(View, Key), BTreeSet<String>> {
    let mut all = BTreeMap::new();
    for view in VIEWS {
        for id in REPOS {
            for snapshot in children(&world.folder(view, id).join("snapshots")) {
                let names: BTreeSet<String> = files(&snapshot)
                    .iter()
                    .map(|path| path.strip_prefix(&snapshot).unwrap())
                    .map(|path| path.to_str().unwrap().to_owned())
                    .collect();
                if !names.is_empty() {
                    all.insert((view, (id, name(&snapshot))), names);
                }
            }
        }
    }
    all
}

/// The refs in the views.
pub(crate) fn noted(world: &World) -> BTreeMap<(View, &'static str, String), String> {
    let mut all = BTreeMap::new();
    for view in VIEWS {
        for id in REPOS {
            for path in children(&world.folder(view, id).join("refs")) {
                let commit = fs::read_to_string(&path).unwrap();
                all.insert((view, id, name(&path)), commit);
            }
        }
    }
    all
}

/// The refs in the store.
pub(crate) fn refs(world: &World) -> BTreeMap<(&'static str, String), String> {
    let mut all = BTreeMap::new();
    for id in REPOS {
        for path in children(&world.larder.store().join("refs/hf/models").join(id)) {
            let commit = fs::read_to_string(&path).unwrap();
            all.insert((id, name(&path)), commit);
        }
    }
    all
}

/// The records of the store.
pub(crate) fn records(world: &World) -> BTreeMap<Key, Record> {
    let mut all = BTreeMap::new();
    for id in REPOS {
        for path in children(&world.larder.store().join("manifests/hf/models").join(id)) {
            let commit = name(&path).trim_end_matches(".json").to_owned();
            all.insert((id, commit), record(world, &path));
        }
    }
    all
}

fn record(world: &World, path: &Path) -> Record {
    let document: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let record = &document["record"];
    let list = |name: &str| record[name].as_array().cloned().unwrap_or_default();
    let files = list("files");
    let pulled = files.iter().filter(|file| file["blob"].is_string());
    let view = |view: &serde_json::Value| {
        let root = view["root"].as_str().unwrap();
        let at = |view: &View| world.cache(*view) == Path::new(root);
        VIEWS.into_iter().find(|view| at(view)).expect("a view")
    };
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let of_folder = |folder: &serde_json::Value| {
        let has = |view: &View| Path::new(folder.as_str().unwrap()).starts_with(world.cache(*view));
        VIEWS.into_iter().find(has).expect("a view")
    };
    Record {
        files: pulled.map(|file| text(&file["path"])).collect(),
        views: list("views").iter().map(view).collect(),
        complete: list("complete").iter().map(of_folder).collect(),
        revisions: list("revisions").iter().map(text).collect(),
        is_pinned: record["is_pinned"].as_bool().unwrap_or(false),
    }
}

/// The unfinished contents that a pull of a repo has begun, those excepted that another repo's record
/// lists.
pub(crate) fn unfinished(world: &World, id: &str) -> Vec<PathBuf> {
    let others = world.model.records.keys().filter(|(of, _)| *of != id);
    let listed: BTreeSet<String> = others
        .flat_map(|(of, commit)| world.hub.files(of, commit))
        .map(|(_, content)| content.sha256().to_owned())
        .collect();
    let is_of_repo = |partial: &PathBuf| {
        let note = fs::read(partial.join("wanted")).unwrap_or_default();
        let note: Option<serde_json::Value> = serde_json::from_slice(&note).ok();
        note.is_some_and(|note| note["record"]["repo"] == id)
    };
    let partials = children(&world.larder.store().join("partial")).into_iter();
    partials
        .filter(|partial| is_of_repo(partial) && !listed.contains(&name(partial)))
        .collect()
}
