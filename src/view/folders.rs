//! Creates folders and remembers which ones got new names, so that each is synced once.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Cause;
use crate::fs::{OnPath, make_dir, rename, rename_to_free, sync_dir};

/// The folders whose names have changed and do not yet survive a power cut.
#[derive(Default)]
pub(in crate::view) struct Folders {
    changed: BTreeSet<PathBuf>,
    /// Those that were seen or made: not looked at again.
    there: BTreeSet<PathBuf>,
}

impl Folders {
    /// Makes sure that `dir` and its parents exist; writes nothing where they do.
    pub(in crate::view) fn ensure(&mut self, dir: &Path) -> Result<(), Cause> {
        if self.there.contains(dir) || dir.as_os_str().is_empty() {
            return Ok(());
        }
        if !dir.is_dir() {
            self.make(dir)?;
        }
        self.there.insert(dir.to_owned());
        Ok(())
    }

    fn make(&mut self, dir: &Path) -> Result<(), Cause> {
        if let Some(parent) = dir.parent() {
            self.ensure(parent)?;
        }
        match make_dir(dir) {
            Ok(()) => self.changed(dir),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return in_the_way(dir),
            Err(error) => return Err(error).on_path("create the folder", dir),
        }
        Ok(())
    }

    /// Gives the finished thing `made` its name, over whatever has it now.
    pub(in crate::view) fn show(&mut self, made: &Path, path: &Path) -> Result<(), Cause> {
        rename(made, path)?;
        self.changed(path);
        Ok(())
    }

    /// As [`Folders::show`], if nothing has the name; whether it did.
    pub(in crate::view) fn show_new(&mut self, made: &Path, path: &Path) -> Result<bool, Cause> {
        let is_shown = rename_to_free(made, path)?;
        if is_shown {
            self.changed(path);
        }
        Ok(is_shown)
    }

    /// Notes that the entry `path` of its folder is new.
    pub(in crate::view) fn changed(&mut self, path: &Path) {
        let parent = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        self.note(parent.unwrap_or(Path::new(".")));
    }

    /// Notes that `dir` has new entries.
    pub(in crate::view) fn note(&mut self, dir: &Path) {
        if !self.changed.contains(dir) {
            self.changed.insert(dir.to_owned());
        }
    }

    /// Makes all changes so far survive a power cut.
    pub(in crate::view) fn sync(&mut self) -> Result<(), Cause> {
        while let Some(dir) = self.changed.pop_last() {
            sync_dir(&dir)?;
        }
        Ok(())
    }
}

/// The error for something that stands where a folder is needed.
pub(in crate::view) fn in_the_way<T>(path: &Path) -> Result<T, Cause> {
    let source = io::Error::new(io::ErrorKind::NotADirectory, "something else has that name");
    Err(source).on_path("create the folder", path)
}
