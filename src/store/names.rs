//! The names that promise a content, both kinds.

use std::fs::Metadata;
use std::path::PathBuf;

use crate::digest::Digest;
use crate::error::Cause;
use crate::fs;
use crate::store::Store;
use crate::store::census::files_below;

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
        let mut names = Vec::new();
        for path in files_below(&self.layout.blobs(), 3)? {
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
}
