//! Small contents on their way into the store: proven in memory, written once.
//!
//! [`Small`] becomes [`Proven`] by its digest, and only what is proven can be put. A put takes the door
//! of [`ingest`]: write, sync, read-only, rename. What it leaves for later is to make the
//! new names durable. A folder's names are synced together for many files, after a few seconds and when
//! the shelf is settled, since a power cut that takes such a name costs one small file and nothing else:
//! the name is gone, never wrong.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::digest::{BlobId, Digest, Hashed, Hasher};
use crate::error::Cause;
use crate::fs::{self, OnPath};
use crate::store::Store;
use crate::store::blob::check;
use crate::store::disk::Disk;
use crate::store::ingest;
use crate::store::layout::Layout;
use crate::store::names::take_name;

/// How much a power cut may cost: names are synced about this often.
const SETTLE_EVERY: Duration = Duration::from_secs(5);

/// A small content as it arrives, hashed on the way.
pub struct Small {
    hasher: Hasher,
    pieces: Vec<Bytes>,
    len: u64,
}

/// A small content in memory whose digest was checked.
pub struct Proven {
    hashed: Hashed,
    pieces: Vec<Bytes>,
    len: u64,
}

impl Small {
    /// Nothing yet, of `len` bytes that are promised to have this digest.
    pub fn new(digest: Digest, len: u64) -> Self {
        Self {
            hasher: Hasher::new(digest, len),
            pieces: Vec::new(),
            len: 0,
        }
    }

    /// Takes the next bytes.
    pub fn push(&mut self, bytes: Bytes) {
        self.hasher.update(&bytes);
        self.len += bytes.len() as u64;
        self.pieces.push(bytes);
    }

    /// Bytes taken so far.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether no byte was taken yet.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The content, if it is what was promised.
    ///
    /// # Errors
    /// [`Cause::Corrupt`] when the digest is wrong.
    pub fn prove(self) -> Result<Proven, Cause> {
        Ok(Proven {
            hashed: check(self.hasher.finish())?,
            pieces: self.pieces,
            len: self.len,
        })
    }
}

impl Proven {
    /// Its name in the store.
    pub fn id(&self) -> BlobId {
        self.hashed.blob
    }

    /// Its length in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it is the empty content.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// Where the small contents of one transfer become blobs. Many threads may put at once.
pub struct Shelf {
    disk: Arc<dyn Disk>,
    layout: Layout,
    folders: Mutex<Folders>,
}

/// The folders of blobs that were used so far.
struct Folders {
    /// Those that are there for certain.
    made: BTreeSet<PathBuf>,
    /// Those with names that a power cut may take away.
    unsynced: BTreeSet<PathBuf>,
    settled: Instant,
}

impl Store {
    /// A shelf for small contents. The caller holds the store's shared lock.
    pub fn shelf(&self) -> Shelf {
        Shelf {
            disk: Arc::clone(&self.disk),
            layout: self.layout.clone(),
            folders: Mutex::new(Folders {
                made: BTreeSet::new(),
                unsynced: BTreeSet::new(),
                settled: Instant::now(),
            }),
        }
    }

    /// Checks a small content that is wholly in memory, and makes it a blob that lasts.
    ///
    /// # Errors
    /// [`Cause::Corrupt`] when the digest is wrong; a disk error.
    pub fn put(&self, digest: Digest, content: &[Bytes]) -> Result<BlobId, Cause> {
        let len = content.iter().map(|bytes| bytes.len() as u64).sum();
        let mut small = Small::new(digest, len);
        for bytes in content {
            small.push(bytes.clone());
        }
        let proven = small.prove()?;
        let place = self.shelf();
        place.put(&proven)?;
        place.settle()?;
        Ok(proven.id())
    }
}

impl Shelf {
    /// Makes a proven content a blob. Its name lasts once the shelf was settled.
    ///
    /// # Errors
    /// When the disk refuses; nothing has the blob's name then that had it not before.
    pub fn put(&self, proven: &Proven) -> Result<(), Cause> {
        let path = self.layout.blob(proven.id());
        if !holds(&path, proven) {
            let made = self.layout.temporary();
            let named = self
                .write(&made, proven)
                .and_then(|()| self.show(&made, &path));
            if named.is_err() {
                self.disk.remove(&made).unwrap_or_else(|cause| {
                    tracing::debug!(%cause, "a temporary file stays");
                });
            }
            named?;
        }
        ingest::name_git(self.disk.as_ref(), &self.layout, proven.hashed);
        self.settle_when_due()
    }

    /// Makes every name that was given so far survive a power cut.
    ///
    /// # Errors
    /// When a folder cannot be synced.
    pub fn settle(&self) -> Result<(), Cause> {
        let unsynced = self.folders(|folders| {
            folders.settled = Instant::now();
            std::mem::take(&mut folders.unsynced)
        });
        unsynced.iter().try_for_each(|dir| self.disk.sync_dir(dir))
    }

    fn settle_when_due(&self) -> Result<(), Cause> {
        if self.folders(|folders| folders.settled.elapsed() < SETTLE_EVERY) {
            return Ok(());
        }
        self.settle()
    }

    fn write(&self, made: &Path, proven: &Proven) -> Result<(), Cause> {
        let file = self.disk.create(made)?;
        file.write_all_at(&proven.pieces, 0)
            .on_path("write", made)?;
        file.sync_data().on_path("sync", made)?;
        self.disk.make_read_only(made)
    }

    /// Gives synced content its name. What has the name was proven once, and nobody knows what was
    /// done to it since.
    fn show(&self, made: &Path, path: &Path) -> Result<(), Cause> {
        let dir = path.parent().unwrap_or(self.layout.root());
        if !self.folders(|folders| folders.made.contains(dir)) {
            self.make(dir)?;
        }
        take_name(self.disk.as_ref(), &self.layout, made, path)?;
        self.folders(|folders| {
            if !folders.unsynced.contains(dir) {
                folders.unsynced.insert(dir.to_owned());
            }
        });
        Ok(())
    }

    /// Makes a folder of blobs, and those above it, whose names then have yet to be synced.
    fn make(&self, dir: &Path) -> Result<(), Cause> {
        self.disk.create_dir_all(dir)?;
        let root = self.layout.root();
        let above = dir
            .ancestors()
            .skip(1)
            .take_while(|dir| dir.starts_with(root));
        self.folders(|folders| {
            folders.made.insert(dir.to_owned());
            folders.unsynced.extend(above.map(Path::to_owned));
        });
        Ok(())
    }

    /// A panic elsewhere spoils nothing: what the lock protects is consistent after every statement.
    fn folders<T>(&self, act: impl FnOnce(&mut Folders) -> T) -> T {
        act(&mut self.folders.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether the blob is there with exactly these bytes: what views link to is not replaced by its like.
fn holds(path: &Path, proven: &Proven) -> bool {
    match fs::read_small(path, proven.len) {
        Ok(Some(there)) => there == proven.pieces.concat(),
        Ok(None) | Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::GitOid;

    fn proven(content: &'static [u8]) -> Proven {
        let mut small = Small::new(GitOid::of(content).into(), content.len() as u64);
        small.push(Bytes::from_static(content));
        small.prove().unwrap()
    }

    #[test]
    fn only_what_was_promised_is_proven() {
        let mut small = Small::new(BlobId::of(b"promised").into(), 8);
        small.push(Bytes::from_static(b"prom"));
        small.push(Bytes::from_static(b"ISED"));
        assert!(matches!(small.prove(), Err(Cause::Corrupt { .. })));
    }

    #[test]
    fn what_is_put_has_both_its_names_and_nothing_stays_aside() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let _writing = store.prepare().unwrap();
        let shelf = store.shelf();
        for content in [b"one", b"two", b"one"] {
            shelf.put(&proven(content)).unwrap();
            let name = store.find(GitOid::of(content).into(), 3).unwrap().unwrap();
            let blob = store.blob_path(BlobId::of(content));
            assert_eq!(std::fs::read(&blob).unwrap(), content);
            assert!(fs::is_same_file(&name, &blob).unwrap());
            assert!(std::fs::metadata(&blob).unwrap().permissions().readonly());
        }
        shelf.settle().unwrap();
        assert_eq!(fs::list(&store.layout.partials()).unwrap().len(), 0);
    }

    #[test]
    fn what_is_there_stays_and_what_is_wrong_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let _writing = store.prepare().unwrap();
        let shelf = store.shelf();
        shelf.put(&proven(b"right")).unwrap();
        let blob = store.blob_path(BlobId::of(b"right"));
        let before = fs::stamp(&blob).unwrap();
        shelf.put(&proven(b"right")).unwrap();
        assert_eq!(fs::stamp(&blob).unwrap(), before);
        std::fs::remove_file(&blob).unwrap();
        std::fs::write(&blob, "wrong").unwrap();
        shelf.put(&proven(b"right")).unwrap();
        assert_eq!(std::fs::read(&blob).unwrap(), b"right");
    }

    #[test]
    fn what_cannot_be_named_leaves_nothing_aside() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let _writing = store.prepare().unwrap();
        let blob = store.blob_path(BlobId::of(b"one"));
        std::fs::create_dir_all(blob.join("in the way")).unwrap();
        assert!(store.shelf().put(&proven(b"one")).is_err());
        assert_eq!(fs::list(&store.layout.partials()).unwrap().len(), 0);
    }
}
