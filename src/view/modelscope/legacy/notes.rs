//! What the client notes in a repo's folder: reading it, and writing it where it is not right.

use std::path::{Path, PathBuf};

use super::MsFolder;
use super::index::{self, Row};
use crate::error::Cause;
use crate::fs::read_small;
use crate::repo::{RepoKind, RepoPath, Revision};
use crate::view::work::Work;

/// What the client notes at the top of a folder.
const NOTES: [&str; 3] = [".msc", ".mdl", ".mv"];

/// Room for a hundred thousand files.
const MAX_INDEX_BYTES: u64 = 32 << 20;
/// More than any client writes.
const MAX_NOTE_BYTES: u64 = 4096;

impl MsFolder {
    pub(super) fn index_path(&self) -> PathBuf {
        self.folder().join(NOTES[0])
    }

    pub(super) fn id_path(&self) -> PathBuf {
        self.folder().join(NOTES[1])
    }

    pub(super) fn version_path(&self) -> PathBuf {
        self.folder().join(NOTES[2])
    }

    /// The files that the client has; none where the index is damaged.
    pub(super) fn rows(&self) -> Vec<Row> {
        let bytes = small(&self.index_path(), MAX_INDEX_BYTES);
        bytes
            .and_then(|bytes| index::read(&bytes))
            .unwrap_or_default()
    }

    pub(super) fn put_rows(&self, rows: &[Row], work: &mut Work) -> Result<(), Cause> {
        put(
            &self.index_path(),
            &index::write(rows),
            MAX_INDEX_BYTES,
            work,
        )
    }

    pub(super) fn put_id(&self, work: &mut Work) -> Result<(), Cause> {
        let is_there = small(&self.id_path(), MAX_NOTE_BYTES).is_some();
        if is_there {
            return Ok(());
        }
        let bytes = index::id(&self.layout.masked_id());
        put(&self.id_path(), &bytes, MAX_NOTE_BYTES, work)
    }

    /// The revision whose files the folder has.
    pub(super) fn version(&self) -> Option<Revision> {
        index::version(&small(&self.version_path(), MAX_NOTE_BYTES)?)
    }

    pub(super) fn put_version(&self, work: &mut Work) -> Result<(), Cause> {
        if self.version().as_ref() == Some(&self.revision) {
            return Ok(());
        }
        let text = match self.layout.kind() {
            // When the revision was made is not told to those who ask for files; the client only
            // sends it back to the hub.
            RepoKind::Model => format!("Revision:{},CreatedAt:0", self.revision),
            RepoKind::Dataset => self.revision.to_string(),
        };
        put(&self.version_path(), text.as_bytes(), MAX_NOTE_BYTES, work)
    }
}

/// Refuses a file of the repo that would stand in the place of a note: the client unpickles what it
/// finds there, which runs whatever the file says. Whatever the case, for some disks do not tell it.
pub(super) fn refuse(path: &RepoPath) -> Result<(), Cause> {
    let first = path.segments().next().unwrap_or_default();
    if !NOTES.iter().any(|note| first.eq_ignore_ascii_case(note)) {
        return Ok(());
    }
    Err(Cause::Usage {
        why: format!("the repo's file `{path}` would stand in the place of what the client notes"),
        hint: Some(format!("leave it out with --exclude '{path}'")),
    })
}

/// Writes `bytes`, unless they are there.
fn put(path: &Path, bytes: &[u8], max_bytes: u64, work: &mut Work) -> Result<(), Cause> {
    if small(path, max_bytes).as_deref() == Some(bytes) {
        return Ok(());
    }
    work.aside.put(path, bytes, &mut work.folders)
}

/// What is at `path`; nothing where it cannot be read, or is none of the client's.
fn small(path: &Path, max_bytes: u64) -> Option<Vec<u8>> {
    read_small(path, max_bytes).ok().flatten()
}
