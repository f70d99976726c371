//! What is asked of everything that reads what others wrote: one function for each parser.
//!
//! A target takes any bytes and panics when a promise is broken. Inputs are text wherever that is
//! possible, so that a corpus can be read and written by hand: fields are lines. The same functions
//! run under libFuzzer (`fuzz_targets/`, `scripts/fuzz`) and, over the committed corpus and mutations
//! of it, as a test of the stable toolchain (`tests/fuzz.rs`).

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a broken promise ends a run"
)]

pub mod card;
mod checks;
pub mod cookie_jar;
pub mod file_index;
pub mod gguf;
pub mod glob;
pub mod headers;
pub mod journal;
pub mod listing;
pub mod manifest;
pub mod ms_listing;
pub mod names;
pub mod range;
pub mod redirect;
pub mod reference;
pub mod refusal;
pub mod revision;
pub mod safetensors;
pub mod select;
pub mod shown;
pub mod small_files;
pub mod tree_file;

/// One target: its name, which is that of its corpus, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const ALL: [Target; 21] = [
    ("cookie_jar", cookie_jar::run),
    ("file_index", file_index::run),
    ("card", card::run),
    ("gguf", gguf::run),
    ("glob", glob::run),
    ("headers", headers::run),
    ("journal", journal::run),
    ("listing", listing::run),
    ("manifest", manifest::run),
    ("ms_listing", ms_listing::run),
    ("names", names::run),
    ("range", range::run),
    ("redirect", redirect::run),
    ("reference", reference::run),
    ("refusal", refusal::run),
    ("revision", revision::run),
    ("safetensors", safetensors::run),
    ("select", select::run),
    ("shown", shown::run),
    ("small_files", small_files::run),
    ("tree_file", tree_file::run),
];
