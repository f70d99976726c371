//! Marks → what exactly is to be done. Pure: nothing that something unmarked needs is in a plan.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::time::SystemTime;

use crate::digest::{BlobId, Digest, GitOid};
use crate::fs::Stamp;
use crate::hub::RemoteFile;
use crate::removal::prune::unneeded;
use crate::removal::stock::{Held, is_pulled};
use crate::removal::{Key, Marks, Part, Stock, Why, Young};
use crate::repo::{RepoId, RepoPath, Revision};
use crate::store::census::Unfinished;
use crate::store::snapshot::{Manifest, Stamps};

/// What is to be done.
#[derive(Clone, Debug, Default)]
pub struct Removal {
    /// What goes of which commit.
    pub commits: Vec<Going>,
    /// The blobs that no record names when that is done, and their sizes in bytes.
    pub blobs: BTreeMap<BlobId, u64>,
    /// Those of them that no record names now.
    pub unclaimed: BTreeSet<BlobId>,
    /// The git ids by which pulls find what stays.
    pub kept_git: BTreeSet<GitOid>,
    /// Names in views that stay whatever goes: another client needs them.
    pub kept_names: HashSet<PathBuf>,
    /// What is unfinished and goes.
    pub unfinished: Vec<Unfinished>,
    /// Bytes that become free. Names that are given up alone,
    /// while the commit stays, are not counted.
    pub freed_bytes: u64,
    /// Records that say nothing. They stay, and so does what no record names: it may be theirs.
    pub damaged: Vec<PathBuf>,
    /// What stays for a pull that goes on.
    pub young: Young,
}

/// What goes of a commit.
#[derive(Clone, Debug)]
pub struct Going {
    /// The repo.
    pub repo: RepoId,
    /// The record as it is.
    pub manifest: Manifest,
    /// Why.
    pub why: Why,
    /// Whether nothing of it stays.
    pub is_whole: bool,
    /// The revisions that lead to it now.
    pub names: BTreeSet<Revision>,
    /// Those that will no longer.
    pub revisions: BTreeSet<Revision>,
    /// Those under which views may show it: [`Held::revisions`].
    pub shown_at: BTreeSet<Revision>,
    /// Those that views showed it under before they led to another commit, and the files that go of which
    /// that one has none: what a folder for the revision still has.
    pub left_at: BTreeMap<Revision, BTreeSet<RepoPath>>,
    /// What was pulled of it, with every look that the content was recorded to have.
    pub pulled: Vec<(RemoteFile, Vec<Stamp>)>,
    /// The files that go.
    pub files: BTreeSet<RepoPath>,
    /// Their blobs.
    pub blobs: BTreeSet<BlobId>,
    /// Size of these blobs in bytes, each counted once.
    pub size_bytes: u64,
    /// When it was last used.
    pub last_used: SystemTime,
}

impl Removal {
    /// Adds what goes in another store, to be told as one.
    pub fn add(&mut self, other: Self) {
        self.commits.extend(other.commits);
        self.blobs.extend(other.blobs);
        self.unclaimed.extend(other.unclaimed);
        self.kept_git.extend(other.kept_git);
        self.kept_names.extend(other.kept_names);
        self.unfinished.extend(other.unfinished);
        self.freed_bytes += other.freed_bytes;
        self.damaged.extend(other.damaged);
        self.young.add(other.young);
    }

    /// The contents of these commits.
    pub fn blobs_of(&self, keys: &BTreeSet<Key>) -> BTreeSet<BlobId> {
        let commits = self.commits.iter();
        let commits = commits.filter(|going| keys.contains(&going.key()));
        commits.flat_map(|going| &going.blobs).copied().collect()
    }

    /// Leaves out these commits and their contents.
    pub fn leave_out(&mut self, keys: &BTreeSet<Key>) {
        let blobs = self.blobs_of(keys);
        self.blobs.retain(|id, _| !blobs.contains(id));
        self.commits.retain(|going| !keys.contains(&going.key()));
    }
}

impl Going {
    /// What the record is of.
    pub fn key(&self) -> Key {
        let manifest = &self.manifest;
        (manifest.hub, self.repo.clone(), manifest.commit.clone())
    }

    /// Whether more goes than was to go before.
    pub(super) fn exceeds(&self, before: &Self) -> bool {
        (self.is_whole && !before.is_whole)
            || !self.revisions.is_subset(&before.revisions)
            || !self.files.is_subset(&before.files)
    }

    /// What the record says when it is done; nothing when there is none any more.
    pub fn rest(&self) -> Option<Manifest> {
        if self.is_whole {
            return None;
        }
        let mut rest = self.manifest.clone();
        rest.revisions
            .retain(|revision| !self.revisions.contains(revision));
        for file in &mut rest.files {
            if self.files.contains(&file.remote.path) {
                file.blob = None;
                file.stamps = Stamps::default();
            }
        }
        Some(rest)
    }
}

impl Removal {
    /// What carrying out `marks` means.
    pub fn new(stock: &Stock, marks: &Marks) -> Self {
        let stamps = stamps(stock);
        let commits: Vec<Going> = marks
            .commits
            .iter()
            .map(|(index, (part, why))| {
                let held = &stock.commits[*index];
                let going = going(stock, held, part, *why, &stamps);
                Going {
                    left_at: left_at(stock, marks, held, &going.files),
                    ..going
                }
            })
            .collect();
        let (needed, kept_git) = needed_after(stock, marks, &commits);
        let candidates = commits.iter().flat_map(|going| &going.blobs);
        let blobs: BTreeMap<BlobId, u64> = candidates
            .chain(&marks.blobs)
            .filter(|id| !needed.contains(id))
            .filter_map(|id| Some((*id, stock.blobs.get(id)?.stamp.len)))
            .collect();
        let unfinished = unfinished(stock, marks, &commits);
        let unneeded = marks.blobs.iter().filter(|id| blobs.contains_key(id));
        let unneeded = unneeded.filter_map(|id| stock.blobs.get(id));
        let unneeded = unneeded.filter(|blob| !stock.is_held_elsewhere(blob));
        let freed_bytes = stock.holdings.freed_by(given_up(stock, marks, &commits))
            + unneeded.map(|blob| blob.stamp.len).sum::<u64>()
            + unfinished.iter().map(|one| one.disk_bytes).sum::<u64>();
        Self {
            young: young(stock, marks, &unfinished),
            unfinished,
            freed_bytes,
            damaged: stock.damaged.clone(),
            kept_names: stock.holdings.kept_names(),
            unclaimed: marks.blobs.clone(),
            kept_git,
            commits,
            blobs,
        }
    }

    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.commits.is_empty() && self.blobs.is_empty() && self.unfinished.is_empty()
    }
}

fn going(
    stock: &Stock,
    held: &Held,
    part: &Part,
    why: Why,
    stamps: &HashMap<Digest, Vec<Stamp>>,
) -> Going {
    let names: BTreeSet<Revision> = held.names.union(&held.noted).cloned().collect();
    let is_whole = is_whole(held, part, &names);
    let pulled = || held.pulled().map(|file| &file.remote);
    let files: BTreeSet<RepoPath> = pulled()
        .map(|file| file.path.clone())
        .filter(|path| is_whole || part.files.contains(path))
        .collect();
    let goes = |path| files.contains(path);
    let records = held.pulled().filter(|file| goes(&file.remote.path));
    let blobs: BTreeSet<BlobId> = records.filter_map(|file| file.blob).collect();
    let looks = |file: &RemoteFile| stamps.get(&file.digest).cloned().unwrap_or_default();
    let len = |id: &BlobId| stock.blobs.get(id).map_or(0, |blob| blob.stamp.len);
    Going {
        repo: held.recorded.repo.clone(),
        manifest: held.manifest().clone(),
        why,
        is_whole,
        revisions: if is_whole {
            names.clone()
        } else {
            part.revisions.clone()
        },
        names,
        shown_at: held.revisions.clone(),
        left_at: BTreeMap::new(),
        pulled: pulled().map(|file| (file.clone(), looks(file))).collect(),
        files,
        size_bytes: blobs.iter().map(len).sum(),
        blobs,
        last_used: held.recorded.last_used,
    }
}

/// What of `files` is to be seen under the revisions that lead to another commit by now: what that one
/// does not list; where it goes as well, what was not pulled of it.
fn left_at(
    stock: &Stock,
    marks: &Marks,
    held: &Held,
    files: &BTreeSet<RepoPath>,
) -> BTreeMap<Revision, BTreeSet<RepoPath>> {
    let (hub, repo, _) = held.key();
    let left = held.left.iter().filter_map(|(revision, commit)| {
        let key = (hub, repo.clone(), commit.clone());
        let mut commits = stock.commits.iter().enumerate();
        // Of a commit without a record nobody knows what it shows.
        let (index, next) = commits.find(|(_, other)| other.key() == key)?;
        let goes = marks.commits.get(&index).is_some_and(|(part, _)| {
            let names = next.names.union(&next.noted).cloned().collect();
            is_whole(next, part, &names)
        });
        let records = next.manifest().files.iter();
        let staying = records.filter(|file| !goes || is_pulled(file));
        let shown: HashSet<&RepoPath> = staying.map(|file| &file.remote.path).collect();
        let left = files.iter().filter(|path| !shown.contains(path));
        Some((revision.clone(), left.cloned().collect()))
    });
    left.collect()
}

/// The files that go, as [`Holdings`](crate::inventory::Holdings) count them.
fn given_up(stock: &Stock, marks: &Marks, commits: &[Going]) -> Vec<(usize, usize)> {
    let places = marks.commits.keys().zip(commits);
    let files = places.flat_map(|(index, going)| {
        let files = stock.commits[*index].manifest().files.iter().enumerate();
        files
            .filter(|(_, file)| going.files.contains(&file.remote.path))
            .map(|(file, _)| (*index, file))
    });
    files.collect()
}

/// Nothing stays of a commit to which nothing leads any more, or of which no file is left.
fn is_whole(held: &Held, part: &Part, names: &BTreeSet<Revision>) -> bool {
    let leads_nowhere = !part.revisions.is_empty()
        && !held.manifest().is_pinned
        && names.is_subset(&part.revisions);
    let has_no_file = !part.files.is_empty()
        && held
            .pulled()
            .all(|file| part.files.contains(&file.remote.path));
    part.is_whole || leads_nowhere || has_no_file
}

/// Every look that a proven content was recorded to have, in whichever view.
fn stamps(stock: &Stock) -> HashMap<Digest, Vec<Stamp>> {
    let mut stamps: HashMap<Digest, Vec<Stamp>> = HashMap::new();
    for file in stock.commits.iter().flat_map(|held| &held.manifest().files) {
        for stamp in file.stamps.iter() {
            let looks = stamps.entry(file.remote.digest).or_default();
            if !looks.contains(&stamp) {
                looks.push(stamp);
            }
        }
    }
    stamps
}

/// The blobs that some record names when it is done, and the git ids of those that have one.
fn needed_after(
    stock: &Stock,
    marks: &Marks,
    commits: &[Going],
) -> (HashSet<BlobId>, BTreeSet<GitOid>) {
    let unmarked = stock.commits.iter().enumerate();
    let unmarked = unmarked
        .filter(|(index, _)| !marks.commits.contains_key(index))
        .flat_map(|(_, held)| &held.manifest().files);
    let rests: Vec<Manifest> = commits.iter().filter_map(Going::rest).collect();
    let staying = unmarked.chain(rests.iter().flat_map(|rest| &rest.files));
    let (mut blobs, mut oids) = (HashSet::new(), BTreeSet::new());
    for file in staying {
        blobs.extend(file.blob);
        if let (Some(_), Digest::Git(oid)) = (file.blob, file.remote.digest) {
            oids.insert(oid);
        }
    }
    (blobs, oids)
}

/// What nothing needs and does not go.
fn young(stock: &Stock, marks: &Marks, going: &[Unfinished]) -> Young {
    let mut young = Young::default();
    for (id, _) in unneeded(stock).filter(|(id, _)| !marks.blobs.contains(id)) {
        young.contents += 1;
        young.bytes += stock.blobs.get(&id).map_or(0, |blob| blob.stamp.len);
    }
    let going: HashSet<&PathBuf> = going.iter().map(|one| &one.path).collect();
    let all = stock.unfinished.iter();
    for one in all.filter(|one| !one.is_owned && !going.contains(&one.path)) {
        young.unfinished += 1;
        young.bytes += one.disk_bytes;
    }
    young
}

/// What was marked, and the unfinished files of whole commits that no other commit has.
fn unfinished(stock: &Stock, marks: &Marks, commits: &[Going]) -> Vec<Unfinished> {
    let gone: BTreeSet<Key> = commits
        .iter()
        .filter(|going| going.is_whole)
        .map(Going::key)
        .collect();
    let (mut leaving, mut staying) = (HashSet::new(), HashSet::new());
    for held in &stock.commits {
        let listed = if gone.contains(&held.key()) {
            &mut leaving
        } else {
            &mut staying
        };
        let missing = held.manifest().files.iter().filter(|file| !is_pulled(file));
        listed.extend(missing.map(|file| file.remote.digest));
    }
    let goes = |index: usize, one: &Unfinished| {
        let is_left = |digest| leaving.contains(&digest) && !staying.contains(&digest);
        !one.is_owned && (marks.unfinished.contains(&index) || one.digest.is_some_and(is_left))
    };
    let all = stock.unfinished.iter().enumerate();
    all.filter(|(index, one)| goes(*index, one))
        .map(|(_, one)| one.clone())
        .collect()
}

#[cfg(test)]
mod tests;
