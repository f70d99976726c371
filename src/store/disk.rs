//! The few file operations that the life of a blob stands on, as a trait.
//!
//! The order of write, sync and rename is what makes a blob trustworthy after a power cut. Behind a
//! trait, a test can be a disk that forgets everything that was not synced.

use std::fs::{self, File};
use std::io::{self, IoSlice};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use crate::error::Cause;
use crate::fs::{OnPath, is_absent, open_no_link};

mod foreign;

/// A filesystem, as far as unfinished and finished blobs need one.
pub trait Disk: Send + Sync {
    /// Creates a folder and its parents.
    ///
    /// # Errors
    /// When one cannot be created.
    fn create_dir_all(&self, path: &Path) -> Result<(), Cause>;

    /// As [`Disk::create_dir_all`], and what is new of it survives a power cut.
    ///
    /// # Errors
    /// When one cannot be created or synced.
    fn create_lasting_dir(&self, path: &Path) -> Result<(), Cause>;

    /// Opens a file to read and write, not through a link; creates it when it is absent.
    ///
    /// # Errors
    /// When it cannot be opened.
    fn open(&self, path: &Path) -> Result<Arc<dyn DiskFile>, Cause>;

    /// Creates a file that nobody has yet, to write.
    ///
    /// # Errors
    /// When the name is taken, or it cannot be created.
    fn create(&self, path: &Path) -> Result<Arc<dyn DiskFile>, Cause>;

    /// Length of a regular file, or nothing when there is none.
    ///
    /// # Errors
    /// When it cannot be asked.
    fn len(&self, path: &Path) -> Result<Option<u64>, Cause>;

    /// Renames a file, replacing what has the name.
    ///
    /// # Errors
    /// When it fails.
    fn rename(&self, from: &Path, to: &Path) -> Result<(), Cause>;

    /// Gives the file `from` the further name `to` by hard link, whatever had that name before; its
    /// folder is made where it is absent.
    ///
    /// # Errors
    /// When the filesystem refuses.
    fn link(&self, from: &Path, to: &Path) -> Result<(), Cause>;

    /// Makes a file read-only for everybody.
    ///
    /// # Errors
    /// When it fails.
    fn make_read_only(&self, path: &Path) -> Result<(), Cause>;

    /// Removes a file or a folder of files; absent is fine.
    ///
    /// # Errors
    /// When it is there and stays.
    fn remove(&self, path: &Path) -> Result<(), Cause>;

    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// When it fails.
    fn sync_dir(&self, path: &Path) -> Result<(), Cause>;
}

/// An open file with positioned access; many threads may use it at once.
pub trait DiskFile: Send + Sync {
    /// Fills `buffer` from `offset`.
    ///
    /// # Errors
    /// When fewer bytes are there, or reading fails.
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;

    /// Writes the buffers one after the other from `offset`.
    ///
    /// # Errors
    /// When writing fails; part of it may be written then.
    fn write_all_at(&self, buffers: &[Bytes], offset: u64) -> io::Result<()>;

    /// Sets the length; a longer file gets a hole.
    ///
    /// # Errors
    /// When the filesystem refuses.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// Length in bytes.
    ///
    /// # Errors
    /// When the filesystem cannot say.
    fn size(&self) -> io::Result<u64>;

    /// Makes what was written durable.
    ///
    /// # Errors
    /// When the disk fails; what was written since the last sync is then in doubt.
    fn sync_data(&self) -> io::Result<()>;
}

/// The disk of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsDisk;

impl Disk for OsDisk {
    fn create_dir_all(&self, path: &Path) -> Result<(), Cause> {
        crate::fs::create_dir_all(path)
    }

    fn create_lasting_dir(&self, path: &Path) -> Result<(), Cause> {
        crate::fs::create_lasting_dir(path)
    }

    fn open(&self, path: &Path) -> Result<Arc<dyn DiskFile>, Cause> {
        let open = || open_no_link(path);
        if foreign::is_foreign(path) {
            foreign::take_over(path).on_path("take over", path)?;
        }
        let file = match open() {
            // Made read-only, and then no time was left to rename it.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && path.is_file() => {
                let mode = fs::Permissions::from_mode(0o644);
                fs::set_permissions(path, mode).and_then(|()| open())
            }
            other => other,
        };
        Ok(Arc::new(file.on_path("open", path)?))
    }

    fn create(&self, path: &Path) -> Result<Arc<dyn DiskFile>, Cause> {
        Ok(Arc::new(File::create_new(path).on_path("create", path)?))
    }

    fn len(&self, path: &Path) -> Result<Option<u64>, Cause> {
        match fs::symlink_metadata(path) {
            Ok(meta) if meta.is_file() => Ok(Some(meta.len())),
            Ok(_other) => Ok(None),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(error).on_path("look at", path),
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), Cause> {
        crate::fs::rename(from, to)
    }

    fn link(&self, from: &Path, to: &Path) -> Result<(), Cause> {
        // Mostly nothing has the name: then this is all there is to do.
        match fs::hard_link(from, to) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if !crate::fs::is_same_file(from, to)? {
                    self.remove(to)?;
                }
            }
            Err(error) if is_absent(&error) => {
                if let Some(dir) = to.parent() {
                    crate::fs::create_dir_all(dir)?;
                }
            }
            Err(error) => return Err(error).on_path("link a file to", to),
        }
        crate::fs::link_if_absent(from, to)
    }

    fn make_read_only(&self, path: &Path) -> Result<(), Cause> {
        fs::set_permissions(path, fs::Permissions::from_mode(0o444)).on_path("make read-only", path)
    }

    fn remove(&self, path: &Path) -> Result<(), Cause> {
        let removed = match fs::symlink_metadata(path) {
            Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
            Ok(_file) => fs::remove_file(path),
            Err(error) => Err(error),
        };
        match removed {
            Err(error) if is_absent(&error) => Ok(()),
            other => other.on_path("remove", path),
        }
    }

    fn sync_dir(&self, path: &Path) -> Result<(), Cause> {
        crate::fs::sync_dir(path)
    }
}

impl DiskFile for File {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        FileExt::read_exact_at(self, buffer, offset)
    }

    fn write_all_at(&self, buffers: &[Bytes], mut offset: u64) -> io::Result<()> {
        let mut slices: Vec<IoSlice<'_>> =
            buffers.iter().map(|bytes| IoSlice::new(bytes)).collect();
        let mut rest = &mut slices[..];
        while !rest.is_empty() {
            let batch = rest.len().min(MAX_SLICES);
            match rustix::io::pwritev(self, &rest[..batch], offset) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    offset += written as u64;
                    IoSlice::advance_slices(&mut rest, written);
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        File::set_len(self, len)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn sync_data(&self) -> io::Result<()> {
        File::sync_data(self)
    }
}

/// The system takes at most `IOV_MAX` buffers in one call: 1024 on Linux and macOS.
const MAX_SLICES: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_buffers_land_one_after_the_other() {
        let dir = tempfile::tempdir().unwrap();
        let file = OsDisk.open(&dir.path().join("data")).unwrap();
        let buffers: Vec<Bytes> = (0..3000u32)
            .map(|i| Bytes::from(i.to_le_bytes().to_vec()))
            .collect();
        file.write_all_at(&buffers, 5).unwrap();
        let mut back = vec![0; 12000];
        file.read_exact_at(&mut back, 5).unwrap();
        assert_eq!(back, buffers.concat());
        assert_eq!(file.size().unwrap(), 12005);
    }

    #[test]
    fn a_link_takes_the_place_of_whatever_had_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let (file, other) = (dir.path().join("file"), dir.path().join("other"));
        let name = dir.path().join("new/folder/name");
        fs::write(&file, "x").unwrap();
        fs::write(&other, "y").unwrap();
        for from in [&file, &file, &other] {
            OsDisk.link(from, &name).unwrap();
            assert!(crate::fs::is_same_file(from, &name).unwrap());
        }
    }

    #[test]
    fn what_is_created_was_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        OsDisk.create(&path).unwrap();
        assert!(OsDisk.create(&path).is_err());
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let (link, elsewhere) = (dir.path().join("data"), dir.path().join("elsewhere"));
        fs::write(&elsewhere, "x").unwrap();
        std::os::unix::fs::symlink(&elsewhere, &link).unwrap();
        assert!(OsDisk.open(&link).is_err());
    }

    #[test]
    fn removing_what_is_not_there_is_fine() {
        let dir = tempfile::tempdir().unwrap();
        OsDisk.remove(&dir.path().join("no/such")).unwrap();
    }
}
