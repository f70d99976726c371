//! What is in the cache already, put there by any generation of the client. Looks, and never writes.

use std::fs;
use std::path::{Path, PathBuf};

use super::layout::Layout;
use crate::error::Cause;
use crate::fs::{Stamp, list};
use crate::hub::RemoteFile;
use crate::view::Found;

/// Content for `file` that some client left: in the folder `first`, in any snapshot of the repo, or
/// in a folder of an older layout.
///
/// # Errors
/// When the cache cannot be looked at.
pub(super) fn find(
    layout: &Layout,
    first: &Path,
    file: &RemoteFile,
) -> Result<Option<Found>, Cause> {
    let mut folders = vec![first.to_owned()];
    folders.extend(list(&layout.snapshots())?);
    folders.extend(layout.old_folders());
    let root = fs::canonicalize(layout.root()).unwrap_or_default();
    let found = |folder: PathBuf| {
        let (path, stamp) = within(&folder.join(file.path.as_str()), &root)?;
        (stamp.len == file.len).then_some(Found {
            path,
            len: file.len,
            stamp,
        })
    };
    Ok(folders.into_iter().find_map(found))
}

/// The file that `path` leads to, if that is in the cache `root`: a link out of it leads to what is
/// not the cache's to give away.
pub(super) fn within(path: &Path, root: &Path) -> Option<(PathBuf, Stamp)> {
    let there = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    let path = fs::canonicalize(path).ok()?;
    path.starts_with(root).then(|| (path, Stamp::of(&there)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::super::testing::Place;
    use super::*;

    fn put(path: &Path, content: &[u8]) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    #[test]
    fn every_generation_is_looked_at_and_the_length_decides() {
        let place = Place::new();
        let (snapshot, (file, _)) = (place.at("v2"), place.stored("d/w.bin", b"content"));
        let found = |file| find(&snapshot.layout, &snapshot.folder(), file).unwrap();
        assert_eq!(found(&file), None);
        let places = [
            "acme/tiny.v1/d/w.bin",
            "hub/acme/tiny___v1/d/w.bin",
            "hub/models/acme/tiny___v1/d/w.bin",
            "models/acme/tiny___v1/d/w.bin",
            "models/acme--tiny.v1/snapshots/master/d/w.bin",
            "models/acme--tiny.v1/snapshots/v2/d/w.bin",
        ];
        for name in places {
            let path = place.root().join(name);
            put(&path, b"too short"[..3].as_ref());
            assert_ne!(found(&file).map(|found| found.path), Some(path.clone()));
            put(&path, b"content");
            assert_eq!(found(&file).unwrap().path, fs::canonicalize(path).unwrap());
        }
    }

    #[test]
    fn a_link_out_of_the_cache_is_not_followed() {
        let place = Place::new();
        let (snapshot, (file, stored)) = (place.at("v2"), place.stored("w", b"content"));
        put(&snapshot.folder().join("x"), b"");
        symlink(&stored, snapshot.folder().join("w")).unwrap();
        assert_eq!(
            find(&snapshot.layout, &snapshot.folder(), &file).unwrap(),
            None
        );
        let inside = place.root().join("blob");
        put(&inside, b"content");
        fs::remove_file(snapshot.folder().join("w")).unwrap();
        symlink(&inside, snapshot.folder().join("w")).unwrap();
        let found = find(&snapshot.layout, &snapshot.folder(), &file).unwrap();
        assert_eq!(found.unwrap().path, fs::canonicalize(inside).unwrap());
    }
}
