//! Unfinished files of other users, in a store that a group shares.
//!
//! Only its owner may make a file read-only, so whoever goes on with another user's file cannot finish
//! it. A copy can be: it shares its blocks where the disk can, and has no more of them than the
//! original where it cannot.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use crate::fs::{TEMPORARY, read_no_link, share_file};

const STEP: usize = 1 << 20;

/// Whether `path` is a file of another user, whose permissions this one may not change.
pub(super) fn is_foreign(path: &Path) -> bool {
    let me = rustix::process::geteuid().as_raw();
    let Ok(there) = fs::symlink_metadata(path) else {
        return false;
    };
    let is_refused = |error: io::Error| error.kind() == io::ErrorKind::PermissionDenied;
    // Numbers of users tell it only here: root may, in most places, and a share may show others.
    there.is_file()
        && there.uid() != me
        && fs::set_permissions(path, there.permissions()).is_err_and(is_refused)
}

/// Puts a copy that this user owns in the place of another user's file.
pub(super) fn take_over(path: &Path) -> io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let copy = tempfile::Builder::new()
        .prefix(TEMPORARY)
        .make_in(dir, |path| {
            let file = File::create_new(path)?;
            share_file(&file, path);
            Ok(file)
        })?;
    let from = read_no_link(path)?;
    if reflink_copy::reflink_file(&from, copy.as_file()).is_err() {
        copy_sparse(from, copy.as_file())?;
    }
    copy.as_file().sync_data()?;
    copy.persist(path).map_err(|failed| failed.error)?;
    Ok(())
}

/// Copies everything but runs of zeros, which stay holes.
fn copy_sparse(mut from: File, to: &File) -> io::Result<()> {
    to.set_len(from.metadata()?.len())?;
    let (mut buffer, mut at) = (vec![0; STEP], 0);
    loop {
        let step = from.read(&mut buffer)?;
        if step == 0 {
            return Ok(());
        }
        if buffer[..step].iter().any(|byte| *byte != 0) {
            to.write_all_at(&buffer[..step], at)?;
        }
        at += step as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_the_bytes_and_the_holes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("data");
        let file = File::create(&path).unwrap();
        file.set_len(64 << 20).unwrap();
        for at in [0, 5 << 20, (64 << 20) - 3] {
            file.write_all_at(b"abc", at).unwrap();
        }
        let before = (fs::read(&path).unwrap(), fs::metadata(&path).unwrap().ino());
        take_over(&path).unwrap();
        let there = fs::metadata(&path).unwrap();
        assert!(fs::read(&path).unwrap() == before.0);
        assert_ne!(there.ino(), before.1);
        assert!(there.blocks() * 512 < 8 << 20);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn ones_own_file_is_not_foreign() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("data");
        assert!(!is_foreign(&path));
        fs::write(&path, "x").unwrap();
        assert!(!is_foreign(&path));
    }
}
