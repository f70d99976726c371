//! Which records a verification is about.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::error::{Cause, NotStored};
use crate::reference::{Entry, Reference};
use crate::repo::{Commit, RepoPath};
use crate::select::{Selection, nearest};
use crate::store::Store;
use crate::store::census::{Census, Recorded};

/// What is to be verified.
#[derive(Debug)]
pub struct Chosen {
    /// The records.
    pub census: Census,
    /// For each of its commits, which of its files; `None` stands for all that were pulled.
    pub paths: Vec<Option<HashSet<RepoPath>>>,
    /// Whether it is all that the store holds, contents without a record included.
    pub is_all: bool,
}

/// What the references name in the store; everything where there are none.
///
/// # Errors
/// When the store cannot be read, or has nothing that a reference names.
pub fn choose(store: &Store, references: &[Reference]) -> Result<Chosen, Cause> {
    let census = store.census()?;
    if references.is_empty() {
        return Ok(Chosen {
            paths: census.commits.iter().map(|_| None).collect(),
            census,
            is_all: true,
        });
    }
    let mut wanted: Vec<Option<Option<HashSet<RepoPath>>>> =
        census.commits.iter().map(|_| None).collect();
    let (mut damaged, mut newer) = (BTreeSet::new(), BTreeMap::new());
    for reference in references {
        let commit = named_commit(store, reference)?;
        let records = store.layout().manifests(reference.hub, &reference.repo);
        let is_of_it = |path: &Path| {
            let is_it = |commit: &Commit| path.file_stem() == Some(OsStr::new(commit.as_str()));
            path.parent() == Some(&records) && commit.as_ref().is_none_or(is_it)
        };
        let torn = census.damaged.iter().filter(|path| is_of_it(path));
        let torn: Vec<PathBuf> = torn.cloned().collect();
        let mut is_known = !torn.is_empty();
        damaged.extend(torn);
        newer.extend(
            census
                .newer
                .iter()
                .filter(|(path, _)| is_of_it(path))
                .cloned(),
        );
        for (recorded, wanted) in census.commits.iter().zip(&mut wanted) {
            if !is_meant(recorded, reference, commit.as_ref()) {
                continue;
            }
            is_known = true;
            *wanted = match (wanted.take(), paths(recorded, reference)?) {
                (Some(None), _) | (_, None) => Some(None),
                (None, Some(paths)) => Some(Some(paths)),
                (Some(Some(mut before)), Some(paths)) => {
                    before.extend(paths);
                    Some(Some(before))
                }
            };
        }
        if !is_known {
            let known: BTreeSet<_> = census
                .commits
                .iter()
                .map(|one| one.repo.to_string())
                .collect();
            let known = known.iter().map(String::as_str);
            return Err(Cause::NotStored(NotStored {
                what: reference.to_string(),
                nearest: nearest(&reference.repo.to_string(), known),
                elsewhere: None,
            }));
        }
    }
    let (mut kept, mut paths) = (Vec::new(), Vec::new());
    for (recorded, wanted) in census.commits.into_iter().zip(wanted) {
        if let Some(wanted) = wanted {
            kept.push(recorded);
            paths.push(wanted);
        }
    }
    Ok(Chosen {
        census: Census {
            commits: kept,
            damaged: damaged.into_iter().collect(),
            newer: newer.into_iter().collect(),
        },
        paths,
        is_all: false,
    })
}

/// The commit that the reference's revision is, as far as the store knows.
fn named_commit(store: &Store, reference: &Reference) -> Result<Option<Commit>, Cause> {
    let Some(revision) = &reference.revision else {
        return Ok(None);
    };
    match revision.as_commit() {
        Some(commit) => Ok(Some(commit)),
        None => store.reference(reference.hub, &reference.repo, revision),
    }
}

/// Without a revision every commit of the repo is meant.
fn is_meant(recorded: &Recorded, reference: &Reference, commit: Option<&Commit>) -> bool {
    let manifest = &recorded.manifest;
    if (manifest.hub, &recorded.repo) != (reference.hub, &reference.repo) {
        return false;
    }
    match (&reference.revision, commit) {
        (None, _) => true,
        (Some(_), Some(commit)) => manifest.commit == *commit,
        (Some(revision), None) => manifest.revisions.contains(revision),
    }
}

fn paths(recorded: &Recorded, reference: &Reference) -> Result<Option<HashSet<RepoPath>>, Cause> {
    let selection = Selection {
        names: reference.path.iter().map(Entry::to_name).collect(),
        quant: reference.quant.clone(),
        ..Selection::default()
    };
    if selection == Selection::default() {
        return Ok(None);
    }
    let files = selection.apply(&recorded.manifest.listing())?;
    Ok(Some(files.into_iter().map(|file| file.path).collect()))
}
