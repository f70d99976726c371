//! Takes files out of a folder again: those of one commit, as they were put there.

use std::fs;
use std::path::Path;

use super::Files;
use crate::error::Cause;
use crate::fs::{Stamp, list, lstat, remove_counted, remove_empty_above, remove_file};
use crate::hub::RemoteFile;
use crate::view::places::unless_closed;
use crate::view::{Withdrawal, Withdrawn};

impl Files {
    /// Removes the files that are noted for the commit and look as they did when they were proven.
    /// The folder itself stays: whoever named it has it.
    pub(super) fn withdraw(&self, withdrawal: &Withdrawal<'_>) -> Result<Withdrawn, Cause> {
        let Withdrawal { files, .. } = *withdrawal;
        let mut withdrawn = Withdrawn::default();
        if lstat(self.layout.root())?.is_none() {
            return Ok(withdrawn);
        }
        self.layout.guard_notes()?;
        for (file, stamps) in files {
            self.layout.guard(&file.path)?;
            self.withdraw_file(withdrawal, file, stamps, &mut withdrawn)?;
        }
        if withdrawal.is_whole {
            unless_closed(remove_file(&self.layout.tree(withdrawal.commit)))?;
        }
        unless_closed(self.remove_shell())?;
        Ok(withdrawn)
    }

    fn withdraw_file(
        &self,
        &Withdrawal { commit, store, .. }: &Withdrawal<'_>,
        file: &RemoteFile,
        stamps: &[Stamp],
        withdrawn: &mut Withdrawn,
    ) -> Result<(), Cause> {
        let entry = self.layout.entry(&file.path);
        let note = self.note(&file.path)?;
        if note.as_ref().is_some_and(|note| note.commit != *commit) {
            // It is there as a file of another commit, or of another repo.
            return Ok(());
        }
        if let Some(there) = lstat(&entry)? {
            let there = if there.is_symlink() {
                fs::metadata(&entry).ok()
            } else {
                Some(there)
            };
            let is_ours = match there {
                Some(there) => stamps.contains(&Stamp::of(&there)),
                None => leads_into(store, &entry),
            };
            if note.is_none() || !is_ours {
                withdrawn.foreign.push(entry);
                return Ok(());
            }
            withdrawn.freed_bytes += remove_counted(&entry)?;
            withdrawn.names += 1;
            remove_empty_above(&entry, self.layout.root());
        }
        for path in [
            self.layout.metadata(&file.path),
            self.layout.lock(&file.path),
        ] {
            // A note that this user may not remove is one of a file that is gone.
            unless_closed(remove_file(&path))?;
            remove_empty_above(&path, &self.layout.download());
        }
        Ok(())
    }

    /// Removes what keeps other programs out of the notes, when there are no notes any more.
    fn remove_shell(&self) -> Result<(), Cause> {
        let download = self.layout.download();
        if lstat(&download)?.is_some() && fs::remove_dir(&download).is_err() {
            return Ok(());
        }
        let trees = self.layout.notes().join("trees");
        if !list(&trees)?.is_empty() {
            return Ok(());
        }
        for name in [".gitignore", "CACHEDIR.TAG", "larder.lock"] {
            remove_file(&self.layout.notes().join(name))?;
        }
        // Whatever somebody else has there keeps its folder.
        for dir in [trees, self.layout.private(), self.layout.notes().to_owned()] {
            drop(fs::remove_dir(dir));
        }
        drop(fs::remove_dir(self.layout.root().join(".cache")));
        Ok(())
    }
}

/// Whether a link that leads nowhere was one to a blob of the store. It was made to lead there by its
/// real name.
fn leads_into(store: &Path, link: &Path) -> bool {
    let store = fs::canonicalize(store).unwrap_or_else(|_| store.to_owned());
    fs::read_link(link).is_ok_and(|target| target.starts_with(store))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{commit, git_file, published};
    use super::*;

    fn withdraw(files: &Files, at: char, file: &RemoteFile, stamps: Vec<Stamp>) -> Withdrawn {
        files
            .withdraw(&Withdrawal {
                commit: &commit(at),
                revisions: &[],
                shown_at: &[],
                files: &[(file.clone(), stamps)],
                kept: &std::collections::HashSet::new(),
                store: Path::new("/store"),
                is_whole: true,
            })
            .unwrap()
    }

    #[test]
    fn what_was_put_there_goes_and_leaves_no_trace() {
        let file = git_file("d/f", b"content");
        let (dir, files, stamps) = published('c', &file, b"content");
        let root = files.layout.root();
        fs::write(root.join("mine"), "").unwrap();
        let gone = withdraw(&files, 'c', &file, stamps);
        assert_eq!((gone.names, gone.foreign.len()), (1, 0));
        let left = list(root).unwrap();
        assert_eq!(left, [root.join("mine")]);
        drop(dir);
    }

    #[test]
    fn what_was_edited_or_belongs_to_another_commit_stays() {
        let file = git_file("d/f", b"content");
        let (_dir, files, stamps) = published('c', &file, b"content");
        let entry = files.layout.entry(&file.path);
        let other = withdraw(&files, 'd', &file, stamps.clone());
        assert_eq!((other.names, other.foreign.len()), (0, 0));
        fs::write(&entry, "edited!").unwrap();
        let gone = withdraw(&files, 'c', &file, stamps);
        assert_eq!((gone.names, gone.foreign), (0, vec![entry.clone()]));
        assert_eq!(fs::read(entry).unwrap(), b"edited!");
    }

    #[test]
    fn of_the_links_that_lead_nowhere_those_to_the_store_go() {
        let file = git_file("f", b"content");
        let (_dir, files, stamps) = published('c', &file, b"content");
        let entry = files.layout.entry(&file.path);
        for (target, names, foreign) in [("/elsewhere/disk/f", 0, 1), ("/store/blobs/f", 1, 0)] {
            fs::remove_file(&entry).unwrap();
            std::os::unix::fs::symlink(target, &entry).unwrap();
            let gone = withdraw(&files, 'c', &file, stamps.clone());
            assert_eq!((gone.names, gone.foreign.len()), (names, foreign));
            assert_eq!(entry.is_symlink(), names == 0);
        }
    }
}
