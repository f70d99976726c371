//! Takes names away again, and nothing that larder did not prove.

use std::fs::Metadata;
use std::path::Path;

use super::MsSnapshot;
use crate::error::Cause;
use crate::fs::{Stamp, lstat, remove_counted, remove_empty_above};
use crate::view::{Withdrawal, Withdrawn};

impl MsSnapshot {
    /// Makes the files of a commit invisible under this revision. Who has other revisions of it goes
    /// to their snapshots.
    ///
    /// # Errors
    /// When a step fails; the next call goes on from there.
    pub fn withdraw(&self, withdrawal: &Withdrawal<'_>) -> Result<Withdrawn, Cause> {
        let mut withdrawn = Withdrawn::default();
        for (file, stamps) in withdrawal.files {
            let entry = self.entry(file);
            remove(&entry, stamps, &self.layout.shelf(), &mut withdrawn)?;
        }
        Ok(withdrawn)
    }
}

/// Removes the name `entry` if what it stands for is as larder proved it, and the folders that are
/// empty then, below `top`.
pub(super) fn remove(
    entry: &Path,
    stamps: &[Stamp],
    top: &Path,
    withdrawn: &mut Withdrawn,
) -> Result<(), Cause> {
    match lstat(entry)? {
        Some(there) if is_ours(&there, stamps) => {
            withdrawn.freed_bytes += remove_counted(entry)?;
            withdrawn.names += 1;
            remove_empty_above(entry, top);
        }
        Some(_) => withdrawn.foreign.push(entry.to_owned()),
        None => {}
    }
    Ok(())
}

/// Whether `there` is a file with one of the looks. A link is not ours, wherever it leads.
pub(super) fn is_ours(there: &Metadata, stamps: &[Stamp]) -> bool {
    there.is_file() && stamps.contains(&Stamp::of(there))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::super::testing::{Place, commit, revision_of};
    use super::*;
    use crate::fs::stamp;
    use crate::hub::RemoteFile;
    use crate::view::Publication;

    /// A snapshot `master` with one file, and what withdraws it.
    fn published() -> (Place, MsSnapshot, (RemoteFile, Vec<Stamp>)) {
        let place = Place::new();
        let snapshot = place.at("master");
        let (file, stored) = place.stored("d/f", b"content");
        snapshot
            .publish(&Publication {
                commit: &commit('c'),
                revision: None,
                listing: std::slice::from_ref(&file),
                files: &[(file.clone(), stored.clone())],
            })
            .unwrap();
        let stamps = vec![stamp(&stored).unwrap()];
        (place, snapshot, (RemoteFile::clone(&file), stamps))
    }

    fn withdraw(
        snapshot: &MsSnapshot,
        revision: &str,
        file: &(RemoteFile, Vec<Stamp>),
    ) -> Withdrawn {
        snapshot
            .withdraw(&Withdrawal {
                commit: &commit('c'),
                revisions: &[revision_of(revision)],
                shown_at: &[revision_of(revision)],
                files: std::slice::from_ref(file),
                kept: &std::collections::HashSet::new(),
                store: Path::new("/store"),
                is_whole: true,
            })
            .unwrap()
    }

    #[test]
    fn a_revision_goes_and_leaves_nothing() {
        let (place, snapshot, file) = published();
        assert_eq!(withdraw(&place.at("other"), "master", &file).names, 0);
        assert!(snapshot.folder().join("d/f").exists());
        assert_eq!(withdraw(&snapshot, "master", &file).names, 1);
        let left: Vec<_> = fs::read_dir(place.root().join("models")).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
        assert_eq!(withdraw(&snapshot, "master", &file).names, 0);
    }

    #[test]
    fn what_larder_did_not_prove_stays() {
        let (place, snapshot, file) = published();
        let (entry, notes) = (
            snapshot.folder().join("d/f"),
            snapshot.folder().join("notes"),
        );
        fs::write(&notes, "mine").unwrap();
        fs::remove_file(&entry).unwrap();
        symlink(place.stored("d/f", b"content").1, &entry).unwrap();
        let withdrawn = withdraw(&snapshot, "master", &file);
        assert_eq!(
            (withdrawn.names, withdrawn.foreign),
            (0, vec![entry.clone()])
        );
        assert!(entry.exists() && notes.exists());
        fs::remove_file(&entry).unwrap();
        fs::write(&entry, "edited!").unwrap();
        assert_eq!(withdraw(&snapshot, "master", &file).names, 0);
        assert_eq!(fs::read(&entry).unwrap(), b"edited!");
    }
}
