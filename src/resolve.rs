//! Reference × hub → the commit and its files. Asks the hub as little as it can: a commit needs no
//! resolving, and what a commit contains never changes, so a listing that was seen once is reused.

use std::sync::Arc;

use crate::blocking::blocking;
use crate::error::Cause;
use crate::hub::Listing;
use crate::reference::Reference;
use crate::repo::{Commit, HubName, RepoId, Revision};
use crate::report::Event;
use crate::session::Session;
use crate::store::snapshot::Manifest;
use crate::view::RepoView;

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
}

/// Pins the commit and lists its files.
///
/// # Errors
/// What the hub answers; [`Cause::Offline`] when no request may be sent and one is needed.
pub async fn resolve(
    session: &Session,
    view: &Arc<dyn RepoView>,
    reference: &Reference,
) -> Result<Target, Cause> {
    let (hub, repo) = (reference.hub, reference.repo.clone());
    let revision = reference.revision_or_default();
    let (commit, canonical) = pin(session, view, hub, &repo, &revision).await?;
    session.sink.emit(Event::Resolved {
        repo: repo.clone(),
        commit: commit.clone(),
    });

    let (store, local) = (session.store.clone(), Arc::clone(view));
    let (asked, pinned, is_offline) = (repo.clone(), commit.clone(), session.is_offline);
    let (manifest, known) = blocking(move || {
        let manifest = store.manifest(hub, &asked, &pinned)?;
        // What another client noted has no checksum: good enough only where nobody can be asked.
        let known = match &manifest {
            Some(manifest) if is_offline || !manifest.is_partial_listing => {
                Some(manifest.listing())
            }
            None if is_offline => local.read_tree(&pinned),
            _ => None,
        };
        Ok((manifest, known))
    })
    .await?;
    let is_partial = |manifest: &Manifest| manifest.is_partial_listing;
    if session.is_offline && manifest.as_ref().is_some_and(is_partial) {
        session.sink.emit(Event::Notice(
            "the hub was never asked for the files of this commit: there may be more of them"
                .to_owned(),
        ));
    }
    let listing = match known {
        Some(listing) => listing,
        None if session.is_offline => {
            return Err(Cause::Offline {
                what: format!("the file list of commit {commit}"),
            });
        }
        None => session.hub.list(&repo, &commit).await?,
    };
    let revision = revision.as_commit().is_none().then_some(revision);
    Ok(Target {
        hub,
        repo,
        revision,
        commit,
        canonical,
        listing,
        manifest,
    })
}

async fn pin(
    session: &Session,
    view: &Arc<dyn RepoView>,
    hub: HubName,
    repo: &RepoId,
    revision: &Revision,
) -> Result<(Commit, Option<String>), Cause> {
    if let Some(commit) = revision.as_commit() {
        return Ok((commit, None));
    }
    if !session.is_offline {
        let resolved = session.hub.resolve(repo, revision).await?;
        return Ok((resolved.commit, resolved.canonical));
    }
    // The view first: other tools move it along, and it is where offline tools look.
    let in_view = view.read_ref(revision)?;
    let known = match in_view {
        Some(commit) => Some(commit),
        None => session.store.reference(hub, repo, revision)?,
    };
    let commit = known.ok_or_else(|| Cause::Offline {
        what: format!("revision `{revision}`"),
    })?;
    Ok((commit, None))
}
