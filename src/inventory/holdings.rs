//! Which commit needs which names on this disk: the records of a store, its blobs and its views, as
//! one value that tells what goes when something goes.
//!
//! Looks, and changes nothing. A name counts as a commit's only if it looks as it did when larder proved
//! it: what somebody else put in its place stays, and keeps its room. A copy that nobody recorded is
//! told from that by its hash alone, so a removal that finds one frees more than was counted.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::hash::{BuildHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use foldhash::fast::RandomState;
use foldhash::{HashMap, HashSet};

use super::Sight;
use super::foreign;
use super::ledger::{Hold, Ledger};
use super::look::{Looker, Ours, Seen};
use crate::digest::BlobId;
use crate::fs::{FileId, parallel};
use crate::store::census::{Blob, Census};
use crate::store::snapshot::FileRecord;
use crate::view::View;
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
    /// Whether a part cannot be changed by this user. Which one does not matter to what is so rare.
    is_fixed: bool,
}

/// What has to be looked at again when all was looked at.
#[derive(Default)]
struct Rest {
    late: Vec<Late>,
    /// Folders of repos from which nothing can be removed, since not all of them can be read.
    stuck: HashSet<PathBuf>,
}

/// What an unrecorded snapshot holds.
#[derive(Clone, Debug, Default)]
pub struct ForeignHolds(Vec<Hold>);

impl Rest {
    fn add(&mut self, record: usize, seen: &mut [Seen]) {
        self.late.push(Late {
            record,
            is_fixed: seen.iter().any(|part| part.is_fixed),
            parts: seen
                .iter_mut()
                .map(|part| std::mem::take(&mut part.passed_over))
                .collect(),
        });
        let stuck = seen.iter_mut().filter_map(|part| part.stuck.take());
        self.stuck.extend(stuck);
    }
}

impl Holdings {
    /// Looks at the names of every recorded file, and lets what other clients made in the same views hold
    /// theirs: what stays when every record goes is told by the same numbers.
    /// `beside` are views that no record need name.
    pub fn of(census: &Census, blobs: &HashMap<BlobId, Blob>, beside: &[Arc<dyn View>]) -> Self {
        let listed = foreign::list(census, beside);
        let (mut holdings, found) = foreign::look(census, blobs, listed);
        found.enter(&mut holdings);
        holdings
    }

    /// Looks at the names of every recorded file. Of the links in a cache only as many are looked at as
    /// tell whether a commit is to be seen, one in each folder, unless a file has more names than were
    /// found without them or was proven in more places. What stands in a view under the name of a file
    /// that was not pulled is given to `foreign`, with the index of the record and where it was seen.
    /// A view that may not be looked at, another user's perhaps, is [`Presence::Away`]; names that this
    /// user may not remove stay.
    pub(super) fn take(
        census: &Census,
        blobs: &HashMap<BlobId, Blob>,
        foreign: &mut impl FnMut(usize, &Sight, Lying),
    ) -> Self {
        let mut holdings = Self::with_room(census, blobs);
        let looker = Looker::new(census, blobs, &holdings.hasher);
        let mut rest = Rest::default();
        looker.each(census, |recorded, mut seen| {
            let index = holdings.records.len();
            rest.add(index, &mut seen);
            let files = &recorded.manifest.files;
            let mut give = |sight: &Sight, file| foreign(index, sight, file);
            let held = holdings.enter(files, seen, blobs, &mut give);
            holdings.records.push(held);
        });
        let late = holdings.late(rest.late);
        let look = |late: &Late| looker.look_late(&census.commits[late.record], &late.parts);
        parallel::in_order(&late, look, |late, ours| {
            holdings.enter_late(late, ours);
        });
        holdings.keep_below(&rest.stuck);
        holdings
    }

    /// What of the names that were passed over has to be looked at after all.
    fn late(&self, mut late: Vec<Late>) -> Vec<Late> {
        for Late { record, parts, .. } in &mut late {
            for files in parts {
                files.retain(|file| self.has_stranger(*record, *file));
            }
        }
        late.retain(|late| late.parts.iter().any(|files| !files.is_empty()));
        late
    }

    /// Keeps every name below these folders.
    pub(super) fn keep_below(&mut self, folders: &HashSet<PathBuf>) {
        if folders.is_empty() {
            return;
        }
        let real = folders.iter().filter_map(|dir| fs::canonicalize(dir).ok());
        let folders: HashSet<PathBuf> = real.chain(folders.iter().cloned()).collect();
        self.ledger.keep_those(|name| match name {
            Name::Stored(_) => false,
            Name::Shown(shown) => {
                let mut above = Path::new(&shown.path).ancestors();
                above.any(|dir| folders.contains(dir))
            }
        });
    }

    /// Whether a recorded file has a name that nobody here holds.
    fn has_stranger(&self, record: usize, file: usize) -> bool {
        let mut holds = self.records[record].of(file).iter().copied();
        holds.any(|hold| self.ledger.is_beside_stranger(hold))
    }

    /// Enters names of files whose other names were entered.
    fn enter_late(&mut self, late: &Late, ours: Vec<Ours>) {
        let names = ours.into_iter();
        let holds = names.map(|ours| (ours.file, self.hold_name(ours, late.is_fixed)));
        let holds = holds.collect();
        self.records[late.record].extend(holds);
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
        let is_kept = seen.iter().any(Seen::may_lead_into_store);
        for part in seen {
            for file in part.foreign {
                foreign(&part.sight, file);
            }
            ours.push((part.is_fixed, part.ours.into_iter().peekable()));
            held.views.extend(part.is_listed.then_some(part.sight));
        }
        for (index, file) in files.iter().enumerate() {
            let stored = self.hold_blob(file, blobs);
            if let Some(stored) = stored.filter(|_| is_kept) {
                self.ledger.keep(stored);
            }
            held.names.extend(stored);
            for (is_fixed, names) in &mut ours {
                while let Some(ours) = names.next_if(|ours| ours.file == index) {
                    held.names.push(self.hold_name(ours, *is_fixed));
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

    /// `is_fixed` tells that this user cannot remove the name.
    fn hold_name(&mut self, Ours { name, there, .. }: Ours, is_fixed: bool) -> Hold {
        let name = Name::Shown(name);
        let file = there.file();
        let hold = self
            .ledger
            .hold(name, 1, file, there.stamp.len, there.links);
        if is_fixed {
            self.ledger.keep(hold);
        }
        hold
    }

    /// Lets an unrecorded snapshot hold the names of its files: they stay when records go.
    pub(super) fn add_foreign(&mut self, files: &[Lying]) -> ForeignHolds {
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

    /// Keeps the names that an unrecorded snapshot holds.
    pub(super) fn keep(&mut self, holds: &ForeignHolds) {
        for hold in &holds.0 {
            self.ledger.keep(*hold);
        }
    }

    /// The names in views that stay when all commits go.
    pub fn kept_names(&self) -> std::collections::HashSet<PathBuf> {
        let kept = self.ledger.kept();
        kept.filter_map(|name| match name {
            Name::Stored(_) => None,
            Name::Shown(shown) => Some(PathBuf::from(&shown.path)),
        })
        .collect()
    }

    /// Whether a blob stays when all commits go: it has a name that no commit holds, in an adopted
    /// folder perhaps or another client's snapshot, or one that this user may not look at or remove.
    /// `loose` of its names go with it: nothing leads to them.
    pub fn is_held_elsewhere(&self, blob: &Blob, loose: u64) -> bool {
        let stays = self.ledger.stays(&blob.file());
        stays.unwrap_or(blob.links > blob.own_links + loose)
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
