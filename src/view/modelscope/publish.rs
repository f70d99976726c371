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
        let mut work = Work::new(Aside::at(&self.layout.folder(), self.layout.private()));
        self.leave_locks(&items, &folder)?;
        if let Some(above) = folder.parent() {
            work.folders.ensure(above)?;
        }
        put_names(&Locked(self), &folder, &items, &mut work)?;
        work.folders.sync()?;
        Ok(work.published(&items, folder))
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, symlink};

    use super::super::testing::{Place, commit};
    use super::*;
    use crate::view::Proven;

    fn publish(snapshot: &MsSnapshot, files: &[Proven]) -> Result<Published, Cause> {
        snapshot.publish(&Publication {
            commit: &commit('c'),
            revision: None,
            listing: &[],
            files,
        })
    }

    fn ino(path: &Path) -> u64 {
        fs::metadata(path).unwrap().ino()
    }

    #[test]
    fn a_snapshot_is_links_to_the_store_and_nothing_else() {
        let place = Place::new();
        let (one, two) = (
            place.stored("config.json", b"{}"),
            place.stored("d/e/w", b"w"),
        );
        let snapshot = place.at("feat/x");
        let published = publish(&snapshot, &[one.clone(), two.clone()]).unwrap();
        let folder = place.root().join("models/acme--tiny.v1/snapshots/feat/x");
        assert_eq!(published.snapshot, folder);
        assert_eq!(published.placed.hardlinks, 2);
        assert!(published.stamps.iter().all(Option::is_some));
        assert_eq!(ino(&folder.join("config.json")), ino(&one.1));
        assert_eq!(ino(&folder.join("d/e/w")), ino(&two.1));
        assert_eq!(
            fs::read_dir(place.root().join("models/acme--tiny.v1"))
                .unwrap()
                .count(),
            1
        );
        assert_eq!(fs::read_dir(place.root().join(".lock")).unwrap().count(), 2);
        let again = publish(&snapshot, &[one, two]).unwrap();
        assert_eq!(again.placed.hardlinks, 0);
    }

    #[test]
    fn a_newer_commit_replaces_its_files_and_lets_the_others_be() {
        let place = Place::new();
        let snapshot = place.at("master");
        publish(
            &snapshot,
            &[place.stored("a", b"1"), place.stored("b", b"1")],
        )
        .unwrap();
        let victim = place.dir.path().join("victim");
        fs::write(&victim, "v").unwrap();
        let entry = snapshot.folder().join("a");
        fs::remove_file(&entry).unwrap();
        symlink(&victim, &entry).unwrap();
        publish(&snapshot, &[place.stored("a", b"2")]).unwrap();
        assert!(!entry.is_symlink());
        assert_eq!(fs::read(&entry).unwrap(), b"2");
        assert_eq!(fs::read(snapshot.folder().join("b")).unwrap(), b"1");
        assert_eq!(fs::read(victim).unwrap(), b"v");
    }

    #[test]
    fn what_is_in_the_way_is_not_written_through() {
        let place = Place::new();
        let (snapshot, elsewhere) = (place.at("master"), place.dir.path().join("elsewhere"));
        fs::create_dir(&elsewhere).unwrap();
        fs::create_dir_all(snapshot.folder().parent().unwrap()).unwrap();
        symlink(&elsewhere, snapshot.folder()).unwrap();
        publish(&snapshot, &[place.stored("a", b"1")]).unwrap_err();
        fs::remove_file(snapshot.folder()).unwrap();
        fs::create_dir(snapshot.folder()).unwrap();
        symlink(&elsewhere, snapshot.folder().join("d")).unwrap();
        publish(&snapshot, &[place.stored("d/a", b"1")]).unwrap_err();
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    }

    #[test]
    fn an_empty_folder_is_taken_whole() {
        let place = Place::new();
        let snapshot = place.at("master");
        fs::create_dir_all(snapshot.folder()).unwrap();
        let before = ino(&snapshot.folder());
        publish(
            &snapshot,
            &[place.stored("a", b"1"), place.stored("b", b"2")],
        )
        .unwrap();
        assert_ne!(ino(&snapshot.folder()), before);
    }
}
