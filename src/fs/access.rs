//! What this user may do in a folder, asked before anything is done in several of them.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::Access as Mode;
use rustix::io::Errno;

use super::OnPath;
use crate::error::Cause;

/// What may be done in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everything, or nothing is there. A disk that may only be read says so when it is written to.
    Full,
    /// Names may be listed and looked behind, not removed.
    Fixed,
    /// Not even listed.
    Dark,
}

/// What may be done in `dir`.
///
/// # Errors
/// When it cannot be asked.
pub(crate) fn access(dir: &Path) -> Result<Access, Cause> {
    let may = |mode| match rustix::fs::access(dir, mode) {
        Err(Errno::ACCESS | Errno::PERM) => Ok(false),
        Ok(()) | Err(Errno::NOENT | Errno::NOTDIR | Errno::ROFS) => Ok(true),
        Err(error) => Err(std::io::Error::from(error)),
    };
    let listed = Mode::READ_OK | Mode::EXEC_OK;
    let answer = || {
        if may(listed | Mode::WRITE_OK)? && !is_others_sticky(dir) {
            Ok(Access::Full)
        } else if may(listed)? {
            Ok(Access::Fixed)
        } else {
            Ok(Access::Dark)
        }
    };
    answer().on_path("look at", dir)
}

/// Whether only the owner of a name may remove it from the folder, and that is mostly another user.
fn is_others_sticky(dir: &Path) -> bool {
    let me = rustix::process::geteuid();
    let is_it =
        |there: &std::fs::Metadata| there.mode() & 0o1000 != 0 && there.uid() != me.as_raw();
    !me.is_root() && std::fs::metadata(dir).is_ok_and(|there| is_it(&there))
}

/// Makes sure that names can be removed from these folders, where they are there.
///
/// # Errors
/// Of the first one from which none can.
pub(crate) fn must_change<'a>(dirs: impl IntoIterator<Item = &'a Path>) -> Result<(), Cause> {
    for dir in dirs {
        if access(dir)? != Access::Full {
            let denied = std::io::Error::from(Errno::ACCESS);
            return Err(denied).on_path("change", dir);
        }
    }
    Ok(())
}
