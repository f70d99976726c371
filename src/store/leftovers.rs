//! What a kill left in `partial/` and no run would look at again.
//!
//! A partial whose content has become a blob was killed between getting its name and going away, or
//! its content came by another way. A small file is written within moments; one that has stood for an
//! hour belongs to nobody. Unfinished contents stay: the next pull goes on with them, except with those
//! that one process had for itself. Whatever has an owner that may be alive stays: see [`owner`].

use std::fs::{DirEntry, read_dir};
use std::path::Path;
use std::time::Duration;

use crate::digest::Digest;
use crate::error::Cause;
use crate::fs::{OnPath, TEMPORARY};
use crate::store::Store;
use crate::store::owner::{self, Owner};

/// Longer than any small file takes to write.
const ABANDONED: Duration = Duration::from_secs(3600);

impl Store {
    /// Removes leftovers. What cannot be removed stays: nothing depends on it.
    pub(super) fn sweep(&self) {
        let Ok(entries) = read_dir(self.layout.partials()) else {
            return;
        };
        for entry in entries.flatten() {
            if let Err(cause) = self.sweep_one(&entry) {
                tracing::debug!(%cause, "a leftover stays");
            }
        }
    }

    fn sweep_one(&self, entry: &DirEntry) -> Result<(), Cause> {
        let (name, path) = (entry.file_name(), entry.path());
        let Some(name) = name.to_str() else {
            return Ok(());
        };
        if name.starts_with(TEMPORARY) {
            return if is_old(entry)? {
                self.disk.remove(&path)
            } else {
                Ok(())
            };
        }
        let (name, is_own) = match name.split_once('~') {
            Some((name, _whose)) => (name, true),
            None => (name, false),
        };
        let Some(digest) = digest_of(name) else {
            return Ok(());
        };
        let is_useless = || {
            if is_own {
                is_old(entry)
            } else {
                self.is_finished(digest)
            }
        };
        if !is_useless()? {
            return Ok(());
        }
        match self.try_lock(digest)? {
            // Looked at again now that nobody can be at work on it.
            Some(_lock) if is_useless()? => self.remove_ownerless(&path, digest),
            _ => Ok(()),
        }
    }

    /// Removes a partial whose lock is held here, unless somebody may be at work on it nevertheless.
    pub(super) fn remove_ownerless(&self, dir: &Path, digest: Digest) -> Result<(), Cause> {
        let me = Owner::this_process(self.boot);
        match owner::take(dir, &me, self.is_lock_effective(digest)?)? {
            Some(_mark) => self.disk.remove(dir),
            None => Ok(()),
        }
    }

    fn is_finished(&self, digest: Digest) -> Result<bool, Cause> {
        let blob = match digest {
            Digest::Sha256(id) => self.layout.blob(id),
            Digest::Git(oid) => self.layout.git_name(oid),
        };
        Ok(self.disk.len(&blob)?.is_some())
    }
}

/// Whether it was not changed for longer than anybody leaves it alone.
fn is_old(entry: &DirEntry) -> Result<bool, Cause> {
    let there = entry.metadata().on_path("look at", &entry.path())?;
    let age = there.modified().ok().and_then(|at| at.elapsed().ok());
    Ok(age.is_some_and(|age| age > ABANDONED))
}

/// The content that a partial's folder is named for.
pub(super) fn digest_of(name: &str) -> Option<Digest> {
    match name.strip_prefix("git-") {
        Some(oid) => oid.parse().ok().map(Digest::Git),
        None => name.parse().ok().map(Digest::Sha256),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::SystemTime;

    use bytes::Bytes;

    use super::*;
    use crate::digest::{BlobId, GitOid};

    #[test]
    fn what_nobody_needs_goes_and_what_goes_on_stays() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let writing = store.prepare().unwrap();
        let done = Digest::Git(GitOid::of(b"done"));
        store.put(done, &[Bytes::from_static(b"done")]).unwrap();
        let going_on = Digest::Sha256(BlobId::of(b"going on"));
        for digest in [done, going_on] {
            fs::create_dir(store.layout.partial(digest)).unwrap();
            fs::write(store.layout.partial(digest).join("journal"), "x").unwrap();
        }
        let (old, new) = (
            store.layout.partials().join(".tmp-old"),
            store.layout.partials().join(".tmp-new"),
        );
        fs::write(&new, "x").unwrap();
        let file = fs::File::create(&old).unwrap();
        file.set_modified(SystemTime::now() - 2 * ABANDONED)
            .unwrap();

        let lock = store.try_lock(done).unwrap();
        store.sweep();
        assert!(store.layout.partial(done).exists(), "somebody is at work");
        drop(lock);
        store.sweep();
        assert!(!store.layout.partial(done).exists() && !old.exists());
        assert!(store.layout.partial(going_on).exists() && new.exists());
        drop(writing);
    }

    #[test]
    fn a_partial_of_its_own_goes_with_its_owner_and_time() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let _writing = store.prepare().unwrap();
        let digest = Digest::Sha256(BlobId::of(b"going on"));
        let [new, old, alive] = [(); 3].map(|()| store.layout.own_partial(digest));
        for path in [&new, &old, &alive] {
            fs::create_dir(path).unwrap();
        }
        fs::write(alive.join("owner"), ELSEWHERE).unwrap();
        for path in [&old, &alive] {
            let folder = fs::File::open(path).unwrap();
            folder
                .set_modified(SystemTime::now() - 2 * ABANDONED)
                .unwrap();
        }
        store.sweep();
        assert!(new.exists() && alive.exists() && !old.exists());
    }

    #[test]
    fn a_partial_that_another_machine_works_on_stays() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let _writing = store.prepare().unwrap();
        let done = Digest::Sha256(BlobId::of(b"done"));
        store.put(done, &[Bytes::from_static(b"done")]).unwrap();
        let partial = store.layout.partial(done);
        fs::create_dir(&partial).unwrap();
        fs::write(partial.join("owner"), ELSEWHERE).unwrap();
        store.sweep();
        assert!(partial.join("owner").exists());
    }

    /// A mark as an earlier version wrote it on another machine.
    const ELSEWHERE: &str =
        r#"{"host":"else.where","boot":[9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9],"pid":1,"started":1}"#;
}
