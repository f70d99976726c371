//! What is to go, and making it go: for `rm` and `prune`.
//!
//! [`Stock`] is what there is, read once. [`target`] and [`prune`] mark commits, or parts of them, as
//! [`Marks`]; [`Removal::new`] turns marks into what exactly is to be done; both are pure.
//! [`apply`](apply::apply) does it, under the store's lock alone.
//!
//! Order: views, revisions, blobs, records. A record goes last because it is how an interrupted removal
//! is found again. Until then it may name blobs that are gone, which a pull fetches anew.

use std::collections::{BTreeMap, BTreeSet};

use crate::digest::BlobId;
use crate::repo::{Commit, HubName, RepoId, RepoPath, Revision};

pub mod apply;
pub mod plan;
pub mod prune;
pub mod stock;
pub mod target;

#[cfg(test)]
mod testing;

pub use plan::{Going, Removal};
pub use stock::Stock;

/// A commit of a repo on a hub: what a record is of.
pub type Key = (HubName, RepoId, Commit);

/// Why something goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// It was asked for.
    Asked,
    /// No view shows it any more.
    Unseen,
    /// No revision leads to it any more.
    Detached,
    /// It was not used for long.
    Unused,
    /// Room was asked for, and this was not used for the longest time.
    Room,
}

impl Why {
    /// In a word or two.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked for",
            Self::Unseen => "in no view",
            Self::Detached => "detached",
            Self::Unused => "unused",
            Self::Room => "to make room",
        }
    }
}

/// What of a commit is to go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// All of it.
    pub is_whole: bool,
    /// These revisions are to lead to it no longer.
    pub revisions: BTreeSet<Revision>,
    /// These files.
    pub files: BTreeSet<RepoPath>,
}

impl Part {
    /// All of a commit.
    pub fn whole() -> Self {
        Self {
            is_whole: true,
            ..Self::default()
        }
    }

    fn add(&mut self, other: Self) {
        self.is_whole |= other.is_whole;
        self.revisions.extend(other.revisions);
        self.files.extend(other.files);
    }
}

/// What was found to go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Commits, by their place in the stock.
    pub commits: BTreeMap<usize, (Part, Why)>,
    /// Blobs that no record names.
    pub blobs: BTreeSet<BlobId>,
    /// Unfinished contents, by their place in the stock.
    pub unfinished: BTreeSet<usize>,
}

/// What an interrupted pull left and may go on with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Young {
    /// Finished contents that no record names.
    pub contents: u64,
    /// Unfinished ones.
    pub unfinished: u64,
    /// The lengths of the contents, and what the others take on the disk.
    pub bytes: u64,
}

impl Young {
    fn add(&mut self, other: Self) {
        self.contents += other.contents;
        self.unfinished += other.unfinished;
        self.bytes += other.bytes;
    }
}

impl Marks {
    /// Marks a part of a commit; the first reason counts.
    pub fn add(&mut self, index: usize, part: Part, why: Why) {
        let (marked, _why) = self
            .commits
            .entry(index)
            .or_insert_with(|| (Part::default(), why));
        marked.add(part);
    }

    /// Leaves out commits of which nothing was to go before.
    pub fn keep_known(&mut self, stock: &Stock, before: &Removal) {
        let known: BTreeSet<Key> = before.commits.iter().map(Going::key).collect();
        self.commits
            .retain(|index, _| known.contains(&stock.commits[*index].key()));
    }

    /// Leaves out what was not shown in `agreed`, also commits of which more would go than was shown
    /// there. Returns those.
    pub fn keep_only(&mut self, stock: &Stock, agreed: &Removal) -> BTreeSet<Key> {
        let shown: BTreeMap<Key, &Going> = agreed
            .commits
            .iter()
            .map(|going| (going.key(), going))
            .collect();
        self.keep_known(stock, agreed);
        self.blobs.retain(|id| agreed.unclaimed.contains(id));
        let paths: BTreeSet<_> = agreed.unfinished.iter().map(|one| &one.path).collect();
        self.unfinished
            .retain(|index| paths.contains(&stock.unfinished[*index].path));
        let now = Removal::new(stock, self).commits.into_iter();
        let grown = now.filter(|going| {
            let shown = shown.get(&going.key());
            shown.is_none_or(|shown| going.exceeds(shown))
        });
        let grown: BTreeSet<Key> = grown.map(|going| going.key()).collect();
        let is_grown = |index: &usize| grown.contains(&stock.commits[*index].key());
        self.commits.retain(|index, _| !is_grown(index));
        grown
    }
}
