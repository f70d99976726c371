//! What is unfinished, and which repo it is for.

use std::collections::HashMap;
use std::time::SystemTime;

use crate::digest::Digest;
use crate::error::Cause;
use crate::store::Store;
use crate::store::census::{Census, Recorded};
use crate::store::snapshot::FileRecord;
use crate::store::wanted::Wanted;

/// An unfinished content.
#[derive(Clone, Debug)]
pub struct Partial {
    /// What it will be.
    pub digest: Digest,
    /// A file that it will be, where a record lists one or its last writer noted one.
    pub wanted: Option<Wanted>,
    /// Bytes that it takes on the disk.
    pub disk_bytes: u64,
    /// When it was last written to.
    pub modified: SystemTime,
    /// Whether somebody may be at work on it.
    pub is_owned: bool,
}

/// Every unfinished content of the store, the largest first.
pub(super) fn all(store: &Store, census: &Census) -> Result<Vec<Partial>, Cause> {
    let unfinished = store.all_unfinished()?;
    let mut wanted: HashMap<Digest, (&Recorded, &FileRecord)> = HashMap::new();
    if !unfinished.is_empty() {
        for recorded in &census.commits {
            for file in &recorded.manifest.files {
                wanted.insert(file.remote.digest, (recorded, file));
            }
        }
    }
    let partial = |unfinished: crate::store::census::Unfinished| {
        let digest = unfinished.digest?;
        let listed = wanted.get(&digest).map(|(recorded, file)| Wanted {
            hub: recorded.manifest.hub,
            repo: recorded.repo.clone(),
            path: file.remote.path.clone(),
            len: file.remote.len,
        });
        let wanted = listed.or(unfinished.wanted);
        Some(Partial {
            digest,
            wanted,
            disk_bytes: unfinished.disk_bytes,
            modified: unfinished.changed,
            is_owned: unfinished.is_owned,
        })
    };
    let mut partials: Vec<_> = unfinished.into_iter().filter_map(partial).collect();
    partials.sort_by_key(|partial| (u64::MAX - partial.disk_bytes, partial.digest.to_string()));
    Ok(partials)
}
