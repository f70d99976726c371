//! Which commit needs which names on this disk: the records of a store, its blobs and its views, as
//! one value that tells what goes when something goes.
//!
//! Looks, and changes nothing. A name counts as a commit's only if it is as larder proved it, because
//! only such names are withdrawn: what somebody else put in its place stays, and keeps its room.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::hash::{BuildHasher, Hash, Hasher};
use std::path::PathBuf;

use foldhash::HashMap;
use foldhash::fast::RandomState;

use super::ledger::{Hold, Ledger};
use super::look::{Looker, Ours, Seen};
use super::names;
use crate::digest::BlobId;
use crate::fs::{FileId, parallel};
use crate::store::census::{Blob, Census};
use crate::store::snapshot::FileRecord;
use crate::view::ViewId;
use crate::view::lying::Lying;

/// What keeps a name of a content.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Name {
    /// The store, under as many names of its own as it has for a blob.
    Stored(BlobId),
    /// A view.
    Shown(Shown),
}

/// A name in a view, spelled without links. As bytes: to tell paths apart by their parts takes longer
/// than to read them from the disk. Hashed where it is found, by whichever thread finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    hash: u64,
    path: OsString,
}

impl Shown {
    /// `path`, to be told apart from what was hashed by the same `hasher`.
    pub(super) fn new(path: PathBuf, hasher: &RandomState) -> Self {
        let path = path.into_os_string();
        Self {
            hash: hasher.hash_one(path.as_encoded_bytes()),
            path,
        }
    }
}

impl Hash for Shown {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.hash.hash(state);
    }
}

/// The names of all contents that some commit needs.
#[derive(Debug, Default)]
pub struct Holdings {
    ledger: Ledger<FileId, Name>,
    records: Vec<Held>,
    hasher: RandomState,
}

/// What one recorded commit holds.
#[derive(Debug, Default)]
struct Held {
    /// The names of all its files, in the order of the manifest.
    names: Vec<Hold>,
    /// By the index of the file in the manifest, where its names end in `names`.
    ends: Vec<usize>,
    views: Vec<Sight>,
}

impl Held {
    /// Adds names, each with the index of its file.
    fn extend(&mut self, mut late: Vec<(usize, Hold)>) {
        late.sort_by_key(|(file, _)| *file);
        let mut late = late.into_iter().peekable();
        let all = Self {
            names: Vec::with_capacity(self.names.len() + late.len()),
            ..Self::default()
        };
        let before = std::mem::replace(self, all);
        for file in 0..before.ends.len() {
            self.names.extend(before.of(file));
            while let Some((_, hold)) = late.next_if(|(of, _)| *of == file) {
                self.names.push(hold);
            }
            self.ends.push(self.names.len());
        }
        self.views = before.views;
    }

    /// The names of one file.
    fn of(&self, file: usize) -> &[Hold] {
        let start = file
            .checked_sub(1)
            .map_or(Some(0), |before| self.ends.get(before).copied());
        let range = start.zip(self.ends.get(file).copied());
        range
            .and_then(|(start, end)| self.names.get(start..end))
            .unwrap_or_default()
    }
}

/// Names of a commit that were passed over, although their files have names that nobody holds.
struct Late {
    /// The index of the commit.
    record: usize,
    /// In each part of a view the indices of the files in the manifest.
    parts: Vec<Vec<usize>>,
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
    /// Looks at the names of every recorded file. Of the links in a cache only as many are looked at as
    /// tell whether a commit is to be seen, unless a file has more names than were found without them.
    /// What stands in a view under the name of a file that was not pulled is given to `foreign`, with the
    /// index of the record and where it was seen.
    /// A view that may not be looked at, another user's perhaps, is [`Presence::Away`].
    pub fn take(
        census: &Census,
        blobs: &HashMap<BlobId, Blob>,
        foreign: &mut impl FnMut(usize, &Sight, Lying),
    ) -> Self {
        let mut holdings = Self::with_room(census, blobs);
        let looker = Looker::new(census, blobs, &holdings.hasher);
        let mut passed_over = Vec::new();
        looker.each(census, |recorded, mut seen| {
            let index = holdings.records.len();
            let parts = seen.iter_mut();
            let parts = parts.map(|part| std::mem::take(&mut part.passed_over));
            passed_over.push(parts.collect());
            let files = &recorded.manifest.files;
            let mut give = |sight: &Sight, file| foreign(index, sight, file);
            let held = holdings.enter(files, seen, blobs, &mut give);
            holdings.records.push(held);
        });
        let late = holdings.late(passed_over);
        let look = |late: &Late| looker.look_late(&census.commits[late.record], &late.parts);
        parallel::in_order(&late, look, |late, ours| {
            holdings.enter_late(late.record, ours);
        });
        holdings
    }

    /// What of the names that were passed over has to be looked at after all.
    fn late(&self, passed_over: Vec<Vec<Vec<usize>>>) -> Vec<Late> {
        let records = passed_over.into_iter().enumerate();
        let late = records.map(|(record, mut parts)| {
            for files in &mut parts {
                files.retain(|file| self.has_stranger(record, *file));
            }
            Late { record, parts }
        });
        late.filter(|late| late.parts.iter().any(|files| !files.is_empty()))
            .collect()
    }

    /// Whether a recorded file has a name that nobody here holds.
    fn has_stranger(&self, record: usize, file: usize) -> bool {
        let mut holds = self.records[record].of(file).iter().copied();
        holds.any(|hold| self.ledger.is_beside_stranger(hold))
    }

    /// Enters names of files whose other names were entered.
    fn enter_late(&mut self, record: usize, ours: Vec<Ours>) {
        let names = ours.into_iter();
        let holds = names.map(|ours| (ours.file, self.hold_name(ours.name, &ours.there)));
        let holds = holds.collect();
        self.records[record].extend(holds);
    }

    /// Enters the names of the files of one commit.
    fn enter(
        &mut self,
        files: &[FileRecord],
        seen: Vec<Seen>,
        blobs: &HashMap<BlobId, Blob>,
        foreign: &mut impl FnMut(&Sight, Lying),
    ) -> Held {
        let mut held = Held {
            names: Vec::with_capacity(2 * files.len()),
            ends: Vec::with_capacity(files.len()),
            views: Vec::new(),
        };
        let mut ours = Vec::with_capacity(seen.len());
        for part in seen {
            for file in part.foreign {
                foreign(&part.sight, file);
            }
            ours.push(part.ours.into_iter().peekable());
            held.views.extend(part.is_listed.then_some(part.sight));
        }
        for (index, file) in files.iter().enumerate() {
            held.names.extend(self.hold_blob(file, blobs));
            for names in &mut ours {
                while let Some(ours) = names.next_if(|ours| ours.file == index) {
                    held.names.push(self.hold_name(ours.name, &ours.there));
                }
            }
            held.ends.push(held.names.len());
        }
        held
    }

    /// With room for what is usual: each blob has a name in a view.
    fn with_room(census: &Census, blobs: &HashMap<BlobId, Blob>) -> Self {
        let files = census.commits.iter().map(|one| one.manifest.files.len());
        let names = files.sum::<usize>() + blobs.len();
        Self {
            ledger: Ledger::with_capacity(blobs.len(), names),
            ..Self::default()
        }
    }

    fn hold_blob(&mut self, file: &FileRecord, blobs: &HashMap<BlobId, Blob>) -> Option<Hold> {
        let id = file.blob?;
        let blob = blobs.get(&id)?;
        let name = Name::Stored(id);
        let hold = self.ledger.hold(
            name,
            blob.own_links,
            blob.file(),
            blob.stamp.len,
            blob.links,
        );
        Some(hold)
    }

    fn hold_name(&mut self, name: Shown, there: &names::Seen) -> Hold {
        self.ledger.hold(
            Name::Shown(name),
            1,
            there.file(),
            there.stamp.len,
            there.links,
        )
    }

    /// Lets an unrecorded snapshot hold the names of its files: they stay when records go.
    pub fn add_foreign(&mut self, files: &[Lying]) -> ForeignHolds {
        let mut seen = BTreeSet::new();
        let files = files.iter().filter(|file| seen.insert(&file.kept_as));
        let holds = files.map(|file| {
            let name = Name::Shown(Shown::new(file.kept_as.clone(), &self.hasher));
            self.ledger.hold(name, 1, file.file, file.len, file.links)
        });
        ForeignHolds(holds.collect())
    }

    /// Bytes on disk that become free when these files are removed, from the store and from every
    /// view, and nothing else: each a commit's index in the census and the file's in its manifest.
    pub fn freed_by(&self, going: impl IntoIterator<Item = (usize, usize)>) -> u64 {
        let holds = going.into_iter().flat_map(|(record, file)| {
            let held = self.records.get(record);
            held.map_or(&[][..], |held| held.of(file)).iter().copied()
        });
        self.ledger.freed_by(holds)
    }

    /// As [`Holdings::freed_by`], of whole commits.
    pub fn freed_by_commits(&self, going: impl IntoIterator<Item = usize>) -> u64 {
        let held = going
            .into_iter()
            .filter_map(|record| self.records.get(record));
        self.ledger
            .freed_by(held.flat_map(|held| held.names.iter().copied()))
    }

    /// Bytes that become free when these unrecorded snapshots go.
    pub fn freed_by_foreign<'a>(&self, going: impl IntoIterator<Item = &'a ForeignHolds>) -> u64 {
        let holds = going.into_iter().flat_map(|holds| holds.0.iter().copied());
        self.ledger.freed_by(holds)
    }

    /// Whether a blob stays when all commits go: it has a name that no commit holds, in an adopted
    /// folder perhaps, or in a view that this user may not look at.
    pub fn is_held_elsewhere(&self, blob: &Blob) -> bool {
        let has_stranger = self.ledger.has_stranger(&blob.file());
        has_stranger.unwrap_or(blob.links > blob.own_links)
    }

    /// Whether a recorded file has a name anywhere, as it was proven.
    pub fn is_here(&self, record: usize, file: usize) -> bool {
        let held = self.records.get(record);
        held.is_some_and(|held| !held.of(file).is_empty())
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
