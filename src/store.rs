//! The store: one copy of every content, named by its SHA-256, written once.
//!
//! What it owns: the folder tree of [`layout`], the way from unfinished to finished ([`ingest`]), the
//! records of what was pulled ([`snapshot`]), and the locks. It knows no hub and no view.
//!
//! # Versions
//! The file `VERSION` names the format. The same version is used, a newer one is refused untouched.
//!
//! # Writing
//! Opening a store writes nothing, so that a read-only one can be read. [`Store::prepare`] creates the
//! tree and takes the store's shared lock before anything is written.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::digest::{BlobId, Digest};
use crate::error::Cause;
use crate::fs;
use crate::plan::ranges::RangeSet;

pub mod blob;
pub mod census;
pub mod collect;
pub mod disk;
pub mod ingest;
pub mod journal;
pub mod layout;
mod leftovers;
pub mod lock;
pub mod names;
pub mod owner;
mod replace;
mod sealed;
pub mod shelf;
pub mod snapshot;
pub mod wanted;

use disk::{Disk, OsDisk};
use ingest::Partial;
use journal::BootId;
use layout::Layout;
use lock::Lock;
use owner::{Mark, Owner};

/// The newest store format that is known here.
pub const FORMAT: u32 = 1;

const CACHEDIR_TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
# This folder was made by larder. Its content can be downloaded again.\n";

/// An open store.
#[derive(Clone)]
pub struct Store {
    layout: Layout,
    disk: Arc<dyn Disk>,
    boot: BootId,
}

/// Leave to write; collection waits until it is dropped.
#[derive(Debug)]
pub struct Writing {
    _lock: Lock,
}

impl Store {
    /// The store at `root`, which may not exist yet.
    ///
    /// # Errors
    /// When it was written by a newer larder, or its version cannot be read.
    pub fn open(root: &Path) -> Result<Self, Cause> {
        Self::open_on(root, Arc::new(OsDisk), BootId::current())
    }

    /// The store at `root` on a given disk, under a given boot.
    ///
    /// # Errors
    /// As for [`Store::open`].
    pub fn open_on(root: &Path, disk: Arc<dyn Disk>, boot: BootId) -> Result<Self, Cause> {
        let layout = Layout::new(root.to_owned());
        if let Some(bytes) = fs::read_small(&layout.version(), 64)? {
            let text = String::from_utf8_lossy(&bytes).trim().to_owned();
            if text
                .parse::<u32>()
                .ok()
                .is_none_or(|version| version > FORMAT)
            {
                return Err(Cause::TooNew {
                    path: root.to_owned(),
                    found: text,
                    known: FORMAT,
                });
            }
        }
        Ok(Self { layout, disk, boot })
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        self.layout.root()
    }

    /// Its paths.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Creates the tree where it is absent, takes the store's lock together with other writers, and
    /// removes what kills have left.
    ///
    /// # Errors
    /// When the folder cannot be written, or collection is at work (`None`: try again later).
    pub fn prepare(&self) -> Result<Option<Writing>, Cause> {
        fs::create_lasting_dir(&self.layout.partials())?;
        for (path, text) in [
            (self.layout.version(), format!("{FORMAT}\n")),
            (self.layout.cachedir_tag(), CACHEDIR_TAG.to_owned()),
        ] {
            if fs::read_small(&path, 4096)?.is_none() {
                fs::replace(&path, text.as_bytes(), &self.layout.partials())?;
            }
        }
        let lock = Lock::try_shared(&self.layout.store_lock())?;
        if lock.is_some() {
            self.sweep();
        }
        Ok(lock.map(|lock| Writing { _lock: lock }))
    }

    /// Takes the lock of whoever fetches `digest`, if it is free.
    ///
    /// # Errors
    /// When the lock file cannot be used.
    pub fn try_lock(&self, digest: Digest) -> Result<Option<Lock>, Cause> {
        Lock::try_exclusive(&self.layout.content_lock(digest))
    }

    /// Opens the partial of `digest`. The caller holds its lock; where locks keep nobody out and
    /// another process is at work, this is a partial of our own.
    ///
    /// # Errors
    /// When its files cannot be used.
    pub fn partial(&self, digest: Digest, len: u64) -> Result<(Partial, Mark), Cause> {
        let me = Owner::this_process(self.boot);
        let is_lock_effective = self.is_lock_effective(digest)?;
        let shared = self.layout.partial(digest);
        if let Some(mark) = owner::take(&shared, &me, is_lock_effective)? {
            return Ok((self.open_partial(shared, digest, len)?, mark));
        }
        let own = self.layout.own_partial(digest);
        let mark = owner::take(&own, &me, is_lock_effective)?;
        let mark = mark.ok_or_else(|| Cause::Bug(format!("{} is taken", own.display())))?;
        Ok((self.open_partial(own, digest, len)?, mark))
    }

    /// Whether the lock of `digest`, which the caller holds, keeps a second taker out.
    fn is_lock_effective(&self, digest: Digest) -> Result<bool, Cause> {
        Ok(self.try_lock(digest)?.is_none())
    }

    fn open_partial(&self, dir: PathBuf, digest: Digest, len: u64) -> Result<Partial, Cause> {
        Partial::open(&self.disk, &self.layout, dir, digest, len, self.boot)
    }

    /// What an earlier run left of `digest`, without changing anything.
    ///
    /// # Errors
    /// When it exists and cannot be read.
    pub fn unfinished(&self, digest: Digest, len: u64) -> Result<RangeSet, Cause> {
        ingest::peek(self.disk.as_ref(), &self.layout, digest, len, self.boot)
    }

    /// Where the blob `id` is or would be.
    pub fn blob_path(&self, id: BlobId) -> PathBuf {
        self.layout.blob(id)
    }
}
