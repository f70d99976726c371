//! Giving a finished file a further name: by hard link, by shared blocks, by a copy.

use std::fs;
use std::io;
use std::path::Path;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::{OnPath, TEMPORARY, is_absent, sync_file};
use crate::error::Cause;

/// How a file came to its second name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    /// One inode with two names.
    Hardlink,
    /// A copy that shares its blocks.
    Reflink,
    /// A copy that costs its size again.
    Copy,
}

/// Gives the finished file `from` the further name `to`, which must not exist: by hard link, else by
/// sharing blocks, else by copying.
///
/// # Errors
/// When `to` exists ([`io::ErrorKind::AlreadyExists`]) or none of the ways works.
pub fn place(from: &Path, to: &Path) -> Result<Placed, Cause> {
    match fs::hard_link(from, to) {
        Ok(()) => return Ok(Placed::Hardlink),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists || is_absent(&error) => {
            return Err(error).on_path("link a file to", to);
        }
        Err(_refused) => {}
    }
    place_copy(from, to)
}

/// As [`place`], for a file that is to have no second name.
///
/// # Errors
/// When `to` exists, or none of the ways works.
pub fn place_copy(from: &Path, to: &Path) -> Result<Placed, Cause> {
    let dir = to.parent().unwrap_or(Path::new("."));
    let temp = tempfile::Builder::new()
        .prefix(TEMPORARY)
        .make_in(dir, |path| reflink_copy::reflink_or_copy(from, path))
        .on_path("copy a file to", to)?;
    let placed = match temp.as_file() {
        None => Placed::Reflink,
        Some(_bytes) => Placed::Copy,
    };
    sync_file(temp.path())?;
    temp.persist_noclobber(to)
        .map_err(|failed| failed.error)
        .on_path("copy a file to", to)?;
    Ok(placed)
}

/// Moves `from` to the name `to` if nothing has that; whether it did. On a filesystem that cannot tell in
/// one step, there is a moment in which something could come to have it.
///
/// # Errors
/// When the filesystem refuses.
pub(crate) fn rename_to_free(from: &Path, to: &Path) -> Result<bool, Cause> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(true),
        Err(Errno::EXIST) => Ok(false),
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) if super::lstat(to)?.is_some() => {
            Ok(false)
        }
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            super::rename(from, to)?;
            Ok(true)
        }
        Err(other) => Err(io::Error::from(other)).on_path("rename a file to", to),
    }
}

/// Gives `from` the further name `to`, which must not exist, by hard link.
///
/// # Errors
/// When the name is taken, or the filesystem refuses.
pub fn link(from: &Path, to: &Path) -> Result<Placed, Cause> {
    fs::hard_link(from, to).on_path("link a file to", to)?;
    Ok(Placed::Hardlink)
}

/// Gives `from` the further name `to` by hard link; fine when the name is taken.
///
/// # Errors
/// When the filesystem refuses.
pub fn link_if_absent(from: &Path, to: &Path) -> Result<(), Cause> {
    match fs::hard_link(from, to) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other.on_path("link a file to", to),
    }
}
