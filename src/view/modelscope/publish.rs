//! Makes proven content visible: a new snapshot by one rename, files of an old one each by its own.
//!
//! Every step looks before it writes, so that publishing what is there changes nothing and a
//! read-only cache in which all is right is no failure.

use std::path::Path;

use super::{MsSnapshot, lock};
use crate::error::Cause;
use crate::view::aside::Aside;
use crate::view::snapshot::{Naming, Plain, put_names};
use crate::view::work::{Item, Work};
use crate::view::{Publication, Published};

impl MsSnapshot {
    /// Makes the selected files visible under the revision's name.
    ///
    /// # Errors
    /// When a step fails: what was not visible before is not visible then, or visible whole. When
    /// two files would be one on this disk ([`Cause::Twins`]).
    pub fn publish(&self, publication: &Publication<'_>) -> Result<Published, Cause> {
        let items = Item::all(publication.files)?;
        let folder = self.folder();
        let mut work = Work::new(Aside::new(&self.layout.folder(), self.layout.private()));
        self.leave_locks(&items, &folder)?;
        if let Some(above) = folder.parent() {
            work.folders.ensure(above)?;
        }
        put_names(&Locked(self), &folder, &items, &mut work)?;
        work.folders.sync()?;
        let stamps = items
            .iter()
            .map(|item| work.stamp(item, &self.entry(item.file)))
            .collect();
        Ok(Published {
            snapshot: folder,
            stamps,
            placed: work.placed,
            left: Vec::new(),
        })
    }

    /// Leaves the lock files that the client would have left; whoever put here what is here has.
    fn leave_locks(&self, items: &[Item<'_>], folder: &Path) -> Result<(), Cause> {
        for item in items
            .iter()
            .filter(|item| !item.is_at(&folder.join(item.file.path.as_str())))
        {
            if !lock::CURRENT.leave(&self.layout.lock(&item.file.path))? {
                break;
            }
        }
        Ok(())
    }
}

/// Names are plain files, and replaced under the client's lock.
struct Locked<'a>(&'a MsSnapshot);

impl Naming for Locked<'_> {
    fn add(
        &self,
        item: &Item<'_>,
        made: &Path,
        shown: &Path,
        work: &mut Work,
    ) -> Result<(), Cause> {
        Plain.add(item, made, shown, work)
    }

    fn is_right(&self, item: &Item<'_>, entry: &Path) -> bool {
        Plain.is_right(item, entry)
    }

    fn set(
        &self,
        item: &Item<'_>,
        entry: &Path,
        is_taken: bool,
        work: &mut Work,
    ) -> Result<(), Cause> {
        let _held = lock::wait(lock::CURRENT, &self.0.layout.lock(&item.file.path))?;
        Plain.set(item, entry, is_taken, work)
    }
}
