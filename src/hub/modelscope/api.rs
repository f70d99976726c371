//! Answers of ModelScope's API as types of this crate: envelopes, commits, and rows of listings.
//!
//! An answer is good if it is JSON whose `Success` is not false and whose `Code`, if it has one, is
//! 200. Fields are absent, null or of another type as servers like (`modelscope_hub`:
//! `_legacy_api.LegacyClient._list_files_page`); unknown ones are ignored.

mod scalar;

use std::fmt;

use serde::de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use self::scalar::Scalar;
use crate::digest::{BlobId, Digest};
use crate::hub::RemoteFile;
use crate::hub::wire::{parse_json, size};
use crate::redact::clean_short;
use crate::repo::{Commit, RepoPath};

/// Bound of the rows of one answer; the site cuts its own at 3,000.
const MAX_ROWS: usize = 200_000;

/// Whether an answer is one, before its data is looked at.
#[derive(Debug, Deserialize)]
struct Verdict {
    #[serde(rename = "Code", default)]
    code: Scalar,
    #[serde(rename = "Success", default)]
    success: Scalar,
}

#[derive(Debug, Deserialize)]
struct Envelope<T> {
    #[serde(rename = "Data")]
    data: Option<T>,
}

/// What an API answer holds.
#[derive(Debug)]
pub(super) enum Answered<T> {
    /// What was asked for.
    Data(T),
    /// An error, whatever the status said.
    Failure,
}

/// Reads the envelope of an answer; says what makes no sense.
pub(super) fn open<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<Answered<T>, String> {
    let verdict: Verdict = parse_json(body)?;
    let is_good_code = match &verdict.code {
        Scalar::Null => true,
        Scalar::Number(code) => code.as_u64() == Some(200),
        Scalar::Text(code) => code == "200",
        _ => false,
    };
    if verdict.success == Scalar::Truth(false) || !is_good_code {
        return Ok(Answered::Failure);
    }
    let envelope: Envelope<T> = parse_json(body)?;
    let data = envelope.data.ok_or("an answer without data")?;
    Ok(Answered::Data(data))
}

/// `GET …/commits?Ref=`; a name that means nothing has no commits.
#[derive(Debug, Deserialize)]
pub(super) struct Commits {
    #[serde(rename = "Commit", default)]
    commits: Option<Vec<CommitRow>>,
}

#[derive(Debug, Deserialize)]
struct CommitRow {
    #[serde(rename = "Id")]
    id: String,
}

impl Commits {
    /// The newest commit; nothing if there is none.
    pub(super) fn newest(self) -> Result<Option<Commit>, String> {
        let newest = self.commits.unwrap_or_default().into_iter().next();
        let parse = |row: CommitRow| {
            Commit::parse(&row.id)
                .map_err(|_| format!("a commit named `{}`", clean_short(&row.id, 60)))
        };
        newest.map(parse).transpose()
    }
}

/// The rows of one answer of a listing; folders are rows as well.
#[derive(Debug, Default)]
pub(super) struct Listed(pub(super) Vec<Row>);

/// One row.
#[derive(Debug, Deserialize)]
pub(super) struct Row {
    #[serde(rename = "Path", alias = "path")]
    pub(super) path: Option<String>,
    #[serde(rename = "Name", alias = "name")]
    name: Option<String>,
    #[serde(rename = "Type", alias = "type")]
    kind: Option<String>,
    #[serde(rename = "Size", alias = "size", default)]
    size: Scalar,
    #[serde(rename = "Sha256", alias = "sha256")]
    sha256: Option<String>,
    #[serde(rename = "Revision", alias = "revision")]
    revision: Option<String>,
}

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// Something that git knows and that has no bytes here.
    Other,
}

impl Row {
    pub(super) fn path(&self) -> Result<&str, String> {
        let path = self.path.as_deref().or(self.name.as_deref());
        path.ok_or_else(|| "a row without a path".to_owned())
    }

    pub(super) fn kind(&self) -> Kind {
        match self.kind.as_deref() {
            None | Some("blob") => Kind::File,
            Some("tree") => Kind::Folder,
            Some(_) => Kind::Other,
        }
    }

    /// The file that a row is about, at its checked path.
    ///
    /// Says what makes no sense. A length or digest that the row does not tell is told by an answer
    /// for the file itself, perhaps.
    pub(super) fn file(&self, path: RepoPath) -> Result<Told, String> {
        let len = match self.size()? {
            Some(bytes) => Some(size(bytes, &path)?),
            None => None,
        };
        let told = self.sha256.as_deref().map(str::trim).unwrap_or_default();
        let digest = match told {
            "" if len == Some(0) => Some(BlobId::of(b"")),
            "" => None,
            hex => Some(hex.to_ascii_lowercase().parse().map_err(|_| {
                let hex = clean_short(hex, 70);
                format!("a SHA-256 for {path} that is none: {hex}")
            })?),
        };
        let changed_by = self.revision.as_deref();
        Ok(Told {
            path,
            len,
            digest,
            changed_by: changed_by.and_then(|id| Commit::parse(id).ok()),
        })
    }

    /// Whole numbers, however they are written.
    fn size(&self) -> Result<Option<u64>, String> {
        let text = match &self.size {
            Scalar::Null => return Ok(None),
            Scalar::Number(number) => number.to_string(),
            Scalar::Text(text) => text.trim().to_owned(),
            _ => String::new(),
        };
        let whole = text.strip_suffix(".0").unwrap_or(&text);
        let bytes = whole.parse().map_err(|_| {
            let text = clean_short(&self.size.to_string(), 40);
            format!("a size that is none: {text}")
        });
        bytes.map(Some)
    }
}

/// A file as far as its row tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) path: RepoPath,
    pub(super) len: Option<u64>,
    pub(super) digest: Option<BlobId>,
    /// The commit that changed it last, not the one that was listed.
    pub(super) changed_by: Option<Commit>,
}

impl Told {
    /// The file, when length and digest are told.
    pub(super) fn whole(&self) -> Option<RemoteFile> {
        Some(RemoteFile {
            path: self.path.clone(),
            len: self.len?,
            digest: Digest::Sha256(self.digest?),
            git_oid: None,
            xet_hash: None,
            changed_by: self.changed_by.clone(),
        })
    }
}

impl<'de> Deserialize<'de> for Listed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListedVisitor)
    }
}

/// `{"Files": [...]}`, `{"files": [...]}`, or the list itself.
struct ListedVisitor;

impl<'de> Visitor<'de> for ListedVisitor {
    type Value = Listed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of files")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Listed, A::Error> {
        let mut listed = Vec::new();
        while let Some(row) = rows.next_element::<Row>()? {
            if listed.len() == MAX_ROWS {
                return Err(A::Error::custom(format!("more than {MAX_ROWS} rows")));
            }
            listed.push(row);
        }
        Ok(Listed(listed))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Listed, A::Error> {
        let mut listed = None;
        while let Some(field) = fields.next_key::<String>()? {
            if matches!(field.as_str(), "Files" | "files") {
                listed = Some(fields.next_value::<Option<Listed>>()?.unwrap_or_default());
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        listed.ok_or_else(|| A::Error::missing_field("Files"))
    }
}

#[cfg(test)]
mod tests;
