//! What lies in the cache, as `huggingface_hub` finds it (`utils._cache_manager.scan_cache_dir`), but
//! that one thing that is wrong hides no other: what is no repo, no snapshot or no file is passed over.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use super::RepoCache;
use super::layout::link_leads;
use crate::error::Cause;
use crate::fs::{is_absent, list, lstat};
use crate::repo::{Commit, HubName, RepoId, RepoKind, Revision};
use crate::view::lying::{Contents, Lying, Snapshot, walk};
use crate::view::places::unless_closed;

/// Every snapshot in the cache at `root`.
pub(super) fn snapshots(root: &Path) -> Result<Vec<Snapshot>, Cause> {
    let mut found = Vec::new();
    for folder in list(root)? {
        let Some(repo) = folder.file_name().and_then(|name| repo_of(name.to_str()?)) else {
            continue;
        };
        let inside = list(&folder.join("snapshots")).unwrap_or_else(|cause| {
            tracing::debug!(%cause, "passed over");
            Vec::new()
        });
        for snapshot in inside {
            let commit = snapshot.file_name().and_then(|name| name.to_str());
            let commit = commit.and_then(|name| Commit::parse(name).ok());
            if commit.is_some() {
                found.push(Snapshot {
                    hub: HubName::HuggingFace,
                    repo: repo.clone(),
                    commit,
                    folder: snapshot,
                });
            }
        }
    }
    Ok(found)
}

/// The repo whose folder is called so.
pub(super) fn repo_of(folder: &str) -> Option<RepoId> {
    let (kind, id) = folder.split_once("--")?;
    let kind = [RepoKind::Model, RepoKind::Dataset]
        .into_iter()
        .find(|known| known.plural() == kind)?;
    RepoId::parse(kind, &id.replace("--", "/")).ok()
}

/// What is in a snapshot of `repo`, and which refs lead to it.
pub(super) fn contents(repo: &RepoCache, snapshot: &Snapshot) -> Result<Contents, Cause> {
    let mut contents = Contents::default();
    if !lstat(&snapshot.folder)?.is_some_and(|there| there.is_dir()) {
        return Ok(contents);
    }
    let mut folders = HashMap::new();
    walk(&snapshot.folder, &mut |entry, there| {
        if there.is_file() {
            contents.files.push(Lying::new(entry, there));
        } else if there.is_symlink() {
            match behind(&entry, &mut folders)? {
                Some(file) => contents.files.push(file),
                None => contents.dangling += 1,
            }
        }
        Ok(())
    })?;
    contents.revisions = revisions_to(repo, snapshot.commit.as_ref())?;
    Ok(contents)
}

/// The file that a link in a snapshot leads to: the repo's blob, or hf's shared payload behind it.
/// `folders` has those that were seen, by their paths, as they are called without links.
fn behind(
    link: &Path,
    folders: &mut HashMap<PathBuf, Option<PathBuf>>,
) -> Result<Option<Lying>, Cause> {
    let Ok(target) = fs::read_link(link) else {
        return Ok(None);
    };
    let blob = link_leads(link, &target);
    let (Some(dir), Some(name)) = (blob.parent(), blob.file_name()) else {
        return Ok(None);
    };
    let known = folders.entry(dir.to_owned());
    let real = known.or_insert_with_key(|dir| fs::canonicalize(dir).ok());
    let Some(blob) = real.as_ref().map(|dir| dir.join(name)) else {
        return Ok(None);
    };
    // What this user may not see is as good as nothing.
    let kept_as = match unless_closed(lstat(&blob))?.flatten() {
        Some(there) if there.is_file() => return Ok(Some(Lying::new(blob, &there))),
        Some(there) if there.is_symlink() => fs::canonicalize(&blob).ok(),
        _nothing => None,
    };
    let Some(kept_as) = kept_as else {
        return Ok(None);
    };
    let there = lstat(&kept_as)?.filter(fs::Metadata::is_file);
    Ok(there.map(|there| Lying::new(kept_as, &there)))
}

fn revisions_to(repo: &RepoCache, commit: Option<&Commit>) -> Result<BTreeSet<Revision>, Cause> {
    let mut found = BTreeSet::new();
    let refs = repo.layout.refs();
    if !lstat(&refs)?.is_some_and(|there| there.is_dir()) {
        return Ok(found);
    }
    let mut see = |path: PathBuf| -> Option<()> {
        let name = path.strip_prefix(&refs).ok()?.to_str()?;
        let revision = Revision::parse(name).ok()?;
        let is_here = commit.is_some() && repo.read_ref(&revision).ok()?.as_ref() == commit;
        is_here.then(|| found.insert(revision)).map(drop)
    };
    match walk(&refs, &mut |path, _there| {
        see(path);
        Ok(())
    }) {
        // Gone meanwhile.
        Err(Cause::Io { source, .. }) if is_absent(&source) => {}
        other => other?,
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::super::shared::testing::share;
    use super::super::testing::{commit, git_file, repo};
    use super::*;

    #[test]
    fn folders_are_read_as_hf_names_them() {
        let name = |folder| repo_of(folder).map(|repo| repo.to_string());
        assert_eq!(
            name("models--Qwen--Qwen3-8B").as_deref(),
            Some("Qwen/Qwen3-8B")
        );
        assert_eq!(name("models--gpt2").as_deref(), Some("gpt2"));
        assert_eq!(name("datasets--o--d").as_deref(), Some("datasets/o/d"));
        for odd in [
            "blobs",
            ".locks",
            "spaces--o--s",
            "models--",
            "models--a--b--c",
            "models--..--x",
        ] {
            assert_eq!(name(odd), None, "{odd}");
        }
    }

    #[test]
    fn what_lies_there_is_found_and_what_is_wrong_is_passed_over() {
        let (dir, repo) = repo(true);
        let root = dir.path().join("hub");
        assert!(snapshots(&root).unwrap().is_empty());
        let snapshot = repo.snapshot_dir(&commit('c'));
        fs::create_dir_all(snapshot.join("sub")).unwrap();
        fs::create_dir_all(repo.layout.blobs()).unwrap();
        let [blob, payload] = [&b"blob"[..], b"payload"].map(|bytes| git_file("f", bytes));
        fs::write(repo.layout.blob(blob.digest), "blob").unwrap();
        let shared = share(&repo.layout, &repo.layout.blob(payload.digest), b"payload");
        for (name, target) in [
            ("sub/one", format!("../../../blobs/{}", blob.digest)),
            ("two", format!("../../blobs/{}", payload.digest)),
            ("three", "../../blobs/nothing".to_owned()),
        ] {
            symlink(target, snapshot.join(name)).unwrap();
        }
        fs::write(snapshot.join("four"), "plain").unwrap();
        let refs = repo.layout.refs();
        fs::create_dir_all(refs.join("refs/pr")).unwrap();
        for (name, text) in [
            ("main", "c".repeat(40)),
            ("refs/pr/1", "c".repeat(40)),
            ("old", "d".repeat(40)),
            ("odd", "x".to_owned()),
        ] {
            fs::write(refs.join(name), text).unwrap();
        }
        fs::write(repo.layout.snapshots().join("odd"), "").unwrap();
        fs::write(root.join("models--odd--file"), "").unwrap();

        let found = snapshots(&root).unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].folder, snapshot);
        let contents = contents(&repo, &found[0]).unwrap();
        let revisions: Vec<_> = contents.revisions.iter().map(Revision::as_str).collect();
        assert_eq!(revisions, ["main", "refs/pr/1"]);
        assert_eq!(contents.dangling, 1);
        let mut kept: Vec<_> = contents
            .files
            .into_iter()
            .map(|file| file.kept_as)
            .collect();
        kept.sort();
        let mut want = vec![
            repo.layout.blob(blob.digest),
            fs::canonicalize(shared).unwrap(),
            snapshot.join("four"),
        ];
        want.sort();
        assert_eq!(kept, want);
    }
}
