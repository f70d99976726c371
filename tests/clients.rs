//! Real clients: they accept what larder wrote, and larder accepts what they wrote.
//!
//! `huggingface_hub` and its command `hf`, `transformers`, and the crate `hf-hub`, each in the home
//! that larder filled or is about to find filled, against one test hub that logs every request.

#![allow(clippy::unwrap_used, reason = "a broken promise ends a test")]

#[path = "support/larder.rs"]
mod bin;
#[path = "support/hub.rs"]
mod hub;
#[path = "support/python.rs"]
mod python;

#[path = "clients/adopt.rs"]
mod adopt;
#[path = "clients/differs.rs"]
mod differs;
#[path = "clients/disk.rs"]
mod disk;
#[path = "clients/hf_hub.rs"]
mod hf_hub;
#[path = "clients/read.rs"]
mod read;
#[path = "clients/removed.rs"]
mod removed;
#[path = "clients/repos.rs"]
mod repos;
#[path = "clients/same_tree.rs"]
mod same_tree;
#[path = "clients/takeover.rs"]
mod takeover;
#[path = "clients/together.rs"]
mod together;
