//! What the cache holds, whoever put it there. Looks, and never writes.
//!
//! Names are checked before they become paths; what no client of the hub could have made is passed over.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::layout::{link_leads, normal};
use super::{HfCache, RepoCache, shared};
use crate::digest::Digest;
use crate::error::Cause;
use crate::fs::{list, lstat};
use crate::repo::{Commit, RepoId, RepoKind, RepoPath, Revision};

/// A content in a repo's part of the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// What its name promises.
    pub digest: Digest,
    /// The file itself.
    pub path: PathBuf,
    /// Whether it lies in hf's shared store, which is hf's to write.
    pub is_shared: bool,
}

/// A name in a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The path in the repo.
    pub path: RepoPath,
    /// The blob that it is a link to; `None` where the file itself has the name.
    pub blob: Option<Digest>,
}

/// Whether a folder looks like a Hugging Face cache: some repo is in it.
///
/// # Errors
/// When it cannot be read.
pub fn is_cache(dir: &Path) -> Result<bool, Cause> {
    Ok(!HfCache::new(dir.to_owned(), true).repos()?.is_empty())
}

impl HfCache {
    /// The repos in the cache, sorted.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn repos(&self) -> Result<Vec<RepoId>, Cause> {
        let mut repos = Vec::new();
        for path in list(self.root())? {
            let name = path.file_name().and_then(|name| name.to_str());
            let is_repo = || {
                ["snapshots", "blobs"]
                    .iter()
                    .any(|dir| path.join(dir).is_dir())
            };
            if let Some(repo) = name.and_then(repo_of).filter(|_| is_repo()) {
                repos.push(repo);
            }
        }
        repos.sort();
        Ok(repos)
    }
}

impl RepoCache {
    /// Every blob whose name promises a content. Unfinished ones are called otherwise.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn blobs(&self) -> Result<Vec<Blob>, Cause> {
        let mut blobs = Vec::new();
        for path in list(&self.layout.blobs())? {
            let name = path.file_name().and_then(|name| name.to_str());
            let Some(digest) = name.and_then(Digest::from_digits) else {
                continue;
            };
            let Some(there) = lstat(&path)? else { continue };
            if there.is_file() {
                blobs.push(Blob {
                    digest,
                    path,
                    is_shared: false,
                });
            } else if let Some(payload) = shared::payload(&self.layout, &path) {
                blobs.push(Blob {
                    digest,
                    path: payload,
                    is_shared: true,
                });
            }
        }
        Ok(blobs)
    }

    /// The commits that have a snapshot, sorted.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn commits(&self) -> Result<Vec<Commit>, Cause> {
        let mut commits = Vec::new();
        for path in list(&self.layout.snapshots())? {
            let name = path.file_name().and_then(|name| name.to_str());
            let commit = name.and_then(|name| Commit::parse(name).ok());
            if lstat(&path)?.is_some_and(|there| there.is_dir()) {
                commits.extend(commit);
            }
        }
        commits.sort();
        Ok(commits)
    }

    /// The names in the snapshot of `commit` behind which there is a file, sorted.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn names(&self, commit: &Commit) -> Result<Vec<Name>, Cause> {
        let snapshot = self.layout.snapshot(commit);
        let blobs = normal(&self.layout.blobs());
        let mut names = Vec::new();
        for path in files_below(&snapshot)? {
            let below = path.strip_prefix(&snapshot).ok().and_then(Path::to_str);
            let Some(name) = below.and_then(|below| RepoPath::parse(below).ok()) else {
                continue;
            };
            let Ok(target) = fs::read_link(&path) else {
                names.push(Name {
                    path: name,
                    blob: None,
                });
                continue;
            };
            let target = link_leads(&path, &target);
            let digest = target.file_name().and_then(|name| name.to_str());
            let digest = digest.and_then(Digest::from_digits);
            if target.parent() == Some(&blobs) && digest.is_some() && path.exists() {
                names.push(Name {
                    path: name,
                    blob: digest,
                });
            }
        }
        names.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(names)
    }

    /// Every ref that leads to a commit.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn refs(&self) -> Result<BTreeMap<Revision, Commit>, Cause> {
        let top = self.layout.refs();
        let mut refs = BTreeMap::new();
        for path in files_below(&top)? {
            let below = path.strip_prefix(&top).ok().and_then(Path::to_str);
            let revision = below.and_then(|below| Revision::parse(below).ok());
            if let Some(revision) = revision
                && let Some(commit) = self.read_ref(&revision)?
            {
                refs.insert(revision, commit);
            }
        }
        Ok(refs)
    }
}

/// The repo whose folder is called so.
fn repo_of(name: &str) -> Option<RepoId> {
    let (kind, id) = name.split_once("--")?;
    let kind = [RepoKind::Model, RepoKind::Dataset]
        .into_iter()
        .find(|known| known.plural() == kind)?;
    RepoId::parse(kind, &id.replacen("--", "/", 1)).ok()
}

/// Everything below `dir` that is no folder.
fn files_below(dir: &Path) -> Result<Vec<PathBuf>, Cause> {
    let (mut folders, mut files) = (vec![dir.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for path in list(&folder)? {
            match lstat(&path)? {
                Some(there) if there.is_dir() => folders.push(path),
                Some(_) => files.push(path),
                None => {}
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::super::testing::{commit, git_file, repo};
    use super::*;

    #[test]
    fn folders_are_repos_when_the_hub_could_call_them_so() {
        for (name, id) in [
            ("models--gpt2", "gpt2"),
            ("models--org--na-me", "org/na-me"),
            ("datasets--org--x", "datasets/org/x"),
        ] {
            assert_eq!(repo_of(name).unwrap().to_string(), id);
        }
        for name in [
            "models",
            "spaces--a--b",
            "models--a--b--c",
            "models--..--x",
            ".locks",
        ] {
            assert_eq!(repo_of(name), None, "{name}");
        }
    }

    #[test]
    fn only_what_leads_to_a_content_is_a_name() {
        let (dir, repo) = repo(true);
        let file = git_file("d/f", b"content");
        let snapshot = repo.layout.snapshot(&commit('c'));
        fs::create_dir_all(snapshot.join("d")).unwrap();
        fs::create_dir_all(repo.layout.blobs()).unwrap();
        fs::write(repo.layout.blob(file.digest), "content").unwrap();
        fs::write(repo.layout.blobs().join("x.incomplete"), "half").unwrap();
        fs::write(dir.path().join("elsewhere"), "x").unwrap();
        let digest = file.digest;
        symlink(format!("../../../blobs/{digest}"), snapshot.join("d/f")).unwrap();
        symlink(repo.layout.blob(digest), snapshot.join("absolute")).unwrap();
        symlink("../../blobs/nothing", snapshot.join("dangling")).unwrap();
        symlink(dir.path().join("elsewhere"), snapshot.join("out")).unwrap();
        fs::write(snapshot.join("plain"), "x").unwrap();
        let names = repo.names(&commit('c')).unwrap();
        let names: Vec<_> = names
            .iter()
            .map(|name| (name.path.as_str(), name.blob))
            .collect();
        let expected = [
            ("absolute", Some(digest)),
            ("d/f", Some(digest)),
            ("plain", None),
        ];
        assert_eq!(names, expected);
        assert_eq!(repo.blobs().unwrap().len(), 1);
        assert_eq!(repo.commits().unwrap(), [commit('c')]);
    }
}
