//! Takes names away again, and nothing that larder did not prove.
//!
//! In the order in which a crash after any line leaves a sound cache: refs, names, what is noted of
//! the commit, then the blobs that no name of any snapshot leads to, by whomever it was made. What is
//! left of a repo is what another client made, in a form that its scanner takes without complaint.

use std::collections::HashSet;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::layout::{link_leads, normal};
use super::{RepoCache, refs, shared};
use crate::digest::{Digest, Hasher};
use crate::error::Cause;
use crate::fs::{
    Stamp, files_below, list, lstat, must_change, read_small, remove_counted, remove_empty_above,
    remove_empty_below, remove_file, remove_tree,
};
use crate::hub::RemoteFile;
use crate::repo::{Commit, Revision};
use crate::view::aside::Aside;
use crate::view::places::unless_closed;
use crate::view::{Withdrawal, Withdrawn};

impl RepoCache {
    /// Makes the files of a commit invisible.
    ///
    /// # Errors
    /// When a step fails; the next call goes on from there.
    pub fn withdraw(&self, withdrawal: &Withdrawal<'_>) -> Result<Withdrawn, Cause> {
        let Withdrawal { commit, files, .. } = *withdrawal;
        let mut withdrawn = Withdrawn::default();
        if !files.is_empty() {
            // Where not all can be read, nobody can tell what others need: nothing goes then.
            files_below(&self.layout.snapshots())?;
        }
        let names = self.proven_names(commit, files, &mut withdrawn)?;
        // The files of others keep the refs that lead to them.
        let is_whole = withdrawal.is_whole && !self.shows_others(commit, &names)?;
        if is_whole {
            let refs = self.paths_of_refs_to(commit)?;
            let folders = refs.iter().filter_map(|path| path.parent());
            must_change(folders, refs.iter().map(PathBuf::as_path))?;
            refs.iter().try_for_each(|path| self.remove_ref(path))?;
        } else if !withdrawal.is_whole {
            for revision in withdrawal.revisions {
                if self.read_ref(revision)?.as_ref() == Some(commit) {
                    self.remove_ref(&self.layout.reference(revision))?;
                }
            }
        }
        for name in &names {
            withdrawn.freed_bytes += remove_counted(name)?;
            withdrawn.names += 1;
            remove_empty_above(name, &self.layout.snapshots());
        }
        self.withdraw_blobs(withdrawal, &mut withdrawn)?;
        if is_whole {
            // What somebody else took the files out of.
            remove_empty_below(&self.layout.snapshot(commit));
            // Other users' notes stay: nothing rests on them.
            unless_closed(remove_file(&self.layout.tree(commit)))?;
            unless_closed(remove_tree(&self.layout.no_exists(commit)))?;
        }
        if withdrawal.is_whole {
            unless_closed(self.remove_shell())?;
        }
        Ok(withdrawn)
    }

    /// Every ref that says `commit`.
    pub(super) fn refs_to(&self, commit: &Commit) -> Result<Vec<Revision>, Cause> {
        let names = self.paths_of_refs_to(commit)?;
        let names = names
            .iter()
            .filter_map(|path| path.strip_prefix(self.layout.refs()).ok()?.to_str());
        Ok(names
            .filter_map(|name| Revision::parse(name).ok())
            .collect())
    }

    fn paths_of_refs_to(&self, commit: &Commit) -> Result<Vec<PathBuf>, Cause> {
        let mut found = Vec::new();
        for path in files_below(&self.layout.refs())? {
            // What cannot be read as a ref leads nowhere.
            let bytes = read_small(&path, refs::MAX_BYTES).unwrap_or_default();
            if bytes.and_then(|bytes| refs::parse(&bytes)).as_ref() == Some(commit) {
                found.push(path);
            }
        }
        Ok(found)
    }

    fn remove_ref(&self, path: &Path) -> Result<(), Cause> {
        remove_file(path)?;
        remove_empty_above(path, &self.layout.refs());
        Ok(())
    }

    /// The names of these files that show what was proven; the others are noted as foreign.
    fn proven_names(
        &self,
        commit: &Commit,
        files: &[(RemoteFile, Vec<Stamp>)],
        withdrawn: &mut Withdrawn,
    ) -> Result<Vec<PathBuf>, Cause> {
        let mut names = Vec::with_capacity(files.len());
        for (file, stamps) in files {
            let entry = self.layout.entry(commit, &file.path);
            let Some(there) = lstat(&entry)? else {
                continue;
            };
            let is_ours = if there.is_symlink() {
                self.leads_to_blob(&entry, &file.path, file.digest) && shows(&entry, file, stamps)
            } else {
                is_proven(&entry, &there, file, stamps)
            };
            if is_ours {
                names.push(entry);
            } else {
                withdrawn.foreign.push(entry);
            }
        }
        Ok(names)
    }

    /// Whether the snapshot has other files than these.
    fn shows_others(&self, commit: &Commit, names: &[PathBuf]) -> Result<bool, Cause> {
        let ours: HashSet<&PathBuf> = names.iter().collect();
        let there = files_below(&self.layout.snapshot(commit))?;
        Ok(there.iter().any(|path| !ours.contains(path)))
    }

    /// Removes the blobs of these files that no name leads to any more, and that nobody else keeps.
    fn withdraw_blobs(
        &self,
        &Withdrawal { files, kept, .. }: &Withdrawal<'_>,
        withdrawn: &mut Withdrawn,
    ) -> Result<(), Cause> {
        if files.is_empty() {
            return Ok(());
        }
        let mut needed = HashSet::new();
        for path in files_below(&self.layout.snapshots())? {
            if let Ok(target) = fs::read_link(&path) {
                needed.insert(link_leads(&path, &target));
            }
        }
        // What is kept is told without links on the way.
        let real = fs::canonicalize(self.layout.blobs()).unwrap_or_else(|_| self.layout.blobs());
        let is_kept = |blob: &Path| {
            blob.file_name()
                .is_some_and(|name| kept.contains(&real.join(name)))
        };
        let mut done: HashSet<Digest> = HashSet::new();
        for (file, stamps) in files {
            let blob = self.layout.blob(file.digest);
            let is_needed = needed.contains(&normal(&blob)) || is_kept(&blob);
            if is_needed || !done.insert(file.digest) {
                continue;
            }
            match lstat(&blob)? {
                Some(there) if self.is_ours(&blob, &there, file, stamps) => {
                    withdrawn.freed_bytes += remove_counted(&blob)?;
                }
                Some(_) => withdrawn.foreign.push(blob),
                None => {}
            }
        }
        Ok(())
    }

    /// Whether a blob is what was proven. A link into hf's shared store is the repo's, what it leads
    /// to is hf's.
    fn is_ours(&self, blob: &Path, there: &Metadata, file: &RemoteFile, stamps: &[Stamp]) -> bool {
        if there.is_symlink() {
            shared::payload(&self.layout, blob).is_some() || shows(blob, file, stamps)
        } else {
            is_proven(blob, there, file, stamps)
        }
    }

    /// Removes what is left of a repo of which nothing is shown any more: notes, and folders that are
    /// empty. Where a blob or a ref stays, which is not larder's, the folder of the snapshots does so
    /// too: without it hf takes the repo for a broken one.
    pub(super) fn remove_shell(&self) -> Result<(), Cause> {
        let snapshots = self.layout.snapshots();
        // Goes with what crashes have left in it, unless somebody is at work there.
        drop(Aside::at(self.folder(), self.layout.private()));
        remove_dir(&self.layout.refs());
        if !list(&snapshots)?.is_empty() {
            return Ok(());
        }
        remove_dir(&self.layout.blobs());
        if lstat(&self.layout.blobs())?.is_some() || lstat(&self.layout.refs())?.is_some() {
            return Ok(());
        }
        remove_tree(&self.layout.trees())?;
        remove_tree(&self.folder().join(".no_exist"))?;
        if list(self.folder())? == [snapshots.clone()] {
            remove_dir(&snapshots);
            remove_dir(self.folder());
        }
        Ok(())
    }
}

/// Whether `link` leads to what was proven. A dangling one shows nobody anything.
fn shows(link: &Path, file: &RemoteFile, stamps: &[Stamp]) -> bool {
    fs::metadata(link).map_or(true, |there| is_proven(link, &there, file, stamps))
}

/// Whether a file is the content that was pulled: it looks as it did, or it is hashed. A record knows one
/// look of each file, and several views may have a copy of their own.
fn is_proven(path: &Path, there: &Metadata, file: &RemoteFile, stamps: &[Stamp]) -> bool {
    if stamps.contains(&Stamp::of(there)) {
        return true;
    }
    let is_alike = there.is_file() && there.len() == file.len;
    is_alike && holds(path, file).unwrap_or(false)
}

/// Whether a file has the digest of `file`.
fn holds(path: &Path, file: &RemoteFile) -> io::Result<bool> {
    let mut content = File::open(path)?;
    let mut hasher = Hasher::new(file.digest, file.len);
    let mut buffer = vec![0; 1 << 20];
    loop {
        match content.read(&mut buffer)? {
            0 => return Ok(hasher.finish().is_match()),
            step => hasher.update(&buffer[..step]),
        }
    }
}

/// Removes a folder that is empty; another one stays.
fn remove_dir(dir: &Path) {
    if let Err(error) = fs::remove_dir(dir) {
        tracing::trace!(dir = %dir.display(), %error, "a folder stays");
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{commit, git_file, repo};
    use super::*;
    use crate::fs::stamp;
    use crate::view::Publication;

    /// A repo with one file in two commits, `main` at the first.
    fn published() -> (tempfile::TempDir, RepoCache, (RemoteFile, Vec<Stamp>)) {
        let (dir, repo) = repo(true);
        let (file, stored) = (git_file("d/f", b"content"), dir.path().join("stored"));
        fs::write(&stored, "content").unwrap();
        let files = [(file.clone().into(), stored.clone().into())];
        let main = Revision::parse("main").unwrap();
        for (commit, revision) in [(commit('c'), Some(&main)), (commit('d'), None)] {
            repo.publish(&Publication {
                commit: &commit,
                revision,
                listing: std::slice::from_ref(&file),
                files: &files,
            })
            .unwrap();
        }
        let stamps = vec![stamp(&stored).unwrap()];
        (dir, repo, (file, stamps))
    }

    fn withdraw(repo: &RepoCache, at: char, file: &(RemoteFile, Vec<Stamp>)) -> Withdrawn {
        repo.withdraw(&Withdrawal {
            commit: &commit(at),
            revisions: &[Revision::parse("main").unwrap()],
            shown_at: &[Revision::parse("main").unwrap()],
            files: std::slice::from_ref(file),
            kept: &HashSet::new(),
            store: Path::new("/store"),
            is_whole: true,
        })
        .unwrap()
    }

    #[test]
    fn what_another_commit_shows_stays_until_it_goes() {
        let (_dir, repo, file) = published();
        assert_eq!(withdraw(&repo, 'c', &file).names, 1);
        assert!(!repo.snapshot_dir(&commit('c')).exists());
        assert!(!repo.layout.refs().join("main").exists());
        assert!(repo.is_linked(&commit('d'), &file.0));
        assert_eq!(withdraw(&repo, 'd', &file).names, 1);
        assert!(!repo.folder().exists());
    }

    #[test]
    fn what_larder_did_not_prove_stays() {
        let (_dir, repo, file) = published();
        let blob = repo.layout.blob(file.0.digest);
        fs::remove_file(&blob).unwrap();
        fs::write(&blob, "foreign").unwrap();
        let other = repo.snapshot_dir(&commit('c')).join("d/notes");
        fs::write(&other, "mine").unwrap();
        let withdrawn = withdraw(&repo, 'c', &file);
        let entry = repo.layout.entry(&commit('c'), &file.0.path);
        assert_eq!(withdrawn.names, 0);
        assert!(withdrawn.foreign.contains(&entry));
        assert!(entry.exists() && blob.exists() && other.exists());
    }

    #[test]
    fn a_copy_whose_look_nobody_recorded_is_told_by_its_hash() {
        let (_dir, repo, (file, _)) = published();
        let blob = repo.layout.blob(file.digest);
        fs::remove_file(&blob).unwrap();
        fs::write(&blob, "content").unwrap();
        let unknown = (file, Vec::new());
        withdraw(&repo, 'c', &unknown);
        assert_eq!(withdraw(&repo, 'd', &unknown).names, 1);
        assert!(!repo.folder().exists());
    }

    #[test]
    fn what_another_client_added_keeps_its_ref_and_its_folder() {
        let (_dir, repo, file) = published();
        withdraw(&repo, 'd', &file);
        let other = repo.snapshot_dir(&commit('c')).join("other");
        fs::write(&other, "theirs").unwrap();
        let withdrawn = withdraw(&repo, 'c', &file);
        assert_eq!((withdrawn.names, withdrawn.foreign.len()), (1, 0));
        assert!(other.exists() && repo.layout.refs().join("main").exists());
        assert!(!repo.layout.blob(file.0.digest).exists());
    }

    #[test]
    fn a_whole_commit_takes_every_ref_along_and_a_name_of_it_only_its_own() {
        let (_dir, repo, file) = published();
        let [main, v1] = ["main", "tags/v1"].map(|name| Revision::parse(name).unwrap());
        repo.write_ref(&v1, &commit('c')).unwrap();
        assert_eq!(repo.refs_to(&commit('c')).unwrap().len(), 2);
        let name_alone = Withdrawal {
            commit: &commit('c'),
            revisions: std::slice::from_ref(&main),
            shown_at: std::slice::from_ref(&main),
            files: &[],
            kept: &HashSet::new(),
            store: Path::new("/store"),
            is_whole: false,
        };
        repo.withdraw(&name_alone).unwrap();
        assert_eq!(repo.refs_to(&commit('c')).unwrap(), [v1]);
        assert!(repo.is_linked(&commit('c'), &file.0));
        withdraw(&repo, 'c', &file);
        assert!(!repo.layout.refs().exists());
        assert!(repo.is_linked(&commit('d'), &file.0));
    }

    #[test]
    fn notes_go_with_the_last_snapshot_and_a_foreign_blob_keeps_the_folders() {
        let (_dir, repo, file) = published();
        repo.note_missing(&commit('e'), &file.0.path).unwrap();
        let half = repo.layout.blobs().join("x.incomplete");
        fs::write(&half, "theirs").unwrap();
        withdraw(&repo, 'c', &file);
        withdraw(&repo, 'd', &file);
        assert!(half.exists() && repo.layout.snapshots().is_dir());
        fs::remove_file(&half).unwrap();
        fs::create_dir_all(repo.layout.private().join("publish-0-x")).unwrap();
        withdraw(&repo, 'd', &file);
        assert!(repo.folder().exists(), "somebody may be at work");
        fs::remove_dir(repo.layout.private().join("publish-0-x")).unwrap();
        withdraw(&repo, 'd', &file);
        assert!(!repo.folder().exists());
    }

    #[test]
    fn files_in_place_of_links_go_and_give_back_their_bytes() {
        let (dir, repo) = repo(false);
        let (file, stored) = (git_file("d/f", b"content"), dir.path().join("stored"));
        fs::write(&stored, "content").unwrap();
        repo.publish(&Publication {
            commit: &commit('c'),
            revision: None,
            listing: std::slice::from_ref(&file),
            files: &[(file.clone().into(), stored.clone().into())],
        })
        .unwrap();
        let stamps = vec![stamp(&stored).unwrap()];
        fs::remove_file(&stored).unwrap();
        let withdrawn = withdraw(&repo, 'c', &(file, stamps));
        assert_eq!((withdrawn.names, withdrawn.freed_bytes), (1, 7));
        assert!(!repo.folder().exists());
    }
}
