//! Everything that the store holds, as one value: what the commands that look after it read.
//!
//! Reads, and changes nothing. What it says was so while it was read; whoever removes something on the
//! strength of it holds the store's lock alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{DirEntry, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::digest::Digest;
use crate::error::Cause;
use crate::fs::{self, OnPath, TEMPORARY, parallel};
use crate::repo::{Commit, HubName, RepoId, Revision};
use crate::store::Store;
use crate::store::leftovers::digest_of;
use crate::store::owner;
use crate::store::sealed::{self, Opened};
use crate::store::snapshot::{self, Manifest};
use crate::store::wanted::{self, Wanted};

mod blobs;

pub use blobs::Blob;

/// All records of a store.
#[derive(Debug, Default)]
pub struct Census {
    /// What was pulled, by hub, repo and commit.
    pub commits: Vec<Recorded>,
    /// Records that say nothing: damaged ones. What they named is as good as never recorded.
    pub damaged: Vec<PathBuf>,
    /// Records of a newer larder, with their version. What they need cannot be told, so nothing may
    /// be removed for want of a record while there are any.
    pub newer: Vec<(PathBuf, u32)>,
}

/// A commit of which files were pulled.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The repo.
    pub repo: RepoId,
    /// The record.
    pub manifest: Manifest,
    /// Its file.
    pub path: PathBuf,
    /// When it was last pulled, also when everything was there. Programs that read the files leave
    /// no trace that could be trusted.
    pub last_used: SystemTime,
}

/// What is unfinished in the store.
#[derive(Clone, Debug)]
pub struct Unfinished {
    /// What it will be, unless it is a temporary file.
    pub digest: Option<Digest>,
    /// Its folder, or file.
    pub path: PathBuf,
    /// Bytes that it takes on the disk.
    pub disk_bytes: u64,
    /// When it was last written to.
    pub changed: SystemTime,
    /// Whether somebody may be at work on it.
    pub is_owned: bool,
    /// A file that it will be, as who last wrote to it noted.
    pub wanted: Option<Wanted>,
}

impl Store {
    /// Reads every record.
    ///
    /// # Errors
    /// When a folder or a record cannot be read.
    pub fn census(&self) -> Result<Census, Cause> {
        let paths = files_below(&self.root().join("manifests"), 5)?;
        let shares = parallel::shares(&paths, |paths| {
            let mut census = Census::default();
            let mut each = paths.iter();
            each.try_for_each(|path| self.read_record(path, &mut census))?;
            Ok(census)
        });
        let mut census = Census::default();
        for share in shares {
            let share: Census = share?;
            census.commits.extend(share.commits);
            census.damaged.extend(share.damaged);
            census.newer.extend(share.newer);
        }
        census.commits.sort_by(|a, b| a.key().cmp(&b.key()));
        Ok(census)
    }

    fn read_record(&self, path: &Path, census: &mut Census) -> Result<(), Cause> {
        // Gone meanwhile is as good as never there.
        let Some((bytes, last_used)) = fs::read_dated(path, snapshot::MAX_BYTES)? else {
            return Ok(());
        };
        match sealed::open::<Manifest>(&bytes, snapshot::VERSION) {
            Opened::Newer(version) => census.newer.push((path.to_owned(), version)),
            Opened::Damaged => census.damaged.push(path.to_owned()),
            Opened::Record(manifest) => match self.recorded(manifest, path, last_used) {
                Some(recorded) => census.commits.push(recorded),
                None => census.damaged.push(path.to_owned()),
            },
        }
        Ok(())
    }

    /// The record, if it stands where it belongs.
    fn recorded(&self, manifest: Manifest, path: &Path, last_used: SystemTime) -> Option<Recorded> {
        let repo = RepoId::parse(manifest.kind, &manifest.repo).ok()?;
        let belongs = self.layout.manifest(manifest.hub, &repo, &manifest.commit);
        (belongs == path).then(|| Recorded {
            repo,
            manifest,
            path: path.to_owned(),
            last_used,
        })
    }

    /// Everything in the folder of unfinished contents.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn all_unfinished(&self) -> Result<Vec<Unfinished>, Cause> {
        let dir = self.layout.partials();
        let entries = match std::fs::read_dir(&dir) {
            Err(error) if fs::is_absent(&error) => return Ok(Vec::new()),
            other => other.on_path("read the folder", &dir)?,
        };
        let mut found = Vec::new();
        for entry in entries {
            found.extend(self.look_at_unfinished(&entry.on_path("read the folder", &dir)?));
        }
        Ok(found)
    }

    /// `None` where it went away meanwhile, or is none of ours.
    fn look_at_unfinished(&self, entry: &DirEntry) -> Option<Unfinished> {
        let name = entry.file_name();
        let name = name.to_str()?;
        let digest = digest_of(name.split_once('~').map_or(name, |(name, _whose)| name));
        if digest.is_none() && !name.starts_with(TEMPORARY) {
            return None;
        }
        let path = entry.path();
        let there = entry.metadata().ok()?;
        let inside = entries_of(&path);
        let all = || inside.iter().chain([&there]);
        Some(Unfinished {
            digest,
            disk_bytes: all().map(|there| there.blocks() * 512).sum(),
            changed: all().filter_map(|there| there.modified().ok()).max()?,
            is_owned: self.is_owned(&path, digest),
            wanted: wanted::read(&path),
            path,
        })
    }

    /// Whether a partial has an owner that may be alive: its mark says so, or its lock is held.
    fn is_owned(&self, path: &Path, digest: Option<Digest>) -> bool {
        let is_locked = || {
            let held = digest.map(|digest| self.layout.content_lock(digest));
            // A lock that was never taken has no file, and none is made to look.
            held.is_some_and(|lock| lock.exists())
                && matches!(digest.map(|digest| self.try_lock(digest)), Some(Ok(None)))
        };
        owner::may_be_alive(path, &owner::Owner::this_process(self.boot)) || is_locked()
    }

    /// The revisions of a repo that were ever asked, and the commits that they were last.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn references(
        &self,
        hub: HubName,
        repo: &RepoId,
        revisions: impl IntoIterator<Item = Revision>,
    ) -> Result<BTreeMap<Revision, Commit>, Cause> {
        let mut found = BTreeMap::new();
        for revision in revisions {
            if let Some(commit) = self.reference(hub, repo, &revision)? {
                found.insert(revision, commit);
            }
        }
        Ok(found)
    }
}

impl Recorded {
    /// Under what views may show it: every revision under which it was asked for, and the commit itself.
    /// Where a layout has a folder for each revision, one that has moved on still has what the next
    /// commit did not replace there.
    pub fn shown_under(&self) -> BTreeSet<Revision> {
        let asked = self.manifest.revisions.iter().cloned();
        asked
            .chain([Revision::from(&self.manifest.commit)])
            .collect()
    }

    /// Whether it was to be seen under its own id.
    pub fn is_shown_by_id(&self) -> bool {
        self.manifest.is_pinned || self.manifest.revisions.is_empty()
    }

    fn key(&self) -> (HubName, &RepoId, &Commit) {
        (self.manifest.hub, &self.repo, &self.manifest.commit)
    }
}

fn entries_of(dir: &Path) -> Vec<Metadata> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).collect()
}

/// The files exactly `depth` levels below `dir`; links are not followed.
pub(super) fn files_below(dir: &Path, depth: usize) -> Result<Vec<PathBuf>, Cause> {
    let is_folder = fs::lstat(dir)?.is_some_and(|there| there.is_dir());
    let mut level: Vec<PathBuf> = is_folder.then(|| dir.to_owned()).into_iter().collect();
    for below in 1..=depth {
        let is_last = below == depth;
        let list = if is_last { fs::list } else { fs::list_folders };
        let lists = level.iter().map(|path| list(path));
        level = lists.collect::<Result<Vec<_>, _>>()?.concat();
    }
    Ok(level)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use foldhash::HashMap;

    use super::*;
    use crate::digest::{BlobId, GitOid};
    use crate::fs::Stamp;
    use crate::repo::RepoKind;

    fn store() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        drop(store.prepare().unwrap());
        (dir, store)
    }

    fn put(store: &Store, bytes: &'static [u8]) -> BlobId {
        let digest = Digest::Git(GitOid::of(bytes));
        store.put(digest, &[Bytes::from_static(bytes)]).unwrap()
    }

    #[test]
    fn an_empty_store_holds_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("none")).unwrap();
        assert!(store.census().unwrap().commits.is_empty());
        assert!(store.blobs().unwrap().is_empty());
        assert!(store.all_unfinished().unwrap().is_empty());
    }

    #[test]
    fn records_are_told_from_what_is_none() {
        let (_dir, store) = store();
        let repo = RepoId::parse(RepoKind::Model, "org/name").unwrap();
        let commit = Commit::parse(&"c".repeat(40)).unwrap();
        let manifest = Manifest::new(HubName::HuggingFace, &repo, commit.clone(), Vec::new());
        store.record(&repo, &manifest).unwrap();
        let dir = store.layout.manifests(HubName::HuggingFace, &repo);
        let elsewhere = dir.join(format!("{}.json", "d".repeat(40)));
        std::fs::copy(dir.join(format!("{commit}.json")), &elsewhere).unwrap();
        let newer = dir.join("new.json");
        std::fs::write(&newer, r#"{"version": 99}"#).unwrap();

        let census = store.census().unwrap();
        assert_eq!(census.commits.len(), 1);
        assert_eq!(census.commits[0].manifest, manifest);
        assert_eq!(census.commits[0].repo, repo);
        assert_eq!(census.damaged, [elsewhere]);
        assert_eq!(census.newer, [(newer, 99)]);
    }

    #[test]
    fn the_names_of_a_blob_are_counted() {
        let (dir, store) = store();
        let id = put(&store, b"content");
        let there = std::fs::metadata(store.blob_path(id)).unwrap();
        let own = Blob {
            links: 2,
            own_links: 2,
            stamp: Stamp::of(&there),
            dev: there.dev(),
            is_told: true,
        };
        assert_eq!(store.blobs().unwrap(), HashMap::from_iter([(id, own)]));
        std::fs::hard_link(store.blob_path(id), dir.path().join("seen")).unwrap();
        assert_eq!(store.blobs().unwrap()[&id], Blob { links: 3, ..own });
    }

    #[test]
    fn who_is_at_work_is_seen() {
        let (_dir, store) = store();
        let [idle, busy] = [&b"idle"[..], b"busy"].map(|bytes| Digest::Sha256(BlobId::of(bytes)));
        drop(store.partial(idle, 4).unwrap());
        let _lock = store.try_lock(busy).unwrap();
        let _held = store.partial(busy, 4).unwrap();
        std::fs::write(store.layout.partials().join("foreign"), "x").unwrap();
        let mut found = store.all_unfinished().unwrap();
        found.sort_by_key(|unfinished| unfinished.is_owned);
        let seen: Vec<_> = found.iter().map(|u| (u.digest, u.is_owned)).collect();
        assert_eq!(seen, [(Some(idle), false), (Some(busy), true)]);
    }
}
