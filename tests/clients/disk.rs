//! What is on disk, as text that can be compared and read when it differs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use larder::digest::BlobId;

/// The longest content that is shown as it is.
const SHOWN: usize = 4096;

/// Everything below a folder by its path, as `folder 755`, `-> target` or `file 644 content`.
pub(crate) type Picture = BTreeMap<String, String>;

/// A picture of everything below `root`.
pub(crate) fn picture(root: &Path) -> Picture {
    let mut picture = Picture::new();
    for path in walk(root) {
        let there = fs::symlink_metadata(&path).unwrap();
        let mode = there.mode() & 0o7777;
        let what = if there.is_symlink() {
            format!("-> {}", fs::read_link(&path).unwrap().display())
        } else if there.is_dir() {
            format!("folder {mode:o}")
        } else {
            format!("file {mode:o} {}", content(&path))
        };
        let name = path.strip_prefix(root).unwrap().to_str().unwrap();
        picture.insert(name.to_owned(), what);
    }
    picture
}

/// Short text as it is, anything else by its digest.
fn content(path: &Path) -> String {
    let bytes = fs::read(path).unwrap();
    match std::str::from_utf8(&bytes) {
        Ok(text) if bytes.len() <= SHOWN => format!("{text:?}"),
        _ => format!("{} bytes {}", bytes.len(), BlobId::of(&bytes)),
    }
}

/// The lines in which two pictures differ, `-` of the first and `+` of the second.
pub(crate) fn difference(first: &Picture, second: &Picture) -> Vec<String> {
    let names: BTreeSet<&String> = first.keys().chain(second.keys()).collect();
    let lines = names.into_iter().filter_map(|name| {
        let (old, new) = (first.get(name), second.get(name));
        let line = |sign, what: Option<&String>| what.map(|what| format!("{sign} {name}: {what}"));
        (old != new).then(|| [line('-', old), line('+', new)])
    });
    lines.flatten().flatten().collect()
}

/// Every path below `root`, without following links.
fn walk(root: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    let mut left = vec![root.to_owned()];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if fs::symlink_metadata(&path).unwrap().is_dir() {
                left.push(path.clone());
            }
            all.push(path);
        }
    }
    all
}

/// The inodes of all files below these folders by what they hold; empty files do not count.
pub(crate) fn inodes(roots: &[&Path]) -> BTreeMap<BlobId, BTreeSet<u64>> {
    let mut inodes: BTreeMap<BlobId, BTreeSet<u64>> = BTreeMap::new();
    for path in roots.iter().flat_map(|root| walk(root)) {
        let there = fs::symlink_metadata(&path).unwrap();
        if there.is_file() && there.len() > 0 {
            let content = BlobId::of(&fs::read(&path).unwrap());
            inodes.entry(content).or_default().insert(there.ino());
        }
    }
    inodes
}
