//! A disk in memory that forgets, at a power cut, what was not synced.
//!
//! It is as unkind as a real one may be: of the writes since the last sync of a file any subset may
//! have reached the platter, each of them whole or up to some sector; of the names made, changed or
//! removed since the last sync of their folder any prefix per folder.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "every test binary uses its own part of it"
)]

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use larder::error::Cause;
use larder::store::disk::{Disk, DiskFile};

const SECTOR: usize = 512;

/// A source of numbers; the same seed gives the same course of events.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound.max(1)
    }
}

#[derive(Clone, Debug)]
enum Change {
    Write(u64, Vec<u8>),
    Length(u64),
}

#[derive(Default)]
struct Inode {
    durable: Vec<u8>,
    current: Vec<u8>,
    pending: Vec<Change>,
}

type FileRef = Arc<Mutex<Inode>>;

#[derive(Clone)]
enum NameChange {
    Set(PathBuf, FileRef),
    Remove(PathBuf),
}

#[derive(Default)]
struct Names {
    durable: BTreeMap<PathBuf, FileRef>,
    current: BTreeMap<PathBuf, FileRef>,
    pending: Vec<NameChange>,
}

/// The disk. Clones are the same disk.
#[derive(Clone, Default)]
pub struct ForgetfulDisk {
    names: Arc<Mutex<Names>>,
    during_sync: Hook,
    keeps_all: Arc<AtomicBool>,
    fails: Failing,
}

/// What happens while a file is being synced.
type Hook = Arc<Mutex<Option<Box<dyn FnOnce() + Send>>>>;

/// How many syncs from now one fails; 0 is none.
type Failing = Arc<AtomicU64>;

struct Handle(FileRef, Hook, Failing);

impl ForgetfulDisk {
    /// Cuts the power: what a reboot finds is all that is left.
    pub fn cut_power(&self, random: &mut Random) {
        let mut names = self.names.lock().unwrap();
        let mut cut: BTreeMap<PathBuf, bool> = BTreeMap::new();
        for change in std::mem::take(&mut names.pending) {
            let (NameChange::Set(path, _) | NameChange::Remove(path)) = &change;
            let dir = path.parent().unwrap().to_owned();
            // A prefix per folder: once a change is lost, so are the later ones of that folder.
            let is_cut = cut.entry(dir).or_insert(false);
            *is_cut = *is_cut || random.below(3) == 0;
            if !*is_cut {
                apply(&mut names.durable, change);
            }
        }
        names.current = names.durable.clone();
        for file in names.current.values() {
            file.lock().unwrap().lose(random);
        }
    }

    /// Does something in the midst of the next sync of a file: it is not taken along.
    pub fn during_next_sync(&self, act: impl FnOnce() + Send + 'static) {
        *self.during_sync.lock().unwrap() = Some(Box::new(act));
    }

    /// Fails the `nth` next sync of a file, from 1. As on a real system, what was to be synced then
    /// counts as written, still reads as it was, and is lost with the power.
    pub fn fail_sync(&self, nth: u64) {
        self.fails.store(nth, Ordering::Relaxed);
    }

    /// Refuses to remove anything from now on.
    pub fn refuse_removal(&self) {
        self.keeps_all.store(true, Ordering::Relaxed);
    }

    /// Content under a name.
    pub fn content(&self, path: &Path) -> Option<Vec<u8>> {
        let names = self.names.lock().unwrap();
        names
            .current
            .get(path)
            .map(|file| file.lock().unwrap().current.clone())
    }

    /// Every name.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.names.lock().unwrap().current.keys().cloned().collect()
    }

    fn change(&self, change: NameChange) {
        let mut names = self.names.lock().unwrap();
        apply(&mut names.current, change.clone());
        names.pending.push(change);
    }
}

fn apply(names: &mut BTreeMap<PathBuf, FileRef>, change: NameChange) {
    match change {
        NameChange::Set(path, file) => {
            names.insert(path, file);
        }
        NameChange::Remove(path) => {
            names.remove(&path);
        }
    }
}

impl Inode {
    fn apply(content: &mut Vec<u8>, change: &Change) {
        match change {
            Change::Length(len) => content.resize(usize::try_from(*len).unwrap(), 0),
            Change::Write(offset, bytes) => {
                let offset = usize::try_from(*offset).unwrap();
                if content.len() < offset + bytes.len() {
                    content.resize(offset + bytes.len(), 0);
                }
                content[offset..offset + bytes.len()].copy_from_slice(bytes);
            }
        }
    }

    fn change(&mut self, change: Change) {
        Self::apply(&mut self.current, &change);
        self.pending.push(change);
    }

    /// Makes the first `count` changes that are pending durable.
    fn sync(&mut self, count: usize) {
        for change in self.pending.drain(..count) {
            Self::apply(&mut self.durable, &change);
        }
    }

    /// Of the first `count` changes that are pending, what was written is lost. Lengths stay: a
    /// filesystem has them in its own log.
    fn forget(&mut self, count: usize) {
        let mut position = 0;
        self.pending.retain(|change| {
            position += 1;
            position > count || matches!(change, Change::Length(_))
        });
    }

    fn lose(&mut self, random: &mut Random) {
        for change in std::mem::take(&mut self.pending) {
            match random.below(3) {
                0 => {}
                1 => Self::apply(&mut self.durable, &change),
                _ => {
                    if let Change::Write(offset, bytes) = change {
                        let sectors = bytes.len().div_ceil(SECTOR) as u64;
                        let kept = usize::try_from(random.below(sectors + 1)).unwrap() * SECTOR;
                        let part = bytes[..kept.min(bytes.len())].to_vec();
                        Self::apply(&mut self.durable, &Change::Write(offset, part));
                    }
                }
            }
        }
        self.current.clone_from(&self.durable);
    }
}

impl DiskFile for Handle {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let inode = self.0.lock().unwrap();
        let start = usize::try_from(offset).unwrap();
        let there = inode.current.get(start..start + buffer.len());
        buffer.copy_from_slice(there.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_all_at(&self, buffers: &[Bytes], offset: u64) -> io::Result<()> {
        self.0
            .lock()
            .unwrap()
            .change(Change::Write(offset, buffers.concat()));
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.lock().unwrap().change(Change::Length(len));
        Ok(())
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().current.len() as u64)
    }

    fn sync_data(&self) -> io::Result<()> {
        let count = self.0.lock().unwrap().pending.len();
        let act = self.1.lock().unwrap().take();
        if let Some(act) = act {
            act();
        }
        let mut file = self.0.lock().unwrap();
        let fails = self.2.load(Ordering::Relaxed);
        self.2.store(fails.saturating_sub(1), Ordering::Relaxed);
        if fails == 1 {
            file.forget(count);
            return Err(io::Error::other("the disk is broken"));
        }
        file.sync(count);
        Ok(())
    }
}

impl Disk for ForgetfulDisk {
    fn create_dir_all(&self, _path: &Path) -> Result<(), Cause> {
        Ok(())
    }

    fn create_lasting_dir(&self, _path: &Path) -> Result<(), Cause> {
        Ok(())
    }

    fn open(&self, path: &Path) -> Result<Arc<dyn DiskFile>, Cause> {
        let there = self.names.lock().unwrap().current.get(path).cloned();
        let file = there.unwrap_or_else(|| {
            let file = FileRef::default();
            self.change(NameChange::Set(path.to_owned(), Arc::clone(&file)));
            file
        });
        let (during_sync, fails) = (Arc::clone(&self.during_sync), Arc::clone(&self.fails));
        Ok(Arc::new(Handle(file, during_sync, fails)))
    }

    fn create(&self, path: &Path) -> Result<Arc<dyn DiskFile>, Cause> {
        assert!(self.content(path).is_none(), "{} is there", path.display());
        self.open(path)
    }

    fn len(&self, path: &Path) -> Result<Option<u64>, Cause> {
        Ok(self.content(path).map(|content| content.len() as u64))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), Cause> {
        let file = self
            .names
            .lock()
            .unwrap()
            .current
            .get(from)
            .cloned()
            .unwrap();
        self.change(NameChange::Set(to.to_owned(), file));
        self.change(NameChange::Remove(from.to_owned()));
        Ok(())
    }

    fn link(&self, from: &Path, to: &Path) -> Result<(), Cause> {
        let there = self.names.lock().unwrap().current.get(from).cloned();
        self.change(NameChange::Set(to.to_owned(), there.unwrap()));
        Ok(())
    }

    fn make_read_only(&self, _path: &Path) -> Result<(), Cause> {
        Ok(())
    }

    fn remove(&self, path: &Path) -> Result<(), Cause> {
        if self.keeps_all.load(Ordering::Relaxed) {
            return Err(Cause::Io {
                action: "remove",
                path: path.to_owned(),
                source: io::ErrorKind::DirectoryNotEmpty.into(),
            });
        }
        for gone in self
            .paths()
            .into_iter()
            .filter(|name| name.starts_with(path))
        {
            self.change(NameChange::Remove(gone));
        }
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> Result<(), Cause> {
        let mut names = self.names.lock().unwrap();
        let pending = std::mem::take(&mut names.pending);
        let is_here = |change: &NameChange| match change {
            NameChange::Set(name, _) | NameChange::Remove(name) => name.parent() == Some(path),
        };
        let (synced, pending): (Vec<_>, Vec<_>) = pending.into_iter().partition(is_here);
        for change in synced {
            apply(&mut names.durable, change);
        }
        names.pending = pending;
        Ok(())
    }
}
