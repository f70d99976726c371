//! The fuzz targets on a stable toolchain: the committed corpus, and the same mutations of it in every
//! run. `scripts/fuzz` is the long way, guided by coverage.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a broken promise ends a test"
)]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use fastrand::Rng;

#[path = "../fuzz/src/lib.rs"]
mod targets;

/// Inputs for each target beside its corpus.
const MUTATIONS: usize = 3000;
/// Inputs do not grow beyond this.
const LONGEST: usize = 4096;

/// What a parser may stumble over, put where it was not.
const ODD: [&[u8]; 22] = [
    b"..",
    b"/",
    b"\\",
    b"\0",
    b"\x1b[31m",
    b"\n",
    b"\r\n",
    b":",
    b"@",
    b"%",
    b"%2F",
    b"\"",
    b"-1",
    b"9007199254740993",
    b"18446744073709551616",
    b"1e400",
    b"[[[[",
    b"null",
    b"\xc3\xa9",
    b"\xff",
    b"\xe2\x80\xae",
    b"*",
];

fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let mut paths: Vec<_> = fs::read_dir(&dir)
        .unwrap_or_else(|error| panic!("{name} has no corpus: {error}"))
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "{name} has an empty corpus");
    let read = |path: PathBuf| {
        let bytes = fs::read(&path).unwrap();
        (path, bytes)
    };
    paths.into_iter().map(read).collect()
}

/// A place in `0..=len`.
fn place(random: &mut Rng, len: usize) -> usize {
    random.usize(..=len)
}

fn mutated(random: &mut Rng, all: &[(PathBuf, Vec<u8>)]) -> Vec<u8> {
    let any = |random: &mut Rng| all[random.usize(..all.len())].1.clone();
    let mut bytes = any(random);
    for _ in 0..random.usize(1..=4) {
        let at = place(random, bytes.len());
        let to = at + place(random, (bytes.len() - at).min(16));
        match random.u8(..6) {
            0 => drop(bytes.drain(at..to)),
            1 => {
                let odd = ODD[random.usize(..ODD.len())];
                drop(bytes.splice(at..to, odd.iter().copied()));
            }
            2 => {
                let again = bytes[at..to].repeat(random.usize(1..20));
                drop(bytes.splice(at..at, again));
            }
            3 => {
                let other = any(random);
                let from = place(random, other.len());
                drop(bytes.splice(at.., other[from..].iter().copied()));
            }
            4 if at < bytes.len() => bytes[at] ^= 1 << random.u8(..8),
            _ => bytes.insert(at, random.u8(..)),
        }
    }
    bytes.truncate(LONGEST);
    bytes
}

/// The first of the inputs on which the target breaks a promise.
fn broken(run: fn(&[u8]), mut inputs: impl Iterator<Item = Vec<u8>>) -> Option<Vec<u8>> {
    inputs.find(|bytes| catch_unwind(AssertUnwindSafe(|| run(bytes))).is_err())
}

#[test]
fn every_target_keeps_its_promises_on_its_corpus() {
    let mut wrong = Vec::new();
    for (name, run) in targets::ALL {
        for (path, bytes) in corpus(name) {
            if broken(run, std::iter::once(bytes)).is_some() {
                wrong.push(path);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_target_keeps_its_promises_on_mutations_of_its_corpus() {
    let mut wrong = Vec::new();
    for (name, run) in targets::ALL {
        let all = corpus(name);
        let mut random = Rng::with_seed(5);
        let inputs = (0..MUTATIONS).map(|_| mutated(&mut random, &all));
        if let Some(bytes) = broken(run, inputs) {
            wrong.push(format!("{name}: {}", bytes.escape_ascii()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_target_has_a_program_for_the_long_run() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    for (name, _) in targets::ALL {
        let program = fs::read_to_string(fuzz.join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(
            program.contains(&format!("larder_fuzz::{name}::run(data)")),
            "{name}"
        );
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
    }
}
