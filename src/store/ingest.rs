//! A content on its way into the store: [`Partial`], and the one door by which it becomes a blob.
//!
//! Bytes may be written in any order. Each write is claimed in the journal; the hash follows the
//! contiguous front, from memory where the next bytes have just been written, else from the file.
//!
//! # The door
//! [`Partial::finish`] is the only way from unfinished to finished: all ranges present, size, digest,
//! sync the data, make it read-only, rename, sync the folder. A crash before the rename leaves a
//! partial, after it a blob; no name ever points at bytes that were not checked.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::digest::{BlobId, Digest, Hashed, Hasher};
use crate::error::Cause;
use crate::fs::{self, OnPath};
use crate::plan::ranges::RangeSet;
use crate::store::disk::{Disk, DiskFile};
use crate::store::journal::{self, BootId, Identity, Journal};
use crate::store::layout::Layout;
use crate::store::names::take_name;
use crate::store::wanted::{self, Wanted};

/// Bytes read from the file at once while the hash catches up.
const HASH_STEP: usize = 256 << 10;

/// An unfinished content. The caller holds the content's lock as long as this lives.
pub struct Partial {
    disk: Arc<dyn Disk>,
    layout: Layout,
    digest: Digest,
    len: u64,
    boot: BootId,
    dir: PathBuf,
    data_path: PathBuf,
    data: Arc<dyn DiskFile>,
    claims: Mutex<Claims>,
    /// Whether the names of its files are durable.
    is_named: AtomicBool,
    front: Mutex<Front>,
    /// The position of the front, for those who should not wait for it.
    hashed: AtomicU64,
}

struct Claims {
    journal: Journal,
    have: RangeSet,
}

struct Front {
    hasher: Hasher,
    position: u64,
    buffer: Vec<u8>,
}

impl Partial {
    /// Opens the partial of `digest` in the folder `dir`, with what an earlier run left of it.
    ///
    /// # Errors
    /// When its files cannot be created or read.
    pub fn open(
        disk: &Arc<dyn Disk>,
        layout: &Layout,
        dir: PathBuf,
        digest: Digest,
        len: u64,
        boot: BootId,
    ) -> Result<Self, Cause> {
        disk.create_dir_all(&dir)?;
        let (data_path, journal_path) = (dir.join("data"), dir.join("journal"));
        let data = disk.open(&data_path)?;
        let (mut journal, mut have) =
            Journal::open(disk, journal_path, identity(digest, len), boot)?;
        // Claims about a data file of another length are about another file.
        if data.size().on_path("look at", &data_path)? != len {
            if !have.is_empty() {
                journal.clear(identity(digest, len), boot)?;
                have = RangeSet::new();
            }
            data.set_len(0)
                .and_then(|()| data.set_len(len))
                .on_path("make room for", &data_path)?;
        }
        Ok(Self {
            disk: Arc::clone(disk),
            layout: layout.clone(),
            digest,
            len,
            boot,
            dir,
            data_path,
            data,
            claims: Mutex::new(Claims { journal, have }),
            is_named: AtomicBool::new(false),
            front: Mutex::new(Front::new(digest, len)),
            hashed: AtomicU64::new(0),
        })
    }

    /// Where the bytes are.
    pub fn data_path(&self) -> &std::path::Path {
        &self.data_path
    }

    /// Notes what it will be. Without the note it is as good, and people see its digest alone.
    pub fn note(&self, wanted: &Wanted) {
        if let Err(cause) = wanted::write(&self.dir, wanted) {
            tracing::debug!(%cause, "what a partial will be is not noted");
        }
    }

    /// What is still to come.
    pub fn missing(&self) -> RangeSet {
        lock(&self.claims).have.gaps(0..self.len)
    }

    /// How much is still to come, in bytes.
    pub fn missing_bytes(&self) -> u64 {
        self.len - lock(&self.claims).have.total_bytes()
    }

    /// Bytes hashed so far.
    pub fn hashed_bytes(&self) -> u64 {
        self.hashed.load(Ordering::Acquire)
    }

    /// Bytes that could be hashed by now and are not.
    pub fn lag_bytes(&self) -> u64 {
        let hashed = self.hashed_bytes();
        lock(&self.claims).have.covered_end(hashed) - hashed
    }

    /// Writes the buffers at `offset` and claims them. Returns how many bytes were hashed on the way.
    ///
    /// # Errors
    /// When the disk refuses; nothing is claimed then.
    pub fn write(&self, offset: u64, buffers: &[Bytes]) -> Result<u64, Cause> {
        let written: u64 = buffers.iter().map(|bytes| bytes.len() as u64).sum();
        self.data
            .write_all_at(buffers, offset)
            .on_path("write", &self.data_path)?;
        {
            let mut claims = lock(&self.claims);
            claims.journal.claim(&(offset..offset + written))?;
            claims.have.insert(offset..offset + written);
        }
        // Still warm in memory: hashing it now saves reading it back.
        let Ok(mut front) = self.front.try_lock() else {
            return Ok(0);
        };
        if front.position != offset {
            return Ok(0);
        }
        for bytes in buffers {
            front.hasher.update(bytes);
        }
        self.advance(&mut front, written);
        Ok(written)
    }

    /// Hashes up to `max_bytes` that lie on the disk at the front. Returns how many it were.
    ///
    /// # Errors
    /// When the data cannot be read back.
    pub fn catch_up(&self, max_bytes: u64) -> Result<u64, Cause> {
        let mut front = lock(&self.front);
        let began = front.position;
        let covered = lock(&self.claims).have.covered_end(began);
        let end = covered.min(began.saturating_add(max_bytes));
        let mut buffer = std::mem::take(&mut front.buffer);
        buffer.resize(HASH_STEP, 0);
        while front.position < end {
            let step = usize::try_from(end - front.position)
                .unwrap_or(HASH_STEP)
                .min(HASH_STEP);
            let at = front.position;
            self.data
                .read_exact_at(&mut buffer[..step], at)
                .on_path("read", &self.data_path)?;
            front.hasher.update(&buffer[..step]);
            self.advance(&mut front, step as u64);
        }
        // A file that is whole may wait for the disk for a while, and many may.
        if front.position < self.len {
            front.buffer = buffer;
        }
        Ok(front.position - began)
    }

    fn advance(&self, front: &mut Front, bytes: u64) {
        front.position += bytes;
        self.hashed.store(front.position, Ordering::Release);
    }

    /// Makes what was written so far survive a power cut. Bytes may arrive meanwhile: they are for the
    /// next checkpoint.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn checkpoint(&self) -> Result<(), Cause> {
        let position = {
            let claims = lock(&self.claims);
            if claims.journal.is_durable() {
                return Ok(());
            }
            claims.journal.position()
        };
        self.sync_data()?;
        let journal = {
            let mut claims = lock(&self.claims);
            claims.journal.synced(position)?;
            claims.journal.file()
        };
        let synced = journal.sync_data().on_path("sync", &self.dir);
        synced.inspect_err(|_| self.doubt())?;
        self.sync_names()
    }

    fn sync_data(&self) -> Result<(), Cause> {
        let synced = self.data.sync_data().on_path("sync", &self.data_path);
        synced.inspect_err(|_| self.doubt())
    }

    /// After a sync that failed, the system counts as written what may not be on the disk. Read back it
    /// looks right, so the hash cannot tell: such bytes are fetched again.
    fn doubt(&self) {
        let mut claims = lock(&self.claims);
        claims.have = claims
            .journal
            .doubt(identity(self.digest, self.len), self.boot);
    }

    /// Makes the names of folder and files durable, once: the bytes are found by them.
    fn sync_names(&self) -> Result<(), Cause> {
        if !self.is_named.load(Ordering::Relaxed) {
            self.disk.sync_dir(&self.dir)?;
            self.disk
                .sync_dir(self.dir.parent().unwrap_or(self.layout.root()))?;
            self.is_named.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// The digest, once every byte was hashed; nothing before.
    pub fn hashed(&self) -> Option<Hashed> {
        let front = lock(&self.front);
        (front.position == self.len).then(|| front.hasher.clone().finish())
    }

    /// Forgets every byte: what is there has the wrong digest.
    ///
    /// # Errors
    /// When the journal cannot be rewritten.
    pub fn start_over(&self) -> Result<(), Cause> {
        let mut claims = lock(&self.claims);
        claims
            .journal
            .clear(identity(self.digest, self.len), self.boot)?;
        claims.have = RangeSet::new();
        *lock(&self.front) = Front::new(self.digest, self.len);
        self.hashed.store(0, Ordering::Release);
        Ok(())
    }

    /// The door: turns the proven content into a blob and returns its id.
    ///
    /// # Errors
    /// [`Cause::Corrupt`] when the digest is wrong; nothing is published then. Disk errors leave the
    /// partial as it is.
    pub fn finish(&self) -> Result<BlobId, Cause> {
        let missing = self.missing();
        let Some(hashed) = self.hashed().filter(|_| missing.is_empty()) else {
            return Err(Cause::Bug(
                "a partial was finished before it was whole".to_owned(),
            ));
        };
        if !hashed.is_match() {
            return Err(Cause::Corrupt {
                want: hashed.want,
                got: hashed.got,
            });
        }
        if self.data.size().on_path("look at", &self.data_path)? != self.len {
            return Err(Cause::Bug(
                "a partial has another size than its content".to_owned(),
            ));
        }
        self.sync_data()?;
        publish(self.disk.as_ref(), &self.layout, &self.data_path, hashed)?;
        // The content is safe: what is left of the partial costs nobody anything but its few bytes.
        self.discard().unwrap_or_else(|cause| {
            tracing::debug!(%cause, "the folder of a finished content stays");
        });
        Ok(hashed.blob)
    }

    /// Removes the partial: its content is in the store by another way.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub fn discard(&self) -> Result<(), Cause> {
        self.disk.remove(&self.dir)
    }
}

/// Gives proven and synced content its name, and its git name where there is one.
pub(super) fn publish(
    disk: &dyn Disk,
    layout: &Layout,
    data: &std::path::Path,
    hashed: Hashed,
) -> Result<(), Cause> {
    let path = layout.blob(hashed.blob);
    let dir = path.parent().unwrap_or(layout.root());
    disk.create_lasting_dir(dir)?;
    disk.make_read_only(data)?;
    // What has the name was proven once, and nobody knows what was done to it since.
    take_name(disk, layout, data, &path)?;
    disk.sync_dir(dir)?;
    name_git(disk, layout, hashed);
    Ok(())
}

/// Gives the blob its git name as well, so that the same file is found before it is fetched.
/// Where that fails (a filesystem without hard links), the file is fetched again one day.
pub(super) fn name_git(disk: &dyn Disk, layout: &Layout, hashed: Hashed) {
    if let Digest::Git(oid) = hashed.want {
        let (blob, name) = (layout.blob(hashed.blob), layout.git_name(oid));
        disk.link(&blob, &name).unwrap_or_else(|cause| {
            tracing::debug!(%cause, "no git name for a blob");
        });
    }
}

/// The ranges that the partial of `digest` holds, if there is one; changes nothing.
pub(super) fn peek(
    disk: &dyn Disk,
    layout: &Layout,
    digest: Digest,
    len: u64,
    boot: BootId,
) -> Result<RangeSet, Cause> {
    let dir = layout.partial(digest);
    if disk.len(&dir.join("data"))? != Some(len) {
        return Ok(RangeSet::new());
    }
    // A journal that is too large is none; what it is good for is settled when the partial is opened.
    let journal = fs::read_small(&dir.join("journal"), journal::MAX_BYTES).unwrap_or_default();
    let ranges = journal.map(|bytes| Journal::peek(&bytes, identity(digest, len), boot));
    Ok(ranges.unwrap_or_default())
}

impl Front {
    fn new(digest: Digest, len: u64) -> Self {
        Self {
            hasher: Hasher::new(digest, len),
            position: 0,
            buffer: Vec::new(),
        }
    }
}

fn identity(digest: Digest, len: u64) -> Identity {
    let mut name = [0; 8];
    // The folder is named by the whole digest; this catches a journal copied to another folder.
    name.copy_from_slice(&digest.to_string().as_bytes()[..8]);
    Identity { len, name }
}

/// A poisoned lock means that another thread panicked; what the lock protects is still consistent,
/// since every update is a single step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::GitOid;
    use crate::store::Store;

    #[test]
    fn a_finished_partial_has_its_git_name_too() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let content = Bytes::from_static(b"a content");
        let (digest, len) = (Digest::Git(GitOid::of(&content)), content.len() as u64);
        let (partial, _mark) = store.partial(digest, len).unwrap();
        partial.write(0, &[content]).unwrap();
        partial.finish().unwrap();
        let found = store.find(digest, len).unwrap().unwrap();
        assert_eq!(std::fs::read(found).unwrap(), b"a content");
    }
}
