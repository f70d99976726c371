//! Makes proven content visible: blobs, names, ref, listing, in an order in which a crash after any
//! line leaves garbage at worst.
//!
//! Every step looks before it writes, so that publishing what is there changes nothing and a
//! read-only cache in which all is right is no failure. A few system calls per file.

use super::{RepoCache, lock, mark};
use crate::error::Cause;
use crate::fs::{Stamp, is_unwritable, lstat};
use crate::repo::{Commit, Revision};
use crate::view::aside::Aside;
use crate::view::folders::Folders;
use crate::view::work::{Item, Work};
use crate::view::{Publication, Published};

impl RepoCache {
    /// Makes the selected files of a commit visible to every reader of the cache.
    ///
    /// # Errors
    /// When a step fails: what was not visible before is not visible then, or visible whole. When
    /// two files would be one on this disk ([`Cause::Twins`]).
    pub fn publish(&self, publication: &Publication<'_>) -> Result<Published, Cause> {
        let Publication {
            commit,
            revision,
            listing,
            files,
        } = *publication;
        let items = Item::all(files)?;
        let mut work = self.work();
        if lstat(&self.layout.snapshot(commit))?.is_none() {
            self.make_folders(revision, &mut work.folders)?;
        }
        if self.use_symlinks {
            self.put_blobs(&items, &mut work)?;
        }
        // Whoever put here what was here has left its lock.
        let new = items.iter().filter(|item| !self.has(item));
        lock::leave(&self.layout, new.map(|item| item.file.digest))?;
        work.folders.sync()?;
        self.put_names(commit, &items, &mut work)?;
        work.folders.sync()?;
        if let Some(revision) = revision {
            // In a cache that may not be written every file was there, or a step before failed; the
            // ref would only tell what it was asked for.
            match self.put_ref(revision, commit, &mut work) {
                Err(Cause::Io { source, .. }) if is_unwritable(&source) => {}
                other => other?,
            }
        }
        self.put_tree(commit, listing, &mut work)?;
        work.folders.sync()?;
        mark(self.layout.root())?;
        Ok(Published {
            snapshot: self.layout.snapshot(commit),
            stamps: self.stamps(commit, &items, &work),
            placed: work.placed,
            left: Vec::new(),
        })
    }

    pub(super) fn work(&self) -> Work {
        Work::new(Aside::at(self.folder(), self.layout.private()))
    }

    /// All folders that a new snapshot needs, now, so that the repo's own is synced once. Where the
    /// snapshot is there, a step that has something to write makes its own: none may have, and the
    /// cache may be one that cannot be written.
    fn make_folders(
        &self,
        revision: Option<&Revision>,
        folders: &mut Folders,
    ) -> Result<(), Cause> {
        for dir in [
            self.layout.blobs(),
            self.layout.snapshots(),
            self.layout.trees(),
        ] {
            folders.ensure(&dir)?;
        }
        match revision {
            Some(revision) if revision.as_commit().is_none() => folders.ensure(&self.layout.refs()),
            _ => Ok(()),
        }
    }

    /// What proven content looks like, where it is what was put there.
    fn stamps(&self, commit: &Commit, items: &[Item<'_>], work: &Work) -> Vec<Option<Stamp>> {
        let stamp = |item: &Item<'_>| {
            let name = if self.use_symlinks {
                self.layout.blob(item.file.digest)
            } else {
                self.layout.entry(commit, &item.file.path)
            };
            work.stamp(item, &name)
        };
        items.iter().map(stamp).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::testing::{commit, git_file, repo};
    use super::*;
    use crate::fs::{rename, stamp};

    #[test]
    fn what_another_client_renamed_over_the_content_is_not_proven() {
        for (use_symlinks, is_copy) in [(true, false), (true, true), (false, false), (false, true)]
        {
            let (dir, repo) = repo(use_symlinks);
            let file = git_file("f", b"content");
            let (stored, other) = (dir.path().join("stored"), dir.path().join("other"));
            fs::write(&stored, "content").unwrap();
            fs::write(&other, "foreign").unwrap();
            let pair = (file.clone().into(), stored.clone().into());
            let items = [Item::new(&pair).unwrap()];
            let mut work = repo.work();
            let name = if use_symlinks {
                repo.layout.blob(file.digest)
            } else {
                repo.layout.entry(&commit('c'), &file.path)
            };
            work.folders.ensure(name.parent().unwrap()).unwrap();
            if is_copy {
                fs::copy(&stored, &name).unwrap();
                work.copies.insert(name.clone(), stamp(&name).unwrap());
            } else {
                work.place(&items[0], &name, &name).unwrap();
            }
            let want = Some(stamp(&name).unwrap());
            assert_eq!(repo.stamps(&commit('c'), &items, &work), [want]);
            rename(&other, &name).unwrap();
            assert_eq!(repo.stamps(&commit('c'), &items, &work), [None]);
        }
    }
}
