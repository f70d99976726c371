//! The finished blobs of a store, each file looked at once.
//!
//! A blob has more names than one: by git's id, and in views. The folder that has such a name tells the
//! inode with it, so a name of a file that is known needs no look of its own. Not every filesystem tells
//! the inode by which a look shows the file, though; whether this one does is seen from the blobs.

use std::fs::{DirEntry, Metadata};
use std::os::unix::fs::{DirEntryExt, MetadataExt};
use std::path::{Path, PathBuf};

use foldhash::{HashMap, HashMapExt};

use super::files_below;
use crate::digest::BlobId;
use crate::error::Cause;
use crate::fs::{self, FileId, OnPath, Stamp, parallel};
use crate::store::Store;

/// A finished blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blob {
    /// Names of the file on its whole disk.
    pub links: u64,
    /// How many of them are the store's own: two where its git id is known.
    pub own_links: u64,
    /// What the file looks like.
    pub stamp: Stamp,
    /// The device that it is on.
    pub(crate) dev: u64,
    /// Whether the folders of its filesystem tell which file a name stands for.
    pub(crate) is_told: bool,
}

impl Blob {
    /// What the look at its name showed: the one name of its own that is known by that.
    fn of(there: &Metadata) -> Self {
        Self {
            links: there.nlink(),
            own_links: 1,
            stamp: Stamp::of(there),
            dev: there.dev(),
            is_told: true,
        }
    }

    /// Which file it is.
    pub(crate) fn file(&self) -> FileId {
        FileId::on(self.dev, self.stamp.ino)
    }
}

/// The names in all shards: what [`Store::blobs`] is made of.
pub(crate) struct Names(Vec<Shards>);

/// What is in a few shards.
#[derive(Default)]
struct Shards {
    /// The store's own names are not counted yet.
    blobs: Vec<(BlobId, Blob)>,
    /// Other names, with what the folder tells of the file.
    others: Vec<(FileId, PathBuf)>,
    /// Whether no folder told another file than the look showed.
    is_told: bool,
}

impl Store {
    /// Every finished blob.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn blobs(&self) -> Result<HashMap<BlobId, Blob>, Cause> {
        self.blob_names()?.blobs()
    }

    /// The names of every finished blob, each file looked at once.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub(crate) fn blob_names(&self) -> Result<Names, Cause> {
        let shards = files_below(&self.layout.blobs(), 2)?;
        let read = parallel::shares(&shards, Shards::read);
        Ok(Names(read.into_iter().collect::<Result<Vec<_>, _>>()?))
    }
}

impl Names {
    /// The blobs, with the names of each counted.
    ///
    /// # Errors
    /// When one cannot be looked at.
    pub(crate) fn blobs(self) -> Result<HashMap<BlobId, Blob>, Cause> {
        let Self(read) = self;
        let is_told = read.iter().all(|shards| shards.is_told);
        let count = read.iter().map(|shards| shards.blobs.len()).sum();
        let mut own_links: HashMap<FileId, u64> = HashMap::with_capacity(count);
        for (_, blob) in read.iter().flat_map(|shards| &shards.blobs) {
            *own_links.entry(blob.file()).or_default() += 1;
        }
        for (file, path) in read.iter().flat_map(|shards| &shards.others) {
            let known = own_links.get_mut(file).filter(|_| is_told);
            if let Some(links) = known {
                *links += 1;
            } else if let Some(there) = fs::lstat(path)?.filter(Metadata::is_file) {
                *own_links.entry(FileId::of(&there)).or_default() += 1;
            }
        }
        let mut blobs = HashMap::with_capacity(count);
        for (id, blob) in read.into_iter().flat_map(|shards| shards.blobs) {
            let own_links = own_links.get(&blob.file()).copied().unwrap_or(1);
            blobs.insert(
                id,
                Blob {
                    own_links,
                    is_told,
                    ..blob
                },
            );
        }
        Ok(blobs)
    }
}

impl Shards {
    fn read(shards: &[PathBuf]) -> Result<Self, Cause> {
        let mut read = Self {
            is_told: true,
            ..Self::default()
        };
        for shard in shards {
            read.add(shard)?;
        }
        Ok(read)
    }

    fn add(&mut self, shard: &Path) -> Result<(), Cause> {
        let Some(dev) = fs::lstat(shard)?
            .filter(Metadata::is_dir)
            .map(|there| there.dev())
        else {
            return Ok(());
        };
        let entries = match std::fs::read_dir(shard) {
            Err(error) if fs::is_absent(&error) => return Ok(()),
            other => other.on_path("read the folder", shard)?,
        };
        for entry in entries {
            self.add_name(&entry.on_path("read the folder", shard)?, dev)?;
        }
        Ok(())
    }

    /// A name in a shard that is on the device `dev`.
    fn add_name(&mut self, entry: &DirEntry, dev: u64) -> Result<(), Cause> {
        let told = FileId::on(dev, entry.ino());
        let name = entry.file_name();
        let Some(id) = name.to_str().and_then(|name| name.parse::<BlobId>().ok()) else {
            self.others.push((told, entry.path()));
            return Ok(());
        };
        match entry.metadata() {
            Err(error) if fs::is_absent(&error) => Ok(()),
            Err(error) => Err(error).on_path("look at", &entry.path()),
            Ok(there) => {
                if there.is_file() {
                    let blob = Blob::of(&there);
                    self.is_told &= told == blob.file();
                    self.blobs.push((id, blob));
                }
                Ok(())
            }
        }
    }
}
