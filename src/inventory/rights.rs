//! Whether this user may take the names of a commit out of a part of a view.

use std::path::Path;

use crate::error::Cause;
use crate::fs::{Access, access, is_others};
use crate::repo::Commit;
use crate::store::census::Recorded;
use crate::view::RepoView;
use crate::view::places::unless_closed;

/// What may be done in the folder where the least may be done, of all in which something changes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rights(Access);

impl Rights {
    /// Of what cannot be looked at.
    pub(super) const NONE: Self = Self(Access::Dark);

    /// Whether nothing can be removed.
    pub(super) fn is_fixed(self) -> bool {
        self.0 >= Access::Fixed
    }

    /// Whether not everything can be read.
    pub(super) fn is_dark(self) -> bool {
        self.0 == Access::Dark
    }

    /// Learns of a folder.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub(super) fn see(&mut self, dir: &Path) -> Result<(), Cause> {
        self.0 = self.0.max(access(dir)?);
        Ok(())
    }

    /// Learns of the folders that a part has besides those of the names.
    ///
    /// # Errors
    /// When one cannot be looked at.
    pub(super) fn see_part(
        &mut self,
        part: &dyn RepoView,
        recorded: &Recorded,
    ) -> Result<(), Cause> {
        for dir in part.folders() {
            self.see(&dir)?;
        }
        if has_fixed_refs(part, &recorded.manifest.commit)? {
            self.0 = self.0.max(Access::Fixed);
        }
        Ok(())
    }

    /// Where only owners may remove: looks at whose the names are.
    ///
    /// # Errors
    /// When one cannot be looked at.
    pub(super) fn settle(&mut self, part: &dyn RepoView, recorded: &Recorded) -> Result<(), Cause> {
        if self.0 == Access::Sticky && has_others_names(part, recorded)? {
            self.0 = Access::Fixed;
        }
        Ok(())
    }
}

/// Whether this user may not remove what leads to the commit.
fn has_fixed_refs(part: &dyn RepoView, commit: &Commit) -> Result<bool, Cause> {
    match part.refs().map(|refs| access(&refs)).transpose()? {
        None | Some(Access::Full | Access::Sticky) => Ok(false),
        Some(Access::Fixed | Access::Dark) => {
            let refs = unless_closed(part.refs_to(commit))?;
            Ok(refs.is_none_or(|refs| !refs.is_empty()))
        }
    }
}

/// Whether a name of a pulled file is another user's.
fn has_others_names(part: &dyn RepoView, recorded: &Recorded) -> Result<bool, Cause> {
    let files = recorded.manifest.files.iter();
    for file in files.filter(|file| file.blob.is_some()) {
        let name = part.name_of(&recorded.manifest.commit, &file.remote);
        for name in part.kept_as(&file.remote).into_iter().chain([name]) {
            if is_others(&name)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
