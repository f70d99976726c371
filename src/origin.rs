//! Where the bytes of a pull may come from: the repo that was asked for, and others that have the same
//! contents, at another hub or at a mirror.
//!
//! Nothing but a digest says that two files are the same: not the name, not the length; these are at most
//! a reason to try a small one. What an origin sends is proven like everything else, so the worst that a
//! wrong one can do is to waste bytes.

use std::sync::Arc;

use futures_util::future::{BoxFuture, ready};

use crate::error::Cause;
use crate::hub::{Hub, RemoteFile};
use crate::repo::{Commit, HubName, RepoId};
use crate::report::Place;
use crate::source::Source;

mod fallback;

pub use fallback::{At, Fallback, Standby};

/// A place that contents can be fetched from.
pub trait Origin: Send + Sync {
    /// Which one it is, for messages and sums.
    fn place(&self) -> &Place;

    /// Learns what is there. Asks once; after that it sends nothing.
    ///
    /// # Errors
    /// What the hub answers.
    fn look(&self) -> BoxFuture<'_, Result<(), Cause>>;

    /// A source for the content of `file`. Sends nothing.
    ///
    /// # Errors
    /// Why there is none, as far as [`Self::look`] has learnt.
    fn source(&self, file: &RemoteFile) -> Result<Arc<dyn Source>, Lack>;
}

/// Why an origin is no source for a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// It has no such content.
    Absent,
    /// It has a file of that name with another content.
    Differs,
}

/// The repo that was asked for: has every file of its own listing.
pub struct Asked {
    hub: Arc<dyn Hub>,
    place: Place,
    commit: Commit,
}

impl Asked {
    /// The files of `commit` of `repo` at `hub`.
    pub fn new(hub: Arc<dyn Hub>, name: HubName, repo: RepoId, commit: Commit) -> Self {
        let place = place(hub.as_ref(), name, repo);
        Self { hub, place, commit }
    }
}

impl Origin for Asked {
    fn place(&self) -> &Place {
        &self.place
    }

    fn look(&self) -> BoxFuture<'_, Result<(), Cause>> {
        Box::pin(ready(Ok(())))
    }

    fn source(&self, file: &RemoteFile) -> Result<Arc<dyn Source>, Lack> {
        Ok(self.hub.source(&self.place.repo, &self.commit, file))
    }
}

fn place(hub: &dyn Hub, name: HubName, repo: RepoId) -> Place {
    Place {
        hub: name,
        repo,
        endpoint: hub.endpoint().to_string().trim_end_matches('/').to_owned(),
    }
}
