//! Making files and folders so that a group can share them.
//!
//! A folder that is writable to its group and has the set-group-id bit belongs to a group that works
//! in it together. What is made in such a folder is made for that group, whatever the umask says of
//! it: with the folder's own permissions, of which others get no more than reading. Everywhere else
//! the umask decides. On a folder with a default ACL the mode is the ACL's mask, and the same holds.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::fs::{CWD, RenameFlags, rename, renameat_with};
use rustix::io::Errno;

use super::TEMPORARY;

/// Set-group-id, and writable to the group.
const SHARED: u32 = 0o2020;

/// Creates a folder.
///
/// # Errors
/// When it is there, or cannot be created.
pub(crate) fn make_dir(path: &Path) -> io::Result<()> {
    // A parent that is not there yet may be a group's a moment later.
    let Some(bits) = shared_bits(path)? else {
        return fs::create_dir(path);
    };
    if fs::symlink_metadata(path).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    // Under its own name it has its permissions from the beginning: somebody else may make something
    // in it at once, or this process may end.
    let made = path.with_file_name(format!("{TEMPORARY}{:016x}", fastrand::u64(..)));
    fs::create_dir(&made)?;
    tell(fs::set_permissions(&made, dir_mode(bits)), &made);
    let named = match renameat_with(CWD, &made, CWD, path, RenameFlags::NOREPLACE) {
        // Takes the place of an empty folder at the most, which somebody made at the same moment.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => rename(&made, path),
        other => other,
    };
    if named.is_err() {
        fs::remove_dir(&made)?;
    }
    match named {
        Err(Errno::NOTEMPTY | Errno::NOTDIR) => Err(io::ErrorKind::AlreadyExists.into()),
        other => Ok(other?),
    }
}

fn dir_mode(bits: u32) -> Permissions {
    Permissions::from_mode(0o2700 | (bits & 0o075))
}

/// Creates a folder and its parents, where they are not there.
///
/// # Errors
/// When one cannot be created.
pub(crate) fn make_dirs(path: &Path) -> io::Result<()> {
    match make_dir(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => match path.parent() {
            Some(parent) if parent != Path::new("") => {
                make_dirs(parent)?;
                make_dirs(path)
            }
            _ => Err(error),
        },
        Err(_there) if path.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Gives the folder `path`, which was just made, what its parent gives.
pub(crate) fn share_dir(path: &Path) {
    if let Some(bits) = parent_bits(path) {
        tell(fs::set_permissions(path, dir_mode(bits)), path);
    }
}

/// Gives the file at `path`, which was just made, what its folder gives.
pub(crate) fn share_file(file: &File, path: &Path) {
    if let Some(bits) = parent_bits(path) {
        let mode = Permissions::from_mode(0o600 | (bits & 0o064));
        tell(file.set_permissions(mode), path);
    }
}

/// The permissions of the folder that `path` is in, if that is there and a group's.
fn parent_bits(path: &Path) -> Option<u32> {
    shared_bits(path).ok().flatten()
}

/// The permissions of the folder that `path` is in, if that is a group's.
///
/// # Errors
/// When it is not there, or cannot be looked at.
fn shared_bits(path: &Path) -> io::Result<Option<u32>> {
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let bits = fs::metadata(parent)?.permissions().mode();
    Ok((bits & SHARED == SHARED).then_some(bits))
}

/// A filesystem without permissions is no reason to stop.
fn tell(result: io::Result<()>, path: &Path) {
    if let Err(error) = result {
        tracing::debug!(path = %path.display(), %error, "not shared with the group");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn what_is_made_in_a_groups_folder_is_the_groups() {
        for (root, dir, file) in [
            (0o2775, 0o2775, 0o664),
            (0o2770, 0o2770, 0o660),
            // Nobody else may ever write.
            (0o2777, 0o2775, 0o664),
        ] {
            let temp = tempfile::tempdir().unwrap();
            fs::set_permissions(temp.path(), Permissions::from_mode(root)).unwrap();
            let deep = temp.path().join("a/b/c");
            make_dirs(&deep).unwrap();
            make_dirs(&deep).unwrap();
            let path = deep.join("file");
            share_file(&File::create(&path).unwrap(), &path);
            assert_eq!((mode(&deep), mode(&path)), (dir, file), "{root:o}");
        }
    }

    #[test]
    fn many_at_once_make_one_folder_of_the_group() {
        let temp = tempfile::tempdir().unwrap();
        fs::set_permissions(temp.path(), Permissions::from_mode(0o2775)).unwrap();
        for round in 0..50 {
            let deep = temp.path().join(format!("{round}/a/b"));
            std::thread::scope(|scope| {
                for name in ["x", "y", "z"] {
                    let path = deep.join(name);
                    scope.spawn(move || make_dirs(&path).unwrap());
                }
            });
            for dir in [deep.join("x"), deep.join("y"), deep.join("z"), deep] {
                assert_eq!(mode(&dir), 0o2775, "{}", dir.display());
            }
        }
        assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 50);
    }

    #[test]
    fn elsewhere_the_umask_decides() {
        let temp = tempfile::tempdir().unwrap();
        fs::set_permissions(temp.path(), Permissions::from_mode(0o775)).unwrap();
        fs::create_dir(temp.path().join("usual")).unwrap();
        make_dir(&temp.path().join("ours")).unwrap();
        assert_eq!(
            mode(&temp.path().join("ours")),
            mode(&temp.path().join("usual"))
        );
    }

    #[test]
    fn what_is_in_the_way_is_an_error() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("file"), "").unwrap();
        assert!(make_dirs(&temp.path().join("file")).is_err());
        assert!(make_dirs(&temp.path().join("file/below")).is_err());
    }
}
