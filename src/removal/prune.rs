//! What a store can do without. Pure.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, SystemTime};

use crate::digest::BlobId;
use crate::removal::stock::{Held, Shown};
use crate::removal::{Marks, Part, Stock, Why};

/// What is wanted beyond what nobody needs.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Commits go that were not used for this long.
    pub unused_for: Option<Duration>,
    /// Commits go, the least recently used first, until the contents take no more than this.
    pub keep_bytes: Option<u64>,
    /// What an interrupted pull left is kept for this long: it may go on.
    pub unfinished_for: Duration,
    /// The time that ages are counted from.
    pub now: SystemTime,
}

impl Policy {
    /// Marks what is to go. `shown` is of each commit of the stock, in its order.
    pub fn mark(&self, stock: &Stock, shown: &[Shown]) -> Marks {
        let mut marks = Marks::default();
        for (index, (held, shown)) in stock.commits.iter().zip(shown).enumerate() {
            if let Some(why) = self.why(held, *shown) {
                marks.add(index, Part::whole(), why);
            }
        }
        let unneeded = unneeded(stock).filter(|(_, written)| self.is_left(*written));
        marks.blobs = unneeded.map(|(id, _)| id).collect();
        let unfinished = stock.unfinished.iter().enumerate();
        marks.unfinished = unfinished
            .filter(|(_, one)| !one.is_owned && self.is_left(one.changed))
            .map(|(index, _)| index)
            .collect();
        if let Some(keep_bytes) = self.keep_bytes {
            make_room(stock, keep_bytes, &mut marks);
        }
        marks
    }

    fn why(&self, held: &Held, shown: Shown) -> Option<Why> {
        if shown == Shown::No {
            return Some(Why::Unseen);
        }
        // Who deploys a folder moves on when they choose to.
        if !held.is_named() && shown != Shown::Deployed {
            return Some(Why::Detached);
        }
        let is_unused = self
            .unused_for
            .is_some_and(|unused_for| self.age(held.recorded.last_used) >= unused_for);
        is_unused.then_some(Why::Unused)
    }

    /// Whether no interrupted pull is expected to go on with what was written at this time.
    fn is_left(&self, written: SystemTime) -> bool {
        self.age(written) >= self.unfinished_for
    }

    /// A time to come is no age.
    fn age(&self, time: SystemTime) -> Duration {
        self.now.duration_since(time).unwrap_or_default()
    }
}

/// The contents that no record needs and that would free something, and when they were written.
pub(super) fn unneeded(stock: &Stock) -> impl Iterator<Item = (BlobId, SystemTime)> {
    // A damaged record may have named any of them, and a folder may show it by a link.
    let is_unnamed = stock.damaged.is_empty();
    let unclaimed = stock.unclaimed.iter();
    let unneeded = unclaimed.filter(move |(id, _)| is_unnamed && !is_held(stock, id));
    unneeded.map(|(id, written)| (*id, *written))
}

/// Whether a content would free nothing: something that is in no record has a name of it.
fn is_held(stock: &Stock, id: &BlobId) -> bool {
    let blob = stock.blobs.get(id);
    blob.is_some_and(|blob| stock.is_held_elsewhere(blob))
}

/// Marks commits until what is left is small enough. Those that would free nothing in any case stay.
fn make_room(stock: &Stock, keep_bytes: u64, marks: &mut Marks) {
    let mut needed: HashMap<BlobId, usize> = HashMap::new();
    let rest = |marks: &Marks, index: &usize| !marks.commits.contains_key(index);
    let mut left: Vec<usize> = (0..stock.commits.len())
        .filter(|index| rest(marks, index))
        .collect();
    for index in &left {
        for id in contents(&stock.commits[*index]) {
            *needed.entry(id).or_default() += 1;
        }
    }
    let len = |id: &BlobId| stock.blobs.get(id).map_or(0, |blob| blob.stamp.len);
    let young = stock
        .unclaimed
        .keys()
        .filter(|id| !marks.blobs.contains(id));
    let mut bytes: u64 = needed.keys().chain(young).map(len).sum();
    left.sort_by_key(|index| stock.commits[*index].recorded.last_used);
    for index in left {
        if bytes <= keep_bytes {
            return;
        }
        let contents = contents(&stock.commits[index]);
        if contents.iter().all(|id| is_held(stock, id)) {
            continue;
        }
        for id in contents {
            if let Some(count) = needed.get_mut(&id) {
                *count -= 1;
                if *count == 0 && !is_held(stock, &id) {
                    bytes -= len(&id);
                }
            }
        }
        marks.add(index, Part::whole(), Why::Room);
    }
}

/// The blobs that a record names, each once.
fn contents(held: &Held) -> BTreeSet<BlobId> {
    held.manifest()
        .files
        .iter()
        .filter_map(|file| file.blob)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Shown::{No, Unknown, Yes};
    use super::*;
    use crate::removal::testing::{at, blob, held, look_again, stock};
    use crate::removal::{Removal, Young};

    const DAY: Duration = Duration::from_secs(86_400);

    fn policy() -> Policy {
        Policy {
            unused_for: None,
            keep_bytes: None,
            unfinished_for: 7 * DAY,
            now: at(30),
        }
    }

    fn reasons(policy: Policy, stock: &Stock, shown: &[Shown]) -> Vec<(usize, Why)> {
        let marks = policy.mark(stock, shown).commits.into_iter();
        marks.map(|(index, (_, why))| (index, why)).collect()
    }

    #[test]
    fn what_nothing_leads_to_or_nothing_shows_goes() {
        let mut pinned = held("org/a", '3', &[3], &[]);
        pinned.recorded.manifest.is_pinned = true;
        let commits = vec![
            held("org/a", '1', &[1], &["main"]),
            held("org/a", '2', &[2], &[]),
            pinned,
            held("org/b", '4', &[4], &["main"]),
        ];
        let stock = stock(commits, &[]);
        let want = [(1, Why::Detached), (3, Why::Unseen)];
        assert_eq!(reasons(policy(), &stock, &[Yes, Unknown, Yes, No]), want);
        let deployed = [Yes, Shown::Deployed, Yes, No];
        assert_eq!(reasons(policy(), &stock, &deployed), want[1..]);
    }

    #[test]
    fn what_an_interrupted_pull_may_go_on_with_stays() {
        let stock = stock(Vec::new(), &[(1, 29), (2, 10), (3, 31)]);
        let marks = policy().mark(&stock, &[]);
        assert_eq!(marks.blobs, [blob(2)].into());
        let young = Removal::new(&stock, &marks).young;
        assert_eq!((young.contents, young.bytes), (2, 4000));
        let at_once = Policy {
            unfinished_for: Duration::ZERO,
            ..policy()
        };
        let marks = at_once.mark(&stock, &[]);
        let young = Removal::new(&stock, &marks).young;
        assert_eq!((marks.blobs.len(), young), (3, Young::default()));
        let mut held = stock;
        if let Some(blob) = held.blobs.get_mut(&blob(1)) {
            blob.links = 2;
        }
        assert_eq!(at_once.mark(&held, &[]).blobs, [blob(2), blob(3)].into());
        let mut unsure = held;
        unsure.damaged.push("damaged".into());
        assert_eq!(at_once.mark(&unsure, &[]).blobs.len(), 0);
    }

    #[test]
    fn what_was_not_used_goes() {
        let commits = vec![
            held("org/a", '1', &[1], &["main"]),
            held("org/b", 'f', &[2], &["main"]),
        ];
        let stock = stock(commits, &[]);
        let policy = Policy {
            unused_for: Some(20 * DAY),
            ..policy()
        };
        let shown = [Shown::Yes; 2];
        assert_eq!(reasons(policy, &stock, &shown), [(0, Why::Unused)]);
    }

    #[test]
    fn what_has_a_name_elsewhere_makes_no_room() {
        let commits = vec![
            held("org/a", '1', &[5], &["main"]),
            held("org/b", '2', &[1, 5], &["main"]),
            held("org/c", '3', &[2], &["main"]),
            held("org/d", '4', &[3], &["main"]),
        ];
        let mut stock = stock(commits, &[]);
        if let Some(blob) = stock.blobs.get_mut(&blob(5)) {
            blob.links = 2;
        }
        look_again(&mut stock);
        let policy = Policy {
            keep_bytes: Some(9000),
            ..policy()
        };
        let want = [(1, Why::Room), (2, Why::Room)];
        assert_eq!(reasons(policy, &stock, &[Yes; 4]), want);
        let freed = |stock: &Stock| {
            let marks = policy.mark(stock, &[Yes; 4]);
            Removal::new(stock, &marks).freed_bytes
        };
        assert_eq!(freed(&stock), 3000);
    }

    proptest! {
        /// The least recently used go, no more of them than needed, and enough.
        #[test]
        fn room_is_made_from_the_oldest(
            files in proptest::collection::vec(proptest::collection::btree_set(1..9_u8, 1..4), 1..9),
            keep in 0..40_u64,
        ) {
            let digits = "123456789".chars();
            let commits = files.iter().zip(digits).map(|(files, digit)| {
                held("org/a", digit, &files.iter().copied().collect::<Vec<_>>(), &["main"])
            });
            let stock = stock(commits.collect(), &[]);
            let policy = Policy { keep_bytes: Some(keep * 1000), ..policy() };
            let marks = policy.mark(&stock, &vec![Shown::Yes; files.len()]);
            let gone = marks.commits.len();
            prop_assert_eq!(marks.commits.keys().copied().collect::<Vec<_>>(), (0..gone).collect::<Vec<_>>());
            let all: u64 = stock.blobs.values().map(|blob| blob.stamp.len).sum();
            let left = |marks: &Marks| {
                all - Removal::new(&stock, marks).blobs.values().sum::<u64>()
            };
            prop_assert!(left(&marks) <= keep * 1000);
            if let Some(last) = gone.checked_sub(1) {
                let mut fewer = marks.clone();
                fewer.commits.remove(&last);
                prop_assert!(left(&fewer) > keep * 1000);
            }
        }
    }
}
