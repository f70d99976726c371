//! A ModelScope cache, filled by any generation of the client.
//!
//! Its names promise nothing of what they hold, and no client notes the commit: the large files are
//! taken over as those of a plain folder are, and no commit is recorded. The next pull asks the hub what the
//! files should be, and finds them proven.

use std::path::Path;

use crate::adopt::folder::{self, LARGE};
use crate::adopt::found::{Candidate, Part};
use crate::error::Cause;
use crate::fs::lstat;
use crate::repo::RepoPath;
use crate::view::modelscope::scan::{Scan, ShownFile, Snapshot};

/// Every folder of a repo that `scan` found in `dir`.
pub(super) fn shown(dir: &Path, scan: &Scan) -> Result<Vec<Part>, Cause> {
    let snapshots = scan.snapshots.iter();
    snapshots.map(|snapshot| part(dir, snapshot)).collect()
}

/// As [`shown`], and the large files beside them.
pub(super) fn parts(dir: &Path, scan: &Scan, store: &Path) -> Result<Vec<Part>, Cause> {
    let mut parts = shown(dir, scan)?;
    for mut beside in folder::parts(dir, store)? {
        let is_in = |file: &Candidate| {
            let mut snapshots = scan.snapshots.iter();
            snapshots.any(|snapshot| file.path.starts_with(&snapshot.folder))
        };
        beside.files.retain(|file| !is_in(file));
        parts.push(beside);
    }
    parts.retain(|part| !part.files.is_empty() || !part.closed.is_empty());
    Ok(parts)
}

fn part(dir: &Path, snapshot: &Snapshot) -> Result<Part, Cause> {
    let mut files = Vec::new();
    for file in &snapshot.files {
        if file.stamp.len < LARGE {
            continue;
        }
        // Gone, or become another kind of thing, since it was seen.
        let Some(metadata) = lstat(&file.place)?.filter(std::fs::Metadata::is_file) else {
            continue;
        };
        files.push(Candidate {
            path: file.place.clone(),
            name: name_of(snapshot, file),
            promise: None,
            is_foreign: false,
            metadata,
        });
    }
    let revision = snapshot.revision.as_ref();
    let revision = revision.map(|revision| format!("@{revision}"));
    Ok(Part {
        root: dir.to_owned(),
        title: format!("ms:{}{}", snapshot.repo, revision.unwrap_or_default()),
        repo: None,
        files,
        commits: Vec::new(),
        closed: Vec::new(),
    })
}

/// What a file is called in the story.
fn name_of(snapshot: &Snapshot, file: &ShownFile) -> RepoPath {
    let full = RepoPath::parse(&format!("{}/{}", snapshot.repo, file.path));
    full.unwrap_or_else(|_too_long| file.path.clone())
}
