//! When the asked hub does not answer: who else can say which commit is meant and what is in it.
//!
//! A mirror has the hub's own commits, so that it may say both. Any other fallback has commits of its
//! own; it gives bytes and nothing else. What an earlier pull noted is known without anybody.

use std::sync::Arc;

use crate::error::{Cause, Kind};
use crate::hub::Listing;
use crate::repo::{Commit, HubName, RepoId, Revision};
use crate::report::Event;
use crate::session::Session;
use crate::view::RepoView;

use super::Pinned;

/// What `revision` is, since the hub does not say it for the reason of `cause`.
///
/// # Errors
/// `cause`, when it is no outage or nobody else knows.
pub(super) async fn pin(
    session: &Session,
    view: &Arc<dyn RepoView>,
    hub: HubName,
    repo: &RepoId,
    revision: &Revision,
    cause: Cause,
) -> Result<Pinned, Cause> {
    if !has_standins(session, &cause) {
        return Err(cause);
    }
    let mut others = Vec::new();
    for fallback in &session.fallbacks {
        let place = fallback.place();
        if !fallback.is_mirror() {
            others.push(format!("{place} cannot say which commit `{revision}` is"));
            continue;
        }
        match fallback.hub.resolve(&fallback.repo, revision).await {
            Ok(resolved) => {
                tell(
                    session,
                    &cause,
                    &format!("{place} says what `{revision}` is"),
                );
                return Ok(Pinned {
                    commit: resolved.commit,
                    canonical: resolved.canonical,
                    away: Some(cause),
                });
            }
            Err(Cause::Cancelled) => return Err(Cause::Cancelled),
            Err(other) => others.push(format!("{place}: {other}")),
        }
    }
    if let Some(commit) = super::known(session, view, hub, repo, revision)? {
        let short = commit.short();
        tell(
            session,
            &cause,
            &format!("going on with commit {short}, which `{revision}` was last"),
        );
        return Ok(Pinned {
            commit,
            canonical: None,
            away: Some(cause),
        });
    }
    Err(everywhere(session, cause, others))
}

/// The files of `commit`, since the hub does not list them for the reason of `away`, which stays only
/// where others do.
///
/// # Errors
/// As [`pin`].
pub(super) async fn list<'a>(
    session: &Session,
    mut views: impl Iterator<Item = &'a Arc<dyn RepoView>>,
    commit: &Commit,
    away: &mut Option<Cause>,
) -> Result<Listing, Cause> {
    if let Some(cause) = away.take_if(|cause| !has_standins(session, cause)) {
        return Err(cause);
    }
    let mut others = Vec::new();
    for fallback in session.fallbacks.iter().filter(|one| one.is_mirror()) {
        match fallback.hub.list(&fallback.repo, commit).await {
            Ok(listing) => return Ok(listing),
            Err(Cause::Cancelled) => return Err(Cause::Cancelled),
            Err(other) => others.push(format!("{}: {other}", fallback.place())),
        }
    }
    // It has no checksum: good enough only where nobody can be asked.
    if let Some(listing) = views.find_map(|view| view.read_tree(commit)) {
        return Ok(listing);
    }
    let unknown = || Cause::Offline {
        what: format!("the file list of commit {commit}"),
    };
    Err(everywhere(
        session,
        away.take().unwrap_or_else(unknown),
        others,
    ))
}

/// Whether it helps to ask others.
fn has_standins(session: &Session, cause: &Cause) -> bool {
    is_outage(cause) && !session.fallbacks.is_empty()
}

/// Whether the hub is away, rather than of another opinion.
pub(super) fn is_outage(cause: &Cause) -> bool {
    matches!(cause.kind(), Kind::Network | Kind::Unavailable)
}

fn everywhere(session: &Session, cause: Cause, others: Vec<String>) -> Cause {
    Cause::Origins {
        place: session.hub.endpoint().to_string(),
        cause: Box::new(cause),
        others,
    }
}

fn tell(session: &Session, cause: &Cause, what: &str) {
    session.sink.emit(Event::Notice(format!("{cause}; {what}")));
}
