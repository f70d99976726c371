use std::collections::{HashMap, HashSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use bytes::Bytes;
use tempfile::TempDir;

use super::*;
use crate::digest::{Digest, GitOid};
use crate::fs::stamp;
use crate::hub::RemoteFile;
use crate::repo::{RepoKind, RepoPath};
use crate::store::snapshot::Manifest;
use crate::view::huggingface::HfCache;
use crate::view::{Publication, Withdrawal};

mod late;

/// A store and a cache in one folder.
struct Home {
    dir: TempDir,
    store: Store,
    cache: HfCache,
}

fn home(use_symlinks: bool) -> Home {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store")).unwrap();
    drop(store.prepare().unwrap());
    let root = fs::canonicalize(dir.path()).unwrap().join("hub");
    let cache = HfCache::new(root, use_symlinks);
    Home { dir, store, cache }
}

fn repo(id: &str) -> RepoId {
    RepoId::parse(RepoKind::Model, id).unwrap()
}

fn commit(digit: char) -> Commit {
    Commit::parse(&digit.to_string().repeat(40)).unwrap()
}

fn row(path: &str, content: &'static str) -> RemoteFile {
    let oid = GitOid::of(content.as_bytes());
    RemoteFile {
        path: RepoPath::parse(path).unwrap(),
        len: content.len() as u64,
        digest: Digest::Git(oid),
        git_oid: Some(oid),
        xet_hash: None,
        changed_by: None,
    }
}

impl Home {
    /// Pulls as a pull does: store, view, record.
    fn pull(&self, id: &str, digit: char, files: &[(&str, &'static str)]) {
        let rows: Vec<_> = files.iter().map(|(path, text)| row(path, text)).collect();
        let blobs: Vec<_> = rows
            .iter()
            .zip(files)
            .map(|(row, (_, text))| {
                let bytes = [Bytes::from_static(text.as_bytes())];
                self.store.put(row.digest, &bytes).unwrap()
            })
            .collect();
        let paths: Vec<_> = rows
            .iter()
            .zip(&blobs)
            .map(|(row, id)| (row.clone().into(), self.store.blob_path(*id).into()))
            .collect();
        let (main, commit) = (Revision::parse("main").unwrap(), commit(digit));
        let published = self.cache.repo(&repo(id)).publish(&Publication {
            commit: &commit,
            revision: Some(&main),
            listing: &rows,
            files: &paths,
        });
        let stamps = published.unwrap().stamps;
        let mut manifest = Manifest::new(HubName::HuggingFace, &repo(id), commit.clone(), rows);
        manifest.revisions.insert(main.clone());
        manifest.views.insert(self.cache.id());
        for (file, (blob, stamp)) in manifest.files.iter_mut().zip(blobs.into_iter().zip(stamps)) {
            file.blob = Some(blob);
            file.stamps.extend(stamp);
        }
        self.store.record(&repo(id), &manifest).unwrap();
        let hub = HubName::HuggingFace;
        self.store
            .set_reference(hub, &repo(id), &main, &commit)
            .unwrap();
    }

    fn take(&self) -> Inventory {
        Inventory::take(&self.store, &[Arc::new(self.cache.clone())]).unwrap()
    }

    /// Removes a recorded commit as `rm` has to: the names in the view, the record, and the blobs
    /// that nothing needs.
    fn remove(&self, record: usize) {
        let mut census = self.store.census().unwrap();
        let gone = census.commits.remove(record);
        let blobs = self.store.blobs().unwrap();
        let files: Vec<_> = gone
            .manifest
            .files
            .iter()
            .map(|file| {
                let stored = blobs.get(&file.blob.unwrap()).map(|blob| blob.stamp);
                (
                    file.remote.clone(),
                    file.stamps.iter().chain(stored).collect(),
                )
            })
            .collect();
        let revisions: Vec<_> = gone.manifest.revisions.iter().cloned().collect();
        let part = self.cache.repo(&gone.repo);
        part.withdraw(&Withdrawal {
            commit: &gone.manifest.commit,
            revisions: &revisions,
            shown_at: &revisions,
            files: &files,
            kept: &HashSet::new(),
            store: Path::new("/store"),
            is_whole: true,
        })
        .unwrap();
        fs::remove_file(&gone.path).unwrap();
        let rest = census
            .commits
            .iter()
            .flat_map(|commit| &commit.manifest.files);
        let needed: HashSet<_> = rest.filter_map(|file| file.blob).collect();
        for (id, blob) in self.store.blobs().unwrap() {
            if !needed.contains(&id) && blob.links == blob.own_links {
                for path in names_of(&self.store.layout().blobs(), blob.stamp.ino) {
                    fs::remove_file(path).unwrap();
                }
            }
        }
    }

    /// Bytes of all contents in store and cache, each file once. Records and lists are left out.
    fn bytes(&self) -> u64 {
        let mut files = HashMap::new();
        for dir in [self.store.layout().blobs(), self.cache.root().to_owned()] {
            each_file(&dir, &mut |path| {
                let is_content = path.components().any(|part| {
                    ["blobs", "snapshots"]
                        .iter()
                        .any(|name| part.as_os_str() == *name)
                });
                let there = fs::symlink_metadata(path).unwrap();
                if is_content && there.is_file() {
                    files.insert(there.ino(), there.len());
                }
            });
        }
        files.values().sum()
    }
}

fn each_file(dir: &Path, see: &mut dyn FnMut(&Path)) {
    for path in crate::fs::list(dir).unwrap() {
        if fs::symlink_metadata(&path).unwrap().is_dir() {
            each_file(&path, see);
        } else {
            see(&path);
        }
    }
}

fn names_of(dir: &Path, ino: u64) -> Vec<PathBuf> {
    let mut names = Vec::new();
    each_file(dir, &mut |path| {
        if fs::symlink_metadata(path).unwrap().ino() == ino {
            names.push(path.to_owned());
        }
    });
    names
}

/// Repos that share contents in every way: within a commit, over commits, over repos.
fn fill(home: &Home) {
    home.pull(
        "org/a",
        'a',
        &[("f", "shared by all"), ("g", "own of a"), ("h", "own of a")],
    );
    home.pull(
        "org/b",
        'b',
        &[("f", "shared by all"), ("g", "over revisions")],
    );
    home.pull(
        "org/b",
        'c',
        &[("f", "new in c"), ("d/g", "over revisions")],
    );
}

#[test]
fn what_a_commit_frees_is_what_becomes_free() {
    for use_symlinks in [true, false] {
        for record in 0..3 {
            let home = home(use_symlinks);
            fill(&home);
            let commits: Vec<_> = home
                .take()
                .repos
                .into_iter()
                .flat_map(|repo| repo.commits)
                .collect();
            let before = home.bytes();
            home.remove(record);
            assert_eq!(
                before - home.bytes(),
                commits[record].unique_bytes,
                "{use_symlinks} {record}"
            );
        }
    }
}

#[test]
fn what_a_repo_frees_is_more_than_its_commits_do() {
    let home = home(true);
    fill(&home);
    let inventory = home.take();
    let sizes: Vec<_> = inventory
        .repos
        .iter()
        .map(|repo| (repo.id.to_string(), repo.size_bytes, repo.unique_bytes))
        .collect();
    let want = [("org/a", 13 + 8, 8), ("org/b", 13 + 14 + 8, 14 + 8)];
    assert_eq!(
        sizes,
        want.map(|(id, size, unique)| (id.to_owned(), size, unique))
    );
    assert_eq!(inventory.repos[1].commits[1].unique_bytes, 8);
    assert_eq!(inventory.disk_bytes, home.bytes());
    assert_eq!(inventory.saved_bytes, 13);
}

#[test]
fn a_name_that_was_made_elsewhere_keeps_the_room() {
    let home = home(true);
    fill(&home);
    let blob = home
        .cache
        .repo(&repo("org/a"))
        .blob_path(row("g", "own of a").digest);
    fs::hard_link(blob, home.dir.path().join("mine")).unwrap();
    assert_eq!(home.take().repos[0].unique_bytes, 0);
}

#[test]
fn another_clients_snapshot_is_listed_and_keeps_what_it_shows() {
    let home = home(true);
    fill(&home);
    let part = home.cache.repo(&repo("org/a"));
    let snapshot = part.snapshot_dir(&commit('f'));
    fs::create_dir_all(&snapshot).unwrap();
    let shared = part.blob_path(row("g", "own of a").digest);
    let target = Path::new("../../blobs").join(shared.file_name().unwrap());
    std::os::unix::fs::symlink(target, snapshot.join("theirs")).unwrap();
    fs::write(snapshot.join("more"), "more").unwrap();

    let inventory = home.take();
    let seen: Vec<_> = inventory
        .repos
        .iter()
        .map(|repo| {
            (
                repo.id.to_string(),
                repo.is_in_store,
                repo.size_bytes,
                repo.unique_bytes,
            )
        })
        .collect();
    assert_eq!(seen[0], ("org/a".into(), true, 21, 0));
    assert_eq!(seen[1], ("org/a".into(), false, 12, 4));
    assert_eq!(inventory.repos[1].commits[0].files, 2);

    // What they keep there stays when ours goes.
    let before = home.bytes();
    home.remove(0);
    assert_eq!(before - home.bytes(), 0);
}

#[test]
fn what_stands_in_its_place_is_not_counted_as_ours() {
    let home = home(true);
    fill(&home);
    let blob = home
        .cache
        .repo(&repo("org/a"))
        .blob_path(row("g", "own of a").digest);
    fs::remove_file(&blob).unwrap();
    fs::write(&blob, "another").unwrap();
    let commit = home.take().repos[0].commits[0].clone();
    assert_eq!((commit.unique_bytes, commit.missing), (8, 0));
    let before = home.bytes();
    home.remove(0);
    assert_eq!(before - home.bytes(), 8);
    assert!(stamp(&blob).is_ok());
}

#[test]
fn a_view_is_shown_gone_or_away() {
    let home = home(true);
    fill(&home);
    let presences = || {
        let repos = home.take().repos;
        let views = repos
            .into_iter()
            .flat_map(|repo| repo.commits)
            .flat_map(|commit| commit.views);
        views.map(|sight| sight.presence).collect::<Vec<_>>()
    };
    assert_eq!(presences(), [Presence::Shown; 3]);
    fs::remove_dir_all(home.cache.root().join("models--org--a")).unwrap();
    assert_eq!(
        presences(),
        [Presence::Gone, Presence::Shown, Presence::Shown]
    );
    fs::remove_dir_all(home.cache.root()).unwrap();
    assert_eq!(presences(), [Presence::Gone; 3]);
}

#[test]
fn damage_and_newer_records_are_told_and_hide_nothing() {
    let home = home(true);
    fill(&home);
    let dir = home
        .store
        .layout()
        .manifests(HubName::HuggingFace, &repo("org/b"));
    fs::write(dir.join(format!("{}.json", commit('c'))), "{").unwrap();
    let inventory = home.take();
    assert_eq!((inventory.damaged.len(), inventory.newer.len()), (1, 0));
    assert_eq!(inventory.strays, Strays::default(), "a snapshot shows it");
    fs::remove_dir_all(home.cache.root().join("models--org--b")).unwrap();
    assert_eq!(home.take().strays, Strays { count: 1, bytes: 8 });
    fs::write(dir.join("new.json"), r#"{"version": 99}"#).unwrap();
    let inventory = home.take();
    assert_eq!(inventory.newer.len(), 1);
    assert_eq!(inventory.strays, Strays::default(), "nobody can tell");
}
