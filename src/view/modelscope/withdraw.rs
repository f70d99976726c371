//! Takes names away again, and nothing that larder did not prove.

use std::path::Path;

use super::MsSnapshot;
use crate::error::Cause;
use crate::fs::{Stamp, lstat, remove_file};
use crate::repo::Revision;
use crate::view::folders::remove_empty_above;
use crate::view::{Withdrawal, Withdrawn};

impl MsSnapshot {
    /// Makes the files of a commit invisible under the revisions that lead to it, and under its own
    /// name.
    ///
    /// # Errors
    /// When a step fails; the next call goes on from there.
    pub fn withdraw(&self, withdrawal: &Withdrawal<'_>) -> Result<Withdrawn, Cause> {
        let mut withdrawn = Withdrawn::default();
        let own = Revision::from(withdrawal.commit);
        for revision in withdrawal.revisions.iter().chain([&own]) {
            let snapshot = self.layout.snapshot(revision);
            for (file, stamps) in withdrawal.files {
                let entry = snapshot.join(file.path.as_str());
                remove(&entry, stamps, &self.layout.shelf(), &mut withdrawn)?;
            }
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
        // A link is not ours, wherever it leads.
        Some(there) if there.is_file() && stamps.contains(&Stamp::of(&there)) => {
            remove_file(entry)?;
            withdrawn.names += 1;
            remove_empty_above(entry, top);
        }
        Some(_) => withdrawn.foreign.push(entry.to_owned()),
        None => {}
    }
    Ok(())
}
