//! `download/<path>.metadata`: which content a file was when somebody put it there.
//!
//! Three lines: commit, `ETag`, and the Unix time in seconds, with a fraction, at which that was so
//! (`_local_folder.write_download_metadata`). hf believes a note as long as the file is not newer than
//! that time by more than a second. Here a note decides nothing that its content cannot prove: its
//! `ETag` is a digest, which the file still has or has not.

use std::fs::Metadata as There;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Files;
use crate::digest::Digest;
use crate::error::Cause;
use crate::fs::read_small;
use crate::repo::{Commit, RepoPath};

/// More than any client writes.
const MAX_BYTES: u64 = 4096;

/// hf's allowance for clocks of filesystems, in seconds.
const ALLOWANCE: f64 = 1.0;

/// A note on one file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Metadata {
    pub(super) commit: Commit,
    /// `None` where the `ETag` is no digest.
    pub(super) digest: Option<Digest>,
    /// Unix time in seconds.
    written_at: f64,
}

impl Metadata {
    /// The note in the text of a file; `None` where it is none.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut lines = std::str::from_utf8(bytes).ok()?.lines().map(str::trim);
        let commit = Commit::parse(lines.next()?).ok()?;
        let digest = parse_etag(lines.next()?);
        let written_at: f64 = lines.next()?.parse().ok()?;
        written_at.is_finite().then_some(Self {
            commit,
            digest,
            written_at,
        })
    }

    /// The text of the note as one that vouches for nothing; `None` where it would tell nothing either.
    pub(super) fn void(&self) -> Option<String> {
        let digest = self.digest?;
        Some(format!("{}\n{digest}\n0.0\n", self.commit))
    }

    /// Whether hf would believe the note.
    pub(super) fn vouches_for(&self, there: &There) -> bool {
        modified(there) - ALLOWANCE <= self.written_at
    }
}

/// The text of a note, written now about a file that looks like this.
pub(super) fn text(commit: &Commit, digest: Digest, there: &There) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    // Where the disk's clock is ahead of this machine's, the note must not look too old.
    let at = now
        .unwrap_or(Duration::ZERO)
        .as_secs_f64()
        .max(modified(there));
    format!("{commit}\n{digest}\n{at:.6}\n")
}

/// hf trusts digests in lower case only, which is how they are written.
fn parse_etag(text: &str) -> Option<Digest> {
    match text.len() {
        64 => text.parse().ok().map(Digest::Sha256),
        40 => text.parse().ok().map(Digest::Git),
        _ => None,
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "hf compares times as doubles, whose error is far below its allowance"
)]
fn modified(there: &There) -> f64 {
    there.mtime() as f64 + there.mtime_nsec() as f64 / 1e9
}

impl Files {
    /// The note on a file; `None` where there is none, or a damaged one, which says nothing.
    pub(super) fn note(&self, path: &RepoPath) -> Result<Option<Metadata>, Cause> {
        let note = self.layout.metadata(path);
        match read_small(&note, MAX_BYTES) {
            Ok(bytes) => Ok(bytes.and_then(|bytes| Metadata::parse(&bytes))),
            Err(Cause::Io { source, .. }) if source.kind() == std::io::ErrorKind::InvalidData => {
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::GitOid;

    #[test]
    fn what_is_written_reads_as_hf_writes_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::fs::write(&path, "x").unwrap();
        let there = std::fs::metadata(&path).unwrap();
        let commit = Commit::parse(&"c".repeat(40)).unwrap();
        let digest = Digest::Git(GitOid::of(b"x"));
        let text = text(&commit, digest, &there);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..2], [commit.as_str(), &digest.to_string()]);
        let read = Metadata::parse(text.as_bytes()).unwrap();
        assert_eq!((&read.commit, read.digest), (&commit, Some(digest)));
        assert!(read.vouches_for(&there));
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        let later = SystemTime::now() + Duration::from_secs(60);
        file.set_modified(later).unwrap();
        assert!(!read.vouches_for(&std::fs::metadata(&path).unwrap()));
        let void = Metadata::parse(read.void().unwrap().as_bytes()).unwrap();
        assert!(!void.vouches_for(&there));
        assert_eq!((void.commit, void.digest), (read.commit, read.digest));
    }

    #[test]
    fn what_is_no_note_says_nothing() {
        let commit = "c".repeat(40);
        for text in [
            "",
            "main\nx\n1\n",
            &format!("{commit}\n"),
            &format!("{commit}\nx\nnan\n"),
        ] {
            assert_eq!(Metadata::parse(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(Metadata::parse(&[0xff; 40]), None);
        let odd = format!("{commit}\nW/\"abc\"\n1712656091.123\n");
        assert_eq!(Metadata::parse(odd.as_bytes()).unwrap().digest, None);
    }
}
