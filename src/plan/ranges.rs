//! Sets of bytes of a file: what is there, what is missing, what is asked for.
//!
//! A [`RangeSet`] is canonical: its ranges are sorted, none is empty, and no two overlap or touch.
//! Two sets of the same bytes are therefore equal, and the number of ranges is the least possible.
//!
//! Performance: an operation finds its place by binary search. Adding at the end, or to a range
//! that is already there, moves nothing; a new range in the middle moves those after it.

use std::ops::Range;

/// A set of byte offsets, as half-open ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct RangeSet(Vec<Range<u64>>);

impl RangeSet {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds every byte of `range`. An empty range adds nothing.
    pub fn insert(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        let from = self.0.partition_point(|r| r.end < range.start);
        let touched = self.0[from..].partition_point(|r| r.start <= range.end);
        if touched == 0 {
            self.0.insert(from, range);
            return;
        }
        let last = from + touched - 1;
        let merged = self.0[from].start.min(range.start)..self.0[last].end.max(range.end);
        self.0[from] = merged;
        self.0.drain(from + 1..=last);
    }

    /// Takes every byte of `range` out. An empty range takes nothing.
    pub fn remove(&mut self, range: Range<u64>) {
        let hit = self.overlapping(&range);
        if hit.is_empty() {
            return;
        }
        let left = self.0[hit.start].start..range.start;
        let right = range.end..self.0[hit.end - 1].end;
        let kept = [left, right].into_iter().filter(|r| !r.is_empty());
        self.0.splice(hit, kept);
    }

    /// Whether every byte of `range` is in the set. True for an empty range.
    pub fn contains_range(&self, range: &Range<u64>) -> bool {
        range.is_empty() || self.covered_end(range.start) >= range.end
    }

    /// The end of the run of bytes that `from` is in; `from` itself when it is not in the set.
    pub fn covered_end(&self, from: u64) -> u64 {
        let at = self.0.partition_point(|r| r.end <= from);
        self.0
            .get(at)
            .filter(|r| r.start <= from)
            .map_or(from, |r| r.end)
    }

    /// The bytes of `within` that are not in the set.
    #[must_use]
    pub fn gaps(&self, within: Range<u64>) -> Self {
        let mut gaps = Vec::new();
        let mut at = within.start;
        for range in &self.0[self.overlapping(&within)] {
            if at < range.start {
                gaps.push(at..range.start);
            }
            at = range.end;
        }
        if at < within.end {
            gaps.push(at..within.end);
        }
        Self(gaps)
    }

    /// The bytes of the set that are in `range`.
    #[must_use]
    pub fn intersection(&self, range: &Range<u64>) -> Self {
        let clip = |r: &Range<u64>| r.start.max(range.start)..r.end.min(range.end);
        Self(self.0[self.overlapping(range)].iter().map(clip).collect())
    }

    /// The lowest range.
    pub fn first(&self) -> Option<Range<u64>> {
        self.0.first().cloned()
    }

    /// The ranges, lowest first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Range<u64>> + '_ {
        self.0.iter().cloned()
    }

    /// How many bytes are in the set. Looks at every range.
    pub fn total_bytes(&self) -> u64 {
        self.0.iter().map(|r| r.end - r.start).sum()
    }

    /// How many ranges the set has.
    pub fn len_ranges(&self) -> usize {
        self.0.len()
    }

    /// Whether no byte is in the set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Which of the ranges share a byte with `range`, as indices.
    fn overlapping(&self, range: &Range<u64>) -> Range<usize> {
        if range.is_empty() {
            return 0..0;
        }
        let from = self.0.partition_point(|r| r.end <= range.start);
        let hits = self.0[from..].partition_point(|r| r.start < range.end);
        from..from + hits
    }
}

impl From<Range<u64>> for RangeSet {
    fn from(range: Range<u64>) -> Self {
        Self::from_iter([range])
    }
}

impl FromIterator<Range<u64>> for RangeSet {
    fn from_iter<I: IntoIterator<Item = Range<u64>>>(ranges: I) -> Self {
        let mut set = Self::new();
        set.extend(ranges);
        set
    }
}

impl Extend<Range<u64>> for RangeSet {
    fn extend<I: IntoIterator<Item = Range<u64>>>(&mut self, ranges: I) {
        ranges.into_iter().for_each(|range| self.insert(range));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// The same set, told byte by byte.
    type Bytes = BTreeSet<u64>;

    const END: u64 = 48;

    fn range() -> impl Strategy<Value = Range<u64>> {
        (0..=END, 0..=END).prop_map(|(a, b)| a..b)
    }

    fn set() -> impl Strategy<Value = RangeSet> {
        vec(range(), 0..12).prop_map(RangeSet::from_iter)
    }

    fn bytes(set: &RangeSet) -> Bytes {
        set.iter().flatten().collect()
    }

    fn is_canonical(set: &RangeSet) -> bool {
        set.0.iter().all(|r| r.start < r.end) && set.0.windows(2).all(|w| w[0].end < w[1].start)
    }

    proptest! {
        #[test]
        fn follows_a_naive_set(steps in vec((any::<bool>(), range()), 0..24)) {
            let (mut set, mut naive) = (RangeSet::new(), Bytes::new());
            for (is_insert, range) in steps {
                if is_insert {
                    set.insert(range.clone());
                    naive.extend(range);
                } else {
                    set.remove(range.clone());
                    naive.retain(|byte| !range.contains(byte));
                }
                prop_assert!(is_canonical(&set), "{set:?}");
                prop_assert_eq!(bytes(&set), naive.clone());
                prop_assert_eq!(set.total_bytes(), naive.len() as u64);
                prop_assert_eq!(set.is_empty(), naive.is_empty());
            }
        }

        #[test]
        fn order_and_repetition_do_not_matter(ranges in vec(range(), 0..12)) {
            let forth: RangeSet = ranges.iter().cloned().collect();
            let back: RangeSet = ranges.iter().rev().chain(&ranges).cloned().collect();
            prop_assert_eq!(forth, back);
        }

        #[test]
        fn gaps_and_set_make_the_whole_and_share_nothing(set in set(), within in range()) {
            let (gaps, inside) = (set.gaps(within.clone()), set.intersection(&within));
            prop_assert!(is_canonical(&gaps) && is_canonical(&inside));
            prop_assert!(gaps.iter().all(|gap| set.intersection(&gap).is_empty()));
            let whole: RangeSet = gaps.iter().chain(inside.iter()).collect();
            prop_assert_eq!(&whole, &RangeSet::from(within.clone()));
            prop_assert_eq!(gaps.total_bytes() + inside.total_bytes(), whole.total_bytes());
        }

        #[test]
        fn intersection_keeps_what_both_have(set in set(), with in range()) {
            let want: Bytes = bytes(&set).into_iter().filter(|b| with.contains(b)).collect();
            prop_assert_eq!(bytes(&set.intersection(&with)), want);
        }

        #[test]
        fn what_is_removed_and_put_back_is_all_there(set in set(), range in range()) {
            let mut again = set.clone();
            again.remove(range.clone());
            prop_assert!(again.intersection(&range).is_empty());
            again.insert(range.clone());
            prop_assert!(again.contains_range(&range));
            let mut want = set;
            want.insert(range);
            prop_assert_eq!(again, want);
        }

        #[test]
        fn looking_up_agrees_with_the_bytes(set in set(), range in range()) {
            let naive = bytes(&set);
            prop_assert_eq!(set.contains_range(&range), range.clone().all(|b| naive.contains(&b)));
            let end = (range.start..=END).find(|b| !naive.contains(b));
            prop_assert_eq!(Some(set.covered_end(range.start)), end);
            prop_assert_eq!(set.first().map(|r| r.start), naive.first().copied());
        }
    }

    #[test]
    fn ranges_that_touch_become_one() {
        let set = RangeSet::from_iter([0..4, 8..12, 4..8]);
        assert_eq!(set, RangeSet::from(0..12));
        assert_eq!(
            (set.len_ranges(), set.covered_end(4), set.covered_end(12)),
            (1, 12, 12)
        );
    }

    #[test]
    fn the_last_offset_is_no_special_case() {
        let mut set = RangeSet::from(0..u64::MAX);
        set.remove(5..6);
        assert_eq!(set.gaps(0..u64::MAX), RangeSet::from(5..6));
        assert_eq!(set.total_bytes(), u64::MAX - 1);
    }

    #[test]
    fn an_inverted_range_is_empty() {
        let inverted = Range { start: 9, end: 3 };
        let mut set = RangeSet::from(0..12);
        set.insert(inverted.clone());
        set.remove(inverted.clone());
        assert_eq!(set, RangeSet::from(0..12));
        assert!(set.contains_range(&inverted) && set.gaps(inverted).is_empty());
    }
}
