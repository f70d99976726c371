//! One file of a manifest, and how it is read.

use serde::{Deserialize, Deserializer, Serialize};

use super::Stamps;
use crate::digest::{BlobId, Digest, GitOid};
use crate::hub::RemoteFile;
use crate::repo::{Commit, RepoPath};

/// One file of a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Row")]
pub struct FileRecord {
    /// The hub's row.
    #[serde(flatten)]
    pub remote: RemoteFile,
    /// The blob that it became, when it was pulled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blob: Option<BlobId>,
    /// What the published file looked like when its bytes had been proven: in each view anew.
    #[serde(skip_serializing_if = "Stamps::is_empty")]
    pub stamps: Stamps,
}

/// The same with the hub's row spelled out: every command reads all records, and a flattened field is
/// read twice, by way of a value that can be anything.
#[derive(Deserialize)]
struct Row {
    path: RepoPath,
    len: u64,
    digest: Digest,
    #[serde(default)]
    git_oid: Option<GitOid>,
    #[serde(default)]
    xet_hash: Option<String>,
    #[serde(default)]
    changed_by: Option<Commit>,
    #[serde(default)]
    blob: Option<BlobId>,
    #[serde(default, alias = "stamp")]
    stamps: Stamps,
}

impl From<Row> for FileRecord {
    fn from(row: Row) -> Self {
        let remote = RemoteFile {
            path: row.path,
            len: row.len,
            digest: row.digest,
            git_oid: row.git_oid,
            xet_hash: row.xet_hash,
            changed_by: row.changed_by,
        };
        Self {
            remote,
            blob: row.blob,
            stamps: row.stamps,
        }
    }
}

/// The records of a manifest, in no more room than they need: while it is read nobody knows how many
/// there will be.
pub(super) fn rows<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<FileRecord>, D::Error> {
    let mut rows = Vec::deserialize(from)?;
    rows.shrink_to_fit();
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::Stamp;

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let stamp = Stamp {
            ino: 1,
            len: 2,
            mtime_secs: 3,
            mtime_nanos: 4,
        };
        let mut record = FileRecord {
            remote: RemoteFile {
                path: RepoPath::parse("a/b").unwrap(),
                len: 2,
                digest: GitOid::of(b"ab").into(),
                git_oid: Some(GitOid::of(b"pointer")),
                xet_hash: Some("x".to_owned()),
                changed_by: Commit::parse(&"c".repeat(40)).ok(),
            },
            blob: Some(BlobId::of(b"ab")),
            stamps: [stamp].into_iter().collect(),
        };
        let again = |record: &FileRecord| {
            let text = serde_json::to_string(record).unwrap();
            serde_json::from_str::<FileRecord>(&text).unwrap()
        };
        assert_eq!(again(&record), record);
        record.remote = RemoteFile {
            digest: BlobId::of(b"ab").into(),
            git_oid: None,
            xet_hash: None,
            changed_by: None,
            ..record.remote
        };
        record.blob = None;
        record.stamps = Stamps::default();
        assert_eq!(again(&record), record);
    }
}
