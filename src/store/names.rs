//! The names that promise a content, both kinds.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::digest::Digest;
use crate::error::Cause;
use crate::fs::{self, FileId};
use crate::store::Store;
use crate::store::census::files_below;
use crate::store::disk::Disk;
use crate::store::layout::Layout;

/// A name in the store and what it promises.
#[derive(Debug)]
pub struct Named {
    /// The promise.
    pub digest: Digest,
    /// The name.
    pub path: PathBuf,
    /// What the file looks like.
    pub metadata: Metadata,
}

impl Store {
    /// Every name of a finished content: those by SHA-256, and the second ones by git's id.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn names(&self) -> Result<Vec<Named>, Cause> {
        named_below(&self.layout.blobs(), 3)
    }
}

/// The names so many levels below `dir` that are a digest's.
fn named_below(dir: &Path, depth: usize) -> Result<Vec<Named>, Cause> {
    let mut names = Vec::new();
    for path in files_below(dir, depth)? {
        let digest = path
            .file_name()
            .and_then(|name| Digest::from_digits(name.to_str()?));
        let there = fs::lstat(&path)?.filter(Metadata::is_file);
        if let (Some(digest), Some(metadata)) = (digest, there) {
            names.push(Named {
                digest,
                path,
                metadata,
            });
        }
    }
    Ok(names)
}

/// Renames proven and synced content to the name `blob` of its digest. A second name that led to what
/// had the name before leads to the new file from then on: one content is one file.
pub(super) fn take_name(
    disk: &dyn Disk,
    layout: &Layout,
    made: &Path,
    blob: &Path,
) -> Result<(), Cause> {
    let before = fs::lstat(blob)?.filter(|there| there.is_file() && there.nlink() > 1);
    disk.rename(made, blob)?;
    if let Some(before) = before {
        // Until the next attempt the old file serves the second name, as it did.
        relink(disk, layout, &before, blob).unwrap_or_else(|cause| {
            tracing::debug!(%cause, "a second name stays with the old file");
        });
    }
    Ok(())
}

/// Gives `blob` the second names of the file that it has replaced. Which those are only the files
/// tell: a digest of one kind does not lead to the other.
fn relink(disk: &dyn Disk, layout: &Layout, before: &Metadata, blob: &Path) -> Result<(), Cause> {
    for name in named_below(&layout.blobs().join("git-sha1"), 2)? {
        if FileId::of(&name.metadata) == FileId::of(before) {
            disk.link(blob, &name.path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::digest::{BlobId, GitOid};
    use crate::store::blob::hash_file;

    #[test]
    fn a_blob_that_is_replaced_keeps_its_second_name() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("store")).unwrap();
        let _writing = store.prepare().unwrap();
        let put = |bytes: &'static [u8]| {
            let digest = GitOid::of(bytes).into();
            store.put(digest, &[Bytes::from_static(bytes)]).unwrap()
        };
        let (id, other) = (put(b"content"), put(b"another"));
        let blob = store.blob_path(id);
        let (git, digest) = (GitOid::of(b"content"), Digest::Sha256(id));
        let before = fs::stamp(&blob).unwrap();
        let assert_is_one = || {
            assert!(fs::is_same_file(&store.layout.git_name(git), &blob).unwrap());
            assert_ne!(fs::stamp(&blob).unwrap().ino, before.ino);
        };
        // Something else holds the old file, so that its number is not given anew.
        std::fs::hard_link(&blob, dir.path().join("old")).unwrap();

        let file = dir.path().join("file");
        std::fs::write(&file, "content").unwrap();
        let hashed = hash_file(&file, digest, 7, |_| true).unwrap();
        store.adopt(&file, hashed).unwrap();
        assert_is_one();

        let (partial, _mark) = store.partial(digest, 7).unwrap();
        partial.write(0, &[Bytes::from_static(b"content")]).unwrap();
        partial.finish().unwrap();
        assert_is_one();
        assert!(!fs::is_same_file(&file, &blob).unwrap());

        let (another, name) = (store.blob_path(other), GitOid::of(b"another"));
        assert_eq!(BlobId::of(b"another"), other);
        assert!(fs::is_same_file(&store.layout.git_name(name), &another).unwrap());
    }
}
