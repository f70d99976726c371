//! The arrows of `ARCHITECTURE.md`: which room may use which.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room, and the rooms it may name in `use crate::…` or a path.
const ARROWS: &[(&str, &str)] = &[
    ("redact", ""),
    ("digest", ""),
    ("pickle", ""),
    ("repo", "redact"),
    ("error", "digest redact"),
    ("fs", "error"),
    ("format", "redact"),
    ("blocking", "error"),
    ("retry", "error"),
    ("report", "repo"),
    ("source", "error"),
    ("reference", "error redact repo"),
    ("hub", "digest error pickle redact repo report retry source"),
    ("origin", "digest error hub repo report source"),
    ("select", "digest error hub redact repo"),
    ("plan", "digest hub repo"),
    ("view", "digest error fs hub pickle redact repo"),
    ("store", "digest error fs hub plan repo view"),
    (
        "transfer",
        "blocking digest error fs hub origin plan repo report retry source store view",
    ),
    (
        "inventory",
        "digest error format fs hub reference repo select store view",
    ),
    (
        "removal",
        "digest error fs hub inventory reference repo select store view",
    ),
    ("session", "hub origin report store transfer view"),
    ("hashing", "digest error fs repo report store"),
    (
        "adopt",
        "blocking digest error fs hashing hub redact repo report store view",
    ),
    (
        "verify",
        "blocking digest error fs hashing hub pull reference repo report select session store view",
    ),
    ("probe", "digest error hub repo select store view"),
    (
        "resolve",
        "blocking error fs hub reference repo report session store view",
    ),
];

fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The room that a file belongs to: its top-level module.
fn room(src: &Path, file: &Path) -> String {
    let inside = file.strip_prefix(src).unwrap();
    let first = inside.components().next().unwrap().as_os_str();
    first.to_str().unwrap().trim_end_matches(".rs").to_owned()
}

/// The rooms that a file names, its tests left out.
fn named(file: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(file).unwrap();
    let code = text.split("#[cfg(test)]").next().unwrap();
    let code = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let mut rooms = BTreeSet::new();
    for line in code {
        for after in line.split("crate::").skip(1) {
            let word: String = after
                .chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '_')
                .collect();
            if !word.is_empty() {
                rooms.insert(word);
            }
        }
    }
    rooms
}

#[test]
fn every_room_uses_only_the_rooms_below_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for file in sources(&src) {
        let room = room(&src, &file);
        if ["lib", "main", "cli", "pull"].contains(&room.as_str()) {
            continue;
        }
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == room) else {
            panic!("{room} is a new room: give it a place in ARROWS and in ARCHITECTURE.md");
        };
        for used in named(&file) {
            if used != room && !allowed.split(' ').any(|name| name == used) {
                wrong.push(format!(
                    "{} uses {used}",
                    file.strip_prefix(&src).unwrap().display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_library_neither_prints_nor_reads_the_environment() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let words = [
        "println!",
        "eprintln!",
        "print!(",
        "std::env::",
        "env::var",
        "process::exit",
    ];
    let mut wrong = Vec::new();
    for file in sources(&src) {
        if ["main", "cli"].contains(&room(&src, &file).as_str()) {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for word in words.iter().filter(|word| code.contains(**word)) {
            wrong.push(format!(
                "{} has {word}",
                file.strip_prefix(&src).unwrap().display()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
