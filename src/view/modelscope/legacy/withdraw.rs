//! Takes a commit out of the older layout again.

use std::collections::HashSet;
use std::fs;

use super::super::lock;
use super::super::withdraw::{is_ours, remove};
use super::{LOCK, MsFolder, index};
use crate::error::Cause;
use crate::fs::{list, lstat, remove_file};
use crate::repo::Revision;
use crate::view::folders::remove_empty_above;
use crate::view::{Withdrawal, Withdrawn};

impl MsFolder {
    /// Makes the files of a commit invisible, if it is the one that the folder shows.
    ///
    /// # Errors
    /// When a step fails; the next call goes on from there.
    pub fn withdraw(&self, withdrawal: &Withdrawal<'_>) -> Result<Withdrawn, Cause> {
        let mut withdrawn = Withdrawn::default();
        let shown = self.version();
        let own = Revision::from(withdrawal.commit);
        let is_shown = |revision| shown.as_ref().is_none_or(|shown| shown == revision);
        let mut leading = withdrawal.revisions.iter().chain([&own, &self.revision]);
        if !leading.any(is_shown) {
            return Ok(withdrawn);
        }
        if lstat(&self.folder())?.is_none() {
            return Ok(withdrawn);
        }
        let _held = lock::wait(LOCK, &self.layout.old_lock())?;
        self.forget(withdrawal)?;
        for (file, stamps) in withdrawal.files {
            remove(&self.entry(file), stamps, &self.folder(), &mut withdrawn)?;
        }
        self.remove_shell()?;
        Ok(withdrawn)
    }

    /// Takes the files that go out of the index.
    fn forget(&self, withdrawal: &Withdrawal<'_>) -> Result<(), Cause> {
        let mut gone = HashSet::new();
        for (file, stamps) in withdrawal.files {
            let there = lstat(&self.entry(file))?;
            if there.is_none_or(|there| is_ours(&there, stamps)) {
                gone.insert(file.path.as_str());
            }
        }
        let mut rows = self.rows();
        let known = rows.len();
        index::remove(&mut rows, &gone);
        if rows.len() == known {
            return Ok(());
        }
        let mut work = self.work();
        self.put_rows(&rows, &mut work)?;
        work.folders.sync()
    }

    /// Removes what is noted, the link and the folder when no file is left.
    fn remove_shell(&self) -> Result<(), Cause> {
        let notes = [self.index_path(), self.id_path(), self.version_path()];
        if !list(&self.folder())?
            .iter()
            .all(|path| notes.contains(path))
        {
            return Ok(());
        }
        for note in &notes {
            remove_file(note)?;
        }
        if let Some(alias) = self.layout.old_alias()
            && lstat(&alias)?.is_some_and(|there| there.is_symlink())
            && fs::canonicalize(&alias).ok() == fs::canonicalize(self.folder()).ok()
        {
            remove_file(&alias)?;
        }
        remove_empty_above(&self.index_path(), &self.layout.shelf());
        Ok(())
    }
}
