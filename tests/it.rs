//! The promises of the program, each asked of the real binary over real sockets.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a broken promise ends a test, and what a test does to files need not last"
)]

#[path = "support/larder.rs"]
mod bin;
#[path = "support/hub.rs"]
mod hub;
#[path = "support/tree.rs"]
mod tree;

#[path = "it/access.rs"]
mod access;
#[path = "it/adopt.rs"]
mod adopt;
#[path = "it/away.rs"]
mod away;
#[path = "it/choice.rs"]
mod choice;
#[path = "it/cli.rs"]
mod cli;
#[path = "it/folder.rs"]
mod folder;
#[path = "it/folder_disks.rs"]
mod folder_disks;
#[path = "it/format.rs"]
mod format;
#[path = "it/freed.rs"]
mod freed;
#[cfg(target_os = "linux")]
#[path = "it/freed_by_others.rs"]
mod freed_by_others;
#[path = "it/ls.rs"]
mod ls;
#[path = "it/offline.rs"]
mod offline;
#[path = "it/once.rs"]
mod once;
#[path = "it/output.rs"]
mod output;
#[path = "it/prune.rs"]
mod prune;
#[path = "it/pull.rs"]
mod pull;
#[path = "it/references.rs"]
mod references;
#[path = "it/repos.rs"]
mod repos;
#[path = "it/requests.rs"]
mod requests;
#[path = "it/rm.rs"]
mod rm;
#[path = "it/show.rs"]
mod show;
#[path = "it/token.rs"]
mod token;
#[path = "it/verify.rs"]
mod verify;
#[path = "it/verify_folders.rs"]
mod verify_folders;
