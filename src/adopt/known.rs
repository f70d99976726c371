//! What the store holds and was proven of what lies in caches: what need not be hashed again.

use std::collections::HashMap;

use crate::adopt::found::Inode;
use crate::digest::{BlobId, Digest};
use crate::error::Cause;
use crate::fs::{FileId, Stamp};
use crate::store::Store;

/// The store's files, and the looks of what was proven.
#[derive(Debug, Default)]
pub(super) struct Known {
    stored: HashMap<FileId, BlobId>,
    proven: HashMap<(Digest, Stamp), BlobId>,
}

impl Known {
    pub(super) fn of(store: &Store) -> Result<Self, Cause> {
        let mut known = Self::default();
        for name in store.names()? {
            if let Digest::Sha256(id) = name.digest {
                known.stored.insert(FileId::of(&name.metadata), id);
            }
        }
        for recorded in store.census()?.commits {
            for file in recorded.manifest.files {
                if let (Some(blob), Some(stamp)) = (file.blob, file.stamp) {
                    known.proven.insert((file.remote.digest, stamp), blob);
                }
            }
        }
        Ok(known)
    }

    /// The content of a file with which nothing is left to do: the store has the very file, and if its
    /// name promises something, it was proven as it looks now.
    pub(super) fn settled(&self, file: &Inode) -> Option<BlobId> {
        let stored = self.stored.get(&file.id).copied();
        match file.promise {
            None => stored,
            Some(promise) => {
                let proven = self.proven.get(&(promise, file.stamp)).copied();
                proven.filter(|blob| stored == Some(*blob))
            }
        }
    }

    pub(super) fn is_settled(&self, file: &Inode) -> bool {
        self.settled(file).is_some()
    }

    /// Whether the store has the very file.
    pub(super) fn holds(&self, file: &Inode) -> bool {
        self.stored.contains_key(&file.id)
    }

    /// Notes that the store has the file from now on.
    pub(super) fn add(&mut self, id: FileId, blob: BlobId) {
        self.stored.insert(id, blob);
    }
}
