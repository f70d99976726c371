//! Records of what was pulled: manifests and references.
//!
//! A manifest is the memory of one commit: its whole listing, which blob each fetched file became, and
//! where it was published. It makes offline pulls, warm pulls and the care of the cache possible on
//! every hub alike. Format version 1, sealed JSON; a newer version is refused, a damaged file is as
//! good as none, since everything in it can be asked again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::futimens;
use serde::{Deserialize, Serialize};

use crate::error::Cause;
use crate::fs::{self, OnPath, Stamp};
use crate::hub::RemoteFile;
use crate::repo::{Commit, HubName, RepoId, RepoKind, RepoPath, Revision};
use crate::store::Store;
use crate::store::sealed::{self, Opened};
use crate::view::ViewId;

mod file;
mod stamps;

pub use file::FileRecord;
pub use stamps::Stamps;

/// The newest format of a record that is known here.
pub const VERSION: u32 = 1;

/// Manifests above this size are not ours.
pub(super) const MAX_BYTES: u64 = 1 << 30;

/// What is known of one commit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Manifest {
    /// The hub it came from.
    pub hub: HubName,
    /// Model or dataset.
    pub kind: RepoKind,
    /// The repo's id as asked.
    pub repo: String,
    /// The id the hub uses, where it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canonical: Option<String>,
    /// The commit.
    pub commit: Commit,
    /// The revisions under which it was asked for.
    #[serde(default)]
    pub revisions: BTreeSet<Revision>,
    /// Whether the commit itself was asked for: no branch that moves on leaves it behind then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_pinned: bool,
    /// Unix time of the last pull that changed something, in seconds. The last use of any kind is the
    /// file's modification time.
    pub pulled_at: u64,
    /// Where it was published.
    #[serde(default)]
    pub views: BTreeSet<ViewId>,
    /// The folders of these views in which every file that was pulled has a name. In another one only
    /// some may: those that were asked for there.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub complete: BTreeSet<PathBuf>,
    /// Whether the hub was never asked for the files of the commit: they are what another client noted
    /// or left, so some may be missing. Where the hub can be asked, it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_partial_listing: bool,
    /// Every file of the commit, sorted by path.
    #[serde(deserialize_with = "file::rows")]
    pub files: Vec<FileRecord>,
}

impl Manifest {
    /// A manifest of a commit of which nothing was pulled yet.
    pub fn new(hub: HubName, repo: &RepoId, commit: Commit, listing: Vec<RemoteFile>) -> Self {
        let files = listing
            .into_iter()
            .map(|remote| FileRecord {
                remote,
                blob: None,
                stamps: Stamps::default(),
            })
            .collect();
        Self {
            hub,
            kind: repo.kind(),
            repo: repo.id(),
            canonical: None,
            commit,
            revisions: BTreeSet::new(),
            is_pinned: false,
            pulled_at: now(),
            views: BTreeSet::new(),
            complete: BTreeSet::new(),
            is_partial_listing: false,
            files,
        }
    }

    /// What the hub lists of the commit now. A file that it told a digest of before, and not now, is as
    /// it was: what a commit contains never changes.
    pub fn completed(&self, listing: Vec<RemoteFile>) -> Vec<RemoteFile> {
        if self.is_partial_listing {
            return listing;
        }
        let before = self.by_path();
        let complete = |file: RemoteFile| match before.get(&file.path) {
            Some(known) if !file.digest.is_told() => known.remote.clone(),
            _ => file,
        };
        listing.into_iter().map(complete).collect()
    }

    /// The manifest with the hub's own listing. What was recorded of a file that is in it stays.
    #[must_use]
    pub fn with_listing(mut self, listing: &[RemoteFile]) -> Self {
        let listing = self.completed(listing.to_vec());
        self.take(&listing);
        self.is_partial_listing = false;
        self
    }

    /// The manifest with what somebody else lists, who may not know all: files that were recorded and
    /// are not in it stay as well.
    #[must_use]
    pub fn with_unchecked(mut self, listing: &[RemoteFile]) -> Self {
        let left = self.take(listing);
        self.files.extend(left.into_values());
        self.files
            .sort_by(|one, other| one.remote.path.cmp(&other.remote.path));
        self.is_partial_listing = true;
        self
    }

    /// Takes over a listing; returns the records of files that are not in it.
    fn take(&mut self, listing: &[RemoteFile]) -> BTreeMap<RepoPath, FileRecord> {
        let mut before: BTreeMap<RepoPath, FileRecord> = self
            .files
            .drain(..)
            .map(|file| (file.remote.path.clone(), file))
            .collect();
        let record = |remote: &RemoteFile| {
            let is_same = |old: &FileRecord| {
                (old.remote.len, old.remote.digest) == (remote.len, remote.digest)
            };
            let old = before.remove(&remote.path).filter(is_same);
            FileRecord {
                remote: remote.clone(),
                blob: old.as_ref().and_then(|old| old.blob),
                stamps: old.map(|old| old.stamps).unwrap_or_default(),
            }
        };
        self.files = listing.iter().map(record).collect();
        before
    }

    /// Notes in which folders every pulled file has a name, after `published` got theirs in `folder`.
    /// `before` is what was pulled until then; `is_new` tells that nothing of it was in the folder.
    pub fn note_complete(
        &mut self,
        folder: &Path,
        is_new: bool,
        published: &BTreeSet<RepoPath>,
        before: &BTreeSet<RepoPath>,
    ) {
        let was_complete = !is_new && self.complete.contains(folder);
        let is_complete = was_complete || self.pulled().is_subset(published);
        self.doubt_complete(before);
        if is_complete {
            self.complete.insert(folder.to_owned());
        } else {
            self.complete.remove(folder);
        }
    }

    /// Where more is recorded as pulled than `before`, no folder is known to have all of it.
    pub fn doubt_complete(&mut self, before: &BTreeSet<RepoPath>) {
        if !self.pulled().is_subset(before) {
            self.complete.clear();
        }
    }

    /// The paths of the files that were pulled.
    pub fn pulled(&self) -> BTreeSet<RepoPath> {
        let files = self.files.iter().filter(|file| file.blob.is_some());
        files.map(|file| file.remote.path.clone()).collect()
    }

    /// Whether there is nothing to ask the hub for: it listed the files, and told a digest of each. One
    /// that it did not tell it may tell when asked again, as somebody else perhaps.
    pub fn is_settled(&self) -> bool {
        let mut files = self.files.iter();
        !self.is_partial_listing && files.all(|file| file.remote.digest.is_told())
    }

    /// The manifest in the text of a file, if it is a whole one of a version known here.
    pub(crate) fn from_text(bytes: &[u8]) -> Option<Self> {
        match sealed::open(bytes, VERSION) {
            Opened::Record(manifest) => Some(manifest),
            Opened::Damaged | Opened::Newer(_) => None,
        }
    }

    /// Writes the text of the file that holds it.
    ///
    /// # Errors
    /// Those of `out`.
    pub(crate) fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        sealed::seal(VERSION, self, out)
    }

    /// Those of its revisions that lead to the commit, if the revisions of the repo are `now` these:
    /// the ones of which nothing is known any more do.
    pub fn led_by<'a>(
        &'a self,
        now: &'a BTreeMap<Revision, Commit>,
    ) -> impl Iterator<Item = &'a Revision> {
        let leads_here = |revision: &&Revision| {
            let commit = now.get(*revision);
            commit.is_none_or(|commit| *commit == self.commit)
        };
        self.revisions.iter().filter(leads_here)
    }

    /// The hub's rows.
    pub fn listing(&self) -> Vec<RemoteFile> {
        self.files.iter().map(|file| file.remote.clone()).collect()
    }

    /// The records by path.
    pub fn by_path(&self) -> BTreeMap<&RepoPath, &FileRecord> {
        self.files
            .iter()
            .map(|file| (&file.remote.path, file))
            .collect()
    }
}

impl Store {
    /// The manifest of a commit; `None` when there is none or it is damaged.
    ///
    /// # Errors
    /// When it cannot be read, or was written by a newer larder.
    pub fn manifest(
        &self,
        hub: HubName,
        repo: &RepoId,
        commit: &Commit,
    ) -> Result<Option<Manifest>, Cause> {
        let path = self.layout.manifest(hub, repo, commit);
        let Some(bytes) = fs::read_small(&path, MAX_BYTES)? else {
            return Ok(None);
        };
        match sealed::open::<Manifest>(&bytes, VERSION) {
            Opened::Record(manifest) => {
                let is_it = manifest.commit == *commit && manifest.repo == repo.id();
                Ok(is_it.then_some(manifest))
            }
            Opened::Damaged => Ok(None),
            Opened::Newer(version) => Err(Cause::TooNew {
                path,
                found: version.to_string(),
                known: VERSION,
            }),
        }
    }

    /// What the file of a manifest looks like, if there is one. While it stays so, so does the manifest.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub fn manifest_stamp(
        &self,
        hub: HubName,
        repo: &RepoId,
        commit: &Commit,
    ) -> Result<Option<Stamp>, Cause> {
        let path = self.layout.manifest(hub, repo, commit);
        // Opened: what another machine did to a file on a share is sure to be seen only then.
        match File::open(&path).and_then(|file| file.metadata()) {
            Ok(there) => Ok(Some(Stamp::of(&there))),
            Err(error) if fs::is_absent(&error) => Ok(None),
            Err(error) => Err(error).on_path("look at", &path),
        }
    }

    /// Every whole manifest of a repo, in no order. One that a newer larder wrote is passed over.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn manifests(&self, hub: HubName, repo: &RepoId) -> Result<Vec<Manifest>, Cause> {
        let dir = self.layout.manifests(hub, repo);
        let mut manifests = Vec::new();
        for path in fs::list(&dir)? {
            let Some(bytes) = fs::read_small(&path, MAX_BYTES)? else {
                continue;
            };
            manifests.extend(Manifest::from_text(&bytes));
        }
        Ok(manifests)
    }

    /// Writes a manifest.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn record(&self, repo: &RepoId, manifest: &Manifest) -> Result<(), Cause> {
        let path = self.layout.manifest(manifest.hub, repo, &manifest.commit);
        fs::create_dir_all(path.parent().unwrap_or(self.root()))?;
        fs::replace_by(&path, &self.layout.partials(), |file| {
            manifest.write_text(file)
        })
    }

    /// Remembers that a commit was used just now.
    ///
    /// # Errors
    /// When the manifest is not there or belongs to somebody else.
    pub fn touch(&self, hub: HubName, repo: &RepoId, commit: &Commit) -> Result<(), Cause> {
        let path = self.layout.manifest(hub, repo, commit);
        // The present time, and no other, may be set by whoever may write the file.
        File::options()
            .append(true)
            .open(&path)
            .and_then(|file| Ok(futimens(&file, &fs::NOW)?))
            .on_path("update the time of", &path)
    }

    /// The commit that `revision` was when it was last asked.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn reference(
        &self,
        hub: HubName,
        repo: &RepoId,
        revision: &Revision,
    ) -> Result<Option<Commit>, Cause> {
        let bytes = fs::read_small(&self.layout.reference(hub, repo, revision), 4096)?;
        Ok(bytes.and_then(|bytes| read_reference(&bytes)))
    }

    /// Remembers what `revision` is.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn set_reference(
        &self,
        hub: HubName,
        repo: &RepoId,
        revision: &Revision,
        commit: &Commit,
    ) -> Result<(), Cause> {
        if self.reference(hub, repo, revision)?.as_ref() == Some(commit) {
            return Ok(());
        }
        let path = self.layout.reference(hub, repo, revision);
        fs::create_dir_all(path.parent().unwrap_or(self.root()))?;
        fs::replace(&path, commit.as_str().as_bytes(), &self.layout.partials())
    }
}

/// The commit in the text of a reference's file.
pub(crate) fn read_reference(bytes: &[u8]) -> Option<Commit> {
    Commit::parse(std::str::from_utf8(bytes).ok()?.trim()).ok()
}

/// Seconds since 1970; 0 when the clock is before that.
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs())
}
