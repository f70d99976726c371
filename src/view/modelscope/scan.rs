//! What a ModelScope cache holds, whichever generation of the client left it: as a value, for those
//! who take it over or show it. Looks, and never writes; nothing in it is proven.
//!
//! Names are not always certain. A revision may have a slash and then nests; older layouts hide the
//! dots of a name, and the link by the true name need not be there.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::legacy::index;
use crate::error::Cause;
use crate::fs::{Stamp, list, list_open, read_small};
use crate::repo::{Commit, RepoId, RepoKind, RepoPath, Revision};

mod files;

/// Larger than any index that is read.
const MAX_NOTE_BYTES: u64 = 32 << 20;

/// All that a cache holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// One for each revision of each repo, sorted by repo.
    pub snapshots: Vec<Snapshot>,
    /// Entries that are where a repo or a file would be, and have no name that one can have; folders
    /// that this user may not read.
    pub odd: Vec<PathBuf>,
}

/// Which generation of the client a folder is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// 1.38 and later: a folder for each revision.
    Current,
    /// Up to 1.37: one folder, and an index in it.
    Legacy,
}

/// A folder with files of one revision of a repo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The repo.
    pub repo: RepoId,
    /// Whether that is surely its name, and no dot in it was guessed.
    pub is_name_certain: bool,
    /// The revision; nothing where an older client noted none.
    pub revision: Option<Revision>,
    /// The folder.
    pub folder: PathBuf,
    /// Who made it.
    pub generation: Generation,
    /// What is in it, sorted by path; without what the client notes for itself and what is unfinished.
    pub files: Vec<ShownFile>,
}

/// A file in such a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownFile {
    /// Its path in the repo.
    pub path: RepoPath,
    /// The file itself, links resolved.
    pub place: PathBuf,
    /// What it looked like.
    pub stamp: Stamp,
    /// The commit that changed it last, where the client noted that.
    pub changed_by: Option<Commit>,
}

/// Looks through the cache at `root`, without following a link to a folder. A cache that is not there
/// holds nothing.
///
/// # Errors
/// When it cannot be read. A folder in it that this user may not read is passed over.
pub fn scan(root: &Path) -> Result<Scan, Cause> {
    list(root)?;
    let mut scanner = Scanner {
        root: fs::canonicalize(root).unwrap_or_else(|_| root.to_owned()),
        scan: Scan::default(),
    };
    for kind in [RepoKind::Model, RepoKind::Dataset] {
        scanner.current(&root.join(kind.plural()), kind)?;
        scanner.legacy(&root.join(kind.plural()), kind)?;
        scanner.legacy(&root.join("hub").join(kind.plural()), kind)?;
    }
    // The oldest clients had models alone, and no folder for them.
    scanner.legacy(&root.join("hub"), RepoKind::Model)?;
    scanner.legacy(root, RepoKind::Model)?;
    let mut scan = scanner.scan;
    scan.snapshots
        .sort_by(|a, b| (&a.repo, &a.folder).cmp(&(&b.repo, &b.folder)));
    scan.odd.sort();
    Ok(scan)
}

struct Scanner {
    root: PathBuf,
    scan: Scan,
}

impl Scanner {
    /// `<owner>--<name>/snapshots/<revision>`.
    fn current(&mut self, dir: &Path, kind: RepoKind) -> Result<(), Cause> {
        for folder in list_open(dir, &mut self.scan.odd)? {
            let snapshots = folder.join("snapshots");
            let is_repo = is_real_folder(&folder) && is_real_folder(&snapshots);
            let Some(name) = name(&folder).filter(|_| is_repo) else {
                continue;
            };
            let id = name.replacen("--", "/", 1);
            match RepoId::parse(kind, &id) {
                Ok(repo) => self.revisions(&repo, &snapshots, "")?,
                Err(_bad) => self.scan.odd.push(folder),
            }
        }
        Ok(())
    }

    /// The revisions in a folder. One without a file of its own is the first part of longer names.
    fn revisions(&mut self, repo: &RepoId, folder: &Path, prefix: &str) -> Result<(), Cause> {
        for folder in list_open(folder, &mut self.scan.odd)? {
            if !is_real_folder(&folder) {
                continue;
            }
            let known =
                name(&folder).and_then(|name| Revision::parse(&format!("{prefix}{name}")).ok());
            let Some(revision) = known else {
                self.scan.odd.push(folder);
                continue;
            };
            let entries = list_open(&folder, &mut self.scan.odd)?;
            if entries.iter().all(|entry| is_real_folder(entry)) {
                self.revisions(repo, &folder, &format!("{revision}/"))?;
            } else {
                let files = files::of(&folder, &self.root, &mut self.scan.odd)?;
                self.scan.snapshots.push(Snapshot {
                    repo: repo.clone(),
                    is_name_certain: true,
                    revision: Some(revision),
                    folder,
                    generation: Generation::Current,
                    files,
                });
            }
        }
        Ok(())
    }

    /// `<owner>/<name, masked>` with an index in it.
    fn legacy(&mut self, dir: &Path, kind: RepoKind) -> Result<(), Cause> {
        for owner in list_open(dir, &mut self.scan.odd)? {
            if !is_real_folder(&owner) {
                continue;
            }
            for folder in list_open(&owner, &mut self.scan.odd)? {
                if is_real_folder(&folder) && folder.join(".msc").is_file() {
                    self.legacy_repo(&owner, folder, kind)?;
                }
            }
        }
        Ok(())
    }

    fn legacy_repo(&mut self, owner: &Path, folder: PathBuf, kind: RepoKind) -> Result<(), Cause> {
        let alias = alias(owner, &folder)?;
        let (Some(owner), Some(masked)) = (name(owner), name(&folder)) else {
            self.scan.odd.push(folder);
            return Ok(());
        };
        let is_name_certain = alias.is_some() || !masked.contains("___");
        let name = alias.unwrap_or_else(|| masked.replace("___", "."));
        let Ok(repo) = RepoId::parse(kind, &format!("{owner}/{name}")) else {
            self.scan.odd.push(folder);
            return Ok(());
        };
        let rows = note(&folder, ".msc")
            .and_then(|bytes| index::read(&bytes))
            .unwrap_or_default();
        let mut files = files::of(&folder, &self.root, &mut self.scan.odd)?;
        let known: HashMap<&str, &str> = rows
            .iter()
            .map(|row| (row.path.as_str(), row.revision.as_str()))
            .collect();
        for file in &mut files {
            let revision = known.get(file.path.as_str());
            file.changed_by = revision.and_then(|id| Commit::parse(id).ok());
        }
        self.scan.snapshots.push(Snapshot {
            repo,
            is_name_certain,
            revision: noted_revision(&folder),
            folder,
            generation: Generation::Legacy,
            files,
        });
        Ok(())
    }
}

/// What a client noted for itself in `folder`, where that can be read.
fn note(folder: &Path, name: &str) -> Option<Vec<u8>> {
    read_small(&folder.join(name), MAX_NOTE_BYTES)
        .ok()
        .flatten()
}

/// The revision that an older client noted in `folder`.
pub(super) fn noted_revision(folder: &Path) -> Option<Revision> {
    note(folder, ".mv").and_then(|bytes| index::version(&bytes))
}

/// The files in a snapshot's `folder` of the cache at `root`, as [`scan`] tells them.
pub(super) fn files_of(folder: &Path, root: &Path) -> Result<Vec<ShownFile>, Cause> {
    let root = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    files::of(folder, &root, &mut Vec::new())
}

/// The name of the link beside `folder` that leads to it.
fn alias(owner: &Path, folder: &Path) -> Result<Option<String>, Cause> {
    let real = fs::canonicalize(folder).ok();
    let leads_there = |link: &PathBuf| link.is_symlink() && fs::canonicalize(link).ok() == real;
    let link = list(owner)?.into_iter().find(leads_there);
    Ok(link.as_deref().and_then(name).map(str::to_owned))
}

fn is_real_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|there| there.is_dir())
}

fn name(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()
}

#[cfg(test)]
mod tests;
