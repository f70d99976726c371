//! A Hugging Face cache, filled by any client: with links, without, or with hf's shared store.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use crate::adopt::found::{Candidate, CommitOf, Part, RepoOf};
use crate::digest::Digest;
use crate::error::Cause;
use crate::fs::lstat;
use crate::hub::RemoteFile;
use crate::repo::{Commit, HubName, RepoId, RepoPath};
use crate::view::View;
use crate::view::huggingface::{HfCache, RepoCache};

/// Every repo of the cache.
pub(super) fn parts(root: &Path) -> Result<Vec<Part>, Cause> {
    let cache = HfCache::new(root.to_owned(), true);
    let repos = cache.repos()?;
    repos.into_iter().map(|repo| part(&cache, repo)).collect()
}

fn part(cache: &HfCache, repo: RepoId) -> Result<Part, Cause> {
    let inside = cache.repo(&repo);
    let mut files = Files::of(&repo, &inside)?;
    let refs = inside.refs()?;
    let mut commits = Vec::new();
    for commit in inside.commits()? {
        let (listing, present) = files.of_commit(&inside, &commit)?;
        if present.is_empty() {
            continue;
        }
        let leads_here = refs.iter().filter(|(_, at)| **at == commit);
        commits.push(CommitOf {
            revisions: leads_here.map(|(revision, _)| revision.clone()).collect(),
            commit,
            listing,
            present,
        });
    }
    Ok(Part {
        root: cache.root().to_owned(),
        title: repo.to_string(),
        repo: Some(RepoOf {
            hub: HubName::HuggingFace,
            repo,
            view: cache.id(),
        }),
        files: files.all,
        commits,
        closed: Vec::new(),
    })
}

/// The files of a repo's part of the cache.
struct Files {
    repo: String,
    all: Vec<Candidate>,
    by_digest: HashMap<Digest, usize>,
}

type Present = (Vec<RemoteFile>, BTreeMap<RepoPath, usize>);

impl Files {
    fn of(repo: &RepoId, inside: &RepoCache) -> Result<Self, Cause> {
        let mut files = Self {
            repo: repo.to_string(),
            all: Vec::new(),
            by_digest: HashMap::new(),
        };
        for blob in inside.blobs()? {
            let name = blob.digest.to_string();
            let at = files.add(blob.path, &name, Some(blob.digest), blob.is_shared)?;
            files.by_digest.extend(at.map(|at| (blob.digest, at)));
        }
        Ok(files)
    }

    fn add(
        &mut self,
        path: PathBuf,
        name: &str,
        promise: Option<Digest>,
        is_foreign: bool,
    ) -> Result<Option<usize>, Cause> {
        let Some(metadata) = lstat(&path)?.filter(std::fs::Metadata::is_file) else {
            return Ok(None);
        };
        let full = RepoPath::parse(&format!("{}/{name}", self.repo));
        let name = full.or_else(|_| RepoPath::parse(name));
        self.all.push(Candidate {
            path,
            name: name.map_err(|bad| Cause::Bug(bad.to_string()))?,
            promise,
            is_foreign,
            metadata,
        });
        Ok(Some(self.all.len() - 1))
    }

    /// What is known of a commit, and which of its files are here.
    fn of_commit(&mut self, inside: &RepoCache, commit: &Commit) -> Result<Present, Cause> {
        let tree = inside.read_tree(commit);
        let listed: HashMap<&RepoPath, &RemoteFile> = tree
            .iter()
            .flatten()
            .map(|file| (&file.path, file))
            .collect();
        let (mut left, mut present) = (Vec::new(), BTreeMap::new());
        for name in inside.names(commit)? {
            let row = listed.get(&name.path);
            let at = if let Some(digest) = name.blob {
                self.by_digest.get(&digest).copied()
            } else {
                // Where hf used no links: without a listing nobody says what it should be.
                let path = inside.snapshot_dir(commit).join(name.path.as_str());
                let promise = row.map(|row| row.digest);
                self.add(path, name.path.as_str(), promise, false)?
            };
            let (Some(at), Some(digest)) = (at, name.blob.or(row.map(|row| row.digest))) else {
                continue;
            };
            // A listing says more than a link; where they differ, the name shows another file.
            let is_wrong = |row: &&RemoteFile| row.digest != digest;
            if row.is_some_and(is_wrong) || (row.is_none() && tree.is_some()) {
                continue;
            }
            self.call(at, &name.path);
            present.insert(name.path.clone(), at);
            left.push(RemoteFile {
                path: name.path,
                len: self.all[at].metadata.len(),
                digest,
                git_oid: match digest {
                    Digest::Git(oid) => Some(oid),
                    Digest::Sha256(_) => None,
                },
                xet_hash: None,
                changed_by: None,
            });
        }
        Ok((tree.unwrap_or(left), present))
    }

    /// From its path in the repo a person knows the file better than from its digest.
    fn call(&mut self, at: usize, path: &RepoPath) {
        if let Ok(name) = RepoPath::parse(&format!("{}/{path}", self.repo)) {
            self.all[at].name = name;
        }
    }
}
