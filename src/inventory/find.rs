//! Which records of a store a reference means.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::error::{Cause, NotStored};
use crate::reference::Reference;
use crate::repo::{Commit, RepoId, Revision};
use crate::select::nearest::nearest;
use crate::store::Store;
use crate::store::census::Census;
use crate::view::View;

/// The records of the repo that `reference` names, as indices of the census: all of them, or the one
/// of its revision. Never none.
///
/// # Errors
/// When the store has no such repo or revision.
pub fn records(store: &Store, census: &Census, reference: &Reference) -> Result<Vec<usize>, Cause> {
    let all = of_repo(census, reference);
    if all.is_empty() {
        return Err(Cause::NotStored(NotStored {
            what: reference.repo.to_string(),
            nearest: names_like(
                &reference.repo,
                census.commits.iter().map(|known| &known.repo),
            ),
            elsewhere: None,
        }));
    }
    let Some(revision) = &reference.revision else {
        return Ok(all);
    };
    match at(store, census, reference, &all, revision)? {
        Some(record) => Ok(vec![record]),
        None => Err(Cause::NotStored(NotStored {
            what: format!("revision `{revision}` of {}", reference.repo),
            nearest: revisions_of(census, &all),
            elsewhere: None,
        })),
    }
}

/// The one record that `reference` means: that of its revision, else of the hub's usual branch, else
/// the one that was used last.
///
/// # Errors
/// When the store has no such repo or revision.
pub fn current(store: &Store, census: &Census, reference: &Reference) -> Result<usize, Cause> {
    let records = records(store, census, reference)?;
    let usual = reference.hub.default_revision();
    let usual = match reference.revision {
        None => at(store, census, reference, &records, &usual)?,
        Some(_) => None,
    };
    let last_used = || {
        let records = records.iter().copied();
        records.max_by_key(|record| census.commits[*record].last_used)
    };
    let found = usual.or_else(last_used);
    found.ok_or_else(|| Cause::Bug("a repo without records was found".to_owned()))
}

/// The view in which another client left the repo.
pub fn seen_in(views: &[Arc<dyn View>], reference: &Reference) -> Option<PathBuf> {
    let has_it = |view: &&Arc<dyn View>| {
        let snapshots = view.snapshots().unwrap_or_default();
        let mut snapshots = snapshots.iter();
        snapshots.any(|there| there.hub == reference.hub && there.repo == reference.repo)
    };
    views.iter().find(has_it).map(|view| view.root().to_owned())
}

fn of_repo(census: &Census, reference: &Reference) -> Vec<usize> {
    let commits = census.commits.iter().enumerate();
    commits
        .filter(|(_, known)| known.manifest.hub == reference.hub && known.repo == reference.repo)
        .map(|(record, _)| record)
        .collect()
}

/// The record of what `revision` was when it was last asked.
fn at(
    store: &Store,
    census: &Census,
    reference: &Reference,
    records: &[usize],
    revision: &Revision,
) -> Result<Option<usize>, Cause> {
    let known = store.reference(reference.hub, &reference.repo, revision)?;
    let of = |is_it: &dyn Fn(&Commit) -> bool| {
        let mut found = records.iter().copied();
        found.find(|record| is_it(&census.commits[*record].manifest.commit))
    };
    if let Some(commit) = known {
        return Ok(of(&|other| *other == commit));
    }
    let mut meant = records.iter().filter(|record| {
        census.commits[**record]
            .manifest
            .commit
            .is_meant_by(revision)
    });
    Ok(match (meant.next(), meant.next()) {
        (Some(only), None) => Some(*only),
        _none_or_many => None,
    })
}

/// The names of known repos that are most like that of a repo that is not.
pub(crate) fn names_like<'a>(
    repo: &RepoId,
    known: impl IntoIterator<Item = &'a RepoId>,
) -> Vec<String> {
    let known: BTreeSet<String> = known.into_iter().map(ToString::to_string).collect();
    nearest(&repo.to_string(), known.iter().map(String::as_str))
}

fn revisions_of(census: &Census, records: &[usize]) -> Vec<String> {
    let manifests = records
        .iter()
        .map(|record| &census.commits[*record].manifest);
    let mut names: BTreeSet<String> = BTreeSet::new();
    for manifest in manifests {
        names.extend(manifest.revisions.iter().map(ToString::to_string));
        if manifest.revisions.is_empty() {
            names.insert(manifest.commit.short().to_owned());
        }
    }
    names.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::{HubName, RepoKind};
    use crate::store::snapshot::Manifest;

    fn store() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        drop(store.prepare().unwrap());
        for (id, commit, revision) in [
            ("org/name", 'c', Some("main")),
            ("org/name", 'd', Some("v2")),
            ("org/name", 'e', None),
            ("org/other", 'f', Some("v1")),
        ] {
            let repo = RepoId::parse(RepoKind::Model, id).unwrap();
            let commit = Commit::parse(&commit.to_string().repeat(40)).unwrap();
            let hub = HubName::HuggingFace;
            let mut manifest = Manifest::new(hub, &repo, commit.clone(), Vec::new());
            if let Some(revision) = revision.map(|name| Revision::parse(name).unwrap()) {
                store.set_reference(hub, &repo, &revision, &commit).unwrap();
                manifest.revisions.insert(revision);
            }
            store.record(&repo, &manifest).unwrap();
        }
        (dir, store)
    }

    fn commits(found: Result<Vec<usize>, Cause>, census: &Census) -> String {
        let first = |record: usize| census.commits[record].manifest.commit.as_str()[..1].to_owned();
        match found {
            Ok(found) => found.into_iter().map(first).collect(),
            Err(cause) => format!("{cause}: {}", cause.hint().unwrap_or_default()),
        }
    }

    #[test]
    fn a_reference_means_all_commits_or_one() {
        let (_dir, store) = store();
        let census = store.census().unwrap();
        let endpoint = "https://hub.invalid".parse().unwrap();
        let parse = |text: &str| Reference::parse(text, &endpoint).unwrap();
        let all = |text: &str| commits(records(&store, &census, &parse(text)), &census);
        let one = |text: &str| {
            let found = current(&store, &census, &parse(text));
            commits(found.map(|record| vec![record]), &census)
        };
        assert_eq!(all("org/name"), "cde");
        assert_eq!(all("org/name@v2"), "d");
        assert_eq!(all("org/name@eeeeeee"), "e");
        assert_eq!(all(&format!("org/name@{}", "e".repeat(40))), "e");
        assert_eq!(one("org/name"), "c");
        assert_eq!(one("org/other"), "f");
        assert_eq!(one("org/name@v2"), "d");
        assert!(
            all("org/nme").contains("did you mean org/name"),
            "{}",
            all("org/nme")
        );
        for text in ["org/name@v3", "org/name@eeeee"] {
            let said = all(text);
            assert!(said.contains("is not in the store"), "{said}");
            assert!(said.contains("main, v2"), "{said}");
        }
    }
}
