//! Every path of a folder, and that none of them leads out of it.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::error::Cause;
use crate::fs::{OnPath, lstat};
use crate::repo::{Commit, RepoPath};
use crate::view::folders::in_the_way;

/// Where the notes are, in segments.
const NOTES: [&str; 2] = [".cache", "huggingface"];

/// The paths of one folder.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    root: PathBuf,
    notes: PathBuf,
}

impl Layout {
    pub(super) fn new(root: PathBuf) -> Self {
        let notes = root.join(NOTES[0]).join(NOTES[1]);
        Self { root, notes }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The name of a file of the repo.
    pub(super) fn entry(&self, path: &RepoPath) -> PathBuf {
        self.root.join(path.as_str())
    }

    /// The folder of everything that is no file of the repo.
    pub(super) fn notes(&self) -> &Path {
        &self.notes
    }

    /// The folder of the notes on single files.
    pub(super) fn download(&self) -> PathBuf {
        self.notes.join("download")
    }

    /// The note on a file.
    pub(super) fn metadata(&self, path: &RepoPath) -> PathBuf {
        self.download().join(format!("{}.metadata", path.as_str()))
    }

    /// The lock of whoever fetches a file.
    pub(super) fn lock(&self, path: &RepoPath) -> PathBuf {
        self.download().join(format!("{}.lock", path.as_str()))
    }

    /// The lock of whoever publishes.
    pub(super) fn whole_lock(&self) -> PathBuf {
        self.notes.join("larder.lock")
    }

    pub(super) fn tree(&self, commit: &Commit) -> PathBuf {
        self.notes.join(format!("trees/{commit}.json"))
    }

    /// Where half-made things stand.
    pub(super) fn private(&self) -> PathBuf {
        self.notes.join(".larder")
    }

    /// Refuses a file that would be a note, and one that would be written through a link.
    pub(super) fn guard(&self, path: &RepoPath) -> Result<(), Cause> {
        refuse_notes(path)?;
        self.guard_root()?;
        guard_below(&self.root, folders_above(path))?;
        self.guard_notes()?;
        let download = self.download();
        guard_below(&download, folders_above(path))
    }

    /// Refuses notes that would be written through a link.
    pub(super) fn guard_notes(&self) -> Result<(), Cause> {
        self.guard_root()?;
        for folder in ["download", "trees", ".larder"] {
            guard_below(&self.root, NOTES.into_iter().chain([folder]).collect())?;
        }
        Ok(())
    }

    /// The root may be a link: whoever named it chose where it leads.
    fn guard_root(&self) -> Result<(), Cause> {
        match std::fs::metadata(&self.root) {
            Ok(there) if !there.is_dir() => in_the_way(&self.root),
            _ => Ok(()),
        }
    }
}

/// Refuses links, and what is no folder, among these folders one below the other.
fn guard_below(top: &Path, folders: Vec<&str>) -> Result<(), Cause> {
    let mut dir = top.to_owned();
    for folder in folders {
        dir.push(folder);
        match lstat(&dir)? {
            None => return Ok(()),
            Some(there) if there.is_dir() => {}
            Some(there) if there.is_symlink() => {
                let source = io::Error::from(Errno::LOOP);
                return Err(source).on_path("write through the link", &dir);
            }
            Some(_) => return in_the_way(&dir),
        }
    }
    Ok(())
}

/// The segments above the last one.
fn folders_above(path: &RepoPath) -> Vec<&str> {
    let mut segments: Vec<&str> = path.segments().collect();
    segments.pop();
    segments
}

/// Refuses the names under which notes are kept; whatever the case, for some disks do not tell it.
fn refuse_notes(path: &RepoPath) -> Result<(), Cause> {
    let mut segments = path.segments();
    let is_notes = NOTES.into_iter().all(|note| {
        let segment = segments.next();
        segment.is_none_or(|segment| segment.eq_ignore_ascii_case(note))
    });
    if !is_notes {
        return Ok(());
    }
    Err(Cause::Usage {
        why: format!(
            "the repo's file `{path}` would stand among the notes on what is in the folder"
        ),
        hint: Some("leave it out with --exclude '.cache/*'".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn path(text: &str) -> RepoPath {
        RepoPath::parse(text).unwrap()
    }

    #[test]
    fn paths_are_as_hf_has_them() {
        let layout = Layout::new("/d".into());
        let below = |path: PathBuf| {
            path.strip_prefix("/d/.cache/huggingface")
                .unwrap()
                .to_owned()
        };
        let file = path("sub/x.txt");
        assert_eq!(
            below(layout.metadata(&file)),
            Path::new("download/sub/x.txt.metadata")
        );
        assert_eq!(
            below(layout.lock(&file)),
            Path::new("download/sub/x.txt.lock")
        );
    }

    #[test]
    fn names_of_notes_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path().to_owned());
        for name in [".cache", ".cache/huggingface", ".Cache/HuggingFace/trees/x"] {
            let refused = layout.guard(&path(name)).unwrap_err();
            assert_eq!(refused.kind().exit_code(), 2, "{name}");
        }
        for name in [".cache/other", "cache/huggingface/x", "x/.cache"] {
            layout.guard(&path(name)).unwrap();
        }
    }

    #[test]
    fn the_root_may_be_a_link_and_nothing_below_it() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        std::fs::create_dir_all(real.join("sub")).unwrap();
        symlink(&real, &link).unwrap();
        let layout = Layout::new(link);
        layout.guard(&path("sub/x")).unwrap();
        std::fs::create_dir_all(real.join(".cache/huggingface")).unwrap();
        for name in ["download", "trees", ".larder"] {
            let planted = real.join(".cache/huggingface").join(name);
            symlink(dir.path(), &planted).unwrap();
            assert!(layout.guard(&path("x")).is_err(), "{name}");
            std::fs::remove_file(planted).unwrap();
        }
        std::fs::remove_dir_all(real.join(".cache")).unwrap();
        symlink(dir.path(), real.join("out")).unwrap();
        layout.guard(&path("out")).unwrap();
        assert!(layout.guard(&path("out/x")).is_err());
        symlink(dir.path(), real.join(".cache")).unwrap();
        assert!(layout.guard(&path("x")).is_err());
        std::fs::write(dir.path().join("file"), "").unwrap();
        assert!(
            Layout::new(dir.path().join("file"))
                .guard(&path("x"))
                .is_err()
        );
    }
}
