//! A folder with the names of a commit's files, as links to blobs or as the files themselves.
//!
//! A new snapshot is built aside and appears whole. In one that exists, by whichever client, names
//! are added and put right one by one; names that are not being published are let be.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io;
use std::path::Path;

use super::aside::Aside;
use super::folders::in_the_way;
use super::work::{Item, Work};
use crate::error::Cause;
use crate::fs::{create_dir_all, list, lstat, rename, sync_dir};
use crate::repo::RepoPath;

/// How a file's name in a snapshot leads to its content.
pub(super) trait Naming {
    /// Names the item `made`, in a folder that nobody sees yet; `shown` is the name it will have.
    fn add(&self, item: &Item<'_>, made: &Path, shown: &Path, work: &mut Work)
    -> Result<(), Cause>;

    /// Whether `entry` leads to the item's content already.
    fn is_right(&self, item: &Item<'_>, entry: &Path) -> bool;

    /// Gives the item the name `entry`, which others see, over whatever has it.
    fn set(
        &self,
        item: &Item<'_>,
        entry: &Path,
        is_taken: bool,
        work: &mut Work,
    ) -> Result<(), Cause>;
}

/// The name is the file itself.
pub(super) struct Plain;

impl Naming for Plain {
    fn add(
        &self,
        item: &Item<'_>,
        made: &Path,
        shown: &Path,
        work: &mut Work,
    ) -> Result<(), Cause> {
        let placed = work.place(item, made, shown)?;
        work.placed.count(placed);
        Ok(())
    }

    fn is_right(&self, item: &Item<'_>, entry: &Path) -> bool {
        item.is_at(entry)
    }

    fn set(
        &self,
        item: &Item<'_>,
        entry: &Path,
        is_taken: bool,
        work: &mut Work,
    ) -> Result<(), Cause> {
        work.put(item, entry, is_taken)
    }
}

/// Gives every item its name in `snapshot`. The folder above it is there.
pub(super) fn put_names(
    naming: &impl Naming,
    snapshot: &Path,
    items: &[Item<'_>],
    work: &mut Work,
) -> Result<(), Cause> {
    refuse_repeats(items)?;
    match lstat(snapshot)? {
        Some(there) if !there.is_dir() => in_the_way(snapshot),
        // A rename takes the place of an empty folder, as of none.
        there
            if (there.is_none() || list(snapshot)?.is_empty())
                && build(naming, snapshot, items, work)? =>
        {
            Ok(())
        }
        _ => mend(naming, snapshot, items, work),
    }
}

/// Builds the snapshot aside and shows it; `false` when another process has shown one first.
fn build(
    naming: &impl Naming,
    snapshot: &Path,
    items: &[Item<'_>],
    work: &mut Work,
) -> Result<bool, Cause> {
    let made = work.aside.name()?;
    let folders = folders_of(items);
    for folder in folders.iter().copied().chain([""]) {
        create_dir_all(&made.join(folder))?;
    }
    let placed = work.placed;
    for item in items {
        let path = item.file.path.as_str();
        naming
            .add(item, &made.join(path), &snapshot.join(path), work)
            .map_err(|cause| twins(cause, item, items))?;
    }
    for folder in folders.iter().rev().copied().chain([""]) {
        sync_dir(&made.join(folder))?;
    }
    match rename(&made, snapshot) {
        Err(Cause::Io { source, .. }) if is_taken(&source) => {
            work.placed = placed;
            work.copies.retain(|name, _| !name.starts_with(snapshot));
            return Ok(false);
        }
        other => other?,
    }
    work.folders.changed(snapshot);
    Ok(true)
}

/// Adds and corrects names in a snapshot that others may be reading.
fn mend(
    naming: &impl Naming,
    snapshot: &Path,
    items: &[Item<'_>],
    work: &mut Work,
) -> Result<(), Cause> {
    let is_wrong =
        |item: &&Item<'_>| !naming.is_right(item, &snapshot.join(item.file.path.as_str()));
    let wrong: Vec<&Item<'_>> = items.iter().filter(is_wrong).collect();
    if wrong.is_empty() {
        return Ok(());
    }
    refuse_twins(items, &mut work.aside)?;
    for folder in folders_of(wrong.iter().copied()) {
        let folder = snapshot.join(folder);
        match lstat(&folder)? {
            Some(there) if !there.is_dir() => return in_the_way(&folder),
            _ => work.folders.ensure(&folder)?,
        }
    }
    for item in wrong {
        let path = &item.file.path;
        let entry = snapshot.join(path.as_str());
        let is_taken = lstat(&entry)?.is_some();
        if is_taken && !is_spelled_so(snapshot, path)? {
            return Err(one_file("another name", path.as_str()));
        }
        naming.set(item, &entry, is_taken, work)?;
    }
    Ok(())
}

/// Whether what `path` leads to is called so, and not otherwise on a filesystem that takes two names
/// for one: what has another name is another file of the repo.
fn is_spelled_so(snapshot: &Path, path: &RepoPath) -> Result<bool, Cause> {
    let mut dir = snapshot.to_owned();
    for segment in path.segments() {
        let names = list(&dir)?;
        dir.push(segment);
        if !names.contains(&dir) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Every folder that the items' names need, parents first.
fn folders_of<'a>(items: impl IntoIterator<Item = &'a Item<'a>>) -> BTreeSet<&'a str> {
    let mut folders = BTreeSet::new();
    for item in items {
        let mut path = item.file.path.as_str();
        while let Some((folder, _)) = path.rsplit_once('/') {
            if !folders.insert(folder) {
                break;
            }
            path = folder;
        }
    }
    folders
}

fn is_taken(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty
    )
}

fn refuse_repeats(items: &[Item<'_>]) -> Result<(), Cause> {
    let mut seen = HashSet::with_capacity(items.len());
    match items.iter().find(|item| !seen.insert(&item.file.path)) {
        Some(twice) => Err(Cause::Hostile {
            what: format!("`{}` is listed twice", twice.file.path),
        }),
        None => Ok(()),
    }
}

/// Refuses names that differ in case alone where the filesystem takes them for one.
fn refuse_twins(items: &[Item<'_>], aside: &mut Aside) -> Result<(), Cause> {
    let mut seen = HashMap::with_capacity(items.len());
    let pair = items.iter().find_map(|item| {
        let path = item.file.path.as_str();
        seen.insert(path.to_lowercase(), path)
            .map(|other| (other, path))
    });
    match pair {
        Some((one, other)) if aside.is_case_blind()? => Err(one_file(one, other)),
        _ => Ok(()),
    }
}

/// What it means that a name in a new folder was taken: the filesystem takes two names for one.
fn twins(cause: Cause, item: &Item<'_>, items: &[Item<'_>]) -> Cause {
    match cause {
        Cause::Io { source, .. } if is_taken(&source) => {
            let path = item.file.path.as_str();
            let is_twin =
                |other: &&str| *other != path && other.to_lowercase() == path.to_lowercase();
            let twin = items
                .iter()
                .map(|item| item.file.path.as_str())
                .find(is_twin);
            one_file(twin.unwrap_or("another name"), path)
        }
        other => other,
    }
}

fn one_file(one: &str, other: &str) -> Cause {
    Cause::Twins {
        one: one.to_owned(),
        other: other.to_owned(),
    }
}
