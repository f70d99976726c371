//! All that there is to remove, as one value.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::Metadata;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use foldhash::HashMap;

use crate::digest::BlobId;
use crate::error::Cause;
use crate::fs::{self, FileId};
use crate::inventory::Holdings;
use crate::removal::Key;
use crate::repo::{Commit, HubName, RepoId, Revision};
use crate::store::Store;
use crate::store::census::{Blob, Recorded, Unfinished};
use crate::store::snapshot::{FileRecord, Manifest};
use crate::view::places::{Place, is_there, places, unless_closed};
use crate::view::{View, ViewId, ViewKind};

/// What a store and its views hold.
#[derive(Debug, Default)]
pub struct Stock {
    /// The commits of which something was pulled.
    pub commits: Vec<Held>,
    /// Records that say nothing.
    pub damaged: Vec<PathBuf>,
    /// Finished blobs.
    pub blobs: HashMap<BlobId, Blob>,
    /// When the blobs that no record names were written.
    pub unclaimed: BTreeMap<BlobId, SystemTime>,
    /// Unfinished contents.
    pub unfinished: Vec<Unfinished>,
    /// Which names each of the commits holds, by its place.
    pub holdings: Holdings,
    /// How many names contents have in the views to which nothing leads there.
    pub(super) loose: HashMap<FileId, u64>,
}

/// A commit of which something was pulled.
#[derive(Debug)]
pub struct Held {
    /// Its record.
    pub recorded: Recorded,
    /// The revisions that lead to it, by what the hub last said.
    pub names: BTreeSet<Revision>,
    /// Those that lead to it by what other clients noted in its views.
    pub noted: BTreeSet<Revision>,
    /// Those that may show it in a view: under which it was asked for and which lead to no other commit
    /// by now, and the commit itself.
    pub revisions: BTreeSet<Revision>,
    /// Those under which it was asked for and which lead to another commit by now. In a folder for a
    /// revision there may be files of it that the other commit does not have.
    pub left: BTreeMap<Revision, Commit>,
}

/// Whether a commit is still to be seen in its views.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Some of it, in a folder that somebody named for it, or perhaps in one that is not there now.
    Deployed,
    /// Some of it, in one of them.
    Yes,
    /// Nothing, in none of them.
    No,
    /// A view is on a disk that is not there now or may not be looked at, or there is none.
    Unknown,
}

impl Held {
    /// What the record is of.
    pub fn key(&self) -> Key {
        let manifest = &self.recorded.manifest;
        (
            manifest.hub,
            self.recorded.repo.clone(),
            manifest.commit.clone(),
        )
    }

    /// Its record's content.
    pub fn manifest(&self) -> &Manifest {
        &self.recorded.manifest
    }

    /// The files that were pulled.
    pub fn pulled(&self) -> impl Iterator<Item = &FileRecord> {
        self.manifest().files.iter().filter(|file| is_pulled(file))
    }

    /// Whether something leads to it that does not move.
    pub fn is_named(&self) -> bool {
        self.manifest().is_pinned || !self.names.is_empty() || !self.noted.is_empty()
    }

    /// Whether it is to be seen anywhere.
    ///
    /// # Errors
    /// When a view cannot be looked at.
    pub fn shown(&self) -> Result<Shown, Cause> {
        let mut shown = Shown::No;
        let manifest = self.manifest();
        if manifest.views.is_empty() {
            return Ok(Shown::Unknown);
        }
        if self.is_deployed()? {
            return Ok(Shown::Deployed);
        }
        for id in &manifest.views {
            if !is_there(&id.root) {
                shown = Shown::Unknown;
                continue;
            }
            match unless_closed(self.is_shown_in(id.open().as_ref()))? {
                Some(true) => return Ok(Shown::Yes),
                Some(false) => {}
                None => shown = Shown::Unknown,
            }
        }
        Ok(shown)
    }

    fn is_deployed(&self) -> Result<bool, Cause> {
        let views = self.manifest().views.iter();
        for id in views.filter(|id| id.kind == ViewKind::Folder) {
            if !is_there(&id.root) {
                return Ok(true);
            }
            for (part, _) in self.places(id.open().as_ref()).values() {
                for file in self.pulled() {
                    let shows = part.shows(&self.manifest().commit, &file.remote);
                    if unless_closed(shows)?.unwrap_or(true) {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }

    fn places(&self, view: &dyn View) -> BTreeMap<PathBuf, Place> {
        let Recorded { repo, manifest, .. } = &self.recorded;
        places(view, repo, &manifest.commit, &self.revisions)
    }

    fn is_shown_in(&self, view: &dyn View) -> Result<bool, Cause> {
        let commit = &self.manifest().commit;
        for (part, _) in self.places(view).values() {
            let is_bare = self.pulled().next().is_none();
            if is_bare && fs::lstat(&part.folder_of(commit))?.is_some() {
                return Ok(true);
            }
            for file in self.pulled() {
                if fs::lstat(&part.name_of(commit, &file.remote))?.is_some() {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

pub(super) fn is_pulled(file: &FileRecord) -> bool {
    file.blob.is_some() || !file.stamps.is_empty()
}

impl Stock {
    /// Reads a store and what its views say of it. For a look at what pulls left that were cut short,
    /// `beside` are the views beside the store.
    ///
    /// # Errors
    /// When something cannot be read; [`Cause::TooNew`] when a newer larder has written records: what
    /// they need cannot be told.
    pub fn of(store: &Store, beside: Option<&[Arc<dyn View>]>) -> Result<Self, Cause> {
        let census = store.census()?;
        if let Some((path, version)) = census.newer.first() {
            return Err(Cause::TooNew {
                path: path.clone(),
                found: version.to_string(),
                known: crate::store::snapshot::VERSION,
            });
        }
        let blobs = store.blobs()?;
        let mut stock = Self {
            holdings: Holdings::of(&census, &blobs, beside.unwrap_or_default()),
            damaged: census.damaged,
            blobs,
            unfinished: store.all_unfinished()?,
            ..Self::default()
        };
        stock.commits = with_names(store, census.commits)?;
        let claimed: HashSet<BlobId> = stock
            .commits
            .iter()
            .flat_map(|held| held.manifest().files.iter().filter_map(|file| file.blob))
            .collect();
        for id in stock.blobs.keys().filter(|id| !claimed.contains(id)) {
            let there = fs::lstat(&store.blob_path(*id))?;
            if let Some(written) = there.and_then(|there| there.modified().ok()) {
                stock.unclaimed.insert(*id, written);
            }
        }
        if let Some(beside) = beside {
            stock.loose = stock.find_loose(beside)?;
        }
        Ok(stock)
    }

    /// The names of contents without a record to which nothing leads. Looks into the views only if there
    /// is such a content with a name outside the store.
    fn find_loose(&self, beside: &[Arc<dyn View>]) -> Result<HashMap<FileId, u64>, Cause> {
        let unclaimed = self.unclaimed.keys().filter_map(|id| self.blobs.get(id));
        let shown = unclaimed.filter(|blob| blob.links > blob.own_links);
        let shown: HashSet<FileId> = shown.map(Blob::file).collect();
        let mut loose = HashMap::default();
        if shown.is_empty() {
            return Ok(loose);
        }
        let mut views = self.views();
        views.extend(beside.iter().map(|view| view.id()));
        let is_ours = |there: &Metadata| shown.contains(&FileId::of(there));
        for view in views {
            let found = unless_closed(view.open().loose(&is_ours))?;
            for path in found.unwrap_or_default() {
                if let Some(there) = fs::lstat(&path)? {
                    *loose.entry(FileId::of(&there)).or_default() += 1;
                }
            }
        }
        Ok(loose)
    }

    /// Whether a content stays when all commits go, and what interrupted pulls have left in the views.
    pub fn is_held_elsewhere(&self, blob: &Blob) -> bool {
        let loose = self.loose.get(&blob.file()).copied();
        self.holdings
            .is_held_elsewhere(blob, loose.unwrap_or_default())
    }

    /// Every view that a record names and that is there.
    pub fn views(&self) -> BTreeSet<ViewId> {
        let all = self
            .commits
            .iter()
            .flat_map(|held| held.manifest().views.iter());
        all.filter(|view| is_there(&view.root)).cloned().collect()
    }

    /// Folders of which nothing is there, and that alone may show some commit: whether they are on a
    /// disk that is not mounted or were removed, nobody can tell.
    pub fn away(&self) -> BTreeSet<PathBuf> {
        let views = self.commits.iter().map(|held| &held.manifest().views);
        let away = views.filter(|views| views.iter().all(|view| !is_there(&view.root)));
        away.flatten().map(|view| view.root.clone()).collect()
    }
}

fn with_names(store: &Store, commits: Vec<Recorded>) -> Result<Vec<Held>, Cause> {
    let mut known: BTreeMap<(HubName, &RepoId), BTreeSet<Revision>> = BTreeMap::new();
    for recorded in &commits {
        let key = (recorded.manifest.hub, &recorded.repo);
        let revisions = recorded.manifest.revisions.iter().cloned();
        known.entry(key).or_default().extend(revisions);
    }
    let mut names = BTreeMap::new();
    for ((hub, repo), revisions) in known {
        let leading = store.references(hub, repo, revisions)?;
        names.insert((hub, repo.clone()), leading);
    }
    commits
        .into_iter()
        .map(|recorded| {
            let leading = &names[&(recorded.manifest.hub, recorded.repo.clone())];
            Held::new(recorded, leading)
        })
        .collect()
}

impl Held {
    /// A record with what leads to it, given what the repo's revisions are.
    fn new(recorded: Recorded, leading: &BTreeMap<Revision, Commit>) -> Result<Self, Cause> {
        let Manifest { commit, .. } = &recorded.manifest;
        let says = |revision: &Revision| leading.get(revision).map(|said| said == commit);
        let names = leading.keys().filter(|name| says(name) == Some(true));
        let mut revisions: BTreeSet<Revision> =
            recorded.manifest.led_by(leading).cloned().collect();
        revisions.insert(Revision::from(commit));
        let left = recorded.shown_under().into_iter();
        let left = left.filter(|revision| !revisions.contains(revision));
        let left = left.filter_map(|revision| {
            let other = leading.get(&revision)?.clone();
            Some((revision, other))
        });
        let left = left.collect();
        let mut held = Self {
            names: names.cloned().collect(),
            noted: BTreeSet::new(),
            revisions,
            left,
            recorded,
        };
        let noted = held.noted()?;
        held.noted = noted.difference(&held.names).cloned().collect();
        Ok(held)
    }

    /// What other clients noted leads to it, in the views that show it.
    fn noted(&self) -> Result<BTreeSet<Revision>, Cause> {
        let mut found = BTreeSet::new();
        for id in self.manifest().views.iter().filter(|id| is_there(&id.root)) {
            for (part, _) in self.places(id.open().as_ref()).values() {
                let refs = unless_closed(part.refs_to(&self.manifest().commit))?;
                found.extend(refs.unwrap_or_default());
            }
        }
        Ok(found)
    }
}
