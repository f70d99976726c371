//! Where a pull may take bytes from, and from where it took them.

use std::sync::Arc;

use crate::origin::{Asked, Fallback, Origin};
use crate::report::{Place, Share};
use crate::resolve::Target;
use crate::session::Session;

/// The origins of a pull, the preferred one first.
pub(super) fn of(session: &Session, target: &Target) -> Vec<Arc<dyn Origin>> {
    let (repo, commit) = (target.repo.clone(), &target.commit);
    let asked = Asked::new(Arc::clone(&session.hub), target.hub, repo, commit.clone());
    let revision = target.revision.clone();
    let revision = revision.unwrap_or_else(|| target.hub.default_revision());
    let asked: Arc<dyn Origin> = Arc::new(asked);
    let mut all = vec![asked];
    for fallback in &session.fallbacks {
        all.push(Arc::new(fallback.stand_by(commit, &revision)));
    }
    // It has just been found not to answer: it is asked when the others fail.
    if target.is_hub_away {
        all.rotate_left(1);
    }
    all
}

/// What came from each of them, as far as anything did.
pub(super) fn shares(session: &Session, origins: &[Arc<dyn Origin>], bytes: &[u64]) -> Vec<Share> {
    let fallbacks: Vec<Place> = session.fallbacks.iter().map(Fallback::place).collect();
    let all = origins.iter().zip(bytes).map(|(origin, &bytes)| Share {
        place: origin.place().clone(),
        is_fallback: fallbacks.contains(origin.place()),
        bytes,
    });
    all.filter(|share| share.bytes > 0).collect()
}
