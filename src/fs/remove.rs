//! Taking names away, and counting what that gives back: a file is gone with its last name.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{OnPath, is_absent, list, lstat};
use crate::error::Cause;

/// Removes a file and returns the bytes that this frees: its length when it had no other name. A link
/// frees nothing, and neither does a file that is gone already.
///
/// # Errors
/// When it is there and cannot be removed.
pub fn remove_counted(path: &Path) -> Result<u64, Cause> {
    let Some(there) = lstat(path)? else {
        return Ok(0);
    };
    match fs::remove_file(path) {
        Err(error) if is_absent(&error) => return Ok(0),
        other => other.on_path("remove", path)?,
    }
    let is_last = there.is_file() && there.nlink() == 1;
    Ok(if is_last { there.len() } else { 0 })
}

/// Removes the folders above `path` that are empty, up to `top`, which stays.
pub(crate) fn remove_empty_above(path: &Path, top: &Path) {
    for dir in path.ancestors().skip(1) {
        if dir == top || !dir.starts_with(top) || fs::remove_dir(dir).is_err() {
            return;
        }
    }
}

/// Removes a folder that has nothing but folders in it, as far as that is so.
pub(crate) fn remove_empty_below(dir: &Path) {
    for path in list(dir).unwrap_or_default() {
        if lstat(&path).is_ok_and(|there| there.is_some_and(|there| there.is_dir())) {
            remove_empty_below(&path);
        }
    }
    // Stays where it is not empty.
    fs::remove_dir(dir).ok();
}

/// Removes a folder with everything in it; one that is gone already is no error.
///
/// # Errors
/// When something in it cannot be removed.
pub(crate) fn remove_tree(dir: &Path) -> Result<(), Cause> {
    match fs::remove_dir_all(dir) {
        Err(error) if is_absent(&error) => Ok(()),
        other => other.on_path("remove", dir),
    }
}

/// Every path below `dir` that is no folder; links are not followed.
///
/// # Errors
/// When a folder cannot be read.
pub(crate) fn files_below(dir: &Path) -> Result<Vec<PathBuf>, Cause> {
    let mut found = Vec::new();
    for path in list(dir)? {
        match lstat(&path)? {
            Some(there) if there.is_dir() => found.extend(files_below(&path)?),
            Some(_) => found.push(path),
            None => {}
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_name_frees_the_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let [one, two, link] = ["one", "two", "link"].map(|name| dir.path().join(name));
        fs::write(&one, "12345").unwrap();
        fs::hard_link(&one, &two).unwrap();
        std::os::unix::fs::symlink(&one, &link).unwrap();
        let freed = [&one, &link, &two, &two].map(|path| remove_counted(path).unwrap());
        assert_eq!(freed, [0, 0, 5, 0]);
    }

    #[test]
    fn empty_folders_go_up_to_the_top() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("top/a/b/file");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(dir.path().join("top/a/other"), "").unwrap();
        remove_empty_above(&file, &dir.path().join("top"));
        assert!(!dir.path().join("top/a/b").exists() && dir.path().join("top/a").exists());
        assert_eq!(
            files_below(dir.path()).unwrap(),
            [dir.path().join("top/a/other")]
        );
        fs::remove_file(dir.path().join("top/a/other")).unwrap();
        remove_empty_above(&dir.path().join("top/a/x"), &dir.path().join("top"));
        assert!(!dir.path().join("top/a").exists() && dir.path().join("top").exists());
    }
}
