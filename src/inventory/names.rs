//! Names in folders that are read once, instead of a look at every name.
//!
//! A folder tells of each name whether it is a file or a link, and the inode: enough for a name of a
//! blob, which was looked at already. What a folder does not tell is looked at.

use std::ffi::{OsStr, OsString};
use std::fs::{self, FileType, Metadata};
use std::hash::BuildHasher;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirEntryExt, MetadataExt};
use std::path::Path;

use foldhash::HashMap;
use foldhash::fast::RandomState;

use crate::error::Cause;
use crate::fs::{FileId, Stamp, is_absent, lstat};
use crate::store::census::Blob;

/// What stands under a name.
pub(super) enum Entry {
    /// A file, of which one can say what one was asked for.
    File(Seen),
    /// A link, a folder or something odd.
    Other,
}

/// A file under its name.
pub(super) struct Seen {
    /// The device that it is on.
    dev: u64,
    /// Names of the file on its whole disk.
    pub(super) links: u64,
    /// What it looks like.
    pub(super) stamp: Stamp,
}

impl Seen {
    fn blob(blob: &Blob) -> Self {
        Self {
            dev: blob.dev,
            links: blob.links,
            stamp: blob.stamp,
        }
    }

    /// Which file it is.
    pub(super) fn file(&self) -> FileId {
        FileId::on(self.dev, self.stamp.ino)
    }
}

/// Folders, by their paths as they were asked for.
#[derive(Default)]
pub(super) struct Folders {
    read: Vec<Folder>,
    /// Where each is in `read`.
    known: HashMap<OsString, usize>,
}

/// What a folder told.
enum Folder {
    /// It is not there.
    Absent,
    /// It cannot be read; the names in it perhaps can.
    Closed,
    /// Its device, and its names with what they stand for.
    Read { dev: u64, names: Names },
}

/// The names in a folder, in the order of their hashes.
#[derive(Default)]
struct Names {
    hasher: RandomState,
    /// One after the other.
    text: Vec<u8>,
    all: Vec<Name>,
}

/// A name in a folder.
struct Name {
    hash: u64,
    /// Where it is in the text of all.
    text: Range<usize>,
    kind: FileType,
    ino: u64,
}

impl Names {
    fn push(&mut self, name: &[u8], kind: FileType, ino: u64) {
        let start = self.text.len();
        self.text.extend_from_slice(name);
        self.all.push(Name {
            hash: self.hasher.hash_one(name),
            text: start..self.text.len(),
            kind,
            ino,
        });
    }

    fn sort(&mut self) {
        self.all.sort_unstable_by_key(|name| name.hash);
    }

    /// What the folder told of a name.
    fn told(&self, name: &[u8]) -> Option<&Name> {
        let hash = self.hasher.hash_one(name);
        let first = self.all.partition_point(|known| known.hash < hash);
        let same = self.all[first..].iter();
        same.take_while(|known| known.hash == hash)
            .find(|known| self.text.get(known.text.clone()) == Some(name))
    }
}

impl Folders {
    /// What stands at `path`, not behind a link; `None` where nothing does. `blob` is what the name
    /// should stand for, if it is a further name of the store's file.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub(super) fn entry(
        &mut self,
        path: &Path,
        blob: Option<&Blob>,
    ) -> Result<Option<Entry>, Cause> {
        let Some((dir, name)) = split(path) else {
            return look(path);
        };
        match self.folder(dir) {
            Folder::Absent => Ok(None),
            Folder::Closed => look(path),
            Folder::Read { dev, names } => match names.told(name.as_bytes()) {
                Some(Name { kind, .. }) if kind.is_symlink() || kind.is_dir() => {
                    Ok(Some(Entry::Other))
                }
                Some(Name { kind, ino, .. }) if kind.is_file() => {
                    let told = FileId::on(*dev, *ino);
                    match blob.filter(|blob| blob.is_told && blob.file() == told) {
                        Some(blob) => Ok(Some(Entry::File(Seen::blob(blob)))),
                        None => look(path),
                    }
                }
                // Also where the folder knows the name in another spelling.
                _odd_or_none => look(path),
            },
        }
    }

    /// As [`Folders::entry`], and a folder that was not read yet is not read for it.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub(super) fn glance(
        &mut self,
        path: &Path,
        blob: Option<&Blob>,
    ) -> Result<Option<Entry>, Cause> {
        match split(path) {
            Some((dir, _)) if self.known.contains_key(dir) => self.entry(path, blob),
            _ => look(path),
        }
    }

    fn folder(&mut self, dir: &OsStr) -> &Folder {
        let at = self.known.get(dir).copied().unwrap_or_else(|| {
            self.read.push(Folder::read(Path::new(dir)));
            self.known.insert(dir.to_owned(), self.read.len() - 1);
            self.read.len() - 1
        });
        &self.read[at]
    }
}

/// The folder and the name in it, as bytes: no part of these paths is `.` or `..`, or empty.
fn split(path: &Path) -> Option<(&OsStr, &OsStr)> {
    let path = path.as_os_str().as_bytes();
    let slash = path.iter().rposition(|byte| *byte == b'/')?;
    let (dir, name) = (&path[..slash], &path[slash + 1..]);
    let is_whole = !dir.is_empty() && !name.is_empty();
    is_whole.then_some((OsStr::from_bytes(dir), OsStr::from_bytes(name)))
}

impl Folder {
    fn read(dir: &Path) -> Self {
        match Self::try_read(dir) {
            Ok(folder) => folder,
            Err(error) if is_absent(&error) => Self::Absent,
            Err(_closed) => Self::Closed,
        }
    }

    fn try_read(dir: &Path) -> std::io::Result<Self> {
        // Through the folder: who may list the names and no more may not look at what they stand for.
        let dev = fs::metadata(dir.join("."))?.dev();
        let mut names = Names::default();
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            // Some folders do not tell the kind: that is a look, and the name may be gone by then.
            let kind = match entry.file_type() {
                Err(error) if is_absent(&error) => continue,
                other => other?,
            };
            names.push(entry.file_name().as_bytes(), kind, entry.ino());
        }
        names.sort();
        Ok(Self::Read { dev, names })
    }
}

fn look(path: &Path) -> Result<Option<Entry>, Cause> {
    let there = lstat(path)?;
    Ok(there.map(|there| {
        if there.is_file() {
            Entry::File(Seen::from(&there))
        } else {
            Entry::Other
        }
    }))
}

impl From<&Metadata> for Seen {
    fn from(there: &Metadata) -> Self {
        Self {
            dev: there.dev(),
            links: there.nlink(),
            stamp: Stamp::of(there),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn blob(path: &Path) -> Blob {
        let there = fs::metadata(path).unwrap();
        Blob {
            links: there.nlink(),
            own_links: 1,
            stamp: Stamp::of(&there),
            dev: there.dev(),
            is_told: true,
        }
    }

    /// What is said of a name: the length, where it is a file's.
    fn said(path: &Path, blob: &Blob) -> String {
        let mut folders = Folders::default();
        match folders.entry(path, Some(blob)).unwrap() {
            Some(Entry::File(seen)) => seen.stamp.len.to_string(),
            Some(Entry::Other) => "no file".to_owned(),
            None => "no name".to_owned(),
        }
    }

    #[test]
    fn a_name_of_the_blob_is_told_and_any_other_is_looked_at() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("blob"), "content").unwrap();
        fs::write(at("other"), "longer content").unwrap();
        fs::hard_link(at("blob"), at("name")).unwrap();
        symlink("blob", at("link")).unwrap();
        fs::create_dir(at("folder")).unwrap();
        // What only the store's look says is believed of the blob's own names alone.
        let mut blob = blob(&at("blob"));
        blob.stamp.len = 1;
        assert_eq!(said(&at("name"), &blob), "1");
        assert_eq!(said(&at("other"), &blob), "14");
        let untold = Blob {
            is_told: false,
            ..blob
        };
        assert_eq!(said(&at("name"), &untold), "7");
        for (name, want) in [
            ("link", "no file"),
            ("folder", "no file"),
            ("none", "no name"),
        ] {
            assert_eq!(said(&at(name), &blob), want, "{name}");
        }
        assert_eq!(said(&at("none/at/all"), &blob), "no name");
        assert_eq!(said(&at("other/name"), &blob), "no name");
    }

    #[test]
    fn names_are_found_in_a_folder_that_cannot_be_listed() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("folder");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("name"), "content").unwrap();
        let blob = blob(&folder.join("name"));
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o100)).unwrap();
        let found = said(&folder.join("name"), &blob);
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(found, "7");
    }
}
