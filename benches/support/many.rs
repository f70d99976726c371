//! A store and a cache as they are after years: many repos, many files.

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a bench ends where it cannot go on"
)]

use std::path::Path;

use bytes::Bytes;
use larder::digest::{BlobId, GitOid};
use larder::hub::RemoteFile;
use larder::repo::{Commit, HubName, RepoId, RepoKind, RepoPath, Revision};
use larder::store::Store;
use larder::store::snapshot::Manifest;
use larder::view::huggingface::HfCache;
use larder::view::{Publication, View};

/// Pulls, as it were, `repos` repos of `files` small files each. Each has one file that all share.
pub fn fill(store: &Store, cache: &HfCache, repos: usize, files: usize) {
    let _writing = store.prepare().unwrap();
    for number in 0..repos {
        let id = format!("org-{:02}/model-{number:03}", number % 20);
        let repo = RepoId::parse(RepoKind::Model, &id).unwrap();
        let commit = format!("{number:040x}");
        pull(store, cache, &repo, &Commit::parse(&commit).unwrap(), files);
    }
}

fn pull(store: &Store, cache: &HfCache, repo: &RepoId, commit: &Commit, files: usize) {
    let (mut rows, mut placed, mut blobs) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..files {
        let whose = if number == 0 { "all" } else { commit.as_str() };
        let content = Bytes::from(format!("file {number} of {whose}"));
        let oid = GitOid::of(&content);
        let row = RemoteFile {
            path: RepoPath::parse(&format!("part/file-{number:03}.json")).unwrap(),
            len: content.len() as u64,
            digest: oid.into(),
            git_oid: Some(oid),
            xet_hash: None,
            changed_by: None,
        };
        let id: BlobId = store.put(row.digest, &[content]).unwrap();
        placed.push((row.clone().into(), store.blob_path(id).into()));
        rows.push(row);
        blobs.push(id);
    }
    let main = Revision::parse("main").unwrap();
    let published = cache.repo(repo).publish(&Publication {
        commit,
        revision: Some(&main),
        listing: &rows,
        files: &placed,
    });
    let stamps = published.unwrap().stamps;
    let hub = HubName::HuggingFace;
    let mut manifest = Manifest::new(hub, repo, commit.clone(), rows);
    manifest.revisions.insert(main.clone());
    manifest.views.insert(cache.id());
    for (file, (blob, stamp)) in manifest.files.iter_mut().zip(blobs.into_iter().zip(stamps)) {
        file.blob = Some(blob);
        file.stamps.extend(stamp);
    }
    store.record(repo, &manifest).unwrap();
    store.set_reference(hub, repo, &main, commit).unwrap();
}

/// The store and the cache below `home`.
pub fn open(home: &Path) -> (Store, HfCache) {
    let store = Store::open(&home.join("larder")).unwrap();
    (store, HfCache::new(home.join("huggingface/hub"), true))
}
