//! What becomes free when something goes: the arithmetic of names. Pure.
//!
//! A content takes room while one name of it is left. A name stays while somebody holds it: the same
//! blob is needed by several commits, the same name in a view shown by several. So a content becomes
//! free when all its names go, and a name goes with the last of its holders. Names that nobody here
//! knows count as well: the link count of the file tells of them, and they stay.

use std::hash::Hash;

use foldhash::{HashMap, HashMapExt};

/// Who holds which names of which contents. `F` tells contents apart, `N` their names.
#[derive(Debug)]
pub(super) struct Ledger<F, N> {
    contents: Vec<Content>,
    by_file: HashMap<F, usize>,
    names: Vec<Name>,
    by_name: HashMap<N, usize>,
}

#[derive(Debug)]
struct Content {
    len: u64,
    links: u64,
    /// How many of the links somebody here holds.
    known: u64,
    /// Whether one of them stays whatever happens.
    is_kept: bool,
}

impl Content {
    fn has_stranger(&self) -> bool {
        self.known < self.links
    }
}

#[derive(Debug)]
struct Name {
    content: usize,
    /// How many names it stands for that come and go together.
    weight: u64,
    holders: usize,
    is_kept: bool,
}

/// A name that somebody holds: who lets go of it hands it to [`Ledger::freed_by`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hold(usize);

impl<F, N> Default for Ledger<F, N> {
    fn default() -> Self {
        Self {
            contents: Vec::new(),
            by_file: HashMap::new(),
            names: Vec::new(),
            by_name: HashMap::new(),
        }
    }
}

impl<F: Eq + Hash, N: Eq + Hash> Ledger<F, N> {
    /// An empty one with room for so many contents and names of them.
    pub(super) fn with_capacity(contents: usize, names: usize) -> Self {
        Self {
            contents: Vec::with_capacity(contents),
            by_file: HashMap::with_capacity(contents),
            names: Vec::with_capacity(names),
            by_name: HashMap::with_capacity(names),
        }
    }

    /// Whether somebody holds a name of this file.
    pub(super) fn knows(&self, file: &F) -> bool {
        self.by_file.contains_key(file)
    }

    /// Whether this file stays when every hold that may be given up is: it has a name that nobody here
    /// holds, or one that is kept. Nothing where nobody holds any.
    pub(super) fn stays(&self, file: &F) -> Option<bool> {
        let content = &self.contents[*self.by_file.get(file)?];
        Some(content.is_kept || content.has_stranger())
    }

    /// A held name is kept by somebody who never lets go.
    pub(super) fn keep(&mut self, Hold(name): Hold) {
        let name = &mut self.names[name];
        name.holders += 1;
        name.is_kept = true;
        self.contents[name.content].is_kept = true;
    }

    /// The names that are kept.
    pub(super) fn kept(&self) -> impl Iterator<Item = &N> {
        let names = self.by_name.iter();
        names.filter_map(|(name, at)| self.names[*at].is_kept.then_some(name))
    }

    /// As [`Ledger::keep`], of all names that are so.
    pub(super) fn keep_those(&mut self, is_kept: impl Fn(&N) -> bool) {
        let names = self.by_name.iter().filter(|(name, _)| is_kept(name));
        for at in names.map(|(_, at)| *at).collect::<Vec<_>>() {
            self.keep(Hold(at));
        }
    }

    /// Whether the file that a held name stands for has a name that nobody here holds.
    pub(super) fn is_beside_stranger(&self, Hold(name): Hold) -> bool {
        self.contents[self.names[name].content].has_stranger()
    }

    /// Somebody more holds `name`, which stands for `weight` links of the file `file` that has
    /// `links` in all and is `len` bytes long.
    pub(super) fn hold(&mut self, name: N, weight: u64, file: F, len: u64, links: u64) -> Hold {
        let contents = &mut self.contents;
        let content = *self.by_file.entry(file).or_insert_with(|| {
            contents.push(Content {
                len,
                links,
                known: 0,
                is_kept: false,
            });
            contents.len() - 1
        });
        let names = &mut self.names;
        let at = *self.by_name.entry(name).or_insert_with(|| {
            names.push(Name {
                content,
                weight,
                holders: 0,
                is_kept: false,
            });
            contents[content].known += weight;
            names.len() - 1
        });
        self.names[at].holders += 1;
        Hold(at)
    }

    /// Bytes that become free when these holds are given up and no others. Each was given once by
    /// [`Ledger::hold`] and is given up once at most.
    pub(super) fn freed_by(&self, going: impl IntoIterator<Item = Hold>) -> u64 {
        let mut given_up: Vec<usize> = going.into_iter().map(|Hold(name)| name).collect();
        given_up.sort_unstable();
        let holds = given_up.chunk_by(PartialEq::eq);
        let names = holds.map(|holds| (&self.names[holds[0]], holds.len()));
        let gone = names.filter(|(name, holders)| *holders >= name.holders);
        let mut gone: Vec<(usize, u64)> =
            gone.map(|(name, _)| (name.content, name.weight)).collect();
        gone.sort_unstable();
        gone.chunk_by(|(one, _), (other, _)| one == other)
            .map(|links| {
                let content = &self.contents[links[0].0];
                (content, links.iter().map(|(_, weight)| weight).sum::<u64>())
            })
            .filter(|(content, links)| *links >= content.links)
            .map(|(content, _)| content.len)
            .sum()
    }

    /// Bytes of all contents of which somebody holds a name, each once.
    pub(super) fn total_bytes(&self) -> u64 {
        self.contents.iter().map(|content| content.len).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_content_goes_with_its_last_name() {
        let mut ledger = Ledger::default();
        let stored = ledger.hold("store", 2, 1, 10, 3);
        let shown = ledger.hold("view", 1, 1, 10, 3);
        assert_eq!(ledger.freed_by([stored]), 0);
        assert_eq!(ledger.freed_by([shown]), 0);
        assert_eq!(ledger.freed_by([stored, shown]), 10);
        assert_eq!(ledger.total_bytes(), 10);
    }

    #[test]
    fn a_name_stays_while_another_holds_it() {
        let mut ledger = Ledger::default();
        let first = ledger.hold("store", 1, 1, 10, 1);
        let second = ledger.hold("store", 1, 1, 10, 1);
        assert_eq!(ledger.freed_by([first]), 0);
        assert_eq!(ledger.freed_by([first, second]), 10);
    }

    #[test]
    fn a_name_that_nobody_knows_keeps_the_content() {
        let mut ledger = Ledger::default();
        let stored = ledger.hold("store", 1, 1, 10, 2);
        assert_eq!(ledger.freed_by([stored]), 0);
        assert_eq!(ledger.stays(&1), Some(true));
        ledger.hold("view", 1, 1, 10, 2);
        assert_eq!(ledger.stays(&1), Some(false));
        assert_eq!(ledger.stays(&2), None);
    }

    #[test]
    fn a_name_that_is_kept_keeps_the_content() {
        let mut ledger = Ledger::default();
        let stored = ledger.hold("store", 1, 1, 10, 2);
        let shown = ledger.hold("view", 1, 1, 10, 2);
        assert_eq!(ledger.freed_by([stored, shown]), 10);
        ledger.keep_those(|name| *name == "view");
        assert_eq!(ledger.freed_by([stored, shown]), 0);
        assert_eq!(ledger.stays(&1), Some(true));
    }

    proptest! {
        /// The same as removing names one by one from a disk that is a map of sets.
        #[test]
        fn freed_is_what_a_disk_would_free(
            holds in prop::collection::vec(0_u8..12, 0..40),
            strangers in prop::collection::vec(0_u8..4, 0..3),
            going in prop::collection::vec(any::<bool>(), 40),
        ) {
            // Name n belongs to content n % 4: a name stands for one content.
            let holds: Vec<(u8, u8)> = holds.into_iter().map(|name| (name, name % 4)).collect();
            let mut disk: BTreeMap<u8, BTreeSet<u8>> = BTreeMap::new();
            for (name, content) in &holds {
                disk.entry(*content).or_default().insert(*name);
            }
            for (n, content) in strangers.iter().enumerate() {
                if let Some(names) = disk.get_mut(content) {
                    names.insert(100 + u8::try_from(n).unwrap());
                }
            }
            let len = |content: u8| 1 << content;
            let mut ledger = Ledger::default();
            let given: Vec<Hold> = holds
                .iter()
                .map(|(name, content)| {
                    let links = disk[content].len() as u64;
                    ledger.hold(*name, 1, *content, len(*content), links)
                })
                .collect();
            let staying: BTreeSet<u8> = holds.iter().zip(&going).filter(|(_, goes)| !**goes).map(|((name, _), _)| *name).collect();
            let mut freed = 0;
            for (content, names) in &mut disk {
                let before = names.len();
                names.retain(|name| *name >= 100 || staying.contains(name));
                if before > 0 && names.is_empty() {
                    freed += len(*content);
                }
            }
            let gone = given.iter().zip(&going).filter(|(_, goes)| **goes).map(|(hold, _)| *hold);
            prop_assert_eq!(ledger.freed_by(gone), freed);
        }
    }
}
