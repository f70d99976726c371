//! What a publication leaves in a Hugging Face cache, seen from outside.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops here")]

#[path = "view_huggingface/odd.rs"]
mod odd;

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use larder::digest::{BlobId, Digest, GitOid};
use larder::error::Kind;
use larder::hub::RemoteFile;
use larder::repo::{Commit, RepoId, RepoKind, RepoPath, Revision};
use larder::view::huggingface::{HfCache, RepoCache};
use larder::view::{Placements, Proven, Publication, Published};
use tempfile::TempDir;

const COMMIT: &str = "5f3c0e1d2b4a69788796a5b4c3d2e1f00f1e2d3c";

/// A cache, and a store of proven files beside it.
struct Place {
    dir: TempDir,
    cache: HfCache,
    repo: RepoCache,
}

impl Place {
    fn new(use_symlinks: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let cache = HfCache::new(dir.path().join("hub"), use_symlinks);
        let repo = cache.repo(&RepoId::parse(RepoKind::Model, "org/name").unwrap());
        fs::create_dir(dir.path().join("store")).unwrap();
        Self { dir, cache, repo }
    }

    /// Puts content into the store; what a pull would hand to `publish`.
    fn stored(&self, path: &str, content: &[u8], is_large: bool) -> Proven {
        let (sha256, git_oid) = (BlobId::of(content), GitOid::of(content));
        let blob = self.dir.path().join("store").join(sha256.to_string());
        if !blob.exists() {
            fs::write(&blob, content).unwrap();
            fs::set_permissions(&blob, Permissions::from_mode(0o444)).unwrap();
        }
        let file = RemoteFile {
            path: RepoPath::parse(path).unwrap(),
            len: content.len() as u64,
            digest: if is_large {
                Digest::Sha256(sha256)
            } else {
                Digest::Git(git_oid)
            },
            git_oid: Some(git_oid),
            xet_hash: None,
            changed_by: None,
        };
        (file.into(), blob.into())
    }

    fn small_repo(&self) -> Vec<Proven> {
        vec![
            self.stored("config.json", b"{}", false),
            self.stored("empty", b"", false),
            self.stored("model.safetensors", b"weights", true),
            self.stored("onnx/deep/er/model.onnx", b"weights", true),
            self.stored("onnx/日本語 é🦀.txt", b"text", false),
        ]
    }

    fn publish(&self, files: &[Proven]) -> Result<Published, Kind> {
        let listing: Vec<RemoteFile> = files
            .iter()
            .map(|(file, _)| RemoteFile::clone(file))
            .collect();
        let (commit, revision) = (commit(), Revision::parse("main").unwrap());
        let publication = Publication {
            commit: &commit,
            revision: Some(&revision),
            listing: &listing,
            files,
        };
        self.repo
            .publish(&publication)
            .map_err(|cause| cause.kind())
    }

    fn entry(&self, file: &RemoteFile) -> PathBuf {
        self.repo.snapshot_dir(&commit()).join(file.path.as_str())
    }

    fn is_tidy(&self) -> bool {
        !self.repo.folder().join(".larder").exists()
    }
}

fn commit() -> Commit {
    Commit::parse(COMMIT).unwrap()
}

fn inode(path: &Path) -> u64 {
    fs::symlink_metadata(path).unwrap().ino()
}

/// Everything below `dir`: mode, inode, times, and link text or content.
fn picture(dir: &Path) -> BTreeMap<PathBuf, String> {
    let mut all = BTreeMap::new();
    let mut left = vec![dir.to_owned()];
    while let Some(path) = left.pop() {
        let there = fs::symlink_metadata(&path).unwrap();
        let times = (
            there.mtime(),
            there.mtime_nsec(),
            there.ctime(),
            there.ctime_nsec(),
        );
        let what = if there.is_dir() {
            left.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
            "folder".to_owned()
        } else if there.is_symlink() {
            fs::read_link(&path).unwrap().display().to_string()
        } else {
            format!("{:?}", fs::read(&path).unwrap())
        };
        all.insert(
            path,
            format!("{:o} {} {times:?} {what}", there.mode(), there.ino()),
        );
    }
    all
}

#[test]
fn the_names_are_those_hf_leaves() {
    let place = Place::new(true);
    let files = place.small_repo();
    let published = place.publish(&files).unwrap();
    assert_eq!(published.snapshot, place.repo.snapshot_dir(&commit()));
    assert_eq!(
        published.placed,
        Placements {
            hardlinks: 4,
            reflinks: 0,
            copies: 0
        }
    );

    let root = place.cache.root();
    let mut names: Vec<String> = picture(root)
        .into_keys()
        .filter(|path| path.is_file())
        .map(|path| path.strip_prefix(root).unwrap().display().to_string())
        .collect();
    names.retain(|name| !name.contains("/blobs/") && !name.starts_with(".locks/"));
    let snapshot = format!("models--org--name/snapshots/{COMMIT}");
    let want = [
        "CACHEDIR.TAG".to_owned(),
        "models--org--name/refs/main".to_owned(),
        format!("{snapshot}/config.json"),
        format!("{snapshot}/empty"),
        format!("{snapshot}/model.safetensors"),
        format!("{snapshot}/onnx/deep/er/model.onnx"),
        format!("{snapshot}/onnx/日本語 é🦀.txt"),
        format!("models--org--name/trees/{COMMIT}.json"),
    ];
    assert_eq!(names, want);
    assert!(place.is_tidy());
}

#[test]
fn contents_are_links_of_the_store() {
    let place = Place::new(true);
    let files = place.small_repo();
    let published = place.publish(&files).unwrap();
    for ((file, store), stamp) in files.iter().zip(&published.stamps) {
        let blob = place.repo.blob_path(file.digest);
        assert_eq!(inode(&blob), inode(store));
        assert_eq!(*stamp, Some(larder::fs::stamp(&blob).unwrap()));
        assert!(place.repo.is_linked(&commit(), file));
        assert_eq!(
            fs::read(place.entry(file)).unwrap(),
            fs::read(store).unwrap()
        );
        let lock = format!(".locks/models--org--name/{}.lock", file.etag());
        let lock = fs::metadata(place.cache.root().join(lock)).unwrap();
        assert_eq!(lock.mode() & 0o7777, 0o664);
    }
    let deep = fs::read_link(place.entry(&files[3].0)).unwrap();
    assert_eq!(
        deep,
        PathBuf::from(format!("../../../../../blobs/{}", files[3].0.etag()))
    );
    let main = Revision::parse("main").unwrap();
    assert_eq!(place.repo.read_ref(&main).unwrap(), Some(commit()));
    assert_eq!(place.repo.read_tree(&commit()).unwrap().len(), files.len());
}

#[test]
fn publishing_again_touches_nothing() {
    for use_symlinks in [true, false] {
        let place = Place::new(use_symlinks);
        let files = place.small_repo();
        let first = place.publish(&files).unwrap();
        let before = picture(place.cache.root());
        let second = place.publish(&files).unwrap();
        assert_eq!(picture(place.cache.root()), before);
        assert_eq!(second.placed, Placements::default());
        assert_eq!(second.stamps, first.stamps);
        // The view's own content is as good a source as the store's.
        let find = |file| place.repo.find(&commit(), file).unwrap().unwrap().path;
        let own: Vec<_> = files
            .iter()
            .map(|(file, _)| (file.clone(), find(file).into()))
            .collect();
        place.publish(&own).unwrap();
        assert_eq!(picture(place.cache.root()), before);
    }
}

#[test]
fn a_read_only_cache_that_is_right_is_no_failure() {
    let place = Place::new(true);
    let files = place.small_repo();
    place.publish(&files).unwrap();
    let set_mode = |mode| {
        for path in picture(place.cache.root())
            .keys()
            .rev()
            .filter(|path| path.is_dir())
        {
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        }
    };
    set_mode(0o555);
    let before = picture(place.cache.root());
    let again = place.publish(&files);
    let after = picture(place.cache.root());
    let lock = place.repo.try_lock(&files[0].0);
    let missing = place
        .repo
        .note_missing(&commit(), &RepoPath::parse("a/b").unwrap());
    set_mode(0o755);
    again.unwrap();
    // What root sees of it, for whom no folder is read-only.
    assert_eq!(after, before);
    assert!(lock.unwrap().is_some());
    missing.unwrap();
}

/// hf leaves neither ref nor listing for files that it fetched one by one, of a commit.
#[test]
fn a_read_only_cache_needs_only_its_files() {
    for use_symlinks in [true, false] {
        let place = Place::new(use_symlinks);
        let files = place.small_repo();
        place.publish(&files).unwrap();
        let folder = place.repo.folder();
        fs::remove_dir_all(folder.join("trees")).unwrap();
        fs::remove_dir_all(folder.join("refs")).unwrap();
        if !use_symlinks {
            fs::remove_dir_all(folder.join("blobs")).unwrap();
        }
        fs::set_permissions(folder, Permissions::from_mode(0o555)).unwrap();
        let published = place.publish(&files);
        fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
        assert!(published.unwrap().stamps.iter().all(Option::is_some));
        assert!(!folder.join("blobs").exists() || use_symlinks);
    }
}

#[test]
fn a_read_only_cache_that_is_not_right_is_an_error() {
    let place = Place::new(true);
    let files = place.small_repo();
    place.publish(&files).unwrap();
    fs::remove_file(place.entry(&files[0].0)).unwrap();
    let folder = place.repo.folder();
    fs::set_permissions(folder, Permissions::from_mode(0o555)).unwrap();
    let is_obeyed = fs::create_dir(folder.join("probe")).is_err();
    let mended = place.publish(&files);
    fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
    if is_obeyed {
        assert_eq!(mended.unwrap_err(), Kind::Disk);
    }
}

#[test]
fn foreign_and_broken_blobs_are_replaced_and_never_written_through() {
    let place = Place::new(true);
    let files = place.small_repo();
    let elsewhere = place.dir.path().join("elsewhere");
    fs::create_dir_all(place.repo.folder().join("blobs")).unwrap();
    fs::write(&elsewhere, "precious").unwrap();
    fs::write(place.repo.blob_path(files[0].0.digest), "[]").unwrap();
    symlink("nowhere", place.repo.blob_path(files[1].0.digest)).unwrap();
    symlink(&elsewhere, place.repo.blob_path(files[2].0.digest)).unwrap();
    let foreign = fs::File::open(place.repo.blob_path(files[0].0.digest)).unwrap();

    place.publish(&files).unwrap();
    assert_eq!(fs::read(&elsewhere).unwrap(), b"precious");
    assert_eq!(std::io::read_to_string(foreign).unwrap(), "[]");
    for (file, store) in &files {
        assert_eq!(
            inode(&place.repo.blob_path(file.digest)),
            inode(store),
            "{}",
            file.path
        );
    }
    assert!(place.is_tidy());
}

#[test]
fn a_source_that_is_a_link_is_taken_for_what_it_leads_to() {
    let place = Place::new(true);
    let (file, stored) = place.stored("f", b"content", true);
    let link = place.dir.path().join("link");
    symlink(&stored, &link).unwrap();
    place.publish(&[(file.clone(), link.into())]).unwrap();
    assert_eq!(inode(&place.repo.blob_path(file.digest)), inode(&stored));
}

#[test]
fn a_link_into_the_shared_store_stays_when_its_payload_is_the_content() {
    let place = Place::new(true);
    let hash = "ab".repeat(32);
    let store = place.cache.root().join("blobs");
    let payload = store.join("ab").join(&hash);
    fs::create_dir_all(store.join("ab")).unwrap();
    fs::write(store.join(".huggingface-shared-blobs"), "1\n").unwrap();
    fs::write(&payload, "weights").unwrap();
    let (file, stored) = place.stored("model.safetensors", b"weights", true);
    let blob = place.repo.blob_path(file.digest);
    fs::create_dir_all(blob.parent().unwrap()).unwrap();
    symlink(format!("../../blobs/ab/{hash}"), &blob).unwrap();

    let found = place.repo.find(&commit(), &file).unwrap().unwrap();
    assert_eq!(found.path, payload);
    let published = place.publish(&[(file.clone(), found.path.into())]).unwrap();
    assert_eq!(published.stamps, [Some(found.stamp)]);
    assert_eq!(published.placed, Placements::default());
    assert!(fs::symlink_metadata(&blob).unwrap().is_symlink());
    assert!(place.repo.is_linked(&commit(), &file));

    place.publish(&[(file, stored.clone())]).unwrap();
    assert_eq!(inode(&blob), inode(&stored));
    assert_eq!(fs::read(&payload).unwrap(), b"weights");
}

#[test]
fn names_in_a_snapshot_are_mended_and_others_let_be() {
    let place = Place::new(true);
    let files = place.small_repo();
    place.publish(&files[..2]).unwrap();
    let notes = place.repo.snapshot_dir(&commit()).join("notes.txt");
    fs::remove_file(place.entry(&files[0].0)).unwrap();
    fs::write(place.entry(&files[0].0), "edited").unwrap();
    fs::remove_file(place.entry(&files[1].0)).unwrap();
    symlink("../../blobs/gone", place.entry(&files[1].0)).unwrap();
    fs::write(&notes, "mine").unwrap();

    place.publish(&files).unwrap();
    assert!(
        files
            .iter()
            .all(|(file, _)| place.repo.is_linked(&commit(), file))
    );
    assert_eq!(fs::read(&notes).unwrap(), b"mine");
    assert!(place.is_tidy());
}

#[test]
fn what_a_crash_left_goes_with_the_next_publication() {
    let place = Place::new(true);
    let files = place.small_repo();
    for _time in 0..2 {
        let left = place.repo.folder().join(".larder/publish-x1/1/onnx");
        fs::create_dir_all(&left).unwrap();
        symlink("../../blobs/x", left.join("link")).unwrap();
        // Of another run of the machine, and so old that nobody can be at work in it.
        let folder = fs::File::open(place.repo.folder().join(".larder/publish-x1")).unwrap();
        let long_ago = SystemTime::now() - Duration::from_secs(2 * 3600);
        folder.set_modified(long_ago).unwrap();
        place.publish(&files).unwrap();
        assert!(place.is_tidy());
    }
}
