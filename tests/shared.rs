//! One store for a team: users of one group, with whatever umask, on one machine.
//!
//! The users are real: root makes them and takes them away again. Where these tests do not run as
//! root they say so and pass.

#![cfg(target_os = "linux")]
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
#[path = "shared/team.rs"]
mod team;
#[path = "support/tree.rs"]
mod tree;

#[path = "shared/once.rs"]
mod once;
#[path = "shared/others.rs"]
mod others;
#[path = "shared/partial.rs"]
mod partial;
