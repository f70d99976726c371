//! What this user may do in a folder, asked before anything is done in several of them.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::Access as Mode;
use rustix::io::Errno;
use rustix::process::geteuid;

use super::{OnPath, lstat};
use crate::error::Cause;

/// What may be done in a folder, the best first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Access {
    /// Everything, or nothing is there. A disk that may only be read says so when it is written to.
    #[default]
    Full,
    /// Names may be removed by the owners of what they stand for.
    Sticky,
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
        if may(listed | Mode::WRITE_OK)? {
            Ok(if is_others_sticky(dir) {
                Access::Sticky
            } else {
                Access::Full
            })
        } else if may(listed)? {
            Ok(Access::Fixed)
        } else {
            Ok(Access::Dark)
        }
    };
    answer().on_path("look at", dir)
}

fn is_others_sticky(dir: &Path) -> bool {
    let is_it = |there: Metadata| there.mode() & 0o1000 != 0 && there.uid() != geteuid().as_raw();
    !geteuid().is_root() && std::fs::metadata(dir).is_ok_and(is_it)
}

/// Whether what stands at `path` is another user's.
///
/// # Errors
/// When it cannot be looked at.
pub(crate) fn is_others(path: &Path) -> Result<bool, Cause> {
    let there = lstat(path)?;
    Ok(there.is_some_and(|there| there.uid() != geteuid().as_raw()))
}

/// Makes sure that `names` can be removed from these folders, where they are there.
///
/// # Errors
/// Of the first folder, or name, where that is not so.
pub(crate) fn must_change<'a>(
    dirs: impl IntoIterator<Item = &'a Path>,
    names: impl IntoIterator<Item = &'a Path>,
) -> Result<(), Cause> {
    let mut is_sticky = false;
    let denied = |path| Err(std::io::Error::from(Errno::ACCESS)).on_path("change", path);
    for dir in dirs {
        match access(dir)? {
            Access::Full => {}
            Access::Sticky => is_sticky = true,
            Access::Fixed | Access::Dark => return denied(dir),
        }
    }
    for name in names.into_iter().filter(|_| is_sticky) {
        if is_others(name)? {
            return denied(name);
        }
    }
    Ok(())
}
