//! Where a file is in its repo.

use std::fmt;
use std::sync::Arc;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::BadName;

/// The path of a file inside a repo: relative, `/`-separated, and safe to join to a folder. Its text is
/// shared by all that know the file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepoPath(Arc<str>);

impl RepoPath {
    /// Checks a path that a hub listed or a user typed.
    ///
    /// # Errors
    /// When it is absolute, leaves its folder (`..`), has an empty or `.` segment, a backslash, a
    /// control character, a segment longer than 255 bytes, or one that is `.git` in any case: git
    /// holds no such file, and one that a hub makes up could run commands when git comes by. On Windows also when a segment begins
    /// with a drive (`C:x`), which leaves the folder there; elsewhere that is a name like any other.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        Self::check(text)?;
        Ok(Self(text.into()))
    }

    fn check(text: &str) -> Result<(), BadName> {
        if text.is_empty() || text.len() > 4096 {
            return Err(BadName("a path has 1 to 4096 bytes"));
        }
        let is_odd = |byte: u8| byte == b'\\' || byte.is_ascii_control();
        let is_odd_beyond = || !text.is_ascii() && text.chars().any(char::is_control);
        if text.bytes().any(is_odd) || is_odd_beyond() {
            return Err(BadName("a path has no backslash and no control character"));
        }
        for segment in text.split('/') {
            match segment {
                "" => return Err(BadName("a path is relative and has no empty segment")),
                "." | ".." => return Err(BadName("a path has no `.` or `..` segment")),
                _ if segment.eq_ignore_ascii_case(".git") => {
                    return Err(BadName("a path has no `.git` segment"));
                }
                _ if cfg!(windows) && has_drive(segment) => {
                    return Err(BadName("a path names no drive"));
                }
                _ if segment.len() > 255 => {
                    return Err(BadName("a path segment has at most 255 bytes"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The path as the hub spells it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last segment.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The path of the folder that it is in; empty for what is in none.
    pub fn folder(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// The segments, outermost first.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }
}

fn has_drive(segment: &str) -> bool {
    matches!(segment.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::redact::clean(&self.0))
    }
}

impl Serialize for RepoPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RepoPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(PathText)
    }
}

struct PathText;

impl Visitor<'_> for PathText {
    type Value = RepoPath;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the path of a file in a repo")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<RepoPath, E> {
        RepoPath::parse(text).map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repo_paths() {
        for good in [
            "config.json",
            "a b/c#d%e?é+&.txt",
            ".gitattributes",
            ".github/x",
            "a/..b",
            "xy:z",
        ] {
            assert!(RepoPath::parse(good).is_ok(), "{good}");
        }
        assert_eq!(RepoPath::parse("a/C:x").is_err(), cfg!(windows));
        assert!(has_drive("C:x") && has_drive("c:") && !has_drive("1:x") && !has_drive("xy:z"));
        let long = "x".repeat(256);
        for bad in [
            "",
            "/a",
            "a//b",
            "a/",
            ".",
            "..",
            "a/../b",
            "a\\b",
            "a\0b",
            "a\nb",
            &long,
            ".git",
            "a/.Git/config",
        ] {
            assert!(RepoPath::parse(bad).is_err(), "{bad}");
        }
    }
}
