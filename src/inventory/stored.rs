//! The repos of a store: its records by repo, with what each takes and frees.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, UNIX_EPOCH};

use foldhash::HashMap;

use super::apart::bytes_apart;
use super::{Holdings, Repo, Snapshot, Strays};
use crate::digest::BlobId;
use crate::error::Cause;
use crate::fs::parallel;
use crate::repo::{Commit, Revision};
use crate::store::Store;
use crate::store::census::{Blob, Census, Recorded};

/// Every repo of the store, in the order of the census.
pub(super) fn repos(
    store: &Store,
    census: &Census,
    holdings: &Holdings,
) -> Result<Vec<Repo>, Cause> {
    let indices: Vec<usize> = (0..census.commits.len()).collect();
    let of_one_repo = |a: &usize, b: &usize| {
        let (a, b) = (&census.commits[*a], &census.commits[*b]);
        (a.manifest.hub, &a.repo) == (b.manifest.hub, &b.repo)
    };
    let repos: Vec<&[usize]> = indices.chunk_by(of_one_repo).collect();
    let shares = parallel::shares(&repos, |repos| {
        let repos = repos.iter();
        repos
            .map(|records| repo(store, census, holdings, records))
            .collect::<Result<Vec<_>, _>>()
    });
    Ok(shares.into_iter().collect::<Result<Vec<_>, _>>()?.concat())
}

fn repo(
    store: &Store,
    census: &Census,
    holdings: &Holdings,
    records: &[usize],
) -> Result<Repo, Cause> {
    let first = &census.commits[records[0]];
    let (hub, id) = (first.manifest.hub, first.repo.clone());
    let asked: BTreeSet<&Revision> = records
        .iter()
        .flat_map(|record| &census.commits[*record].manifest.revisions)
        .collect();
    let now = store.references(hub, &id, asked.into_iter().cloned())?;
    let own: Vec<HashMap<BlobId, u64>> = records
        .iter()
        .map(|record| contents_of(&census.commits[*record], *record, holdings))
        .collect();
    let commits = records.iter().zip(&own).map(|(record, own)| {
        let recorded = &census.commits[*record];
        snapshot(recorded, *record, holdings, own, &now)
    });
    let commits: Vec<Snapshot> = commits.collect();
    let shown = records.iter().zip(&own);
    let shown: Vec<_> = shown
        .map(|(record, own)| (holdings.views(*record), own))
        .collect();
    // What most repos have, one commit, was added up already.
    let (size_bytes, unique_bytes) = match commits.as_slice() {
        [only] => (only.size_bytes, only.unique_bytes),
        _ => (
            all_bytes(&own),
            holdings.freed_by_commits(records.iter().copied()),
        ),
    };
    Ok(Repo {
        hub,
        id,
        is_in_store: true,
        size_bytes,
        unique_bytes,
        apart_bytes: bytes_apart(&shown),
        commits,
    })
}

/// Bytes of the contents of all commits, each once.
fn all_bytes(own: &[HashMap<BlobId, u64>]) -> u64 {
    let contents: HashMap<&BlobId, &u64> = own.iter().flatten().collect();
    contents.into_values().sum()
}

/// The lengths of the contents of a record that are here.
fn contents_of(recorded: &Recorded, record: usize, holdings: &Holdings) -> HashMap<BlobId, u64> {
    let files = recorded.manifest.files.iter().enumerate();
    files
        .filter(|(at, _)| holdings.is_here(record, *at))
        .filter_map(|(_, file)| Some((file.blob?, file.remote.len)))
        .collect()
}

fn snapshot(
    recorded: &Recorded,
    record: usize,
    holdings: &Holdings,
    contents: &HashMap<BlobId, u64>,
    now: &BTreeMap<Revision, Commit>,
) -> Snapshot {
    let manifest = &recorded.manifest;
    let pulled = manifest.files.iter().enumerate();
    let pulled: Vec<usize> = pulled
        .filter(|(_, file)| file.blob.is_some())
        .map(|(at, _)| at)
        .collect();
    let missing = pulled.iter().filter(|at| !holdings.is_here(record, **at));
    Snapshot {
        commit: Some(manifest.commit.clone()),
        // A branch that has moved on names another commit now.
        revisions: manifest.led_by(now).cloned().collect(),
        is_pinned: manifest.is_pinned,
        files: pulled.len() as u64,
        missing: missing.count() as u64,
        size_bytes: contents.values().sum(),
        unique_bytes: holdings.freed_by_commits([record]),
        last_used: Some(recorded.last_used),
        modified: UNIX_EPOCH.checked_add(Duration::from_secs(manifest.pulled_at)),
        views: holdings.views(record).to_vec(),
    }
}

/// What of the blobs no record needs, and nothing shows that is listed.
pub(super) fn strays(blobs: &HashMap<BlobId, Blob>, holdings: &Holdings) -> Strays {
    let strays = blobs.values().filter(|blob| !holdings.holds(blob.file()));
    strays.fold(Strays::default(), |strays, blob| Strays {
        count: strays.count + 1,
        bytes: strays.bytes + blob.stamp.len,
    })
}
