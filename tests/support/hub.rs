//! A hub for tests: the wire formats of Hugging Face and of ModelScope on two local origins, with
//! faults on request.
//!
//! It owns everything a client can see of a hub: repos as data, an API and `resolve` on one
//! port, large files by expiring signed URLs on another, a script of faults, and a log of what
//! was asked. It runs on a thread of its own, so synchronous and asynchronous tests can use it;
//! dropping the [`Hub`] ends every connection and frees both ports.
//!
//! Bytes go `route` or `cdn` (the honest answer) → `damage` (bends it) → `send` (the socket).
//! Nothing is random: the same repos give the same commits, digests and bytes.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "every binary that includes this module uses its own part of it"
)]

#[path = "hub/access.rs"]
mod access;
#[path = "hub/api.rs"]
mod api;
#[path = "hub/builder.rs"]
mod builder;
#[path = "hub/cdn.rs"]
mod cdn;
#[path = "hub/commit.rs"]
mod commit;
#[path = "hub/connection.rs"]
mod connection;
#[path = "hub/content.rs"]
mod content;
#[path = "hub/damage.rs"]
mod damage;
#[path = "hub/fault.rs"]
mod fault;
#[path = "hub/folder.rs"]
mod folder;
#[path = "hub/http.rs"]
mod http;
#[path = "hub/kind.rs"]
mod kind;
#[path = "hub/log.rs"]
mod log;
#[path = "hub/modelscope.rs"]
mod modelscope;
#[path = "hub/noise.rs"]
mod noise;
#[path = "hub/range.rs"]
mod range;
#[path = "hub/record.rs"]
mod record;
#[path = "hub/refusal.rs"]
mod refusal;
#[path = "hub/reply.rs"]
mod reply;
#[path = "hub/repo.rs"]
mod repo;
#[path = "hub/resolve.rs"]
mod resolve;
#[path = "hub/route.rs"]
mod route;
#[path = "hub/script.rs"]
mod script;
#[path = "hub/send.rs"]
mod send;
#[path = "hub/server.rs"]
mod server;
#[path = "hub/shape.rs"]
mod shape;
#[path = "hub/state.rs"]
mod state;
#[path = "hub/tree.rs"]
mod tree;

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

#[allow(unused_imports, reason = "see above")]
pub use self::{
    access::Access,
    builder::Builder,
    commit::{File, Stored},
    content::Content,
    fault::Fault,
    kind::Kind,
    log::{Log, Origin, Record},
    modelscope::{Digests, Direct},
    repo::Repo,
    script::{Match, Rule, Script},
    shape::Shape,
};

/// A running hub; dropping it ends it.
pub struct Hub {
    state: Arc<state::State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Hub {
    /// Starts with nothing: no repo, no token, no fault, full speed.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// What clients take for `HF_ENDPOINT` or `MODELSCOPE_ENDPOINT`.
    pub fn endpoint(&self) -> String {
        self.state.base(Origin::Hub)
    }

    /// The origin of signed URLs.
    pub fn cdn(&self) -> String {
        self.state.base(Origin::Cdn)
    }

    /// Where an origin listens, whatever it calls itself.
    pub fn address(&self, origin: Origin) -> SocketAddr {
        self.state.address(origin)
    }

    /// Makes an origin call itself by the URL of a server in front of it.
    pub fn put_behind(&self, origin: Origin, base: impl Into<String>) {
        self.state.put_behind(origin, base.into());
    }

    /// What was asked so far.
    pub fn log(&self) -> &Log {
        &self.state.log
    }

    /// The faults to come.
    pub fn faults(&self) -> &Script {
        &self.state.script
    }

    /// Adds a repo, or replaces one of that id.
    pub fn add_repo(&self, repo: Repo) {
        self.state.put(repo);
    }

    /// Changes a repo, named as in URLs (`datasets/o/n` for a dataset); `main` follows its files.
    ///
    /// # Panics
    /// If there is no such repo.
    pub fn edit(&self, name: &str, change: impl FnOnce(Repo) -> Repo) {
        let (kind, id) = split(name);
        let is_known = self.state.edit(kind, id, change);
        assert!(is_known, "the test hub has no repo {name}");
    }

    /// Puts files on top of a branch and returns the new commit id.
    ///
    /// # Panics
    /// If there is no such repo.
    pub fn commit(
        &self,
        name: &str,
        branch: &str,
        files: impl IntoIterator<Item = File>,
    ) -> String {
        self.edit(name, |repo| repo.commit(branch, files));
        self.commit_of(name, branch).unwrap_or_default()
    }

    /// The commit id that a revision of a repo means now.
    pub fn commit_of(&self, name: &str, revision: &str) -> Option<String> {
        let (kind, id) = split(name);
        match self.state.find(kind, id) {
            state::Found::Repo(repo) => repo.revision(revision).map(|commit| commit.id.clone()),
            _ => None,
        }
    }

    /// The files of a revision of a repo; none where there is no such revision.
    pub fn files(&self, name: &str, revision: &str) -> Vec<(String, Content)> {
        let (kind, id) = split(name);
        let commit = match self.state.find(kind, id) {
            state::Found::Repo(repo) => repo.revision(revision),
            _ => None,
        };
        let files = commit.iter().flat_map(|commit| commit.files.values());
        files
            .map(|file| (file.path.clone(), file.content.clone()))
            .collect()
    }

    /// Gives a repo another name; the old one leads to it.
    pub fn rename(&self, from: &str, to: &str) {
        let (kind, id) = split(from);
        self.state.rename(kind, id, split(to).1);
    }

    /// Makes a token valid, or changes what it may do.
    pub fn allow(&self, token: &str, access: Access) {
        self.state.allow(token, access);
    }

    /// Changes the speed of one origin, from the next request on.
    pub fn set_shape(&self, origin: Origin, shape: Shape) {
        self.state.set_shape(origin, shape);
    }

    /// Lets every signed URL handed out so far expire.
    pub fn expire_urls(&self) {
        self.state.next_generation();
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // The thread ends when the sender is gone; a panic in it was a failed request already.
        drop(self.stop.take());
        drop(self.thread.take().map(JoinHandle::join));
    }
}

/// A repo name as in URLs: `datasets/o/n` and `spaces/o/n` carry their kind.
fn split(name: &str) -> (Kind, &str) {
    [Kind::Dataset, Kind::Space]
        .into_iter()
        .find_map(|kind| Some((kind, name.strip_prefix(kind.prefix())?)))
        .unwrap_or((Kind::Model, name))
}
