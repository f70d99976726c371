//! What stands below `.cache/huggingface`: what hf expects there, so that both agree on a folder.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::Files;
use super::metadata::{self, Metadata};
use super::publish::Work;
use crate::error::Cause;
use crate::fs::{Stamp, is_unwritable, list, lstat, read_small, remove_file};
use crate::hub::RemoteFile;
use crate::repo::{Commit, RepoPath};
use crate::view::huggingface::{CACHEDIR_TAG, lock, tree};
use crate::view::{Proven, Publication};

/// More than any client writes.
const MAX_BYTES: u64 = 4096;

impl Files {
    /// Notes what was published: a note for each file, the listing, and what keeps other programs out.
    /// `stamps` are what the files looked like: nothing vouches for one that looks otherwise by now.
    /// A folder that may not be written has the files, and its notes only spare hashing.
    pub(super) fn leave_notes(
        &self,
        publication: &Publication<'_>,
        stamps: &[Stamp],
        work: &mut Work,
    ) -> Result<(), Cause> {
        match self.try_leave_notes(publication, stamps, work) {
            Err(Cause::Io { source, .. }) if is_unwritable(&source) => Ok(()),
            other => other,
        }
    }

    fn try_leave_notes(
        &self,
        publication: &Publication<'_>,
        stamps: &[Stamp],
        work: &mut Work,
    ) -> Result<(), Cause> {
        let Publication { commit, files, .. } = *publication;
        for (name, text) in [(".gitignore", "*"), ("CACHEDIR.TAG", CACHEDIR_TAG)] {
            let path = self.layout.notes().join(name);
            if lstat(&path)?.is_none() {
                work.put(&path, text.as_bytes())?;
            }
        }
        for ((file, _), stamp) in files.iter().zip(stamps) {
            let there = fs::metadata(self.layout.entry(&file.path)).ok();
            let Some(there) = there.filter(|there| Stamp::of(there) == *stamp) else {
                continue;
            };
            let is_noted = self.note(&file.path)?.is_some_and(|note| {
                note.commit == *commit
                    && note.digest == Some(file.digest)
                    && note.vouches_for(&there)
            });
            if !is_noted {
                let text = metadata::text(commit, file.digest, &there);
                work.put(&self.layout.metadata(&file.path), text.as_bytes())?;
            }
        }
        lock::LOCK.leave_all(files.iter().map(|(file, _)| self.layout.lock(&file.path)))?;
        self.leave_tree(commit, publication.listing, work)
    }

    /// Lets a note vouch for nothing any more, before its file gives way: for hf it is too old then, and
    /// here it still tells what the file was, should this be as far as it comes.
    pub(super) fn void_note(&self, path: &RepoPath, work: &mut Work) -> Result<(), Cause> {
        let note = self.layout.metadata(path);
        match self.note(path)?.and_then(|note| note.void()) {
            Some(text) => work.put(&note, text.as_bytes()),
            None => remove_file(&note),
        }
    }

    /// The listing, unless it is there in whatever form a client wrote it.
    fn leave_tree(
        &self,
        commit: &Commit,
        listing: &[RemoteFile],
        work: &mut Work,
    ) -> Result<(), Cause> {
        let path = self.layout.tree(commit);
        let Some(text) = tree::encode(listing) else {
            return Ok(());
        };
        if tree::read(&path).is_some_and(|there| Some(there) == tree::decode(text.as_bytes())) {
            return Ok(());
        }
        work.put(&path, text.as_bytes())
    }

    /// The commits that were noted for these files and are not this one.
    pub(super) fn commits_before(
        &self,
        commit: &Commit,
        files: &[Proven],
    ) -> Result<HashSet<Commit>, Cause> {
        let mut before = HashSet::new();
        for (file, _) in files {
            before.extend(self.note(&file.path)?.map(|note| note.commit));
        }
        before.remove(commit);
        Ok(before)
    }

    /// The files of those commits that the listing does not have and that are still there.
    pub(super) fn left_of(
        &self,
        before: &HashSet<Commit>,
        listing: &[RemoteFile],
    ) -> Result<Vec<PathBuf>, Cause> {
        if before.is_empty() {
            return Ok(Vec::new());
        }
        let has: HashSet<&RepoPath> = listing.iter().map(|file| &file.path).collect();
        let mut notes = Vec::new();
        notes_below(&self.layout.download(), "", &mut notes)?;
        let is_left = |(path, note): &(RepoPath, Metadata)| {
            before.contains(&note.commit) && !has.contains(path)
        };
        let left = notes.iter().filter(|note| is_left(note));
        let mut left: Vec<PathBuf> = left.map(|(path, _)| self.layout.entry(path)).collect();
        left.retain(|path| path.is_file());
        left.sort();
        Ok(left)
    }
}

/// The notes below a folder, each with the path of its file.
fn notes_below(
    dir: &Path,
    prefix: &str,
    found: &mut Vec<(RepoPath, Metadata)>,
) -> Result<(), Cause> {
    for path in list(dir)? {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        let name = format!("{prefix}{name}");
        if lstat(&path)?.is_some_and(|there| there.is_dir()) {
            notes_below(&path, &format!("{name}/"), found)?;
        } else if let Some(name) = name.strip_suffix(".metadata")
            && let Ok(name) = RepoPath::parse(name)
            && let Ok(Some(bytes)) = read_small(&path, MAX_BYTES)
            && let Some(note) = Metadata::parse(&bytes)
        {
            found.push((name, note));
        }
    }
    Ok(())
}
