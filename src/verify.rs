//! Whether what is on this disk still is what was recorded, by hashing all of it; and putting right what
//! is not ([`repair`]).
//!
//! First everything is looked at by name (`look`): what is missing, leads nowhere, has another length
//! or is known to nobody needs no hashing. Then every file is hashed once, however many names it has.
//! Looks, and changes nothing.

use std::path::PathBuf;
use std::sync::Arc;

use crate::digest::{BlobId, Digest};
use crate::error::Cause;
use crate::fs::Stamp;
use crate::hashing::{Around, Job, Sums, hash_all};
use crate::repo::{Commit, HubName, RepoId, RepoPath};
use crate::report::Event;
use crate::store::Store;
use crate::view::ViewId;

mod look;
mod place;
mod promise;
pub mod repair;
mod scope;

pub use place::Shown;
pub use scope::{Chosen, choose};

use look::Look;
use promise::File;

/// A file of a commit that was pulled.
#[derive(Debug, PartialEq, Eq)]
pub struct FileOf {
    /// The hub.
    pub hub: HubName,
    /// The repo.
    pub repo: RepoId,
    /// The commit.
    pub commit: Commit,
    /// The file.
    pub path: RepoPath,
    /// Its size in bytes.
    pub len: u64,
    /// What the hub promises of its content.
    pub digest: Digest,
    /// The blob that it became.
    pub blob: BlobId,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The name is not there, or the store has not the content and nobody else has.
    Missing,
    /// The name is a link that leads nowhere.
    Dangling,
    /// What is there is no file.
    NotAFile,
    /// The file has another length.
    Length {
        /// The recorded one, in bytes.
        want: u64,
        /// What is there.
        got: u64,
    },
    /// The file holds other bytes.
    Content {
        /// The recorded digest.
        want: Digest,
        /// That of what is there.
        got: Digest,
    },
    /// The file cannot be read, for this reason.
    Unreadable(String),
    /// A name in a published snapshot that the commit does not have.
    Extra,
    /// A record that is not what was written.
    DamagedRecord,
}

/// Where something is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A name in the store that promises this digest.
    Store(Digest),
    /// A name in a view.
    View(Shown),
    /// A record.
    Record,
}

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What.
    pub problem: Problem,
    /// Where.
    pub place: Place,
    /// Under which name.
    pub path: PathBuf,
    /// Of which file; where several share the content, of the first. `None` where nobody knows it.
    pub file: Option<Arc<FileOf>>,
    /// What the file looks like whose bytes are wrong.
    pub stamp: Option<Stamp>,
}

/// A commit that is no longer where it was published: somebody removed it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// The repo.
    pub repo: RepoId,
    /// The commit.
    pub commit: Commit,
    /// The view that had it.
    pub view: ViewId,
}

/// A proven copy of a recorded content outside of the store.
#[derive(Clone, Debug)]
pub struct Copy {
    /// The name.
    pub path: PathBuf,
    /// The part of a view that it is in.
    pub shown: Shown,
    /// What it holds.
    pub sums: Sums,
    /// Of which file.
    pub file: Arc<FileOf>,
}

/// What came of a verification.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Everything that is wrong, in the order in which it was found.
    pub findings: Vec<Finding>,
    /// What was removed by somebody; nothing is wrong with that.
    pub gone: Vec<Gone>,
    /// Commits that were looked at.
    pub commits: u64,
    /// Files that were hashed; one with several names counts once.
    pub files: u64,
    /// Bytes that were hashed.
    pub bytes: u64,
    /// Contents in the store that no record mentions. They were hashed too.
    pub unrecorded: u64,
    /// Records of a newer larder, which cannot be read here.
    pub newer: u64,
    /// Good copies of contents that the store has not, or not as they should be.
    pub copies: Vec<Copy>,
}

impl Report {
    /// Counts what came of another store, too.
    pub fn add(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.gone.extend(other.gone);
        self.commits += other.commits;
        self.files += other.files;
        self.bytes += other.bytes;
        self.unrecorded += other.unrecorded;
        self.newer += other.newer;
        self.copies.extend(other.copies);
    }
}

/// Verifies what `chosen` names.
///
/// # Errors
/// When the store cannot be read, or [`Cause::Cancelled`]. What is wrong is no error but in the report.
pub fn verify(store: &Store, chosen: &Chosen, around: &Around) -> Result<Report, Cause> {
    let look = look::look(store, chosen)?;
    around.sink.emit(Event::Planned {
        files: look.files.len() as u64,
        have_bytes: 0,
        check_bytes: look.files.iter().map(|file| file.len).sum(),
        need_bytes: 0,
    });
    let Look {
        files,
        contents,
        mut report,
    } = look;
    let jobs = files.iter().map(File::to_job).collect::<Vec<Job>>();
    let mut good: Vec<(usize, Sums)> = Vec::new();
    hash_all(jobs, around, |at, sums| {
        let file = &files[at];
        match sums {
            Ok(sums) => {
                report.files += 1;
                report.bytes += sums.stamp.len;
                let wrong = file.wrong(&sums);
                if wrong.is_empty() {
                    around.sink.emit(Event::Verified {
                        path: file.name.clone(),
                        len: file.len,
                    });
                }
                report.findings.extend(wrong);
                good.push((at, sums));
            }
            Err(Cause::Cancelled) => return Err(Cause::Cancelled),
            Err(cause) => report.findings.extend(file.unreadable(&cause)?),
        }
        Ok(())
    })?;
    let good = good.iter().map(|(at, sums)| (&files[*at], sums));
    look::settle(&mut report, contents, good);
    report.findings.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(report)
}
