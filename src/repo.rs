//! Names on a hub: which repo, which revision, which file.
//!
//! Each type can only be built from text that was checked, so that nothing that a user types or a
//! hub answers turns into a path outside the store or into another URL. The rules for ids are those
//! of `huggingface_hub` (`utils._validators.validate_repo_id`).

use std::fmt;

use serde::{Deserialize, Serialize};

mod path;

pub use path::RepoPath;

/// Which hub a repo lives on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HubName {
    /// Hugging Face, or a mirror that speaks its protocol.
    #[serde(rename = "hf")]
    HuggingFace,
    /// ModelScope, either of its sites.
    #[serde(rename = "ms")]
    ModelScope,
}

impl HubName {
    /// The short name: what a reference starts with, and a folder name in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HuggingFace => "hf",
            Self::ModelScope => "ms",
        }
    }

    /// The branch that is meant when no revision is given.
    pub fn default_revision(self) -> Revision {
        let branch = match self {
            Self::HuggingFace => "main",
            Self::ModelScope => "master",
        };
        Revision(branch.to_owned())
    }
}

impl fmt::Display for HubName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a repo holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RepoKind {
    /// A model.
    Model,
    /// A dataset.
    Dataset,
}

impl RepoKind {
    /// `model` or `dataset`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Dataset => "dataset",
        }
    }

    /// `models` or `datasets`: the segment of API paths and cache folders.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Model => "models",
            Self::Dataset => "datasets",
        }
    }
}

/// Why a text is no name; reads after “… is not a repo id: ”.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadName(pub(crate) &'static str);

/// A repo on a hub: kind, owner and name. Old Hugging Face models have no owner (`gpt2`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepoId {
    kind: RepoKind,
    owner: Option<String>,
    name: String,
}

impl RepoId {
    /// Checks `id` (`owner/name`, or `name` alone).
    ///
    /// # Errors
    /// Says which rule of the hub's naming the text breaks.
    pub fn parse(kind: RepoKind, id: &str) -> Result<Self, BadName> {
        let (owner, name) = match id.split_once('/') {
            Some((owner, name)) => (Some(owner), name),
            None => (None, id),
        };
        for part in owner.into_iter().chain([name]) {
            check_part(part)?;
        }
        if name.strip_suffix(".git").is_some() {
            return Err(BadName("the name must not end in .git"));
        }
        Ok(Self {
            kind,
            owner: owner.map(str::to_owned),
            name: name.to_owned(),
        })
    }

    /// Model or dataset.
    pub fn kind(&self) -> RepoKind {
        self.kind
    }

    /// The part before the slash, if there is one.
    pub fn owner(&self) -> Option<&str> {
        self.owner.as_deref()
    }

    /// The part after the slash.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `owner/name` or `name`, without the kind.
    pub fn id(&self) -> String {
        match &self.owner {
            Some(owner) => format!("{owner}/{}", self.name),
            None => self.name.clone(),
        }
    }
}

impl fmt::Display for RepoId {
    /// As a reference would be typed: `owner/name`, `datasets/owner/name`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind == RepoKind::Dataset {
            f.write_str("datasets/")?;
        }
        f.write_str(&self.id())
    }
}

fn check_part(part: &str) -> Result<(), BadName> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if part.is_empty() || part.len() > 96 {
        return Err(BadName("owner and name have 1 to 96 characters"));
    }
    if part.contains('/') {
        return Err(BadName("it has more than one slash"));
    }
    if !part.chars().all(|c| is_word(c) || c == '-' || c == '.') {
        return Err(BadName(
            "only ASCII letters, digits, `-`, `_` and `.` are allowed",
        ));
    }
    if !part.starts_with(is_word) || !part.ends_with(is_word) {
        return Err(BadName(
            "owner and name begin and end with a letter, a digit or `_`",
        ));
    }
    if part.contains("--") || part.contains("..") {
        return Err(BadName("`--` and `..` are not allowed"));
    }
    Ok(())
}

/// A name that can move: a branch, a tag, `refs/pr/1`; or a commit, which cannot.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Revision(String);

impl Revision {
    /// Checks `text` by git's rules for ref names, as far as they protect paths and URLs.
    ///
    /// # Errors
    /// Says which rule the text breaks.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        if text.is_empty() || text.len() > 250 {
            return Err(BadName("a revision has 1 to 250 characters"));
        }
        let forbidden = |c: char| c.is_control() || "\\ ~^:?*[".contains(c);
        if text.contains(forbidden) {
            return Err(BadName(
                "spaces, control characters and any of \\ ~ ^ : ? * [ are not allowed",
            ));
        }
        let bad_segment =
            |s: &str| s.is_empty() || s.starts_with('.') || s.strip_suffix(".lock").is_some();
        if text.split('/').any(bad_segment) || text.contains("..") || text.contains("@{") {
            return Err(BadName("it is not a valid git ref name"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The revision as typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The commit, when the revision is one: exactly 40 lower-case hex digits.
    pub fn as_commit(&self) -> Option<Commit> {
        Commit::parse(&self.0).ok()
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Revision {
    type Error = BadName;

    fn try_from(text: String) -> Result<Self, BadName> {
        Self::parse(&text)
    }
}

impl From<&Commit> for Revision {
    fn from(commit: &Commit) -> Self {
        Self(commit.0.clone())
    }
}

impl From<Revision> for String {
    fn from(revision: Revision) -> Self {
        revision.0
    }
}

/// The immutable id that a revision resolved to: 40 lower-case hex digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Commit(String);

impl Commit {
    /// Checks that `text` is a commit id.
    ///
    /// # Errors
    /// When it is not exactly 40 lower-case hex digits.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() == 40 && text.bytes().all(is_hex) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadName("a commit has exactly 40 lower-case hex digits"))
        }
    }

    /// The 40 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a revision, if it is no branch or tag, is this commit: its id, or a beginning of that.
    /// Shorter ones than seven digits could be names.
    pub fn is_meant_by(&self, revision: &Revision) -> bool {
        let text = revision.as_str();
        text.len() >= 7 && self.0.starts_with(text)
    }

    /// The first twelve digits, for people.
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

impl fmt::Display for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Commit {
    type Error = BadName;

    fn try_from(text: String) -> Result<Self, BadName> {
        Self::parse(&text)
    }
}

impl From<Commit> for String {
    fn from(commit: Commit) -> Self {
        commit.0
    }
}

#[cfg(test)]
mod tests;
