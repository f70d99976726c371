//! Remembering the commits of a cache that was taken over, as a pull would have.

use crate::adopt::found::{CommitOf, Part, RepoOf};
use crate::adopt::take::Proven;
use crate::error::Cause;
use crate::hub::RemoteFile;
use crate::store::Store;
use crate::store::snapshot::{FileRecord, Manifest, Stamps, now};

/// Records every commit of which a file was proven; returns how many records that changed. The caller
/// holds the repo's lock.
pub(super) fn record(
    store: &Store,
    part: &Part,
    repo: &RepoOf,
    proven: &Proven,
) -> Result<u64, Cause> {
    let mut changed = 0;
    for commit in &part.commits {
        let known = store.manifest(repo.hub, &repo.repo, &commit.commit)?;
        let Some(mut manifest) = updated(known.clone(), repo, commit, proven) else {
            continue;
        };
        if known.as_ref() != Some(&manifest) {
            manifest.pulled_at = now();
            store.record(&repo.repo, &manifest)?;
            changed += 1;
        }
        for revision in &commit.revisions {
            // What a pull has seen of the hub is newer than what lies in a cache.
            if store.reference(repo.hub, &repo.repo, revision)?.is_none() {
                store.set_reference(repo.hub, &repo.repo, revision, &commit.commit)?;
            }
        }
    }
    Ok(changed)
}

/// The record with what was proven; `None` where nothing was.
fn updated(
    known: Option<Manifest>,
    repo: &RepoOf,
    commit: &CommitOf,
    proven: &Proven,
) -> Option<Manifest> {
    let is_new = known.is_none();
    let mut manifest = known.unwrap_or_else(|| Manifest {
        is_partial_listing: true,
        ..Manifest::new(repo.hub, &repo.repo, commit.commit.clone(), Vec::new())
    });
    if manifest.is_partial_listing {
        add_rows(&mut manifest, commit);
    }
    let before = manifest.pulled();
    let mut is_any = false;
    for row in &commit.listing {
        let at = commit.present.get(&row.path);
        let Some((blob, stamp)) = at.and_then(|at| proven.get(at)) else {
            continue;
        };
        let record = find(&manifest, row).ok().map(|at| &mut manifest.files[at]);
        let is_same =
            |file: &&mut FileRecord| (file.remote.digest, file.remote.len) == (row.digest, row.len);
        if let Some(record) = record.filter(is_same) {
            record.blob = Some(*blob);
            record.stamps.extend([*stamp]);
            is_any = true;
        }
    }
    if !is_any {
        return None;
    }
    manifest.doubt_complete(&before);
    manifest.views.insert(repo.view.clone());
    manifest.revisions.extend(commit.revisions.iter().cloned());
    // Without a ref it was asked for by its id, or its branch has moved on. Nobody can tell, and
    // whoever asked for it would miss it.
    manifest.is_pinned |= is_new && commit.revisions.is_empty();
    Some(manifest)
}

/// The place of a file among the records, or where it would belong.
fn find(manifest: &Manifest, remote: &RemoteFile) -> Result<usize, usize> {
    let path = |file: &FileRecord| file.remote.path.cmp(&remote.path);
    manifest.files.binary_search_by(path)
}

/// Adds the files that the record does not know yet.
fn add_rows(manifest: &mut Manifest, commit: &CommitOf) {
    for remote in &commit.listing {
        if let Err(at) = find(manifest, remote) {
            let record = FileRecord {
                remote: remote.clone(),
                blob: None,
                stamps: Stamps::default(),
            };
            manifest.files.insert(at, record);
        }
    }
}
