//! The `Range` header.

use std::ops::Range;

/// What a request asks of a file of known length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Everything: no header, or one that a server may ignore.
    Whole,
    /// One half-open range inside the file.
    Slice(Range<u64>),
    /// A range outside the file.
    Unsatisfiable,
}

/// Reads a `Range` header against a file of `len` bytes.
pub fn asked(header: Option<&str>, len: u64) -> Asked {
    let Some((first, last)) = header.and_then(ends) else {
        return Asked::Whole;
    };
    let range = match (first, last) {
        (Some(first), Some(last)) if first > last => return Asked::Whole,
        (Some(first), Some(last)) => first..len.min(last.saturating_add(1)),
        (Some(first), None) => first..len,
        (None, Some(suffix)) => len.saturating_sub(suffix)..len,
        (None, None) => return Asked::Whole,
    };
    if range.start < range.end {
        Asked::Slice(range)
    } else {
        Asked::Unsatisfiable
    }
}

/// Whether a request with this header wants the byte at `offset`; no header wants all of them.
pub fn wants(header: Option<&str>, offset: u64) -> bool {
    match header.and_then(ends) {
        None | Some((None, None)) => true,
        Some((first, last)) => {
            first.is_some_and(|first| first <= offset) && last.is_none_or(|last| offset <= last)
        }
    }
}

/// Length of a closed range (`bytes=a-b`), whatever the file.
pub fn closed_len(header: Option<&str>) -> Option<u64> {
    match header.and_then(ends)? {
        (Some(first), Some(last)) if first <= last => Some(last - first + 1),
        _ => None,
    }
}

/// The two ends of a single `bytes=` range as written.
fn ends(header: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (first, last) = header.trim().strip_prefix("bytes=")?.split_once('-')?;
    let end = |text: &str| match text.trim() {
        "" => Some(None),
        digits => digits.parse().ok().map(Some),
    };
    Some((end(first)?, end(last)?))
}
