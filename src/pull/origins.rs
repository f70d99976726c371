//! Where a pull may take bytes from, and from where it took them.

use std::sync::Arc;

use crate::origin::{Asked, Origin};
use crate::report::Share;
use crate::resolve::Target;
use crate::session::Session;

/// The origins of a pull, the preferred one first.
pub(super) struct Origins {
    pub(super) all: Vec<Arc<dyn Origin>>,
    /// Which of them is the repo that was asked for.
    asked: usize,
}

impl Origins {
    pub(super) fn of(session: &Session, target: &Target) -> Self {
        let (repo, commit) = (target.repo.clone(), &target.commit);
        let asked = Asked::new(Arc::clone(&session.hub), target.hub, repo, commit.clone());
        let revision = target.revision.clone();
        let revision = revision.unwrap_or_else(|| target.hub.default_revision());
        let mut all: Vec<Arc<dyn Origin>> = Vec::new();
        for fallback in &session.fallbacks {
            all.push(Arc::new(fallback.stand_by(commit, &revision)));
        }
        // It has just been found not to answer: it is asked when the others fail.
        let at = if target.is_hub_away { all.len() } else { 0 };
        all.insert(at, Arc::new(asked));
        Self { all, asked: at }
    }

    /// What came from each of them, as far as anything did. A fallback may be at the very place that
    /// was asked: another revision of the repo.
    pub(super) fn shares(&self, bytes: &[u64]) -> Vec<Share> {
        let all = self.all.iter().zip(bytes).enumerate();
        let all = all.map(|(at, (origin, &bytes))| Share {
            place: origin.place().clone(),
            is_fallback: at != self.asked,
            bytes,
        });
        all.filter(|share| share.bytes > 0).collect()
    }
}
