//! Which commit needs which names on this disk: the records of a store, its blobs and its views, as
//! one value that tells what goes when something goes.
//!
//! Looks, and changes nothing. A name counts as a commit's only if it is as larder proved it, because
//! only such names are withdrawn: what somebody else put in its place stays, and keeps its room.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;

use super::ledger::{Hold, Ledger};
use super::look::{self, Seen};
use super::names;
use crate::digest::BlobId;
use crate::fs::FileId;
use crate::store::census::{Blob, Census};
use crate::store::snapshot::FileRecord;
use crate::view::ViewId;
use crate::view::lying::Lying;

/// What keeps a name of a content.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Name {
    /// The store, under as many names of its own as it has for a blob.
    Stored(BlobId),
    /// A view, spelled without links. As bytes: to tell paths apart by their parts takes longer than to
    /// read them from the disk.
    Shown(OsString),
}

/// The names of all contents that some commit needs.
#[derive(Debug, Default)]
pub struct Holdings {
    ledger: Ledger<FileId, Name>,
    records: Vec<Held>,
}

/// What one recorded commit holds.
#[derive(Debug, Default)]
struct Held {
    /// By the index of the file in the manifest.
    files: Vec<Vec<Hold>>,
    views: Vec<Sight>,
}

/// What became of a commit in a view that it was published to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// Which view.
    pub view: ViewId,
    /// The folder that readers open, or would.
    pub folder: PathBuf,
    /// Whether it is there.
    pub presence: Presence,
}

/// Whether a view shows a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Presence {
    /// At least one of the files that were pulled has its name there.
    Shown,
    /// None has.
    Gone,
    /// Nobody can tell: the disk of the view is not there, or this user may not look.
    Away,
}

/// What an unrecorded snapshot holds.
#[derive(Clone, Debug, Default)]
pub struct ForeignHolds(Vec<Hold>);

impl Holdings {
    /// Looks at every name of every recorded file. What stands in a view under the name of a file
    /// that was not pulled is given to `foreign`, with the index of the record and where it was seen.
    /// A view that may not be looked at, another user's perhaps, is [`Presence::Away`].
    pub fn take(
        census: &Census,
        blobs: &BTreeMap<BlobId, Blob>,
        foreign: &mut impl FnMut(usize, &Sight, Lying),
    ) -> Self {
        let mut holdings = Self::default();
        let seen = look::all(census, blobs);
        for (index, (recorded, seen)) in census.commits.iter().zip(seen).enumerate() {
            let files = &recorded.manifest.files;
            let mut held = Held {
                files: files
                    .iter()
                    .map(|file| holdings.hold_blob(file, blobs))
                    .collect(),
                views: Vec::new(),
            };
            for Seen { part, looks } in seen {
                let presence = match &looks {
                    Ok(looks) => look::presence(looks, part.view.root()),
                    Err(_unreadable) => Presence::Away,
                };
                let sight = Sight {
                    view: part.view.id(),
                    folder: part.folder,
                    presence,
                };
                for (look, holds) in looks.unwrap_or_default().into_iter().zip(&mut held.files) {
                    let names = look.ours.into_iter();
                    holds.extend(names.map(|(path, there)| holdings.hold_name(path, &there)));
                    if let Some(file) = look.foreign {
                        foreign(index, &sight, file);
                    }
                }
                if part.is_expected || presence == Presence::Shown {
                    held.views.push(sight);
                }
            }
            holdings.records.push(held);
        }
        holdings
    }

    fn hold_blob(&mut self, file: &FileRecord, blobs: &BTreeMap<BlobId, Blob>) -> Vec<Hold> {
        let stored = file.blob.and_then(|id| Some((id, blobs.get(&id)?)));
        let hold = stored.map(|(id, blob)| {
            let name = Name::Stored(id);
            self.ledger
                .hold(name, blob.own_links, blob.file, blob.len, blob.links)
        });
        hold.into_iter().collect()
    }

    fn hold_name(&mut self, path: PathBuf, there: &names::Seen) -> Hold {
        let name = Name::Shown(path.into_os_string());
        self.ledger
            .hold(name, 1, there.file, there.len, there.links)
    }

    /// Lets an unrecorded snapshot hold the names of its files: they stay when records go.
    pub fn add_foreign(&mut self, files: &[Lying]) -> ForeignHolds {
        let mut seen = BTreeSet::new();
        let files = files.iter().filter(|file| seen.insert(&file.kept_as));
        let holds = files.map(|file| {
            let name = Name::Shown(file.kept_as.clone().into_os_string());
            self.ledger.hold(name, 1, file.file, file.len, file.links)
        });
        ForeignHolds(holds.collect())
    }

    /// Bytes on disk that become free when these files are removed, from the store and from every
    /// view, and nothing else: each a commit's index in the census and the file's in its manifest.
    pub fn freed_by(&self, going: impl IntoIterator<Item = (usize, usize)>) -> u64 {
        let holds = going.into_iter().flat_map(|(record, file)| {
            let held = self
                .records
                .get(record)
                .and_then(|held| held.files.get(file));
            held.into_iter().flatten().copied()
        });
        self.ledger.freed_by(holds)
    }

    /// As [`Holdings::freed_by`], of whole commits.
    pub fn freed_by_commits(&self, going: impl IntoIterator<Item = usize>) -> u64 {
        let files = |record: usize| {
            let count = self.records.get(record).map_or(0, |held| held.files.len());
            (0..count).map(move |file| (record, file))
        };
        self.freed_by(going.into_iter().flat_map(files))
    }

    /// Bytes that become free when these unrecorded snapshots go.
    pub fn freed_by_foreign<'a>(&self, going: impl IntoIterator<Item = &'a ForeignHolds>) -> u64 {
        let holds = going.into_iter().flat_map(|holds| holds.0.iter().copied());
        self.ledger.freed_by(holds)
    }

    /// Whether a blob stays when all commits go: it has a name that no commit holds, in an adopted
    /// folder perhaps, or in a view that this user may not look at.
    pub fn is_held_elsewhere(&self, blob: &Blob) -> bool {
        let has_stranger = self.ledger.has_stranger(&blob.file);
        has_stranger.unwrap_or(blob.links > blob.own_links)
    }

    /// Whether a recorded file has a name anywhere, as it was proven.
    pub fn is_here(&self, record: usize, file: usize) -> bool {
        let held = self
            .records
            .get(record)
            .and_then(|held| held.files.get(file));
        held.is_some_and(|holds| !holds.is_empty())
    }

    /// What became of a recorded commit where it was published.
    pub fn views(&self, record: usize) -> &[Sight] {
        self.records.get(record).map_or(&[], |held| &held.views)
    }

    /// Whether a name of this file is held.
    pub(super) fn holds(&self, file: FileId) -> bool {
        self.ledger.knows(&file)
    }

    /// Bytes of everything that is held, each content once.
    pub fn total_bytes(&self) -> u64 {
        self.ledger.total_bytes()
    }
}
