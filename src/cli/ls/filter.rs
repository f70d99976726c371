//! `--filter` and `--sort`, in the words of `hf cache ls` (`huggingface_hub.cli.cache`): sizes are
//! decimal, times are ages, so that `accessed>30d` is what was not used for thirty days.
//!
//! Beyond `hf`, fractions and binary units are understood, and the key `hub`.

use std::cmp::{Ordering, Reverse};
use std::time::SystemTime;

use super::row::Row;

const KEYS: &str = "size, accessed, modified, type, refs and hub";

/// One condition on a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Filter {
    Size(Compare, u64),
    /// Seconds since the last use.
    Accessed(Compare, u64),
    /// Seconds since the last change.
    Modified(Compare, u64),
    Kind(String),
    Revision(String),
    Hub(String),
}

/// How two numbers are to stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compare {
    Equal,
    NotEqual,
    More,
    Less,
    MoreOrEqual,
    LessOrEqual,
}

impl Compare {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "=" => Self::Equal,
            "!=" => Self::NotEqual,
            ">" => Self::More,
            "<" => Self::Less,
            ">=" => Self::MoreOrEqual,
            "<=" => Self::LessOrEqual,
            _ => return None,
        })
    }

    fn holds(self, left: u64, right: u64) -> bool {
        let order = left.cmp(&right);
        match self {
            Self::Equal => order == Ordering::Equal,
            Self::NotEqual => order != Ordering::Equal,
            Self::More => order == Ordering::Greater,
            Self::Less => order == Ordering::Less,
            Self::MoreOrEqual => order != Ordering::Less,
            Self::LessOrEqual => order != Ordering::Greater,
        }
    }
}

impl Filter {
    /// Reads `key op value`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is no filter such as `size>10GB`, `accessed>30d` or `refs=main`");
        let text = text.trim();
        let begin = text.find(['=', '!', '>', '<']).ok_or_else(wrong)?;
        let rest = &text[begin..];
        let end = rest
            .find(|c| !['=', '!', '>', '<'].contains(&c))
            .ok_or_else(wrong)?;
        let compare = Compare::parse(&rest[..end]).ok_or_else(wrong)?;
        let value = rest[end..].trim().to_lowercase();
        let key = text[..begin].trim().to_lowercase();
        let exact = |filter: fn(String) -> Self| match compare {
            Compare::Equal => Ok(filter(value.clone())),
            _ => Err(format!("`{key}` can only be compared with `=`")),
        };
        match key.as_str() {
            "size" => Ok(Self::Size(compare, size(&value)?)),
            "accessed" => Ok(Self::Accessed(compare, age(&value)?)),
            "modified" => Ok(Self::Modified(compare, age(&value)?)),
            "type" => exact(Self::Kind),
            "refs" => exact(Self::Revision),
            "hub" => exact(Self::Hub),
            _ => Err(format!("`{key}` is no key; there are {KEYS}")),
        }
    }

    /// Whether a row is to be shown.
    pub(super) fn holds(&self, row: &Row<'_>, now: SystemTime) -> bool {
        let is_aged = |time: Option<SystemTime>, compare: Compare, seconds: u64| {
            let age = |time| now.duration_since(time).map_or(0, |age| age.as_secs());
            time.is_some_and(|time| compare.holds(age(time), seconds))
        };
        match self {
            Self::Size(compare, bytes) => compare.holds(row.size_bytes, *bytes),
            Self::Accessed(compare, age) => is_aged(row.last_used, *compare, *age),
            Self::Modified(compare, age) => is_aged(row.modified, *compare, *age),
            Self::Kind(kind) => row.kind.is_some_and(|known| known.as_str() == kind),
            Self::Hub(hub) => row.hub.is_some_and(|known| known.as_str() == hub),
            Self::Revision(name) => {
                let mut names = row.revisions.iter();
                names.any(|known| known.to_lowercase() == *name)
            }
        }
    }
}

/// `10GB`, `500m`, `1.5TiB`, `123`.
fn size(text: &str) -> Result<u64, String> {
    let zero = text
        .trim_end_matches(|c: char| c.is_ascii_alphabetic())
        .trim();
    match crate::cli::config::amount::parse_bytes(text) {
        Err(_) if zero.parse() == Ok(0_u64) => Ok(0),
        other => other,
    }
}

/// `30d`, `2w`, `6mo`, `3600`: seconds.
fn age(text: &str) -> Result<u64, String> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit: u64 = match unit.trim() {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        "mo" => 30 * 86_400,
        "y" => 365 * 86_400,
        _ => 0,
    };
    let seconds = number
        .parse()
        .ok()
        .and_then(|number: u64| number.checked_mul(unit));
    seconds
        .filter(|_| unit > 0)
        .ok_or_else(|| format!("`{text}` is not an age such as 12h, 30d, 2w, 6mo or 1y"))
}

/// An order of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sort {
    key: Key,
    is_descending: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Name,
    Size,
    Unique,
    Accessed,
    Modified,
}

impl Sort {
    /// Reads `key`, `key:asc` or `key:desc`. Names begin with the first, all else with the largest or
    /// latest.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim().to_lowercase();
        let (key, order) = text.split_once(':').unwrap_or((&text, ""));
        let key = match key {
            "name" => Key::Name,
            "size" => Key::Size,
            "unique" => Key::Unique,
            "accessed" => Key::Accessed,
            "modified" => Key::Modified,
            _ => {
                return Err(format!(
                    "`{key}` is no key; there are name, size, unique, accessed and modified"
                ));
            }
        };
        let is_descending = match order {
            "" => key != Key::Name,
            "asc" => false,
            "desc" => true,
            _ => return Err(format!("`{order}` is no order; there are asc and desc")),
        };
        Ok(Self { key, is_descending })
    }

    /// Puts the rows in order; those that are equal stay as they are.
    pub(super) fn apply(self, rows: &mut [Row<'_>]) {
        let name = |row: &Row<'_>| (row.kind, row.name.to_lowercase());
        match (self.key, self.is_descending) {
            (Key::Name, false) => rows.sort_by_key(name),
            (Key::Name, true) => rows.sort_by_key(|row| Reverse(name(row))),
            (_, false) => rows.sort_by_key(|row| self.number(row)),
            (_, true) => rows.sort_by_key(|row| Reverse(self.number(row))),
        }
    }

    fn number(self, row: &Row<'_>) -> (u64, u32) {
        let seconds = |time: Option<SystemTime>| {
            let since = time.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
            since.map_or((0, 0), |since| (since.as_secs(), since.subsec_nanos()))
        };
        match self.key {
            Key::Name | Key::Size => (row.size_bytes, 0),
            Key::Unique => (row.unique_bytes, 0),
            Key::Accessed => seconds(row.last_used),
            Key::Modified => seconds(row.modified),
        }
    }
}

#[cfg(test)]
mod tests;
