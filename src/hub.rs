//! The window to a hub: resolve a revision to a commit, list its files, open one as a [`Source`].
//!
//! Nothing outside this module's children knows a hub's URLs, JSON or headers. Whatever a hub
//! answers is checked here before it becomes one of our types: names, sizes, hashes.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::digest::{Digest, GitOid};
use crate::error::Cause;
use crate::redact::SafeUrl;
use crate::repo::{Commit, RepoId, RepoPath, Revision};
use crate::source::Source;

mod attempts;
pub mod client;
pub(crate) mod http;
pub mod huggingface;
pub mod login;
pub mod modelscope;
mod send;
pub mod setup;
pub mod token;
pub(crate) mod trust;
pub mod wire;

/// What a revision is at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The commit that the revision names.
    pub commit: Commit,
    /// The id the hub itself uses: differs from the asked one after a rename.
    pub canonical: Option<String>,
    /// Whether the repo's files need terms to be accepted.
    pub is_gated: bool,
}

/// One file of a commit, as the hub lists it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RemoteFile {
    /// Where it is in the repo.
    pub path: RepoPath,
    /// Size in bytes.
    pub len: u64,
    /// Promised content: SHA-256 for large files, git id for the others.
    pub digest: Digest,
    /// Git id of what git holds: the content, or the pointer of a large file; where the hub tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git_oid: Option<GitOid>,
    /// Xet file id, 64 hex digits, where the hub gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xet_hash: Option<String>,
    /// The commit that changed the file last, where the hub tells it: older clients of `ModelScope`
    /// know a file by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<Commit>,
}

impl RemoteFile {
    /// The hub's `ETag` for the content, which names the blob in the Hugging Face cache.
    pub fn etag(&self) -> String {
        self.digest.to_string()
    }
}

/// All files of one commit, sorted by path.
pub type Listing = Vec<RemoteFile>;

/// A hub that models can be pulled from.
pub trait Hub: Send + Sync {
    /// Where it is, for messages and sums.
    fn endpoint(&self) -> SafeUrl;

    /// Asks what `revision` is now.
    fn resolve<'a>(
        &'a self,
        repo: &'a RepoId,
        revision: &'a Revision,
    ) -> BoxFuture<'a, Result<Resolved, Cause>>;

    /// Lists every file of `commit`, sorted by path, each name checked.
    fn list<'a>(
        &'a self,
        repo: &'a RepoId,
        commit: &'a Commit,
    ) -> BoxFuture<'a, Result<Listing, Cause>>;

    /// A source for the content of one listed file. Sends nothing yet.
    fn source(&self, repo: &RepoId, commit: &Commit, file: &RemoteFile) -> Arc<dyn Source>;
}
