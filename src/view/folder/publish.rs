//! Puts proven contents under their names: first all of them aside, then one rename each.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::Files;
use super::layout::Layout;
use super::stand::Stand;
use crate::error::Cause;
use crate::fs::{OnPath, Stamp, lstat, stamp};
use crate::hub::RemoteFile;
use crate::view::aside::Aside;
use crate::view::folders::Folders;
use crate::view::{Coming, Placements, Proven, Publication, Published};

/// What the steps of a publication share.
pub(super) struct Work {
    aside: Aside,
    folders: Folders,
    placed: Placements,
}

impl Work {
    fn at(layout: &Layout) -> Self {
        Self {
            aside: Aside::at(layout.notes(), layout.private()),
            folders: Folders::default(),
            placed: Placements::default(),
        }
    }

    /// Writes `bytes` to `path`, whole or not at all.
    pub(super) fn put(&mut self, path: &Path, bytes: &[u8]) -> Result<(), Cause> {
        self.aside.put(path, bytes, &mut self.folders)
    }
}

/// A file on its way: where it was made, and what it looks like; `made` is `None` where the right
/// one stands already.
struct Made {
    made: Option<PathBuf>,
    stamp: Stamp,
}

impl Files {
    /// Puts the files into the folder.
    ///
    /// # Errors
    /// [`Cause::Edited`] when somebody's work would be lost, before anything was changed unless they
    /// wrote it meanwhile. When a step fails: every file is whole then, the old or the new one.
    pub(super) fn publish(&self, publication: &Publication<'_>) -> Result<Published, Cause> {
        let Publication {
            commit,
            listing,
            files,
            ..
        } = *publication;
        let stands = self.stands(files)?;
        let before = self.commits_before(commit, files)?;
        let mut work = Work::at(&self.layout);
        refuse_twins(files, &mut work.aside)?;
        let made = self.make(files, &stands, &mut work)?;
        self.show(files, &stands, &made, &mut work)?;
        work.folders.sync()?;
        let stamps: Vec<Stamp> = made.iter().map(|made| made.stamp).collect();
        self.leave_notes(publication, &stamps, &mut work)?;
        work.folders.sync()?;
        let name = |file: &RemoteFile| self.layout.entry(&file.path);
        let stamps = files.iter().zip(&made).map(|((file, _), made)| {
            let now = stamp(&name(file)).ok();
            now.filter(|now| *now == made.stamp)
        });
        Ok(Published {
            snapshot: self.layout.root().to_owned(),
            stamps: stamps.collect(),
            placed: work.placed,
            left: self.left_of(&before, listing)?,
        })
    }

    /// What stands under the names; an error where it must not give way.
    fn stands(&self, files: &[Proven]) -> Result<Vec<Stand>, Cause> {
        let mut stands = Vec::with_capacity(files.len());
        let mut edited = Vec::new();
        for (file, content) in files {
            let content = Some(&**content);
            let stand = self.stand(Coming { file, content }, &|| true)?;
            if stand.is_edited() && !self.may_replace {
                edited.push(self.layout.entry(&file.path));
            }
            stands.push(stand);
        }
        if edited.is_empty() {
            Ok(stands)
        } else {
            Err(Cause::Edited { files: edited })
        }
    }

    /// Makes everything that is not there yet, where nobody sees it.
    fn make(
        &self,
        files: &[Proven],
        stands: &[Stand],
        work: &mut Work,
    ) -> Result<Vec<Made>, Cause> {
        let mut all = Vec::with_capacity(files.len());
        for ((file, content), stand) in files.iter().zip(stands) {
            if let Some(stamp) = stand.right() {
                all.push(Made { made: None, stamp });
                continue;
            }
            let shown = self.layout.entry(&file.path);
            let content = fs::canonicalize(content).on_path("look at", content)?;
            let made = work.aside.name()?;
            self.link
                .bring(file, &content, &made, &shown, &mut work.placed)?;
            let stamp = stamp(&made)?;
            if stamp.len != file.len {
                let source = std::io::Error::new(
                    std::io::ErrorKind::InvalidData,
                    "it has not the promised length",
                );
                return Err(source).on_path("publish", &content);
            }
            let made = Some(made);
            all.push(Made { made, stamp });
        }
        Ok(all)
    }

    /// Gives everything its name. Making it took a while: whatever somebody has written since then
    /// stays, as what they wrote before does.
    fn show(
        &self,
        files: &[Proven],
        stands: &[Stand],
        made: &[Made],
        work: &mut Work,
    ) -> Result<(), Cause> {
        for (((file, _), stand), Made { made, .. }) in files.iter().zip(stands).zip(made) {
            let Some(made) = made else { continue };
            let entry = self.layout.entry(&file.path);
            work.folders
                .ensure(entry.parent().unwrap_or(self.layout.root()))?;
            let is_new = !self.may_replace && lstat(&entry)?.is_none();
            if !self.may_replace && stand.has_changed(&entry)? {
                return Err(Cause::Edited { files: vec![entry] });
            }
            self.void_note(&file.path, work)?;
            if !is_new {
                work.folders.show(made, &entry)?;
            } else if !work.folders.show_new(made, &entry)? {
                return Err(Cause::Edited { files: vec![entry] });
            }
        }
        Ok(())
    }
}

/// Refuses names that differ in case alone where the disk takes them for one.
fn refuse_twins(files: &[Proven], aside: &mut Aside) -> Result<(), Cause> {
    let mut seen = HashMap::with_capacity(files.len());
    let pair = files.iter().find_map(|(file, _)| {
        let path = file.path.as_str();
        let other = seen.insert(path.to_lowercase(), path)?;
        Some((other.to_owned(), path.to_owned()))
    });
    match pair {
        Some((one, other)) if aside.is_case_blind()? => Err(Cause::Twins { one, other }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{commit, git_file, published};
    use super::*;

    fn publish(files: &Files, file: &RemoteFile, content: &Path) -> Result<Published, Cause> {
        files.publish(&Publication {
            commit: &commit('d'),
            revision: None,
            listing: std::slice::from_ref(file),
            files: &[(file.clone().into(), content.into())],
        })
    }

    #[test]
    fn what_was_edited_while_the_rest_was_fetched_is_kept() {
        let (dir, mut files, _) = published('c', &git_file("f", b"old"), b"old");
        let (entry, content) = (dir.path().join("folder/f"), dir.path().join("new"));
        fs::write(&content, "new!").unwrap();
        let file = git_file("f", b"new!");
        let coming = Coming {
            file: &file,
            content: None,
        };
        assert!(files.edited(&[coming], &|| true).unwrap().is_empty());
        fs::write(&entry, "edit").unwrap();
        let refused = publish(&files, &file, &content).unwrap_err();
        assert!(matches!(refused, Cause::Edited { .. }), "{refused}");
        assert_eq!(fs::read(&entry).unwrap(), b"edit");
        files.may_replace = true;
        publish(&files, &file, &content).unwrap();
        assert_eq!(fs::read(&entry).unwrap(), b"new!");
    }

    /// Whatever the name stood for when the files were judged, what somebody writes after that stays.
    #[test]
    fn what_is_written_while_the_files_are_made_is_kept() {
        for is_there in [true, false] {
            let (dir, files, _) = published('c', &git_file("f", b"old"), b"old");
            let (entry, content) = (dir.path().join("folder/f"), dir.path().join("new"));
            fs::write(&content, "new!").unwrap();
            if !is_there {
                fs::remove_file(&entry).unwrap();
            }
            let all = [(git_file("f", b"new!").into(), content.into())];
            let mut work = Work::at(&files.layout);
            let stands = files.stands(&all).unwrap();
            let made = files.make(&all, &stands, &mut work).unwrap();
            fs::write(&entry, "edit").unwrap();
            let refused = files.show(&all, &stands, &made, &mut work).unwrap_err();
            assert!(matches!(refused, Cause::Edited { .. }), "{refused}");
            assert_eq!(fs::read(&entry).unwrap(), b"edit");
        }
    }

    #[test]
    fn no_note_vouches_for_what_was_written_after_the_file_was_shown() {
        let file = git_file("f", b"content");
        let (dir, files, stamps) = published('c', &file, b"content");
        let note = files.layout.metadata(&file.path);
        fs::remove_file(&note).unwrap();
        fs::write(dir.path().join("folder/f"), "edited!").unwrap();
        let publication = Publication {
            commit: &commit('c'),
            revision: None,
            listing: std::slice::from_ref(&file),
            files: &[(file.clone().into(), dir.path().join("stored").into())],
        };
        let mut work = Work::at(&files.layout);
        let left = files.leave_notes(&publication, &stamps, &mut work);
        left.unwrap();
        assert!(!note.exists());
    }

    #[test]
    fn publishing_again_touches_nothing() {
        let file = git_file("d/f", b"content");
        let (dir, files, stamps) = published('d', &file, b"content");
        let looks = || {
            let note = files.layout.metadata(&file.path);
            [note, files.layout.tree(&commit('d'))].map(|path| stamp(&path).unwrap())
        };
        let before = looks();
        let again = publish(&files, &file, &dir.path().join("stored")).unwrap();
        assert_eq!(again.stamps, [Some(stamps[0])]);
        assert_eq!(looks(), before);
        assert!(again.left.is_empty());
    }
}
