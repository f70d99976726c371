//! Which file of which repo an unfinished content will be: a note in its folder, for people.
//!
//! The record of a commit is written when a pull ends; of a first pull that was cut short this note is all
//! that tells what its partials are. Nothing depends on it, so it is not synced, and one that is not whole
//! is as good as none.

use std::fs::OpenOptions;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::sealed::{self, Opened};
use crate::error::Cause;
use crate::fs::{OnPath, read_small, remove_file, share_file};
use crate::repo::{HubName, RepoId, RepoKind, RepoPath};

const VERSION: u32 = 1;

/// Notes above this size are not ours.
const MAX_BYTES: u64 = 64 << 10;

/// A file that an unfinished content will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The hub of the repo.
    pub hub: HubName,
    /// The repo.
    pub repo: RepoId,
    /// The path in the repo.
    pub path: RepoPath,
    /// The whole length, in bytes.
    pub len: u64,
}

/// The text of a note.
#[derive(Deserialize, Serialize)]
struct Note {
    hub: HubName,
    kind: RepoKind,
    repo: String,
    path: RepoPath,
    len: u64,
}

/// Notes in the folder `dir` of a partial what it will be. The caller holds the partial.
///
/// # Errors
/// When it cannot be written.
pub(super) fn write(dir: &Path, wanted: &Wanted) -> Result<(), Cause> {
    if read(dir).as_ref() == Some(wanted) {
        return Ok(());
    }
    let note = Note {
        hub: wanted.hub,
        kind: wanted.repo.kind(),
        repo: wanted.repo.id(),
        path: wanted.path.clone(),
        len: wanted.len,
    };
    let path = dir.join("wanted");
    remove_file(&path)?;
    // Never through a link that somebody put there.
    let file = OpenOptions::new().write(true).create_new(true).open(&path);
    file.and_then(|mut file| {
        share_file(&file, &path);
        sealed::seal(VERSION, &note, &mut file)
    })
    .on_path("write", &path)
}

/// What the partial in `dir` will be, where that is noted.
pub(super) fn read(dir: &Path) -> Option<Wanted> {
    let bytes = read_small(&dir.join("wanted"), MAX_BYTES).ok().flatten()?;
    let Opened::Record(note) = sealed::open::<Note>(&bytes, VERSION) else {
        return None;
    };
    Some(Wanted {
        hub: note.hub,
        repo: RepoId::parse(note.kind, &note.repo).ok()?,
        path: note.path,
        len: note.len,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn wanted(repo: &str, len: u64) -> Wanted {
        Wanted {
            hub: HubName::ModelScope,
            repo: RepoId::parse(RepoKind::Dataset, repo).unwrap(),
            path: RepoPath::parse("a b/ä.bin").unwrap(),
            len,
        }
    }

    #[test]
    fn the_last_note_is_read() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read(dir.path()), None);
        for last in [wanted("o/a", 1), wanted("o/b", 2), wanted("o/b", 2)] {
            write(dir.path(), &last).unwrap();
            assert_eq!(read(dir.path()), Some(last));
        }
    }

    #[test]
    fn what_is_cut_short_or_planted_is_no_note() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &wanted("o/a", 1)).unwrap();
        let (path, elsewhere) = (dir.path().join("wanted"), dir.path().join("elsewhere"));
        let text = fs::read(&path).unwrap();
        fs::write(&path, &text[..text.len() - 1]).unwrap();
        assert_eq!(read(dir.path()), None);
        fs::write(&elsewhere, "mine").unwrap();
        fs::remove_file(&path).unwrap();
        symlink(&elsewhere, &path).unwrap();
        write(dir.path(), &wanted("o/a", 1)).unwrap();
        assert_eq!(fs::read(&elsewhere).unwrap(), b"mine");
        assert_eq!(read(dir.path()), Some(wanted("o/a", 1)));
    }
}
