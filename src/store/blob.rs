//! Finished contents: finding them, and taking in what is already on this disk.

use std::fs::{DirEntry, File, Metadata};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::digest::{BlobId, Digest, Hashed, Hasher};
use crate::error::Cause;
use crate::fs::{self, FileId, OnPath, Placed};
use crate::store::Store;
use crate::store::ingest;
use crate::store::names::take_name;

/// What is read stays in the processor's cache until it is hashed: with 1 MiB hashing costs half as much
/// again. The kernel reads ahead by itself.
const READ_STEP: usize = 64 << 10;

/// A content of this disk that became a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adopted {
    /// Its name in the store.
    pub id: BlobId,
    /// How it got there.
    pub placed: Placed,
}

impl Store {
    /// The finished content with this digest and length, if the store has it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn find(&self, digest: Digest, len: u64) -> Result<Option<PathBuf>, Cause> {
        let path = match digest {
            Digest::Sha256(id) => self.layout.blob(id),
            Digest::Git(oid) => self.layout.git_name(oid),
        };
        Ok((self.disk.len(&path)? == Some(len)).then_some(path))
    }

    /// Takes in a file of this disk whose digest was just checked: links it, else shares its blocks,
    /// else copies it.
    ///
    /// # Errors
    /// When the digest is wrong, or none of the ways works.
    pub fn adopt(&self, file: &Path, hashed: Hashed) -> Result<Adopted, Cause> {
        self.adopt_by(file, hashed, fs::place)
    }

    /// As [`Store::adopt`], for a file that its owner goes on writing to: shares its blocks, else copies
    /// it, and leaves it as it is.
    ///
    /// # Errors
    /// When the digest is wrong, or none of the ways works.
    pub fn adopt_copy(&self, file: &Path, hashed: Hashed) -> Result<Adopted, Cause> {
        self.adopt_by(file, hashed, fs::place_copy)
    }

    /// As [`Store::adopt`], by a link and in no other way: nothing takes its room again.
    ///
    /// # Errors
    /// When the digest is wrong, or the file cannot be linked.
    pub fn adopt_linked(&self, file: &Path, hashed: Hashed) -> Result<Adopted, Cause> {
        self.adopt_by(file, hashed, fs::link)
    }

    fn adopt_by(
        &self,
        file: &Path,
        hashed: Hashed,
        place: fn(&Path, &Path) -> Result<Placed, Cause>,
    ) -> Result<Adopted, Cause> {
        let hashed = check(hashed)?;
        let path = self.layout.blob(hashed.blob);
        let dir = path.parent().unwrap_or(self.root());
        self.disk.create_lasting_dir(dir)?;
        let placed = if fs::is_same_file(file, &path)? {
            Placed::Hardlink
        } else {
            self.place(file, &path, place)?
        };
        let placed = self.own(&path, placed)?;
        self.disk.sync_dir(dir)?;
        ingest::name_git(self.disk.as_ref(), &self.layout, hashed);
        Ok(Adopted {
            id: hashed.blob,
            placed,
        })
    }

    /// Makes a blob read-only. Where it is another user's file, who may go on writing to it, the store
    /// gets a copy of its own.
    fn own(&self, path: &Path, placed: Placed) -> Result<Placed, Cause> {
        let Err(cause) = self.disk.make_read_only(path) else {
            return Ok(placed);
        };
        let is_writable = |there: Metadata| there.permissions().mode() & 0o222 != 0;
        if !fs::lstat(path)?.is_some_and(is_writable) {
            return Ok(placed);
        }
        tracing::debug!(%cause, "a copy of another user's file");
        let placed = self.place(path, path, fs::place_copy)?;
        self.disk.make_read_only(path)?;
        Ok(placed)
    }

    /// Gives a file of this disk the name of a blob. What had the name keeps it until then.
    fn place(
        &self,
        file: &Path,
        path: &Path,
        place: fn(&Path, &Path) -> Result<Placed, Cause>,
    ) -> Result<Placed, Cause> {
        fs::sync_file(file)?;
        let aside = self.layout.temporary();
        fs::create_dir_all(&self.layout.partials())?;
        let placed = place(file, &aside)?;
        let renamed = take_name(self.disk.as_ref(), &self.layout, &aside, path);
        // It is still there when that failed, or when somebody linked the same file meanwhile.
        self.disk.remove(&aside)?;
        renamed.map(|()| placed)
    }

    /// Takes a blob out of service whose bytes are no longer what its name says, under both its names.
    /// Whoever opened it keeps what they have.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn expel(&self, digest: Digest, id: Option<BlobId>) -> Result<(), Cause> {
        let git = match digest {
            Digest::Git(oid) => Some(self.layout.git_name(oid)),
            Digest::Sha256(_) => None,
        };
        let blob = id.or(digest.sha256()).map(|id| self.layout.blob(id));
        let is_complete = git.is_some() && blob.is_some();
        for name in git.into_iter().chain(blob) {
            // The name that is not known would go on serving the same bytes.
            if !is_complete && let Some(there) = fs::lstat(&name)? {
                self.remove_names_of(FileId::of(&there));
            }
            self.disk.remove(&name)?;
        }
        Ok(())
    }

    /// Removes every name in the store of one file, as far as it can. Looks at all of them: it is for
    /// damage, which is rare.
    fn remove_names_of(&self, file: FileId) {
        let kinds = entries(&self.layout.blobs());
        let names =
            kinds.flat_map(|kind| entries(&kind.path()).flat_map(|shard| entries(&shard.path())));
        for name in names {
            if name
                .metadata()
                .is_ok_and(|there| FileId::of(&there) == file)
                && let Err(cause) = self.disk.remove(&name.path())
            {
                tracing::debug!(%cause, "a name of a damaged blob stays");
            }
        }
    }
}

/// What is in a folder; nothing where it cannot be read.
fn entries(dir: &Path) -> impl Iterator<Item = DirEntry> + use<> {
    std::fs::read_dir(dir).into_iter().flatten().flatten()
}

/// Hashes a file of this disk. `progress` is told of every step, and ends the work by returning false.
///
/// # Errors
/// When the file cannot be read, or `progress` said stop.
pub fn hash_file(
    path: &Path,
    digest: Digest,
    len: u64,
    mut progress: impl FnMut(u64) -> bool,
) -> Result<Hashed, Cause> {
    let mut file = File::open(path).on_path("read", path)?;
    let mut hasher = Hasher::new(digest, len);
    let mut buffer = vec![0; READ_STEP];
    loop {
        let step = file.read(&mut buffer).on_path("read", path)?;
        if step == 0 {
            return Ok(hasher.finish());
        }
        hasher.update(&buffer[..step]);
        if !progress(step as u64) {
            return Err(Cause::Cancelled);
        }
    }
}

/// What was hashed, if it is what was promised.
pub(super) fn check(hashed: Hashed) -> Result<Hashed, Cause> {
    if hashed.is_match() {
        Ok(hashed)
    } else {
        Err(Cause::Corrupt {
            want: hashed.want,
            got: hashed.got,
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::digest::GitOid;

    #[test]
    fn what_is_adopted_replaces_what_had_its_name_and_leaves_nothing_aside() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("store")).unwrap();
        let _writing = store.prepare().unwrap();
        let digest = Digest::Git(GitOid::of(b"right"));
        let id = store.put(digest, &[Bytes::from_static(b"right")]).unwrap();
        std::fs::remove_file(store.blob_path(id)).unwrap();
        std::fs::write(store.blob_path(id), "wrong").unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "right").unwrap();
        let hashed = hash_file(&file, digest, 5, |_| true).unwrap();
        let adopted = store.adopt(&file, hashed).unwrap();
        assert_eq!((adopted.id, adopted.placed), (id, Placed::Hardlink));
        for name in [store.blob_path(id), store.find(digest, 5).unwrap().unwrap()] {
            assert!(fs::is_same_file(&file, &name).unwrap());
        }
        let left = std::fs::read_dir(store.layout.partials()).unwrap();
        assert_eq!(left.count(), 0);
    }

    #[test]
    fn a_damaged_blob_goes_with_both_its_names() {
        let (git, id) = (GitOid::of(b"one"), BlobId::of(b"one"));
        for (digest, known) in [
            (Digest::Git(git), None),
            (Digest::Git(git), Some(id)),
            (Digest::Sha256(id), None),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let store = Store::open(dir.path()).unwrap();
            let _writing = store.prepare().unwrap();
            let put = |content: &'static [u8]| {
                let digest = Digest::Git(GitOid::of(content));
                store.put(digest, &[Bytes::from_static(content)]).unwrap()
            };
            put(b"one");
            put(b"two");
            store.expel(digest, known).unwrap();
            assert!(!store.layout.git_name(git).exists() && !store.blob_path(id).exists());
            assert!(store.blob_path(BlobId::of(b"two")).exists());
        }
    }
}
