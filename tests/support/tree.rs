//! What is on disk, as text, and text without what differs from run to run.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::expect_used,
    clippy::panic,
    reason = "every binary that includes this module uses its own part of it, and a test without \
              its files cannot go on"
)]

use std::fs;
use std::path::{Path, PathBuf};

use super::bin::Larder;
use super::hub::Hub;

/// Everything below `root`, a line each, sorted: `dir/`, `file 12` (bytes), `link -> target`.
///
/// A folder that is not there is an empty text, so that “nothing was written” is one comparison.
pub fn tree(root: &Path) -> String {
    let mut lines = Vec::new();
    walk(root, root, &mut lines);
    lines.sort();
    lines.into_iter().map(|line| line + "\n").collect()
}

fn walk(root: &Path, folder: &Path, lines: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.expect("a folder can be read").path();
        let name = path.strip_prefix(root).expect("below the root").display();
        let metadata = fs::symlink_metadata(&path).expect("an entry is there");
        if metadata.is_symlink() {
            let target = fs::read_link(&path).expect("a link has a target");
            lines.push(format!("{name} -> {}", target.display()));
        } else if metadata.is_dir() {
            lines.push(format!("{name}/"));
            walk(root, &path, lines);
        } else {
            lines.push(format!("{name} {}", metadata.len()));
        }
    }
}

/// The bytes behind a path.
#[track_caller]
pub fn read(path: impl AsRef<Path>) -> Vec<u8> {
    let path: PathBuf = path.as_ref().into();
    fs::read(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

/// Which file a path leads to; equal for names of one file.
#[cfg(unix)]
#[track_caller]
pub fn inode(path: impl AsRef<Path>) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    let path = path.as_ref();
    let metadata = fs::metadata(path)
        .unwrap_or_else(|error| panic!("cannot look at {}: {error}", path.display()));
    (metadata.dev(), metadata.ino())
}

/// `text` without what differs from run to run: the home, both origins, ports and times.
pub fn filtered(text: &str, larder: &Larder, hub: &Hub) -> String {
    let mut text = text.replace(&larder.home().display().to_string(), "[HOME]");
    for (origin, name) in [(hub.endpoint(), "[HUB]"), (hub.cdn(), "[CDN]")] {
        text = text.replace(&origin, name);
        if let Some((_, host)) = origin.split_once("://") {
            text = text.replace(host, name);
        }
    }
    let lines = text.lines().map(without_time);
    lines.map(|line| line + "\n").collect()
}

/// A line whose end says how long it took, without the time.
fn without_time(line: &str) -> String {
    match line.rsplit_once(" in ") {
        Some((rest, time)) if is_time(time) => format!("{rest} in [TIME]"),
        _ => line.to_owned(),
    }
}

/// `2.1 s`, `45 s`, `3m 07s`.
fn is_time(text: &str) -> bool {
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    text.starts_with(is_number) && text.ends_with('s') && text.len() < 12
}
