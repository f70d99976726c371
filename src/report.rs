//! What happened, as data: events for state changes, counters for bytes.
//!
//! The library tells, the binary draws. Events are few; byte counts are atomics that a drawer samples
//! when it likes. The returned `Result` is the truth about a pull, events are the story.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::repo::{Commit, HubName, RepoId, RepoPath};

/// Bytes of one file in flight. Written by the engine, sampled by the drawer.
#[derive(Debug, Default)]
pub struct FileCounters {
    written: AtomicU64,
    verified: AtomicU64,
}

impl FileCounters {
    /// Bytes on disk: found there or written since.
    pub fn written_bytes(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Bytes hashed so far.
    pub fn verified_bytes(&self) -> u64 {
        self.verified.load(Ordering::Relaxed)
    }

    /// Sets both, at the start and when a file begins anew.
    pub fn reset(&self, written: u64, verified: u64) {
        self.written.store(written, Ordering::Relaxed);
        self.verified.store(verified, Ordering::Relaxed);
    }

    /// Counts bytes that reached the disk.
    pub fn add_written(&self, bytes: u64) {
        self.written.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts bytes that were hashed.
    pub fn add_verified(&self, bytes: u64) {
        self.verified.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// A change of state that a person or a program may want to know of.
#[derive(Clone, Debug)]
pub enum Event {
    /// The revision is known; the files are being listed or looked up.
    Resolved {
        /// The repo as asked.
        repo: RepoId,
        /// The commit it is at.
        commit: Commit,
    },
    /// What is there and what has to come. Byte counts are of distinct contents.
    Planned {
        /// Files selected.
        files: u64,
        /// Bytes already on this disk and proven.
        have_bytes: u64,
        /// Bytes on this disk that have yet to be hashed.
        check_bytes: u64,
        /// Bytes to fetch.
        need_bytes: u64,
    },
    /// A file on this disk is being hashed, or a download of one begins or goes on.
    Started {
        /// The file; the first by name where several share the content.
        path: RepoPath,
        /// Its size.
        len: u64,
        /// Bytes of it that are on disk already.
        have_bytes: u64,
        /// Whether bytes are fetched, or found on disk and only hashed.
        is_fetch: bool,
        /// Its live counts.
        counters: Arc<FileCounters>,
    },
    /// A try failed; another follows.
    Retrying {
        /// The file, or nothing for a request about the whole repo.
        path: Option<RepoPath>,
        /// What failed, on one line.
        cause: String,
        /// How long is waited first.
        wait: Duration,
    },
    /// Another process works on the same content.
    Waiting {
        /// The file, or nothing for the whole repo.
        path: Option<RepoPath>,
    },
    /// A file is whole and its digest is right.
    Verified {
        /// The file.
        path: RepoPath,
        /// Its size.
        len: u64,
    },
    /// Something the user should know that stops nothing.
    Notice(String),
    /// The files can be opened where tools look for them.
    Published {
        /// The folder.
        path: PathBuf,
    },
}

/// Takes events. Must not block; called from many threads.
pub trait Sink: Send + Sync {
    /// Takes one event.
    fn emit(&self, event: Event);
}

/// A sink that forgets everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Sink for Silent {
    fn emit(&self, _event: Event) {}
}

/// A repo at a hub or a mirror: where bytes may come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The kind of hub.
    pub hub: HubName,
    /// The repo there.
    pub repo: RepoId,
    /// The base URL of the hub or mirror, without secrets.
    pub endpoint: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.endpoint.split_once("://");
        let host = host.map_or(self.endpoint.as_str(), |(_, host)| host);
        write!(f, "{}:{} at {host}", self.hub, self.repo)
    }
}

/// What came from one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The place.
    pub place: Place,
    /// It stood in for the hub that was asked.
    pub is_fallback: bool,
    /// Bytes that came from there over the network.
    pub bytes: u64,
}

/// What a pull came to.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The repo as asked.
    pub repo: RepoId,
    /// The commit that is on disk.
    pub commit: Commit,
    /// Where the files can be opened: a snapshot folder, or the file when exactly one was named.
    pub path: PathBuf,
    /// Files selected.
    pub files: u64,
    /// Size of all selected files.
    pub total_bytes: u64,
    /// Bytes that came over the network for this pull.
    pub fetched_bytes: u64,
    /// Where these bytes came from; each place that brought any.
    pub sources: Vec<Share>,
    /// Bytes that were already on this disk.
    pub reused_bytes: u64,
}
