//! Reference × hub → the commit and its files. Asks the hub as little as it can: a commit needs no
//! resolving, and what a commit contains never changes, so a listing that was seen once is reused.

use std::iter;
use std::sync::Arc;

use crate::blocking::blocking;
use crate::error::Cause;
use crate::fs::Stamp;
use crate::hub::Listing;
use crate::reference::Reference;
use crate::repo::{Commit, HubName, RepoId, Revision};
use crate::report::Event;
use crate::session::Session;
use crate::store::snapshot::Manifest;
use crate::view::RepoView;

mod standin;

/// One commit of a repo, pinned, with all its files.
#[derive(Clone, Debug)]
pub struct Target {
    /// The hub.
    pub hub: HubName,
    /// The repo as asked.
    pub repo: RepoId,
    /// The revision as asked, unless it was the commit itself.
    pub revision: Option<Revision>,
    /// The commit.
    pub commit: Commit,
    /// The hub's own id of the repo, where it differs and was told.
    pub canonical: Option<String>,
    /// Every file of the commit.
    pub listing: Listing,
    /// What an earlier pull recorded of it.
    pub manifest: Option<Manifest>,
    /// What the file of that record looked like before it was read.
    pub manifest_stamp: Option<Stamp>,
    /// The hub was asked and did not answer: what is known comes from elsewhere.
    pub is_hub_away: bool,
    /// The hub itself never listed the files: somebody else did, and may have left some out.
    pub is_unchecked: bool,
}

/// A commit, and who said that it is the one.
struct Pinned {
    commit: Commit,
    canonical: Option<String>,
    /// Why the hub could not say it, where it could not.
    away: Option<Cause>,
}

impl From<Commit> for Pinned {
    fn from(commit: Commit) -> Self {
        Self {
            commit,
            canonical: None,
            away: None,
        }
    }
}

/// Pins the commit and lists its files.
///
/// # Errors
/// What the hub answers, unless a fallback can stand in for it; [`Cause::Offline`] when no request may be
/// sent and one is needed.
pub async fn resolve(
    session: &Session,
    view: &Arc<dyn RepoView>,
    reference: &Reference,
) -> Result<Target, Cause> {
    let (hub, repo) = (reference.hub, reference.repo.clone());
    let revision = reference.revision_or_default();
    let mut pinned = pin(session, view, hub, &repo, &revision).await?;
    let commit = pinned.commit.clone();
    session.sink.emit(Event::Resolved {
        repo: repo.clone(),
        commit: commit.clone(),
    });

    let (store, local) = (session.store.clone(), Arc::clone(view));
    let also = also(session, &repo, &revision);
    let (asked, at, is_offline) = (repo.clone(), commit.clone(), session.is_offline);
    let (manifest_stamp, manifest, known) = blocking(move || {
        let stamp = store.manifest_stamp(hub, &asked, &at)?;
        let manifest = store.manifest(hub, &asked, &at)?;
        // What another client noted has no checksum: good enough only where nobody can be asked.
        let known = match &manifest {
            Some(manifest) if is_offline || manifest.is_settled() => Some(manifest.listing()),
            None if is_offline => iter::once(&local)
                .chain(&also)
                .find_map(|view| view.read_tree(&at)),
            _ => None,
        };
        Ok((stamp, manifest, known))
    })
    .await?;
    let is_partial = |manifest: &Manifest| manifest.is_partial_listing;
    if session.is_offline && manifest.as_ref().is_some_and(is_partial) {
        session.sink.emit(Event::Notice(
            "the hub was never asked for the files of this commit: there may be more of them"
                .to_owned(),
        ));
    }
    let (listing, is_unchecked) = match (known, &manifest) {
        (Some(listing), Some(manifest)) => (listing, manifest.is_partial_listing),
        (Some(listing), None) => (listing, true),
        (None, _) if session.is_offline => {
            return Err(Cause::Offline {
                what: format!("the file list of commit {commit}"),
            });
        }
        (None, manifest) => {
            let also = self::also(session, &repo, &revision);
            let views = iter::once(view).chain(&also);
            list(session, views, &repo, &mut pinned, manifest.as_ref()).await?
        }
    };
    let revision = revision.as_commit().is_none().then_some(revision);
    Ok(Target {
        hub,
        repo,
        revision,
        commit,
        canonical: pinned.canonical,
        listing,
        manifest,
        manifest_stamp,
        is_hub_away: pinned.away.is_some(),
        is_unchecked,
    })
}

/// The repo in the other places where contents may be.
pub fn also(session: &Session, repo: &RepoId, revision: &Revision) -> Vec<Arc<dyn RepoView>> {
    let views = session.also.iter();
    views.map(|view| view.at(repo, revision)).collect()
}

async fn pin(
    session: &Session,
    view: &Arc<dyn RepoView>,
    hub: HubName,
    repo: &RepoId,
    revision: &Revision,
) -> Result<Pinned, Cause> {
    if let Some(commit) = revision.as_commit() {
        return Ok(commit.into());
    }
    if !session.is_offline {
        return match session.hub.resolve(repo, revision).await {
            Ok(resolved) => Ok(Pinned {
                commit: resolved.commit,
                canonical: resolved.canonical,
                away: None,
            }),
            Err(cause) => standin::pin(session, view, hub, repo, revision, cause).await,
        };
    }
    let known = known(session, view, hub, repo, revision)?;
    let commit = known.ok_or_else(|| Cause::Offline {
        what: format!("revision `{revision}`"),
    })?;
    Ok(commit.into())
}

/// What the revision was when anybody on this machine last asked.
fn known(
    session: &Session,
    view: &Arc<dyn RepoView>,
    hub: HubName,
    repo: &RepoId,
    revision: &Revision,
) -> Result<Option<Commit>, Cause> {
    // The views first: other tools move them along, and they are where offline tools look.
    for view in iter::once(view).chain(&also(session, repo, revision)) {
        if let Some(commit) = view.read_ref(revision)? {
            return Ok(Some(commit));
        }
    }
    session.store.reference(hub, repo, revision)
}

/// The files of the commit, and whether somebody else than the hub says so.
async fn list<'a>(
    session: &Session,
    views: impl Iterator<Item = &'a Arc<dyn RepoView>>,
    repo: &RepoId,
    pinned: &mut Pinned,
    manifest: Option<&Manifest>,
) -> Result<(Listing, bool), Cause> {
    // The hub listed it before, and is asked for what it did not tell then.
    let before = manifest.filter(|manifest| !manifest.is_partial_listing);
    if pinned.away.is_none() {
        match session.hub.list(repo, &pinned.commit).await {
            Ok(listing) => {
                let listing = match before {
                    Some(manifest) => manifest.completed(listing),
                    None => listing,
                };
                return Ok((listing, false));
            }
            Err(cause) => pinned.away = Some(cause),
        }
    }
    if let (Some(manifest), Some(cause)) = (before, &pinned.away)
        && standin::is_outage(cause)
    {
        return Ok((manifest.listing(), false));
    }
    let listing = standin::list(session, views, &pinned.commit, &mut pinned.away).await?;
    Ok((listing, true))
}
