//! Putting right what a verification found wrong: first from good copies on this disk, then by an
//! ordinary pull of exactly the wrong files at their commit.
//!
//! What is wrong in the store is taken out of service first, and the records forget that it was ever
//! proven, so that the pull believes none of it. Names that nobody knows are never removed, and what
//! somebody removed from a view is not put back.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use crate::blocking::blocking;
use crate::digest::{BlobId, Digest, Hashed};
use crate::error::{Cause, Error};
use crate::fs::{self, OnPath, Stamp};
use crate::hashing::Around;
use crate::pull::{self, Outcome, Request};
use crate::reference::Reference;
use crate::repo::{Commit, HubName, RepoId, Revision};
use crate::report::Event;
use crate::select::Selection;
use crate::session::Session;
use crate::store::Store;
use crate::store::census::Recorded;
use crate::store::lock::{Lock, wait_for};
use crate::store::snapshot::{FileRecord, Manifest, Stamps};
use crate::verify::place::{Only, Part, Shown, shown_in};
use crate::verify::{Copy, Finding, Place, Problem, Report};
use crate::view::{ViewId, ViewKind};

/// What a repair did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repaired {
    /// Names in the store that were taken out of service, or put right from a copy.
    pub expelled: u64,
    /// Contents that the store has again from a copy in a view.
    pub copied: u64,
    /// Names in views that are right again.
    pub published: u64,
    /// Bytes that were fetched for it.
    pub fetched_bytes: u64,
    /// Files that are no longer recorded as being here, since no view shows them.
    pub forgotten: u64,
}

impl Repaired {
    /// Counts what was done in another store, too.
    pub fn add(&mut self, other: &Self) {
        self.expelled += other.expelled;
        self.copied += other.copied;
        self.published += other.published;
        self.fetched_bytes += other.fetched_bytes;
        self.forgotten += other.forgotten;
    }
}

/// Which files of which commit one pull puts right, in which view.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Pull {
    hub: HubName,
    repo: RepoId,
    commit: Commit,
    shown: Shown,
}

/// Whether a repair can do anything about it.
pub fn is_repairable(finding: &Finding) -> bool {
    matches!(
        finding.problem,
        Problem::Missing | Problem::Dangling | Problem::Length { .. } | Problem::Content { .. }
    )
}

/// Repairs what can be. `open` makes the session for a hub and a view; each pulls by itself, so that
/// what was put right stays so when a later one fails.
///
/// # Errors
/// What a pull fails with, or when the store cannot be written.
pub async fn repair(
    store: &Store,
    report: &Report,
    around: &Around,
    mut open: impl FnMut(HubName, &ViewId) -> Result<Session, Error>,
) -> Result<Repaired, Error> {
    let wrong: Vec<Finding> = report
        .findings
        .iter()
        .filter(|finding| is_repairable(finding))
        .cloned()
        .collect();
    let parts = parts(&wrong);
    let (at, copies) = (store.clone(), report.copies.clone());
    let failed = |cause: Cause| cause.on_path("repair", store.root());
    let writing = around.leave_to_write(store).await.map_err(failed)?;
    let in_store = blocking(move || in_store(&at, &wrong, &copies)).await;
    let (mut repaired, untrue) = in_store.map_err(failed)?;
    repaired.forgotten = forget(store, untrue, around).await.map_err(failed)?;
    drop(writing);
    for (part, names) in parts {
        let session = only(open(part.hub, &part.shown.view)?, &part.shown);
        let asked = names.len() as u64;
        repaired.fetched_bytes += pull_part(&session, &part, names, around).await?;
        repaired.published += asked;
    }
    Ok(repaired)
}

/// The pulls that are needed for the wrong names in views.
fn parts(wrong: &[Finding]) -> BTreeMap<Pull, BTreeSet<String>> {
    let mut parts: BTreeMap<Pull, BTreeSet<String>> = BTreeMap::new();
    for finding in wrong {
        if let (Place::View(shown), Some(file)) = (&finding.place, &finding.file) {
            let part = Pull {
                hub: file.hub,
                repo: file.repo.clone(),
                commit: file.commit.clone(),
                shown: shown.clone(),
            };
            // The path as a name: an exact path is never read as a pattern.
            let names = parts.entry(part).or_default();
            names.insert(file.path.as_str().to_owned());
        }
    }
    parts
}

/// What records say that is no longer so.
struct Untrue {
    /// The looks of files that were proven.
    stamps: HashSet<Stamp>,
    /// Contents that neither the store has nor a view is to get back.
    lost: HashSet<BlobId>,
}

/// Puts right the contents, which needs no network; what the records are to forget comes of it.
fn in_store(
    store: &Store,
    wrong: &[Finding],
    copies: &[Copy],
) -> Result<(Repaired, Untrue), Cause> {
    let mut repaired = Repaired::default();
    let mut stamps: HashSet<Stamp> = HashSet::new();
    for finding in wrong {
        stamps.extend(finding.stamp);
        // Another process may have put the right one there since.
        let is_same = |stamp: Stamp| fs::stamp(&finding.path).is_ok_and(|now| now == stamp);
        if let Place::Store(digest) = finding.place
            && finding.stamp.is_some_and(is_same)
        {
            let blob = finding.file.as_ref().map(|file| file.blob);
            store.expel(digest, blob.or(digest.sha256()))?;
            repaired.expelled += 1;
        }
    }
    for copy in copies {
        if take_in(store, copy)? {
            repaired.copied += 1;
        }
    }
    let shown: HashSet<BlobId> = wrong
        .iter()
        .filter(|finding| matches!(finding.place, Place::View(_)))
        .filter_map(|finding| Some(finding.file.as_ref()?.blob))
        .collect();
    let lost = wrong
        .iter()
        .filter(|finding| matches!(finding.place, Place::Store(_)))
        .filter_map(|finding| finding.file.as_deref())
        .filter(|file| {
            let path = store.find(Digest::Sha256(file.blob), file.len);
            !matches!(path, Ok(Some(_)))
        })
        .map(|file| file.blob)
        .filter(|blob| !shown.contains(blob))
        .collect();
    Ok((repaired, Untrue { stamps, lost }))
}

/// Gives the store a content from a good copy, if that is what was hashed before and after.
fn take_in(store: &Store, copy: &Copy) -> Result<bool, Cause> {
    let is_as_hashed = || match fs::lstat(&copy.path)? {
        Some(_) => fs::stamp(&copy.path).map(|now| now == copy.sums.stamp),
        None => Ok(false),
    };
    if !is_as_hashed()? {
        return Ok(false);
    }
    let want = copy.file.digest;
    let hashed = Hashed {
        blob: copy.sums.blob,
        got: copy.sums.in_terms_of(want),
        want,
    };
    let path = std::fs::canonicalize(&copy.path);
    let path = path.unwrap_or_else(|_| copy.path.clone());
    if may_share(copy)? {
        store.adopt(&path, hashed)?;
    } else {
        store.adopt_copy(&path, hashed)?;
    }
    if is_as_hashed()? {
        return Ok(true);
    }
    // What was hashed is not what was taken in.
    store.expel(want, Some(copy.sums.blob))?;
    Ok(false)
}

/// Whether the store may have the file itself. How it came into a folder is not recorded: one that
/// its owner can write to is theirs.
fn may_share(copy: &Copy) -> Result<bool, Cause> {
    let Shown { view, revision } = &copy.shown;
    let part = view.open().at(&copy.file.repo, revision);
    let there = std::fs::metadata(&copy.path).on_path("look at", &copy.path)?;
    let is_theirs = view.kind == ViewKind::Folder && !there.permissions().readonly();
    Ok(part.may_share(&copy.path) && !is_theirs)
}

/// Takes out of the records what is untrue. Returns how many files are no longer recorded as being
/// here.
async fn forget(store: &Store, untrue: Untrue, around: &Around) -> Result<u64, Cause> {
    let (at, untrue) = (store.clone(), Arc::new(untrue));
    let untrue_of = Arc::clone(&untrue);
    let wrong = blocking(move || {
        let mut wrong = Vec::new();
        for recorded in at.census()?.commits {
            if untrue_of.corrected(&at, &recorded)?.is_some() {
                wrong.push(recorded);
            }
        }
        Ok(wrong)
    });
    let mut forgotten = 0;
    for recorded in wrong.await? {
        let lock = lock_repo(store, recorded.manifest.hub, &recorded.repo, around).await?;
        let (at, untrue) = (store.clone(), Arc::clone(&untrue));
        forgotten += blocking(move || forget_in(&at, recorded, &untrue)).await?;
        drop(lock);
    }
    Ok(forgotten)
}

/// Takes out of one record what is untrue; a pull may have written it since it was read.
fn forget_in(store: &Store, recorded: Recorded, untrue: &Untrue) -> Result<u64, Cause> {
    let Manifest { hub, commit, .. } = &recorded.manifest;
    let Some(manifest) = store.manifest(*hub, &recorded.repo, commit)? else {
        return Ok(0);
    };
    let recorded = Recorded {
        manifest,
        ..recorded
    };
    let Some((manifest, forgotten)) = untrue.corrected(store, &recorded)? else {
        return Ok(0);
    };
    store.record(&recorded.repo, &manifest)?;
    Ok(forgotten)
}

impl Untrue {
    /// The record as it should be, and how many files that forgets; `None` where it is right.
    fn corrected(
        &self,
        store: &Store,
        recorded: &Recorded,
    ) -> Result<Option<(Manifest, u64)>, Cause> {
        let is_hidden = !is_shown(store, recorded)?;
        let (mut is_changed, mut forgotten) = (false, 0);
        let mut manifest = recorded.manifest.clone();
        for file in &mut manifest.files {
            is_changed |= file.stamps.forget(|stamp| self.stamps.contains(&stamp));
            let is_lost = file.blob.is_some_and(|blob| self.lost.contains(&blob));
            if is_lost && is_hidden {
                (file.blob, file.stamps) = (None, Stamps::default());
                forgotten += 1;
                is_changed = true;
            }
        }
        Ok(is_changed.then_some((manifest, forgotten)))
    }
}

/// Whoever publishes the repo, or writes its records, waits for whoever does.
async fn lock_repo(
    store: &Store,
    hub: HubName,
    repo: &RepoId,
    around: &Around,
) -> Result<Lock, Cause> {
    let path = store.layout().repo_lock(hub, repo);
    wait_for(
        || Lock::try_exclusive(&path),
        "the repo in the store",
        around.lock_timeout,
        &around.stop,
        || around.sink.emit(Event::Waiting { path: None }),
    )
    .await
}

/// Whether a folder is there in which a pulled file of the commit is to be seen.
fn is_shown(store: &Store, recorded: &Recorded) -> Result<bool, Cause> {
    let Recorded { manifest, .. } = recorded;
    let pulled = || manifest.files.iter().filter(|file| file.blob.is_some());
    for id in &manifest.views {
        let mut parts = shown_in(store, recorded, id)?.into_iter();
        let is_it = |part: &Part| {
            let told = |file: &FileRecord| part.is_noted(&manifest.commit, &file.remote);
            pulled().any(|file| told(file) != Some(false))
        };
        if parts.any(|(folder, part)| folder.exists() && is_it(&part)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The session with one part of its view.
fn only(session: Session, shown: &Shown) -> Session {
    let view = Only {
        inner: session.view,
        revision: shown.revision.clone(),
    };
    Session {
        view: Arc::new(view),
        ..session
    }
}

/// Pulls the files and returns how many bytes came. A commit that nobody had asked for by its id is
/// not pinned by this.
async fn pull_part(
    session: &Session,
    part: &Pull,
    names: BTreeSet<String>,
    around: &Around,
) -> Result<u64, Error> {
    let failed = |cause: Cause| cause.on_repo("repair", &part.repo);
    let before = session.store.manifest(part.hub, &part.repo, &part.commit);
    let was_pinned = before.map_err(failed)?.is_some_and(|known| known.is_pinned);
    let revision = Revision::parse(part.commit.as_str());
    let revision = revision.map_err(|bad| failed(Cause::Bug(bad.to_string())))?;
    let request = Request {
        reference: Reference {
            hub: part.hub,
            repo: part.repo.clone(),
            revision: Some(revision),
            quant: None,
            path: None,
        },
        selection: Selection {
            names: names.into_iter().collect(),
            ..Selection::default()
        },
        is_forced: false,
        is_dry_run: false,
    };
    let outcome = pull::pull(session, &request).await?;
    if !was_pinned {
        let lock = lock_repo(&session.store, part.hub, &part.repo, around).await;
        let lock = lock.map_err(failed)?;
        unpin(&session.store, part).map_err(failed)?;
        drop(lock);
    }
    Ok(match outcome {
        Outcome::Pulled(summary) => summary.fetched_bytes,
        Outcome::Planned(_) => 0,
    })
}

fn unpin(store: &Store, part: &Pull) -> Result<(), Cause> {
    if let Some(mut manifest) = store.manifest(part.hub, &part.repo, &part.commit)?
        && manifest.is_pinned
    {
        manifest.is_pinned = false;
        store.record(&part.repo, &manifest)?;
    }
    Ok(())
}
