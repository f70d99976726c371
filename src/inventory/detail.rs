//! All that is known of one commit: the record, its files as they are, what they say of themselves,
//! and who shares them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use foldhash::HashMap;

use super::{Holdings, Sight};
use crate::digest::{BlobId, Digest};
use crate::error::Cause;
use crate::format::{self, Model, Source, Unreadable, card};
use crate::fs::{Stamp, read_small, stamp};
use crate::repo::{Commit, HubName, RepoId, RepoPath, Revision};
use crate::store::Store;
use crate::store::census::{Blob, Census};
use crate::store::snapshot::FileRecord;

/// What is known of one commit.
#[derive(Debug)]
pub struct Detail {
    /// Its hub.
    pub hub: HubName,
    /// Its repo, as asked.
    pub repo: RepoId,
    /// The id the hub uses, where it differs.
    pub canonical: Option<String>,
    /// The commit.
    pub commit: Commit,
    /// The revisions that lead to it, as they were last asked.
    pub revisions: BTreeSet<Revision>,
    /// The last pull that changed something.
    pub pulled: Option<SystemTime>,
    /// The last pull of any kind.
    pub last_used: SystemTime,
    /// Bytes of its files that are here, each content once.
    pub size_bytes: u64,
    /// Bytes that removing this commit alone frees.
    pub unique_bytes: u64,
    /// Every file of the commit, sorted by path.
    pub files: Vec<File>,
    /// Where it was published.
    pub views: Vec<Sight>,
    /// Other repos that need some of its contents, those with the most bytes first.
    pub shares: Vec<Share>,
    /// What its weights say of themselves.
    pub models: Vec<Model>,
    /// What its model card says; `None` where there is none.
    pub card: Result<Option<card::Card>, Unreadable>,
}

/// A file of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path in the repo.
    pub path: RepoPath,
    /// Its length, by the hub's listing.
    pub len: u64,
    /// The hub's digest.
    pub digest: Digest,
    /// The SHA-256 of what was pulled.
    pub blob: Option<BlobId>,
    /// Whether it is here.
    pub state: State,
    /// Where its bytes can be read, if they are here.
    pub place: Option<PathBuf>,
}

/// Whether a file is here, as far as looking tells. Nothing is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As it was when its bytes were proven.
    Here,
    /// Somebody wrote to it since, or put something else in its place.
    Changed,
    /// Pulled, and gone.
    Missing,
    /// Never pulled.
    NotPulled,
}

/// Another repo that needs some of the contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Its hub.
    pub hub: HubName,
    /// The repo.
    pub repo: RepoId,
    /// Contents that both need.
    pub contents: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Detail {
    /// Looks at the commit with this index in the census.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn take(store: &Store, census: &Census, record: usize) -> Result<Self, Cause> {
        let blobs = store.blobs()?;
        let holdings = Holdings::of(census, &blobs, &[]);
        let recorded = &census.commits[record];
        let manifest = &recorded.manifest;
        let views = holdings.views(record).to_vec();
        let files: Vec<File> = manifest
            .files
            .iter()
            .map(|file| look(file, store, &blobs, &views))
            .collect();
        let asked = manifest.revisions.iter().cloned();
        let now = store.references(manifest.hub, &recorded.repo, asked)?;
        Ok(Self {
            hub: manifest.hub,
            repo: recorded.repo.clone(),
            canonical: manifest
                .canonical
                .clone()
                .filter(|name| *name != recorded.repo.id()),
            commit: manifest.commit.clone(),
            revisions: manifest.led_by(&now).cloned().collect(),
            pulled: UNIX_EPOCH.checked_add(Duration::from_secs(manifest.pulled_at)),
            last_used: recorded.last_used,
            size_bytes: size_of(&files),
            unique_bytes: holdings.freed_by_commits([record]),
            shares: shares(census, record),
            models: format::models(files.iter().filter_map(source)),
            card: card_of(&files),
            files,
            views,
        })
    }
}

fn look(file: &FileRecord, store: &Store, blobs: &HashMap<BlobId, Blob>, views: &[Sight]) -> File {
    let stored = file.blob.and_then(|id| {
        let blob = blobs.get(&id)?;
        Some((store.blob_path(id), blob.stamp))
    });
    let shown = views.iter().filter_map(|sight| {
        let path = sight.folder.join(file.remote.path.as_str());
        let stamp = stamp(&path).ok()?;
        Some((path, stamp))
    });
    let found: Vec<(PathBuf, Stamp)> = stored.into_iter().chain(shown).collect();
    let state = state(file, &found);
    // One of them may have been written to since.
    let mut places = found.iter();
    let proven = places.find(|(_, stamp)| file.stamps.contains(*stamp));
    let place = proven.or(found.first()).map(|(path, _)| path.clone());
    File {
        path: file.remote.path.clone(),
        len: file.remote.len,
        digest: file.remote.digest,
        blob: file.blob,
        place: place.filter(|_| matches!(state, State::Here | State::Changed)),
        state,
    }
}

fn state(file: &FileRecord, found: &[(PathBuf, Stamp)]) -> State {
    let any = |is_it: &dyn Fn(&Stamp) -> bool| found.iter().any(|(_, stamp)| is_it(stamp));
    let is_proven = |stamp: &Stamp| file.stamps.contains(*stamp);
    let is_rewritten = |stamp: &Stamp| file.stamps.iter().any(|known| known.ino == stamp.ino);
    match file.blob {
        None => State::NotPulled,
        Some(_) if found.is_empty() => State::Missing,
        Some(_) if any(&is_proven) => State::Here,
        Some(_) if any(&is_rewritten) => State::Changed,
        // Proven by the pull of another repo, or a copy of what is gone.
        Some(_) if any(&|stamp| stamp.len == file.remote.len) => State::Here,
        Some(_) => State::Changed,
    }
}

fn size_of(files: &[File]) -> u64 {
    let here = files.iter().filter(|file| file.place.is_some());
    let contents: HashMap<_, _> = here
        .filter_map(|file| Some((file.blob?, file.len)))
        .collect();
    contents.values().sum()
}

fn source(file: &File) -> Option<Source> {
    Some(Source {
        name: file.path.as_str().to_owned(),
        path: file.place.clone()?,
    })
}

fn card_of(files: &[File]) -> Result<Option<card::Card>, Unreadable> {
    let readme = files.iter().find(|file| file.path.as_str() == "README.md");
    let Some(path) = readme.and_then(|file| file.place.as_ref()) else {
        return Ok(None);
    };
    match read_small(path, card::MAX_BYTES) {
        Ok(Some(bytes)) => card::parse(&String::from_utf8_lossy(&bytes)),
        Ok(None) => Ok(None),
        Err(cause) => Err(Unreadable(cause.to_string())),
    }
}

fn shares(census: &Census, record: usize) -> Vec<Share> {
    let own = &census.commits[record];
    let files = own.manifest.files.iter();
    let needed: BTreeMap<BlobId, u64> = files
        .filter_map(|file| Some((file.blob?, file.remote.len)))
        .collect();
    let mut others: BTreeMap<(HubName, &RepoId), BTreeSet<BlobId>> = BTreeMap::new();
    for other in &census.commits {
        let key = (other.manifest.hub, &other.repo);
        if key == (own.manifest.hub, &own.repo) {
            continue;
        }
        let blobs = other.manifest.files.iter().filter_map(|file| file.blob);
        let shared: BTreeSet<BlobId> = blobs.filter(|id| needed.contains_key(id)).collect();
        if !shared.is_empty() {
            others.entry(key).or_default().extend(shared);
        }
    }
    let mut shares: Vec<Share> = others
        .into_iter()
        .map(|((hub, repo), blobs)| Share {
            hub,
            repo: repo.clone(),
            contents: blobs.len() as u64,
            bytes: blobs.iter().filter_map(|id| needed.get(id)).sum(),
        })
        .collect();
    shares.sort_by_key(|share| std::cmp::Reverse(share.bytes));
    shares
}
