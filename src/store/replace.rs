//! Replacing a copy of a content by a link to the blob: what frees its room.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::digest::BlobId;
use crate::error::Cause;
use crate::fs::{self, FileId, OnPath, Stamp};
use crate::store::Store;

/// Who may read a file, in its mode.
const READERS: u32 = 0o444;

impl Store {
    /// Puts a link to the blob `id` in the place of `file`, a proven copy of it that looked like `proven`
    /// when it was hashed. The name is there at every moment. Returns how many bytes of the disk that
    /// freed: none while the copy has other names. A power cut leaves the one file or the other.
    ///
    /// # Errors
    /// When the copy is not what was hashed any more, when the blob could not be read by all who can
    /// read the copy, or when the filesystem refuses; the copy stays then.
    pub fn replace_by_blob(&self, file: &Path, proven: Stamp, id: BlobId) -> Result<u64, Cause> {
        let blob = self.layout.blob(id);
        let stored = std::fs::metadata(&blob).on_path("look at", &blob)?;
        let look = || std::fs::symlink_metadata(file).on_path("look at", file);
        if FileId::of(&look()?) == FileId::of(&stored) {
            return Ok(0);
        }
        refuse_fewer_readers(&look()?, &stored, file)?;
        let aside = self.layout.temporary();
        fs::link(&blob, &aside)?;
        let replaced = look().and_then(|there| {
            if !there.is_file() || Stamp::of(&there) != proven {
                return Err(refusal(
                    file,
                    io::ErrorKind::ResourceBusy,
                    "another program changed it",
                ));
            }
            fs::rename(&aside, file)?;
            Ok(if there.nlink() == 1 {
                there.blocks() * 512
            } else {
                0
            })
        });
        if replaced.is_err() {
            self.disk.remove(&aside)?;
        }
        replaced
    }
}

/// A file that others can read is not to become one that they cannot.
fn refuse_fewer_readers(copy: &Metadata, blob: &Metadata, file: &Path) -> Result<(), Cause> {
    let is_for_all = blob.mode() & READERS == READERS;
    let is_like = (copy.uid(), copy.gid()) == (blob.uid(), blob.gid())
        && copy.mode() & READERS & !blob.mode() == 0;
    if is_for_all || is_like {
        return Ok(());
    }
    let why = "not all who can read it could read the link";
    Err(refusal(file, io::ErrorKind::PermissionDenied, why))
}

fn refusal(file: &Path, kind: io::ErrorKind, why: &str) -> Cause {
    Cause::Io {
        action: "replace",
        path: file.to_owned(),
        source: io::Error::new(kind, why),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use bytes::Bytes;

    use super::*;
    use crate::digest::Digest;

    fn stored(dir: &Path) -> (Store, BlobId) {
        let store = Store::open(&dir.join("store")).unwrap();
        drop(store.prepare().unwrap());
        let digest = Digest::Sha256(BlobId::of(b"content"));
        let id = store
            .put(digest, &[Bytes::from_static(b"content")])
            .unwrap();
        (store, id)
    }

    #[test]
    fn a_copy_becomes_a_link_and_its_room_is_counted_with_its_last_name() {
        let dir = tempfile::tempdir().unwrap();
        let (store, id) = stored(dir.path());
        let (one, other) = (dir.path().join("one"), dir.path().join("other"));
        std::fs::write(&one, "content").unwrap();
        std::fs::hard_link(&one, &other).unwrap();
        let proven = fs::stamp(&one).unwrap();
        assert_eq!(store.replace_by_blob(&one, proven, id).unwrap(), 0);
        assert!(store.replace_by_blob(&other, proven, id).unwrap() > 0);
        for name in [&one, &other] {
            assert!(fs::is_same_file(name, &store.blob_path(id)).unwrap());
            assert_eq!(store.replace_by_blob(name, proven, id).unwrap(), 0);
        }
        assert!(fs::list(&store.layout.partials()).unwrap().is_empty());
    }

    #[test]
    fn what_changed_and_what_others_could_not_read_stays() {
        let dir = tempfile::tempdir().unwrap();
        let (store, id) = stored(dir.path());
        let file = dir.path().join("file");
        std::fs::write(&file, "content").unwrap();
        let proven = fs::stamp(&file).unwrap();
        std::fs::write(&file, "another").unwrap();
        let changed = Stamp {
            mtime_secs: proven.mtime_secs + 1,
            ..fs::stamp(&file).unwrap()
        };
        assert!(store.replace_by_blob(&file, changed, id).is_err());
        assert_eq!(std::fs::read(&file).unwrap(), b"another");
        std::fs::set_permissions(store.blob_path(id), Permissions::from_mode(0o400)).unwrap();
        let now = fs::stamp(&file).unwrap();
        assert!(store.replace_by_blob(&file, now, id).is_err());
        assert_eq!(std::fs::read(&file).unwrap(), b"another");
    }
}
