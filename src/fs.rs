//! Blocking file work whose errors name the path: links, replacement, syncing, free space.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::SystemTime;

use rustix::fs::{Timespec, Timestamps, UTIME_NOW};
use serde::{Deserialize, Serialize};

use crate::error::Cause;

mod access;
mod link;
mod list;
pub(crate) mod parallel;
mod remove;
mod share;

pub(crate) use access::{Access, access, is_others, must_change};
pub(crate) use link::rename_to_free;
pub use link::{Placed, link, link_if_absent, place, place_copy};
pub use list::list;
pub(crate) use list::{list_folders, list_open};
pub use remove::remove_counted;
pub(crate) use remove::{files_below, remove_empty_above, remove_empty_below, remove_tree};
pub(crate) use share::{make_dir, make_dirs, share_dir, share_file};

/// Attaches operation and path to an IO error.
pub(crate) trait OnPath<T> {
    /// `action` reads after “cannot”.
    fn on_path(self, action: &'static str, path: &Path) -> Result<T, Cause>;
}

impl<T> OnPath<T> for io::Result<T> {
    fn on_path(self, action: &'static str, path: &Path) -> Result<T, Cause> {
        self.map_err(|source| Cause::Io {
            action,
            path: path.to_owned(),
            source,
        })
    }
}

/// How the names of temporary files begin.
pub const TEMPORARY: &str = ".tmp-";

/// For files of ours that are opened to be written: somebody else's file is not, whatever links to it.
#[expect(clippy::cast_possible_wrap, reason = "a flag is far below the sign")]
const NO_LINK: i32 = rustix::fs::OFlags::NOFOLLOW.bits() as i32;

/// The present time by the clock of the file's filesystem, for both times of a file.
pub(crate) const NOW: Timestamps = Timestamps {
    last_access: UTIME_IS_NOW,
    last_modification: UTIME_IS_NOW,
};

const UTIME_IS_NOW: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: UTIME_NOW,
};

/// What makes a file recognisable without hashing it again: a file that still has the stamp it had
/// when it was proven has not been replaced, cut or written since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stamp {
    /// Inode number.
    pub ino: u64,
    /// Size in bytes.
    pub len: u64,
    /// Last modification: whole seconds since 1970.
    pub mtime_secs: i64,
    /// Last modification: nanoseconds within the second.
    pub mtime_nanos: u32,
}

impl Stamp {
    /// The stamp of the file that `metadata` describes.
    pub fn of(metadata: &Metadata) -> Self {
        Self {
            ino: metadata.ino(),
            len: metadata.len(),
            mtime_secs: metadata.mtime(),
            mtime_nanos: u32::try_from(metadata.mtime_nsec()).unwrap_or(0),
        }
    }
}

/// The stamp of the file at `path`, links followed.
///
/// # Errors
/// When there is none, or it cannot be looked at.
pub fn stamp(path: &Path) -> Result<Stamp, Cause> {
    fs::metadata(path)
        .map(|metadata| Stamp::of(&metadata))
        .on_path("look at", path)
}

/// Which file a name stands for on this machine: two names with the same id are one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FileId {
    dev: u64,
    ino: u64,
}

impl FileId {
    /// The file with the inode `ino` on the device `dev`.
    pub(crate) fn on(dev: u64, ino: u64) -> Self {
        Self { dev, ino }
    }

    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self {
            dev: metadata.dev(),
            ino: metadata.ino(),
        }
    }
}

/// Looks at the entry `path` itself, not through a link; `None` when there is none.
///
/// # Errors
/// When it cannot be looked at.
pub fn lstat(path: &Path) -> Result<Option<Metadata>, Cause> {
    match fs::symlink_metadata(path) {
        Err(error) if is_absent(&error) => Ok(None),
        other => other.map(Some).on_path("look at", path),
    }
}

/// Whether both names stand for one file, links followed; not where one of them stands for none.
///
/// # Errors
/// When one cannot be looked at.
pub fn is_same_file(a: &Path, b: &Path) -> Result<bool, Cause> {
    let id = |path: &Path| match fs::metadata(path) {
        Err(error) if is_absent(&error) => Ok(None),
        other => other
            .map(|there| Some(FileId::of(&there)))
            .on_path("look at", path),
    };
    let (a, b) = (id(a)?, id(b)?);
    Ok(a.is_some() && a == b)
}

/// Whether two folders are on one filesystem, so that hard links between them can be.
///
/// # Errors
/// When one cannot be looked at.
pub fn is_same_disk(a: &Path, b: &Path) -> Result<bool, Cause> {
    let disk = |path: &Path| {
        fs::metadata(path)
            .map(|there| there.dev())
            .on_path("look at", path)
    };
    Ok(disk(a)? == disk(b)?)
}

/// Opens a file to read and write, and creates it when it is absent; never through a planted link.
pub(crate) fn open_no_link(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).custom_flags(NO_LINK);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        other => return other,
    }
    match options.create_new(true).open(path) {
        Ok(file) => {
            share_file(&file, path);
            Ok(file)
        }
        // Somebody was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            options.create_new(false).open(path)
        }
        Err(error) => Err(error),
    }
}

/// Opens a file to read; never through a planted link.
pub(crate) fn read_no_link(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags(NO_LINK)
        .open(path)
}

/// Creates a folder and its parents.
///
/// # Errors
/// When one cannot be created.
pub fn create_dir_all(path: &Path) -> Result<(), Cause> {
    make_dirs(path).on_path("create the folder", path)
}

/// As [`create_dir_all`], and what is new of it survives a power cut.
///
/// # Errors
/// When one cannot be created or synced.
pub fn create_lasting_dir(path: &Path) -> Result<(), Cause> {
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    match make_dir(path) {
        Ok(()) => sync_dir(parent),
        Err(error) if error.kind() == io::ErrorKind::NotFound && parent != path => {
            create_lasting_dir(parent)?;
            create_dir_all(path)?;
            sync_dir(parent)
        }
        // The other way also tells a folder from a file in its place.
        Err(_there) => create_dir_all(path),
    }
}

/// Makes the names in `dir` survive a power cut.
///
/// # Errors
/// When the folder cannot be opened or synced.
pub fn sync_dir(dir: &Path) -> Result<(), Cause> {
    let synced = File::open(dir).and_then(|dir| dir.sync_all());
    match synced {
        // Some network filesystems refuse to sync a folder; their renames are synchronous.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        other => other.on_path("sync the folder", dir),
    }
}

/// Renames `from` over `to`. The caller has synced the content and syncs the folder.
///
/// # Errors
/// When the rename fails.
#[expect(clippy::disallowed_methods, reason = "the one place that renames")]
pub fn rename(from: &Path, to: &Path) -> Result<(), Cause> {
    fs::rename(from, to).on_path("rename a file to", to)
}

/// Writes `bytes` to `path`, as [`replace_by`] does.
///
/// # Errors
/// As [`replace_by`].
pub fn replace(path: &Path, bytes: &[u8], aside: &Path) -> Result<(), Cause> {
    replace_by(path, aside, |file| file.write_all(bytes))
}

/// Writes what `write` writes to `path` through a temporary file in `aside`, a folder on the same
/// filesystem: readers see the old or the new content.
///
/// # Errors
/// When a step fails; the temporary file is removed then.
pub fn replace_by(
    path: &Path,
    aside: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Cause> {
    let mut temp = tempfile::Builder::new()
        .prefix(TEMPORARY)
        .make_in(aside, |path| {
            let file = OpenOptions::new().write(true).create_new(true).open(path)?;
            share_file(&file, path);
            Ok(file)
        })
        .on_path("create a file in", aside)?;
    let mut buffer = BufWriter::new(&mut temp);
    write(&mut buffer)
        .and_then(|()| buffer.flush())
        .on_path("write", path)?;
    drop(buffer);
    temp.as_file().sync_data().on_path("sync", path)?;
    temp.persist(path)
        .map_err(|failed| failed.error)
        .on_path("write", path)?;
    Ok(())
}

/// Reads a small file whole; `None` when there is none.
///
/// # Errors
/// When it exists and cannot be read, or is larger than `max_bytes`.
pub fn read_small(path: &Path, max_bytes: u64) -> Result<Option<Vec<u8>>, Cause> {
    Ok(read_dated(path, max_bytes)?.map(|(bytes, _)| bytes))
}

/// As [`read_small`], with when the file was last written to.
///
/// # Errors
/// As there.
pub(crate) fn read_dated(
    path: &Path,
    max_bytes: u64,
) -> Result<Option<(Vec<u8>, SystemTime)>, Cause> {
    let file = match File::open(path) {
        Err(error) if is_absent(&error) => return Ok(None),
        other => other.on_path("read", path)?,
    };
    let there = file.metadata().on_path("read", path)?;
    let modified = there.modified().on_path("read", path)?;
    // What the file says of its length only saves reading it in many small pieces.
    let len = there.len();
    let expected = usize::try_from(len.min(max_bytes)).unwrap_or(0);
    let mut bytes = Vec::with_capacity(expected + 1);
    file.take(max_bytes + 1)
        .read_to_end(&mut bytes)
        .on_path("read", path)?;
    if bytes.len() as u64 > max_bytes {
        let source = io::Error::new(io::ErrorKind::InvalidData, "the file is too large");
        return Err(Cause::Io {
            action: "read",
            path: path.to_owned(),
            source,
        });
    }
    Ok(Some((bytes, modified)))
}

/// Removes a file; one that is gone already is no error.
///
/// # Errors
/// When it is there and cannot be removed.
pub fn remove_file(path: &Path) -> Result<(), Cause> {
    match fs::remove_file(path) {
        Err(error) if is_absent(&error) => Ok(()),
        other => other.on_path("remove", path),
    }
}

/// Makes the content of a file survive a power cut.
///
/// # Errors
/// When it cannot be opened or synced.
pub fn sync_file(path: &Path) -> Result<(), Cause> {
    File::open(path)
        .and_then(|file| file.sync_data())
        .on_path("sync", path)
}

/// Bytes that an ordinary user can still write on the filesystem of `path`.
///
/// # Errors
/// When the filesystem cannot be asked.
pub fn free_bytes(path: &Path) -> Result<u64, Cause> {
    fs2::available_space(path).on_path("measure the free space of", path)
}

/// Whether the error says that there is no such file, also not as a path through a plain file.
pub(crate) fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Whether the error says that this user may not write here: for work that is nice to have.
pub(crate) fn is_unwritable(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lasting_folder_is_made_with_its_parents_and_only_where_none_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/c");
        create_lasting_dir(&path).unwrap();
        create_lasting_dir(&path).unwrap();
        assert!(path.is_dir());
        fs::write(path.join("file"), "").unwrap();
        assert!(create_lasting_dir(&path.join("file")).is_err());
        create_lasting_dir(Path::new("src")).unwrap();
    }
}
