//! larder puts the files of one commit of a model on disk, proven, once, where the tools that run
//! models look for them.
//!
//! Data flows one way:
//!
//! ```text
//! reference → resolve → plan → transfer → store → publish → report
//! ```
//!
//! [`pull`] says that sentence and is the only module that knows every room. [`plan`] is pure;
//! sockets live under [`hub`] and [`transfer`], files under [`store`] and [`view`]. The library never
//! prints and never reads the environment: the binary does both.

pub mod adopt;
mod blocking;
pub mod digest;
pub mod error;
pub mod fs;
pub mod hashing;
pub mod hub;
pub mod plan;
#[doc(hidden)]
pub mod probe;
pub mod pull;
pub mod redact;
pub mod reference;
pub mod repo;
pub mod report;
pub mod resolve;
pub mod retry;
pub mod select;
pub mod session;
pub mod source;
pub mod store;
pub mod transfer;
pub mod verify;
pub mod view;
