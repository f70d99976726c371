//! What the published copies of one file looked like when their bytes had been proven.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smallvec::SmallVec;

use crate::fs::Stamp;

/// More copies than this are not remembered: a file is in a cache or two and a few folders.
const MOST: usize = 8;

/// A few stamps, the latest at the end. Names of one file share one, so nearly all files have one: of tens
/// of thousands of files it is kept where the file is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stamps(SmallVec<[Stamp; 1]>);

impl Serialize for Stamps {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.0)
    }
}

impl<'de> Deserialize<'de> for Stamps {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written)
    }
}

/// A list of stamps; the first larder knew one view and wrote one stamp.
struct Written;

impl<'de> Visitor<'de> for Written {
    type Value = Stamps;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a stamp, or a list of them")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut written: A) -> Result<Stamps, A::Error> {
        let mut stamps = Stamps::default();
        while let Some(stamp) = written.next_element::<Stamp>()? {
            stamps.extend([stamp]);
        }
        Ok(stamps)
    }

    fn visit_map<A: MapAccess<'de>>(self, written: A) -> Result<Stamps, A::Error> {
        let stamp = Stamp::deserialize(MapAccessDeserializer::new(written))?;
        Ok([stamp].into_iter().collect())
    }
}

impl FromIterator<Stamp> for Stamps {
    fn from_iter<I: IntoIterator<Item = Stamp>>(stamps: I) -> Self {
        let mut all = Self::default();
        all.extend(stamps);
        all
    }
}

impl Extend<Stamp> for Stamps {
    /// Remembers more stamps, and forgets the oldest ones where there are too many.
    fn extend<I: IntoIterator<Item = Stamp>>(&mut self, stamps: I) {
        for stamp in stamps {
            if self.contains(stamp) {
                continue;
            }
            self.0.push(stamp);
            if self.0.len() > MOST {
                self.0.remove(0);
            }
        }
    }
}

impl Stamps {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a file that looks like this is one of those that were proven.
    pub fn contains(&self, stamp: Stamp) -> bool {
        self.0.contains(&stamp)
    }

    /// Forgets those that `is_gone` says so of; whether there were any.
    pub fn forget(&mut self, is_gone: impl Fn(Stamp) -> bool) -> bool {
        let before = self.0.len();
        self.0.retain(|stamp| !is_gone(*stamp));
        self.0.len() < before
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Stamp> {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(ino: u64) -> Stamp {
        Stamp {
            ino,
            len: 1,
            mtime_secs: 2,
            mtime_nanos: 3,
        }
    }

    #[test]
    fn one_stamp_and_several_are_read() {
        let one = serde_json::to_string(&stamp(1)).unwrap();
        let read = |text: &str| serde_json::from_str::<Stamps>(text).unwrap();
        assert!(read(&one).contains(stamp(1)));
        let two = Stamps::from_iter([stamp(1), stamp(2), stamp(1)]);
        assert_eq!(read(&serde_json::to_string(&two).unwrap()), two);
        assert_eq!(two.iter().count(), 2);
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let stamps: Stamps = (0..20).map(stamp).collect();
        assert_eq!(stamps.iter().count(), MOST);
        assert!(stamps.contains(stamp(19)) && !stamps.contains(stamp(0)));
    }
}
