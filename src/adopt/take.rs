//! Hashing the files of a part, and giving each its place: in the store by a link, or as a link to what
//! the store has.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::adopt::found::{Inode, Part};
use crate::adopt::known::Known;
use crate::adopt::{Damaged, Left, Taken};
use crate::digest::{BlobId, Digest, Hashed};
use crate::error::Cause;
use crate::fs::{self, FileId, OnPath, Stamp};
use crate::hashing::{Around, Job, Sums, changed, hash_all};
use crate::report::Event;
use crate::store::Store;
use crate::store::blob::hash_file;

/// What became of the names of a part, by their places in it.
pub(super) type Proven = HashMap<usize, (BlobId, Stamp)>;

/// What came of a part.
pub(super) struct Worked {
    pub(super) taken: Taken,
    pub(super) proven: Proven,
    pub(super) known: Known,
    /// Why it ended before the end.
    pub(super) failure: Option<Cause>,
}

/// Takes the files of a part over, as far as it gets.
pub(super) fn take(store: &Store, part: &Part, known: Known, around: &Around) -> Worked {
    let mut taker = Taker {
        store,
        part,
        around,
        known,
        checked: HashSet::new(),
        taken: Taken::default(),
        proven: HashMap::new(),
    };
    let failure = taker.run().err();
    Worked {
        taken: taker.taken,
        proven: taker.proven,
        known: taker.known,
        failure,
    }
}

struct Taker<'a> {
    store: &'a Store,
    part: &'a Part,
    around: &'a Around,
    known: Known,
    /// Blobs of the store whose bytes were proven here.
    checked: HashSet<BlobId>,
    taken: Taken,
    proven: Proven,
}

impl Taker<'_> {
    fn run(&mut self) -> Result<(), Cause> {
        let mut inodes = Vec::new();
        for inode in self.part.inodes() {
            self.taken.files += 1;
            match self.known.settled(&inode) {
                Some(blob) => {
                    self.taken.known += 1;
                    let proven = inode.names.iter().map(|at| (*at, (blob, inode.stamp)));
                    self.proven.extend(proven);
                }
                None => inodes.push(inode),
            }
        }
        // What cannot be replaced comes first, so that its twins can be.
        inodes.sort_by_key(|inode| !inode.is_foreign);
        let jobs = inodes.iter().map(|inode| self.job(inode)).collect();
        let around = self.around.clone();
        hash_all(jobs, &around, |at, sums| self.settle(&inodes[at], sums))
    }

    fn job(&self, inode: &Inode) -> Job {
        let file = &self.part.files[inode.names[0]];
        Job {
            path: file.path.clone(),
            name: file.name.clone(),
            len: inode.stamp.len,
            want: inode.promise,
        }
    }

    /// Does what is to be done with a hashed file. Only what concerns all files ends the work.
    fn settle(&mut self, inode: &Inode, sums: Result<Sums, Cause>) -> Result<(), Cause> {
        let file = &self.part.files[inode.names[0]];
        let placed = sums.and_then(|sums| {
            self.taken.hashed_bytes += sums.stamp.len;
            if let Some(want) = self.broken(inode, &sums) {
                let got = sums.in_terms_of(want);
                self.damaged(inode, want, got);
                return Ok(());
            }
            self.around.sink.emit(Event::Verified {
                path: file.name.clone(),
                len: sums.stamp.len,
            });
            self.place(inode, &sums)
        });
        match placed {
            Err(Cause::Cancelled) => Err(Cause::Cancelled),
            Err(cause) => {
                self.leave(&file.path, &cause);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// What one of its names promises and it does not hold.
    fn broken(&self, inode: &Inode, sums: &Sums) -> Option<Digest> {
        let promises = inode.names.iter().map(|at| self.part.files[*at].promise);
        promises.flatten().find(|promise| !sums.is(*promise))
    }

    fn damaged(&mut self, inode: &Inode, want: Digest, got: Digest) {
        let path = self.part.files[inode.names[0]].path.clone();
        self.taken.damaged.push(Damaged {
            path,
            part: self.part.title.clone(),
            want,
            got,
        });
    }

    fn leave(&mut self, path: &Path, cause: &Cause) {
        self.taken.left.push(Left {
            path: path.to_owned(),
            why: cause.to_string(),
        });
    }

    /// Links proven content into the store, or its names to what the store has.
    fn place(&mut self, inode: &Inode, sums: &Sums) -> Result<(), Cause> {
        let first = &self.part.files[inode.names[0]].path;
        let blob = self.store.blob_path(sums.blob);
        let hashed = hashed(inode, sums);
        let there = fs::lstat(&blob)?.filter(std::fs::Metadata::is_file);
        let is_twin = match there {
            Some(there) if FileId::of(&there) == inode.id => false,
            Some(_) => self.is_sound(sums.blob, sums.stamp.len)?,
            None => false,
        };
        if !is_twin {
            let is_new = !self.known.holds(inode);
            self.link(first, hashed, sums)?;
            self.known.add(inode.id, sums.blob);
            self.checked.insert(sums.blob);
            self.taken.linked += u64::from(is_new);
            self.taken.linked_bytes += if is_new { sums.stamp.len } else { 0 };
            let stamp = fs::stamp(first)?;
            let proven = inode.names.iter().map(|at| (*at, (sums.blob, stamp)));
            self.proven.extend(proven);
            return Ok(());
        }
        // Gives the blob its second name where only this file's promise tells it.
        self.store.adopt_linked(&blob, hashed)?;
        for at in &inode.names {
            self.replace(*at, sums)?;
        }
        Ok(())
    }

    fn link(&self, file: &Path, hashed: Hashed, sums: &Sums) -> Result<(), Cause> {
        self.store.adopt_linked(file, hashed)?;
        // What was hashed was an open file; what was linked is whatever has the name by then.
        if fs::stamp(file)? == sums.stamp {
            return Ok(());
        }
        self.store.expel(hashed.want, Some(hashed.blob))?;
        Err(changed(file))
    }

    /// Whether the store's own copy is what its name says; else it goes, and the other takes its place.
    fn is_sound(&mut self, id: BlobId, len: u64) -> Result<bool, Cause> {
        if self.checked.contains(&id) {
            return Ok(true);
        }
        let stop = &self.around.stop;
        let path = self.store.blob_path(id);
        let hashed = hash_file(&path, id.into(), len, |_| !stop.is_cancelled())?;
        self.taken.hashed_bytes += len;
        if hashed.is_match() {
            self.checked.insert(id);
            return Ok(true);
        }
        self.store.expel(id.into(), None)?;
        Ok(false)
    }

    /// Gives a name to the store's copy.
    fn replace(&mut self, at: usize, sums: &Sums) -> Result<(), Cause> {
        let file = &self.part.files[at];
        if file.is_foreign {
            self.proven.insert(at, (sums.blob, sums.stamp));
            return Ok(());
        }
        // Of a folder that was named twice, or of one inside another.
        if fs::is_same_file(&file.path, &self.store.blob_path(sums.blob))? {
            self.proven.insert(at, (sums.blob, fs::stamp(&file.path)?));
            return Ok(());
        }
        match self
            .store
            .replace_by_blob(&file.path, sums.stamp, sums.blob)
        {
            Ok(freed) => {
                self.taken.replaced += 1;
                self.taken.freed_bytes += freed;
                let there = std::fs::metadata(&file.path).on_path("look at", &file.path)?;
                self.proven.insert(at, (sums.blob, Stamp::of(&there)));
            }
            // It stays as it is, and is right.
            Err(cause) => {
                self.leave(&file.path, &cause);
                self.proven.insert(at, (sums.blob, sums.stamp));
            }
        }
        Ok(())
    }
}

/// The sums as a promise that was kept.
fn hashed(inode: &Inode, sums: &Sums) -> Hashed {
    let want = sums.in_terms_of(inode.promise.unwrap_or(sums.blob.into()));
    Hashed {
        blob: sums.blob,
        got: want,
        want,
    }
}
