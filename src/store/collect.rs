//! Taking things out of the store, under its lock alone.
//!
//! Each step stands by itself: a kill between two of them leaves a store in which the next pull is
//! right. Lock files stay: see [`super::lock`].

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::time::SystemTime;

use crate::digest::{BlobId, Digest, GitOid};
use crate::error::Cause;
use crate::fs::{self, FileId, OnPath};
use crate::repo::{Commit, HubName, RepoId, Revision};
use crate::store::Store;
use crate::store::census::Unfinished;
use crate::store::lock::Lock;
use crate::store::names::Named;
use crate::store::snapshot::{Manifest, read_reference};

/// Leave to take things out; everybody who writes waits until it is dropped.
pub struct Collecting {
    store: Store,
    _lock: Lock,
}

impl Drop for Collecting {
    fn drop(&mut self) {
        // Without it, whoever looks does so twice.
        if let Err(cause) = self.store.mark(ENDED) {
            tracing::debug!(%cause, "a collection does not say that it has ended");
        }
    }
}

/// How the mark of a collection begins while it is at work, or was killed.
const BEGUN: &str = "begun";
/// How it begins afterwards.
const ENDED: &str = "ended";

/// A look into the store, which a collection makes worthless.
#[derive(Clone, Debug)]
pub struct Glance(Option<Vec<u8>>);

/// What came of discarding blobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Discarded {
    /// Blobs that are gone.
    pub blobs: u64,
    /// Bytes that this gave back.
    pub freed_bytes: u64,
    /// Blobs that stay because a name outside the store holds them: they would free nothing.
    pub held: u64,
}

impl Store {
    /// Takes the store's lock alone; `None` while somebody writes.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn collect(&self) -> Result<Option<Collecting>, Cause> {
        let Some(lock) = Lock::try_exclusive(&self.layout.store_lock())? else {
            return Ok(None);
        };
        self.mark(BEGUN)?;
        Ok(Some(Collecting {
            store: self.clone(),
            _lock: lock,
        }))
    }

    /// Says that what was seen in the store is worth nothing any more.
    fn mark(&self, state: &str) -> Result<(), Cause> {
        let mark = format!("{state} {:016x}\n", fastrand::u64(..));
        let partials = self.layout.partials();
        fs::create_dir_all(&partials)?;
        fs::replace(&self.layout.collected(), mark.as_bytes(), &partials)
    }

    /// To be taken before a look into the store by somebody who has not its lock yet.
    pub fn glance(&self) -> Glance {
        Glance(self.mark_of_collection())
    }

    /// Whether nothing was taken out of the store since, or during, what was seen after a glance.
    pub fn is_as_seen(&self, glance: &Glance) -> bool {
        let is_quiet = |mark: &Vec<u8>| mark.starts_with(ENDED.as_bytes());
        glance.0.as_ref().is_none_or(is_quiet) && glance.0 == self.mark_of_collection()
    }

    fn mark_of_collection(&self) -> Option<Vec<u8>> {
        fs::read_small(&self.layout.collected(), 64).ok().flatten()
    }

    /// Removes blobs under all their names in the store, those excepted that have a name elsewhere; and
    /// the git names that are none of any blob, `kept` excepted.
    ///
    /// # Errors
    /// When one cannot be removed.
    pub fn discard(
        &self,
        _leave: &Collecting,
        ids: &BTreeSet<BlobId>,
        kept: &BTreeSet<GitOid>,
    ) -> Result<Discarded, Cause> {
        let mut discarded = Discarded::default();
        if ids.is_empty() {
            return Ok(discarded);
        }
        let mut git_names: HashMap<FileId, Vec<Named>> = HashMap::new();
        let mut blobs = HashSet::new();
        for name in self.names()? {
            let file = FileId::of(&name.metadata);
            match name.digest {
                Digest::Git(_) => git_names.entry(file).or_default().push(name),
                Digest::Sha256(_) => {
                    blobs.insert(file);
                }
            }
        }
        for id in ids {
            let path = self.layout.blob(*id);
            let Some(there) = fs::lstat(&path)?.filter(Metadata::is_file) else {
                continue;
            };
            let also = git_names.remove(&FileId::of(&there)).unwrap_or_default();
            if there.nlink() > 1 + also.len() as u64 {
                discarded.held += 1;
                continue;
            }
            // A blob without its second name is a blob; a second name alone would be found by pulls.
            for name in also {
                self.disk.remove(&name.path)?;
            }
            discarded.freed_bytes += fs::remove_counted(&path)?;
            discarded.blobs += 1;
        }
        git_names.retain(|file, _| !blobs.contains(file));
        discarded.freed_bytes += Self::discard_strays(git_names.into_values().flatten(), kept)?;
        Ok(discarded)
    }

    /// A blob that was replaced by another copy of itself leaves its second name to the old one.
    fn discard_strays(
        strays: impl IntoIterator<Item = Named>,
        kept: &BTreeSet<GitOid>,
    ) -> Result<u64, Cause> {
        let is_kept =
            |name: &Named| !matches!(name.digest, Digest::Git(oid) if !kept.contains(&oid));
        let mut freed_bytes = 0;
        for Named { path, .. } in strays.into_iter().filter(|name| !is_kept(name)) {
            if fs::lstat(&path)?.is_some_and(|there| there.nlink() == 1) {
                freed_bytes += fs::remove_counted(&path)?;
            }
        }
        Ok(freed_bytes)
    }

    /// Removes something unfinished, unless somebody turns out to be at work on it; whether it did.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn discard_unfinished(
        &self,
        _leave: &Collecting,
        unfinished: &Unfinished,
    ) -> Result<bool, Cause> {
        let path = &unfinished.path;
        let Some(digest) = unfinished.digest else {
            self.disk.remove(path)?;
            return Ok(true);
        };
        if fs::lstat(path)?.is_none() {
            return Ok(true);
        }
        if let Some(_lock) = self.try_lock(digest)? {
            self.remove_ownerless(path, digest)?;
        }
        Ok(fs::lstat(path)?.is_none())
    }

    /// Forgets the revisions that lead to a commit: these, or all.
    ///
    /// # Errors
    /// When one cannot be removed.
    pub fn forget_references(
        &self,
        _leave: &Collecting,
        (hub, repo, commit): (HubName, &RepoId, &Commit),
        revisions: Option<&BTreeSet<Revision>>,
    ) -> Result<(), Cause> {
        let paths = match revisions {
            Some(revisions) => revisions
                .iter()
                .map(|revision| self.layout.reference(hub, repo, revision))
                .collect(),
            None => fs::list(&self.layout.references(hub, repo))?,
        };
        for path in paths {
            let said = fs::read_small(&path, 4096)?.and_then(|bytes| read_reference(&bytes));
            if said.as_ref() == Some(commit) {
                fs::remove_file(&path)?;
                fs::remove_empty_above(&path, &self.root().join("refs"));
            }
        }
        Ok(())
    }

    /// Forgets a commit.
    ///
    /// # Errors
    /// When its record cannot be removed.
    pub fn forget(
        &self,
        _leave: &Collecting,
        hub: HubName,
        repo: &RepoId,
        commit: &Commit,
    ) -> Result<(), Cause> {
        let path = self.layout.manifest(hub, repo, commit);
        fs::remove_file(&path)?;
        fs::remove_empty_above(&path, &self.root().join("manifests"));
        Ok(())
    }

    /// Writes the record of a commit anew without that counting as a use.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn amend(
        &self,
        _leave: &Collecting,
        repo: &RepoId,
        manifest: &Manifest,
        last_used: SystemTime,
    ) -> Result<(), Cause> {
        self.record(repo, manifest)?;
        let path = self.layout.manifest(manifest.hub, repo, &manifest.commit);
        File::options()
            .append(true)
            .open(&path)
            .and_then(|file| file.set_modified(last_used))
            .on_path("update the time of", &path)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn put(store: &Store, bytes: &'static [u8]) -> BlobId {
        let digest = Digest::Git(GitOid::of(bytes));
        store.put(digest, &[Bytes::from_static(bytes)]).unwrap()
    }

    #[test]
    fn a_blob_goes_with_both_names_unless_it_is_held_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("store")).unwrap();
        drop(store.prepare().unwrap());
        let [gone, held, needed] = [&b"gone"[..], b"held", b"needed"].map(|b| put(&store, b));
        std::fs::hard_link(store.blob_path(held), dir.path().join("elsewhere")).unwrap();
        let leave = store.collect().unwrap().unwrap();
        let missing = BlobId::of(b"missing");
        // What is left of a blob that was replaced.
        let [stray, kept] = [&b"stray"[..], b"kept"].map(GitOid::of);
        for oid in [stray, kept] {
            let name = store.layout.git_name(oid);
            std::fs::create_dir_all(name.parent().unwrap()).unwrap();
            std::fs::write(name, "12").unwrap();
        }
        let ids = BTreeSet::from([gone, held, missing]);
        let came = store.discard(&leave, &ids, &BTreeSet::from([kept]));
        assert!(!store.layout.git_name(stray).exists() && store.layout.git_name(kept).exists());
        let want = Discarded {
            blobs: 1,
            freed_bytes: 6,
            held: 1,
        };
        assert_eq!(came.unwrap(), want);
        assert!(!store.blob_path(gone).exists());
        assert!(!store.layout.git_name(GitOid::of(b"gone")).exists());
        for id in [held, needed] {
            assert!(store.blob_path(id).exists());
        }
    }

    #[test]
    fn collecting_waits_for_writers_and_leaves_a_mark() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let writing = store.prepare().unwrap();
        assert!(store.collect().unwrap().is_none());
        drop(writing);
        let before = store.glance();
        assert!(store.is_as_seen(&before));
        let leave = store.collect().unwrap();
        assert!(leave.is_some() && store.prepare().unwrap().is_none());
        let during = store.glance();
        assert!(!store.is_as_seen(&before) && !store.is_as_seen(&during));
        drop(leave);
        assert!(!store.is_as_seen(&before) && !store.is_as_seen(&during));
        assert!(store.is_as_seen(&store.glance()));
        assert!(store.prepare().unwrap().is_some());
    }
}
