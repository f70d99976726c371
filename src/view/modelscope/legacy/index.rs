//! `.msc`: which files the client has, each with the commit that changed it last, as a pickled list of
//! dicts.

use std::collections::{HashMap, HashSet};

use crate::pickle::{Pickle, Value};
use crate::repo::Revision;

/// The client writes a list in portions of this many rows.
const PORTION: usize = 1000;

/// How many times the bytes of the file its rows may hold: a row of fifteen bytes may share a commit's
/// name of forty.
const COPIES: usize = 4;

/// A file that the client has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) path: String,
    /// The commit that changed the file last. To the client, a prefix is as good as the whole.
    pub(crate) revision: String,
}

/// The rows in the bytes of a file; `None` where it is damaged, which the client takes for empty too.
pub(crate) fn read(bytes: &[u8]) -> Option<Vec<Row>> {
    let pickle = Pickle::read(bytes).ok()?;
    let root = pickle.root();
    if !root.is_list() {
        return None;
    }
    // Rows may share a text: one of a commit's name in each is usual, one that is long is none.
    let mut left = bytes.len().saturating_mul(COPIES);
    root.elements()
        .map(|row| {
            let (path, revision) = (told(row, "Path")?, told(row, "Revision")?);
            left = left.checked_sub(path.len() + revision.len())?;
            Some(Row {
                path: path.to_owned(),
                revision: revision.to_owned(),
            })
        })
        .collect()
}

fn told<'a>(row: Value<'a>, key: &str) -> Option<&'a str> {
    row.get(key)?.text()
}

/// The bytes of a file with these rows, in the oldest form that every version of the client reads.
pub(crate) fn write(rows: &[Row]) -> Vec<u8> {
    let mut bytes = b"\x80\x02]".to_vec();
    for portion in rows.chunks(PORTION) {
        bytes.push(b'(');
        for row in portion {
            bytes.extend(b"}(");
            for word in ["Path", &row.path, "Revision", &row.revision] {
                text(word, &mut bytes);
            }
            bytes.push(b'u');
        }
        bytes.push(b'e');
    }
    bytes.push(b'.');
    bytes
}

/// `.mdl`: the repo's id, pickled.
pub(super) fn id(masked: &str) -> Vec<u8> {
    let mut bytes = b"\x80\x02}".to_vec();
    text("id", &mut bytes);
    text(masked, &mut bytes);
    bytes.extend(b"s.");
    bytes
}

/// The revision in the bytes of `.mv`: with the word before it and when it was made, or for a dataset
/// alone.
pub(in super::super) fn version(bytes: &[u8]) -> Option<Revision> {
    let text = std::str::from_utf8(bytes).ok()?.trim();
    let name = text.strip_prefix("Revision:").unwrap_or(text);
    Revision::parse(name.split(',').next().unwrap_or(name)).ok()
}

fn text(text: &str, bytes: &mut Vec<u8>) {
    // Paths and ids are short: `RepoPath` and `RepoId` see to it.
    let len = u32::try_from(text.len()).unwrap_or(u32::MAX);
    bytes.push(b'X');
    bytes.extend(len.to_le_bytes());
    bytes.extend(text.as_bytes());
}

/// `rows` with `new` ones in the place of those of the same files, or at the end.
pub(super) fn merge(rows: &mut Vec<Row>, new: &[Row]) {
    let better: HashMap<&str, &Row> = new.iter().map(|row| (row.path.as_str(), row)).collect();
    let mut placed = HashSet::new();
    rows.retain_mut(|row| match better.get(row.path.as_str()) {
        Some(better) => {
            row.clone_from(better);
            placed.insert(better.path.as_str())
        }
        None => true,
    });
    let rest = new.iter().filter(|row| !placed.contains(row.path.as_str()));
    rows.extend(rest.cloned());
}

/// `rows` without those of `gone`.
pub(super) fn remove(rows: &mut Vec<Row>, gone: &HashSet<&str>) {
    rows.retain(|row| !gone.contains(row.path.as_str()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(path: &str, digit: &str) -> Row {
        Row {
            path: path.to_owned(),
            revision: digit.repeat(40),
        }
    }

    #[test]
    fn the_bytes_are_those_of_the_format() {
        let mut want = b"\x80\x02](}(X\x04\x00\x00\x00PathX\x07\x00\x00\x00a/b.bin".to_vec();
        want.extend(b"X\x08\x00\x00\x00RevisionX\x28\x00\x00\x00");
        want.extend("f".repeat(40).bytes());
        want.extend(b"ue.");
        assert_eq!(write(&[row("a/b.bin", "f")]), want);
        assert_eq!(write(&[]), b"\x80\x02].");
        assert_eq!(
            id("a/b___c"),
            b"\x80\x02}X\x02\x00\x00\x00idX\x07\x00\x00\x00a/b___cs."
        );
    }

    #[test]
    fn what_is_written_is_read() {
        for count in [0, 1, 2500] {
            let rows: Vec<Row> = (0..count).map(|n| row(&format!("d/{n}"), "a")).collect();
            assert_eq!(read(&write(&rows)), Some(rows));
        }
        assert_eq!(read(b"\x80\x02}."), None);
        assert_eq!(read(b"\x80\x02]N\x61."), None);
        assert_eq!(read(b""), None);
    }

    #[test]
    fn rows_may_share_a_short_text_but_not_a_long_one() {
        let shared = |len: usize| {
            let mut bytes = b"\x80\x02](}(".to_vec();
            for word in ["Path", "a", "Revision", &"f".repeat(len)] {
                text(word, &mut bytes);
            }
            bytes.extend(b"uq\x00");
            (0..60).for_each(|_| bytes.extend(b"h\x00"));
            bytes.extend(b"e.");
            read(&bytes).map(|rows| rows.len())
        };
        assert_eq!(shared(10), Some(61));
        assert_eq!(shared(10_000), None);
    }

    #[test]
    fn new_rows_take_the_place_of_old_ones() {
        let mut rows = vec![row("a", "1"), row("b", "1"), row("a", "2")];
        merge(&mut rows, &[row("c", "3"), row("a", "3")]);
        assert_eq!(rows, [row("a", "3"), row("b", "1"), row("c", "3")]);
        remove(&mut rows, &HashSet::from(["b"]));
        assert_eq!(rows, [row("a", "3"), row("c", "3")]);
    }
}
