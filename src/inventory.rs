//! What is here, as a value: every repo, what it takes and what removing it frees, where it can be
//! seen, what is unfinished, and what other clients left in the views.
//!
//! Reads, and changes nothing. The commands that look after the store show it; what they remove is
//! computed by the same [`Holdings`], so that what is promised to become free does.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use foldhash::HashMap;

use crate::digest::BlobId;
use crate::error::Cause;
use crate::fs::parallel;
use crate::repo::{Commit, HubName, RepoId, Revision};
use crate::store::Store;
use crate::store::census::{Blob, Census};
use crate::view::View;

mod apart;
pub mod detail;
pub mod find;
mod foreign;
pub mod holdings;
mod ledger;
mod look;
mod names;
mod partial;
mod parts;
mod rights;
mod sight;
mod stored;

pub use holdings::Holdings;
pub use partial::Partial;
pub use sight::{Presence, Sight};

/// Everything in a store and in the views beside it.
#[derive(Debug, Default)]
pub struct Inventory {
    /// By hub, kind and name; what is in the store before what is not.
    pub repos: Vec<Repo>,
    /// What is unfinished.
    pub partials: Vec<Partial>,
    /// Bytes on disk of all that is listed, each content once.
    pub disk_bytes: u64,
    /// How much more that would be if every repo had its own copy in every view.
    pub saved_bytes: u64,
    /// Blobs that no record needs.
    pub strays: Strays,
    /// Records that say nothing, because they are damaged.
    pub damaged: Vec<PathBuf>,
    /// Records of a newer larder, with their version.
    pub newer: Vec<(PathBuf, u32)>,
    /// What could not be looked at; it is not listed.
    pub unreadable: Vec<Cause>,
    /// What all this was computed from. To free what describes tens of thousands of files takes a while,
    /// so it is kept: the owner chooses when it goes, or that it does not.
    basis: Vec<(Holdings, HashMap<BlobId, Blob>, Census)>,
}

/// Blobs that no record needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Strays {
    /// How many.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// A repo of which files are here: in the store, or only in a view.
#[derive(Clone, Debug)]
pub struct Repo {
    /// Its hub.
    pub hub: HubName,
    /// Its name.
    pub id: RepoId,
    /// Whether the store has it. What other clients left in a view is a repo of its own.
    pub is_in_store: bool,
    /// Its commits, in the order of their ids.
    pub commits: Vec<Snapshot>,
    /// Bytes of its files, each content once.
    pub size_bytes: u64,
    /// Bytes that removing all of it frees.
    pub unique_bytes: u64,
    /// Bytes that it would take if each view that shows it had copies of its own, as other clients
    /// keep them.
    pub apart_bytes: u64,
}

/// The files of one commit that are here.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The commit, where it is known.
    pub commit: Option<Commit>,
    /// The revisions that lead to it as far as is known here.
    pub revisions: BTreeSet<Revision>,
    /// Whether the commit itself was asked for.
    pub is_pinned: bool,
    /// Files that were pulled, or that lie there.
    pub files: u64,
    /// How many of them have no name anywhere any more.
    pub missing: u64,
    /// Bytes of those that are here, each content once.
    pub size_bytes: u64,
    /// Bytes that removing this commit alone frees.
    pub unique_bytes: u64,
    /// The last pull of any kind; `None` where no record tells.
    pub last_used: Option<SystemTime>,
    /// The last pull that changed something, or when the newest file was written.
    pub modified: Option<SystemTime>,
    /// Where it was published, or lies.
    pub views: Vec<Sight>,
}

impl Repo {
    /// The last pull of any kind of any of its commits.
    pub fn last_used(&self) -> Option<SystemTime> {
        self.commits
            .iter()
            .filter_map(|commit| commit.last_used)
            .max()
    }

    /// The last change of any of its commits.
    pub fn modified(&self) -> Option<SystemTime> {
        self.commits
            .iter()
            .filter_map(|commit| commit.modified)
            .max()
    }

    /// The revisions that lead to any of its commits.
    pub fn revisions(&self) -> BTreeSet<&Revision> {
        self.commits
            .iter()
            .flat_map(|commit| &commit.revisions)
            .collect()
    }
}

impl Inventory {
    /// Looks at everything in `store`, in the views that it was published to, and in `views`.
    ///
    /// # Errors
    /// When the store cannot be read. A view that cannot be is told in the value.
    pub fn take(store: &Store, views: &[Arc<dyn View>]) -> Result<Self, Cause> {
        let (census, names) = parallel::both(|| store.census(), || store.blob_names());
        let (mut census, names) = (census?, names?);
        let (listed, blobs) = parallel::both(|| foreign::list(&census, views), || names.blobs());
        let blobs = blobs?;
        let (mut holdings, mut lying) = foreign::look(&census, &blobs, listed);
        let mut inventory = Self {
            partials: partial::all(store, &census)?,
            unreadable: std::mem::take(&mut lying.unreadable),
            ..Self::default()
        };
        let others = lying.into_repos(&mut holdings);
        // Records that cannot be read may need any of them.
        if census.newer.is_empty() {
            inventory.strays = stored::strays(&blobs, &holdings);
        }
        inventory.repos = stored::repos(store, &census, &holdings)?;
        inventory.repos.extend(others);
        inventory
            .repos
            .sort_by(|a, b| (a.hub, &a.id, !a.is_in_store).cmp(&(b.hub, &b.id, !b.is_in_store)));
        let held_bytes = holdings.total_bytes();
        let partial_bytes: u64 = inventory
            .partials
            .iter()
            .map(|partial| partial.disk_bytes)
            .sum();
        inventory.disk_bytes = held_bytes + inventory.strays.bytes + partial_bytes;
        let apart: u64 = inventory.repos.iter().map(|repo| repo.apart_bytes).sum();
        inventory.saved_bytes = apart.saturating_sub(held_bytes);
        inventory.damaged = std::mem::take(&mut census.damaged);
        inventory.newer = std::mem::take(&mut census.newer);
        inventory.basis.push((holdings, blobs, census));
        Ok(inventory)
    }
}

impl Inventory {
    /// Counts what another store and its views hold, too.
    pub fn add(&mut self, other: Self) {
        self.repos.extend(other.repos);
        self.repos
            .sort_by(|a, b| (a.hub, &a.id, !a.is_in_store).cmp(&(b.hub, &b.id, !b.is_in_store)));
        self.partials.extend(other.partials);
        self.disk_bytes += other.disk_bytes;
        self.saved_bytes += other.saved_bytes;
        self.strays.count += other.strays.count;
        self.strays.bytes += other.strays.bytes;
        self.damaged.extend(other.damaged);
        self.newer.extend(other.newer);
        self.unreadable.extend(other.unreadable);
        self.basis.extend(other.basis);
    }
}

#[cfg(test)]
mod tests;
