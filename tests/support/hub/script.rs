//! When the hub misbehaves: rules that are tried in order and used up.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::fault::Fault;
use super::http::{self, Request};
use super::log::Origin;
use super::range;

/// Which requests a rule is for; every part that is set must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Match {
    origin: Option<Origin>,
    method: Option<String>,
    path: Option<String>,
    query: Option<String>,
    offset: Option<u64>,
    nth: Option<Range<u64>>,
}

impl Match {
    /// Every request.
    pub fn any() -> Self {
        Self::default()
    }

    /// Every request to the hub.
    pub fn hub() -> Self {
        Self {
            origin: Some(Origin::Hub),
            ..Self::default()
        }
    }

    /// Every request to the CDN.
    pub fn cdn() -> Self {
        Self {
            origin: Some(Origin::Cdn),
            ..Self::default()
        }
    }

    /// Only this method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Only decoded paths that contain `part`.
    #[must_use]
    pub fn path(mut self, part: &str) -> Self {
        self.path = Some(part.to_owned());
        self
    }

    /// Only queries that contain `part`, decoded.
    #[must_use]
    pub fn query(mut self, part: &str) -> Self {
        self.query = Some(part.to_owned());
        self
    }

    /// Only requests that want the byte at this offset of the file.
    #[must_use]
    pub fn offset(mut self, offset: u64) -> Self {
        self.offset = Some(offset);
        self
    }

    /// Only the `n`-th request that fits the rest, from 0.
    #[must_use]
    pub fn nth(self, n: u64) -> Self {
        self.during(n..n + 1)
    }

    /// Only these occurrences among the requests that fit the rest, from 0.
    #[must_use]
    pub fn during(mut self, occurrences: Range<u64>) -> Self {
        self.nth = Some(occurrences);
        self
    }

    /// Whether all parts but the occurrence fit.
    fn fits(&self, origin: Origin, request: &Request) -> bool {
        self.origin.is_none_or(|wanted| wanted == origin)
            && self.method.as_ref().is_none_or(|m| *m == request.method)
            && self
                .path
                .as_ref()
                .is_none_or(|part| request.path().contains(part))
            && self
                .query
                .as_ref()
                .is_none_or(|part| http::decoded(request.query()).contains(part))
            && self
                .offset
                .is_none_or(|offset| range::wants(request.header("range"), offset))
    }
}

/// When to misbehave, how, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Which requests.
    pub on: Match,
    /// What happens to them.
    pub fault: Fault,
    /// How often before the rule is used up; `None` is for ever.
    pub times: Option<u32>,
}

/// The rules in order; clones share them.
///
/// A request takes the first rule that fits and is not used up; later rules do not see it.
#[derive(Clone, Default)]
pub struct Script(Arc<Mutex<Vec<Live>>>);

struct Live {
    rule: Rule,
    seen: u64,
    played: u32,
}

impl Script {
    /// Appends a rule.
    pub fn add(&self, rule: Rule) {
        self.rules().push(Live {
            rule,
            seen: 0,
            played: 0,
        });
    }

    /// Plays `fault` on the first request that fits.
    pub fn once(&self, on: Match, fault: Fault) {
        self.times(1, on, fault);
    }

    /// Plays `fault` on the first `times` requests that fit.
    pub fn times(&self, times: u32, on: Match, fault: Fault) {
        let times = Some(times);
        self.add(Rule { on, fault, times });
    }

    /// Plays `fault` on every request that fits.
    pub fn always(&self, on: Match, fault: Fault) {
        let times = None;
        self.add(Rule { on, fault, times });
    }

    /// Forgets all rules.
    pub fn clear(&self) {
        self.rules().clear();
    }

    /// How often any rule was played.
    pub fn played(&self) -> u32 {
        self.rules().iter().map(|live| live.played).sum()
    }

    pub(super) fn pick(&self, origin: Origin, request: &Request) -> Option<Fault> {
        for live in self.rules().iter_mut() {
            let Rule { on, fault, times } = &live.rule;
            if times.is_some_and(|times| live.played >= times) || !on.fits(origin, request) {
                continue;
            }
            let occurrence = live.seen;
            live.seen += 1;
            if on.nth.as_ref().is_none_or(|nth| nth.contains(&occurrence)) {
                live.played += 1;
                return Some(fault.clone());
            }
        }
        None
    }

    fn rules(&self) -> MutexGuard<'_, Vec<Live>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
