//! What the origins of one content are good for: the sources there, why others are none, and after a
//! wrong digest which one alone is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::error::Cause;
use crate::source::Source;
use crate::transfer::division::OriginIndex;
use crate::transfer::engine::lock;

/// What is known of the origins of one content.
#[derive(Default)]
pub(super) struct Supply(Mutex<State>);

#[derive(Default)]
struct State {
    sources: BTreeMap<OriginIndex, Arc<dyn Source>>,
    failures: BTreeMap<OriginIndex, Failure>,
    /// Who brought bytes since it was begun.
    givers: BTreeSet<OriginIndex>,
    /// Who was asked for all of it after a wrong digest; the last one is asked now.
    alone: Vec<OriginIndex>,
}

/// Why an origin is no good.
pub(super) struct Failure {
    /// What happened, for the error that ends the transfer; it is raised once.
    pub(super) cause: Option<Cause>,
    /// The same, for people.
    pub(super) words: String,
}

impl From<Cause> for Failure {
    fn from(cause: Cause) -> Self {
        Self {
            words: cause.to_string(),
            cause: Some(cause),
        }
    }
}

impl Failure {
    /// Nothing happened: it has not got the content.
    pub(super) fn lack(words: &str) -> Self {
        Self {
            cause: None,
            words: words.to_owned(),
        }
    }
}

impl Supply {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0)
    }

    /// Whether the origin may be asked for this content.
    pub(super) fn may(&self, origin: OriginIndex) -> bool {
        let state = self.state();
        let is_meant = state.alone.last().is_none_or(|&alone| alone == origin);
        is_meant && !state.failures.contains_key(&origin)
    }

    /// Where the content is to be had at that origin, as far as is known.
    pub(super) fn source(&self, origin: OriginIndex) -> Option<Arc<dyn Source>> {
        self.state().sources.get(&origin).cloned()
    }

    /// Where it is to be had. The first to find out counts: what a source knows is shared by all that
    /// ask it.
    pub(super) fn put(&self, origin: OriginIndex, source: Arc<dyn Source>) {
        self.state().sources.entry(origin).or_insert(source);
    }

    /// The content is here: what its sources hold is not wanted any more.
    pub(super) fn close(&self) {
        let sources = std::mem::take(&mut self.state().sources);
        // Outside the lock: connections may end with them.
        drop(sources);
    }

    /// The origin has not got this content, or does not give it.
    pub(super) fn fail(&self, origin: OriginIndex, failure: Failure) {
        self.state().failures.insert(origin, failure);
    }

    /// What `use_it` makes of why an origin does not have this content.
    pub(super) fn failure<T>(
        &self,
        origin: OriginIndex,
        use_it: impl FnOnce(&mut Failure) -> T,
    ) -> Option<T> {
        self.state().failures.get_mut(&origin).map(use_it)
    }

    /// The origin brought bytes.
    pub(super) fn note_giver(&self, origin: OriginIndex) {
        self.state().givers.insert(origin);
    }

    /// The content was wrong, as `cause` says. Chooses who alone is asked for all of it: once more who
    /// brought it, or one of those that did; after that each other one that stands. Nothing when that is
    /// over.
    pub(super) fn doubt(
        &self,
        cause: Cause,
        mut standing: impl Iterator<Item = OriginIndex>,
    ) -> Option<OriginIndex> {
        let mut state = self.state();
        let givers = std::mem::take(&mut state.givers);
        if let Some(&wrong) = state.alone.last() {
            state.failures.insert(wrong, cause.into());
            return state.turn(standing);
        }
        let only = givers.iter().find(|_| givers.len() == 1).copied();
        let next = only.or_else(|| standing.next()).or(givers.first().copied());
        state.alone.extend(next);
        next
    }

    /// Who alone is to be asked: where that one does not give it, another that stands, if any is left.
    pub(super) fn turn(&self, standing: &[OriginIndex]) -> Option<OriginIndex> {
        let mut state = self.state();
        let &last = state.alone.last()?;
        // Another connection may have turned already.
        if standing.contains(&last) && !state.failures.contains_key(&last) {
            return Some(last);
        }
        state.turn(standing.iter().copied())
    }
}

impl State {
    fn turn(&mut self, mut standing: impl Iterator<Item = OriginIndex>) -> Option<OriginIndex> {
        let next = standing
            .find(|origin| !self.alone.contains(origin) && !self.failures.contains_key(origin));
        self.alone.extend(next);
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::BlobId;

    fn corrupt() -> Cause {
        Cause::Corrupt {
            want: BlobId::of(b"a").into(),
            got: BlobId::of(b"b").into(),
        }
    }

    fn doubt(supply: &Supply, origins: usize) -> Option<OriginIndex> {
        supply.doubt(corrupt(), 0..origins)
    }

    #[test]
    fn one_origin_is_asked_twice() {
        let supply = Supply::default();
        supply.note_giver(0);
        assert_eq!(doubt(&supply, 1), Some(0));
        assert_eq!(doubt(&supply, 1), None);
        assert_eq!(
            supply.failure(0, |failure| failure.cause.is_some()),
            Some(true)
        );
    }

    #[test]
    fn who_brought_it_alone_is_asked_again_before_the_others() {
        let supply = Supply::default();
        supply.note_giver(1);
        assert_eq!(doubt(&supply, 3), Some(1));
        assert!(supply.may(1) && !supply.may(0));
        assert_eq!(doubt(&supply, 3), Some(0));
        assert_eq!(doubt(&supply, 3), Some(2));
        assert_eq!(doubt(&supply, 3), None);
    }

    #[test]
    fn who_alone_is_asked_and_has_nothing_makes_room_for_the_next() {
        let supply = Supply::default();
        assert_eq!(supply.turn(&[0, 1, 2]), None, "nothing was wrong yet");
        supply.note_giver(0);
        assert_eq!(doubt(&supply, 3), Some(0));
        assert_eq!(doubt(&supply, 3), Some(1));
        supply.fail(1, Failure::lack("has nothing"));
        assert_eq!(supply.turn(&[0, 1, 2]), Some(2));
        assert_eq!(supply.turn(&[0, 1, 2]), Some(2), "for all connections");
        assert!(supply.may(2) && !supply.may(1));
        assert_eq!(supply.turn(&[0, 1]), None, "it fell");
    }

    #[test]
    fn of_a_mixed_content_each_is_asked_for_all() {
        let supply = Supply::default();
        supply.note_giver(0);
        supply.note_giver(1);
        assert_eq!(doubt(&supply, 2), Some(0));
        assert_eq!(doubt(&supply, 2), Some(1));
        assert_eq!(doubt(&supply, 2), None);
    }
}
