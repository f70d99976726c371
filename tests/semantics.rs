//! `docs/semantics.md` promises nothing without a test: every test that it names is there.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page() -> String {
    fs::read_to_string(root().join("docs/semantics.md")).unwrap()
}

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

/// The names of all functions that are marked as tests.
fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let files = ["tests", "src"].map(|dir| sources(&root().join(dir)));
    for file in files.into_iter().flatten() {
        let text = fs::read_to_string(file).unwrap();
        let mut is_marked = false;
        for line in text.lines().map(str::trim) {
            is_marked |= line == "#[test]" || line.starts_with("#[tokio::test");
            let signature = line.strip_prefix("async ").unwrap_or(line);
            if let Some(rest) = signature.strip_prefix("fn ")
                && std::mem::take(&mut is_marked)
            {
                names.insert(rest.split('(').next().unwrap().to_owned());
            }
        }
    }
    names
}

/// The test names in a text: what stands in backticks and is nothing but lower-case words.
fn named(text: &str) -> BTreeSet<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    let is_test = |name: &&str| {
        let is_word = |c: char| c == '_' || c.is_ascii_lowercase() || c.is_ascii_digit();
        name.contains('_') && name.chars().all(is_word)
    };
    quoted.filter(is_test).map(str::to_owned).collect()
}

#[test]
fn every_test_that_is_named_is_there() {
    let missing: Vec<_> = named(&page()).difference(&tests()).cloned().collect();
    assert!(missing.is_empty(), "no such tests: {missing:#?}");
}

#[test]
fn every_promise_and_every_row_names_a_test() {
    let page = page();
    let mut promises = 0;
    for section in page.split("\n## ").skip(1) {
        for item in section.split("\n* ").skip(1) {
            // Up to the end of the list.
            let item = item.split("\n\n").next().unwrap();
            assert!(!named(item).is_empty(), "a promise without a test: {item}");
            promises += 1;
        }
        let rows = section.lines().filter(|line| line.starts_with("| "));
        for row in rows.filter(|row| !row.ends_with("| test |")) {
            let last = row.trim_end_matches(" |").rsplit("| ").next().unwrap();
            assert!(!named(last).is_empty(), "a row without a test: {row}");
            promises += 1;
        }
    }
    assert!(promises > 100, "{promises} promises were found");
}
