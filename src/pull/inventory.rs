//! What of the wanted contents is on this disk, as a value for the plan. Reads only.
//!
//! A name and a length prove nothing: a content counts as proven only while its file still has the
//! stamp that was recorded when its bytes were. Everything else is hashed first, also what lies in the
//! store: somebody may have written to it through another repo's view.

use std::collections::HashMap;
use std::sync::Arc;

use crate::digest::{BlobId, Digest};
use crate::error::Cause;
use crate::fs::{self, Stamp};
use crate::hub::RemoteFile;
use crate::plan::Have;
use crate::plan::schedule::SMALL_BYTES;
use crate::resolve::Target;
use crate::store::Store;
use crate::store::snapshot::Manifest;
use crate::view::RepoView;

/// What is here of each content in `files`: in the store, or in one of the views, of which the first is
/// the one to publish in.
///
/// # Errors
/// When something exists and cannot be read.
pub(super) fn take(
    store: &Store,
    views: &[Arc<dyn RepoView>],
    target: &Target,
    files: &[Arc<RemoteFile>],
) -> Result<HashMap<Digest, Have>, Cause> {
    let records = Records::of(store, target, files)?;
    let mut known: HashMap<Digest, Have> = HashMap::new();
    for file in files {
        if let Some(Have::Proven { .. }) = known.get(&file.digest) {
            continue;
        }
        known.insert(file.digest, look(store, views, target, file, &records)?);
    }
    Ok(known)
}

/// What was recorded of the contents of a repo: how proven files looked, and which blobs they became.
#[derive(Default)]
struct Records {
    stamps: HashMap<Digest, Vec<Stamp>>,
    blobs: HashMap<Digest, BlobId>,
}

impl Records {
    /// From this commit's manifest; if that does not know all the files, from the repo's others too.
    fn of(store: &Store, target: &Target, files: &[Arc<RemoteFile>]) -> Result<Self, Cause> {
        let mut records = Self::default();
        target
            .manifest
            .iter()
            .for_each(|manifest| records.add(manifest));
        if files
            .iter()
            .any(|file| !records.stamps.contains_key(&file.digest))
        {
            for manifest in store.manifests(target.hub, &target.repo)? {
                records.add(&manifest);
            }
        }
        Ok(records)
    }

    fn add(&mut self, manifest: &Manifest) {
        for file in &manifest.files {
            let digest = file.remote.digest;
            if !file.stamps.is_empty() {
                let stamps = self.stamps.entry(digest).or_default();
                stamps.extend(file.stamps.iter());
            }
            if let Some(blob) = file.blob {
                self.blobs.insert(digest, blob);
            }
        }
    }
}

fn look(
    store: &Store,
    views: &[Arc<dyn RepoView>],
    target: &Target,
    file: &RemoteFile,
    records: &Records,
) -> Result<Have, Cause> {
    let blob = file
        .digest
        .sha256()
        .or_else(|| records.blobs.get(&file.digest).copied());
    let is_proven = |stamp: Stamp| {
        records
            .stamps
            .get(&file.digest)
            .is_some_and(|stamps| stamps.contains(&stamp))
    };
    let mut unproven = None;
    for view in views {
        let Some(found) = view.find(&target.commit, file)? else {
            continue;
        };
        if is_proven(found.stamp) {
            let path = found.path.into();
            return Ok(Have::Proven { path, blob });
        }
        unproven = unproven.or(Some(found));
    }
    let stored = store.find(file.digest, file.len)?;
    Ok(match (stored, unproven) {
        (Some(stored), _) if is_proven(fs::stamp(&stored)?) => Have::Proven {
            path: stored.into(),
            blob,
        },
        (Some(stored), _) => Have::Unproven {
            path: stored.into(),
            len: file.len,
            blob,
        },
        (None, Some(found)) => Have::Unproven {
            path: found.path.into(),
            len: found.len,
            blob,
        },
        // What is fetched whole leaves nothing behind when it is not.
        (None, None) if file.len <= SMALL_BYTES => Have::Nothing,
        (None, None) => {
            let ranges = store.unfinished(file.digest, file.len)?;
            if ranges.is_empty() {
                Have::Nothing
            } else {
                Have::Partial { ranges }
            }
        }
    })
}
