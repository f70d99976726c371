//! What a repo would take without the store: a copy for each view that shows it, as other clients keep
//! it. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;

use foldhash::{HashMap, HashMapExt};

use super::{Presence, Sight};
use crate::view::ViewId;

/// A commit: where it was published, and the lengths of its contents that are here.
pub(super) type Shown<'a, C> = (&'a [Sight], &'a HashMap<C, u64>);

/// The bytes: in each view the contents of the commits that it shows, each content once. What no view
/// shows is counted once, too.
pub(super) fn bytes_apart<C: Eq + Hash>(commits: &[Shown<'_, C>]) -> u64 {
    if let [(sights, contents)] = commits {
        let shown = sights.iter().filter(|at| at.presence == Presence::Shown);
        let views: BTreeSet<&ViewId> = shown.map(|sight| &sight.view).collect();
        return contents.values().sum::<u64>() * views.len().max(1) as u64;
    }
    let mut views: BTreeMap<&ViewId, HashMap<&C, &u64>> = BTreeMap::new();
    let mut hidden: HashMap<&C, &u64> = HashMap::new();
    for (sights, contents) in commits {
        let shown = sights.iter().filter(|at| at.presence == Presence::Shown);
        let mut is_hidden = true;
        for sight in shown {
            views.entry(&sight.view).or_default().extend(*contents);
            is_hidden = false;
        }
        if is_hidden {
            hidden.extend(*contents);
        }
    }
    hidden.retain(|id, _| !views.values().any(|view| view.contains_key(id)));
    views
        .values()
        .chain([&hidden])
        .flat_map(HashMap::values)
        .copied()
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::ViewKind;

    fn sights(names: &[&str], presence: Presence) -> Vec<Sight> {
        let sight = |name: &&str| Sight {
            view: ViewId {
                kind: ViewKind::HuggingFace,
                root: (*name).into(),
            },
            folder: (*name).into(),
            presence,
        };
        names.iter().map(sight).collect()
    }

    #[test]
    fn a_view_has_what_it_shows_once() {
        let [old, new] = [[(1, 10), (2, 100)], [(2, 100), (3, 1000)]].map(HashMap::from_iter);
        let both = sights(&["hub", "dir"], Presence::Shown);
        let one = sights(&["hub", "hub"], Presence::Shown);
        let gone = sights(&["hub", "dir"], Presence::Gone);
        let bytes = |a: &[Sight], b: &[Sight]| bytes_apart(&[(a, &old), (b, &new)]);
        assert_eq!(bytes(&one, &both), 1110 + 1100);
        assert_eq!(bytes(&both, &both), 2 * 1110);
        // Without a copy of its own there is still the one.
        assert_eq!(bytes(&gone, &gone), 1110);
        assert_eq!(bytes(&gone, &both), 2 * 1100 + 10);
        let alone = |sights: &[Sight]| bytes_apart(&[(sights, &old)]);
        assert_eq!([alone(&one), alone(&both), alone(&gone)], [110, 220, 110]);
    }
}
