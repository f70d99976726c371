//! Whether every name in a store and in a cache stands for what it says, whatever has happened.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "every binary that includes this module uses its own part of it"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::hub::{Content, Hub};
use super::larder::Larder;

/// Every finished name that does not keep its promise, with what is wrong; nothing where all is well.
/// What was killed may have left anything else: partials, files aside, folders without content.
pub fn lies(larder: &Larder, hub: &Hub, ids: &[&str]) -> Vec<String> {
    let mut lies = Vec::new();
    for blob in files(&larder.store().join("blobs")) {
        check_digest(&blob, &mut lies);
        if fs::metadata(&blob).unwrap().permissions().mode() & 0o222 != 0 {
            lies.push(format!("{} can be written", blob.display()));
        }
    }
    for id in ids {
        for blob in files(&larder.repo(id).join("blobs")) {
            check_digest(&blob, &mut lies);
        }
        check_refs(larder, id, &mut lies);
        check_snapshots(larder, hub, id, &mut lies);
    }
    lies
}

/// A file that is named by its SHA-256 or by its git id.
fn check_digest(blob: &Path, lies: &mut Vec<String>) {
    let name = blob.file_name().unwrap().to_string_lossy().into_owned();
    let content = Content::disk(blob).unwrap();
    let digest = match name.len() {
        40 => content.blob_id(),
        _ => content.sha256(),
    };
    if digest != name {
        lies.push(format!("{} holds {digest}", blob.display()));
    }
}

/// A ref names a snapshot that is there.
fn check_refs(larder: &Larder, id: &str, lies: &mut Vec<String>) {
    for reference in files(&larder.repo(id).join("refs")) {
        let commit = fs::read_to_string(&reference).unwrap();
        if !larder.snapshot(id, &commit).is_dir() {
            lies.push(format!("{} names {commit:?}", reference.display()));
        }
    }
}

/// A name in a snapshot leads to what the hub has under it.
fn check_snapshots(larder: &Larder, hub: &Hub, id: &str, lies: &mut Vec<String>) {
    for snapshot in children(&larder.repo(id).join("snapshots")) {
        let commit = snapshot.file_name().unwrap().to_str().unwrap();
        let listed = hub.files(id, commit);
        for entry in files(&snapshot) {
            let path = entry.strip_prefix(&snapshot).unwrap().to_str().unwrap();
            let want = listed.iter().find(|(name, _)| name == path);
            let there = Content::disk(&entry).ok();
            let is_true = want
                .zip(there)
                .is_some_and(|((_, want), there)| want.sha256() == there.sha256());
            if !is_true {
                lies.push(format!("{} is not what the hub has", entry.display()));
            }
        }
    }
}

/// Every path below `dir` that is no folder.
pub fn files(dir: &Path) -> Vec<PathBuf> {
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

fn children(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}
