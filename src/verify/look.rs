//! Everything that can be told without hashing, and which files are to be hashed for what.

use std::collections::{HashMap, HashSet};
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::digest::{BlobId, Digest};
use crate::error::Cause;
use crate::fs::{FileId, Stamp, is_absent, list, lstat};
use crate::hashing::Sums;
use crate::hub::RemoteFile;
use crate::repo::RepoPath;
use crate::store::Store;
use crate::store::census::Recorded;
use crate::verify::place::{Shown, shown_in};
use crate::verify::promise::{self, File, Promise};
use crate::verify::{Chosen, Copy, FileOf, Finding, Gone, Place, Problem, Report};
use crate::view::{RepoView, ViewKind};

/// What was seen.
#[derive(Default)]
pub(super) struct Look {
    /// The files to hash, each once.
    pub(super) files: Vec<File>,
    /// The recorded contents.
    pub(super) contents: HashMap<BlobId, Content>,
    /// What is known already.
    pub(super) report: Report,
}

/// A recorded content, and where it is.
pub(super) struct Content {
    file: Arc<FileOf>,
    /// Its name in the store, whether it is there or not.
    path: PathBuf,
    is_stored: bool,
    is_whole: bool,
}

/// Looks at every name.
pub(super) fn look(store: &Store, chosen: &Chosen) -> Result<Look, Cause> {
    let mut looker = Looker::default();
    for (recorded, paths) in chosen.census.commits.iter().zip(&chosen.paths) {
        looker.record(store, recorded, paths.as_ref())?;
    }
    looker.store(store, chosen.is_all)?;
    let mut look = looker.look;
    look.report.commits = chosen.census.commits.len() as u64;
    look.report.newer = chosen.census.newer.len() as u64;
    let damaged = chosen.census.damaged.iter().map(|path| Finding {
        problem: Problem::DamagedRecord,
        place: Place::Record,
        path: path.clone(),
        file: None,
        stamp: None,
    });
    look.report.findings.extend(damaged);
    Ok(look)
}

/// The names of a commit's files in its views. A record tells which files were pulled and where the
/// commit was published, not which file went where.
#[derive(Default)]
struct Names {
    /// Files that have, or are noted to have, a name somewhere.
    seen: HashSet<RepoPath>,
    /// Names that are not there and of which no note tells that they ever were.
    doubtful: Vec<Promise>,
    /// Whether a place is gone: what is nowhere may have been there alone.
    is_gone: bool,
}

impl Names {
    /// What is missing of the doubtful ones: what must have been somewhere, and is nowhere.
    fn missing(self) -> impl Iterator<Item = Finding> {
        let is_missing = move |promise: &Promise| {
            let path = promise.file.as_ref().map(|file| &file.path);
            !self.is_gone && path.is_none_or(|path| !self.seen.contains(path))
        };
        let doubtful = self.doubtful.into_iter();
        doubtful
            .filter(is_missing)
            .map(|promise| promise.finding(Problem::Missing, None))
    }
}

#[derive(Default)]
struct Looker {
    look: Look,
    by_id: HashMap<FileId, usize>,
}

impl Looker {
    fn record(
        &mut self,
        store: &Store,
        recorded: &Recorded,
        paths: Option<&HashSet<RepoPath>>,
    ) -> Result<(), Cause> {
        let manifest = &recorded.manifest;
        let mut files = Vec::new();
        for record in &manifest.files {
            let Some(blob) = record.blob else { continue };
            if paths.is_some_and(|paths| !paths.contains(&record.remote.path)) {
                continue;
            }
            let file = Arc::new(FileOf {
                hub: manifest.hub,
                repo: recorded.repo.clone(),
                commit: manifest.commit.clone(),
                path: record.remote.path.clone(),
                len: record.remote.len,
                digest: record.remote.digest,
                blob,
            });
            self.look.contents.entry(blob).or_insert_with(|| Content {
                file: Arc::clone(&file),
                path: store.blob_path(blob),
                is_stored: false,
                is_whole: false,
            });
            files.push((&record.remote, file));
        }
        self.views(store, recorded, &files, paths.is_none())
    }

    /// The names in every view where the files were published.
    fn views(
        &mut self,
        store: &Store,
        recorded: &Recorded,
        files: &[(&RemoteFile, Arc<FileOf>)],
        is_whole: bool,
    ) -> Result<(), Cause> {
        let commit = &recorded.manifest.commit;
        let mut names = Names::default();
        for id in &recorded.manifest.views {
            let (mut is_shown, mut is_gone) = (false, false);
            for (folder, part) in shown_in(store, recorded, id)? {
                if lstat(&folder)?.is_none() {
                    is_gone = true;
                    continue;
                }
                is_shown = true;
                for (remote, file) in files {
                    let told = part.is_noted(commit, remote);
                    if told != Some(false) {
                        let path = part.view.name_of(commit, remote);
                        self.view_name(path, &part.shown, file, told, &mut names)?;
                    }
                }
                if is_whole {
                    self.extras(part.view.as_ref(), &part.shown, recorded)?;
                }
            }
            names.is_gone |= is_gone;
            if is_gone && !is_shown {
                self.look.report.gone.push(Gone {
                    repo: recorded.repo.clone(),
                    commit: commit.clone(),
                    view: id.clone(),
                });
            }
        }
        self.look.report.findings.extend(names.missing());
        Ok(())
    }

    /// A name that was published, or may have been: where no note tells, `told` is `None`.
    fn view_name(
        &mut self,
        path: PathBuf,
        shown: &Shown,
        file: &Arc<FileOf>,
        told: Option<bool>,
        names: &mut Names,
    ) -> Result<(), Cause> {
        let promise = Promise {
            digest: file.digest,
            path,
            place: Place::View(shown.clone()),
            file: Some(Arc::clone(file)),
        };
        let seen = see(&promise.path)?;
        if let Err(Problem::Missing) = &seen
            && told.is_none()
        {
            names.doubtful.push(promise);
            return Ok(());
        }
        names.seen.insert(file.path.clone());
        match seen {
            Ok(there) => self.promise(promise, &there)?,
            Err(problem) => {
                let finding = promise.finding(problem, None);
                self.look.report.findings.push(finding);
            }
        }
        Ok(())
    }

    /// Names in a snapshot that the commit does not have. Other layouts are folders in which people
    /// keep what they like.
    fn extras(
        &mut self,
        view: &dyn RepoView,
        shown: &Shown,
        recorded: &Recorded,
    ) -> Result<(), Cause> {
        let manifest = &recorded.manifest;
        if shown.view.kind != ViewKind::HuggingFace || manifest.is_partial_listing {
            return Ok(());
        }
        let listed: HashSet<PathBuf> = manifest
            .files
            .iter()
            .map(|record| view.name_of(&manifest.commit, &record.remote))
            .collect();
        let mut folders = vec![view.folder_of(&manifest.commit)];
        while let Some(folder) = folders.pop() {
            for path in list(&folder)? {
                match lstat(&path)? {
                    Some(there) if there.is_dir() => folders.push(path),
                    Some(_) if !listed.contains(&path) => {
                        self.look.report.findings.push(Finding {
                            problem: Problem::Extra,
                            place: Place::View(shown.clone()),
                            path,
                            file: None,
                            stamp: None,
                        });
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// The names in the store: all of them, or those of the recorded contents.
    fn store(&mut self, store: &Store, is_all: bool) -> Result<(), Cause> {
        let names = store.names()?;
        let id_of = |name: &crate::store::names::Named| FileId::of(&name.metadata);
        let blobs = names
            .iter()
            .filter_map(|name| Some((id_of(name), name.digest.sha256()?)));
        let blobs: HashMap<FileId, BlobId> = blobs.collect();
        for name in names {
            let blob = match name.digest {
                Digest::Sha256(id) => Some(id),
                Digest::Git(_) => blobs.get(&FileId::of(&name.metadata)).copied(),
            };
            let content = blob.and_then(|blob| self.look.contents.get_mut(&blob));
            let file = match content {
                Some(content) => {
                    content.is_stored = true;
                    Some(Arc::clone(&content.file))
                }
                None if is_all => None,
                None => continue,
            };
            if file.is_none() && name.digest.sha256().is_some() {
                self.look.report.unrecorded += 1;
            }
            let promise = Promise {
                digest: name.digest,
                path: name.path,
                place: Place::Store(name.digest),
                file,
            };
            self.promise(promise, &name.metadata)?;
        }
        Ok(())
    }

    /// Notes a file that is to hold what one of its names promises.
    fn promise(&mut self, promise: Promise, there: &Metadata) -> Result<(), Cause> {
        let got = there.len();
        if let Some(want) = promise.file.as_ref().map(|file| file.len)
            && want != got
        {
            let problem = Problem::Length { want, got };
            let finding = promise.finding(problem, Some(Stamp::of(there)));
            self.look.report.findings.push(finding);
            return Ok(());
        }
        let files = &mut self.look.files;
        let at = *self.by_id.entry(FileId::of(there)).or_insert(files.len());
        if at == files.len() {
            files.push(File {
                name: promise::shown(&promise)?,
                len: there.len(),
                promises: Vec::new(),
            });
        }
        files[at].promises.push(promise);
        Ok(())
    }
}

/// The file behind a name.
fn see(path: &Path) -> Result<Result<Metadata, Problem>, Cause> {
    let Some(_entry) = lstat(path)? else {
        return Ok(Err(Problem::Missing));
    };
    Ok(match std::fs::metadata(path) {
        Ok(there) if there.is_file() => Ok(there),
        Ok(_other) => Err(Problem::NotAFile),
        Err(error) if is_absent(&error) => Err(Problem::Dangling),
        Err(error) => Err(Problem::Unreadable(error.to_string())),
    })
}

/// Judges the recorded contents by what was hashed: one that is nowhere is missing, and one that the
/// store has not as it should be may have a good copy in a view.
pub(super) fn settle<'a>(
    report: &mut Report,
    mut contents: HashMap<BlobId, Content>,
    hashed: impl Iterator<Item = (&'a File, &'a Sums)>,
) {
    let mut copies: HashMap<BlobId, Copy> = HashMap::new();
    for (file, sums) in hashed {
        for promise in file.promises.iter().filter(|name| sums.is(name.digest)) {
            let content = contents.get_mut(&sums.blob);
            match (&promise.place, &promise.file, content) {
                (Place::Store(Digest::Sha256(_)), _, Some(content)) => content.is_whole = true,
                (Place::View(shown), Some(of), Some(_)) => {
                    copies.entry(sums.blob).or_insert_with(|| Copy {
                        path: promise.path.clone(),
                        shown: shown.clone(),
                        sums: *sums,
                        file: Arc::clone(of),
                    });
                }
                _ => {}
            }
        }
    }
    for (id, content) in contents {
        match copies.remove(&id) {
            _ if content.is_whole => {}
            Some(copy) => report.copies.push(copy),
            None if !content.is_stored => report.findings.push(Finding {
                problem: Problem::Missing,
                place: Place::Store(Digest::Sha256(id)),
                path: content.path,
                file: Some(content.file),
                stamp: None,
            }),
            None => {}
        }
    }
}
