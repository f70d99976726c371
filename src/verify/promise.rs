//! A file that is to be hashed, with what each of its names promises.

use std::path::PathBuf;
use std::sync::Arc;

use crate::digest::Digest;
use crate::error::Cause;
use crate::fs::{Stamp, lstat};
use crate::hashing::{Job, Sums};
use crate::repo::RepoPath;
use crate::verify::{FileOf, Finding, Place, Problem};

/// A file to hash.
pub(super) struct File {
    pub(super) name: RepoPath,
    pub(super) len: u64,
    pub(super) promises: Vec<Promise>,
}

/// A name of a file, and what it promises.
pub(super) struct Promise {
    pub(super) digest: Digest,
    pub(super) path: PathBuf,
    pub(super) place: Place,
    pub(super) file: Option<Arc<FileOf>>,
}

impl Promise {
    pub(super) fn finding(&self, problem: Problem, stamp: Option<Stamp>) -> Finding {
        Finding {
            problem,
            place: self.place.clone(),
            path: self.path.clone(),
            file: self.file.clone(),
            stamp,
        }
    }
}

impl File {
    pub(super) fn to_job(&self) -> Job {
        let is_git = |promise: &&Promise| matches!(promise.digest, Digest::Git(_));
        Job {
            path: self.promises[0].path.clone(),
            name: self.name.clone(),
            len: self.len,
            want: self.promises.iter().find(is_git).map(|git| git.digest),
        }
    }

    /// Which of its names promise something else.
    pub(super) fn wrong(&self, sums: &Sums) -> Vec<Finding> {
        let broken = self.promises.iter().filter(|name| !sums.is(name.digest));
        broken
            .map(|promise| {
                let (want, got) = (promise.digest, sums.in_terms_of(promise.digest));
                promise.finding(Problem::Content { want, got }, Some(sums.stamp))
            })
            .collect()
    }

    /// What it means that it could not be hashed. What went away meanwhile was removed by somebody.
    pub(super) fn unreadable(&self, cause: &Cause) -> Result<Vec<Finding>, Cause> {
        let mut findings = Vec::new();
        for promise in &self.promises {
            let problem = match lstat(&promise.path)? {
                Some(_) => Problem::Unreadable(cause.to_string()),
                None if promise.file.is_some() => Problem::Missing,
                None => continue,
            };
            findings.push(promise.finding(problem, None));
        }
        Ok(findings)
    }
}

/// What a file is called in the story: its path in the repo, or its digest.
pub(super) fn shown(promise: &Promise) -> Result<RepoPath, Cause> {
    let text = match &promise.file {
        Some(file) => format!("{}/{}", file.repo, file.path),
        None => promise.digest.to_string(),
    };
    match (RepoPath::parse(&text), &promise.file) {
        (Ok(name), _) => Ok(name),
        // Too long together.
        (Err(_), Some(file)) => Ok(file.path.clone()),
        (Err(bad), None) => Err(Cause::Bug(format!("{text} is no name: {bad}"))),
    }
}
