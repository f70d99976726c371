//! `snapshots/<commit>`: the names of a commit's files, as links to blobs, or as the files
//! themselves where links are not used.
//!
//! A new snapshot is built aside and appears whole. In one that exists, by whichever client, names
//! are added and put right one by one; names that are not being published are let be.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::RepoCache;
use super::aside::Aside;
use super::content::{Item, leads_to, put_content};
use super::folders::in_the_way;
use super::layout::Layout;
use super::publish::Work;
use crate::error::Cause;
use crate::fs::{OnPath, create_dir_all, list, lstat, rename, sync_dir};
use crate::repo::{Commit, RepoPath};

impl RepoCache {
    /// Gives every item its name in the snapshot. The blobs are there.
    pub(super) fn put_names(
        &self,
        commit: &Commit,
        items: &[Item<'_>],
        work: &mut Work,
    ) -> Result<(), Cause> {
        refuse_repeats(items)?;
        let snapshot = self.layout.snapshot(commit);
        match lstat(&snapshot)? {
            None if self.build(&snapshot, items, work)? => Ok(()),
            Some(there) if !there.is_dir() => in_the_way(&snapshot),
            _ => self.mend(&snapshot, items, work),
        }
    }

    /// Builds the snapshot aside and shows it; `false` when another process has shown one first.
    fn build(&self, snapshot: &Path, items: &[Item<'_>], work: &mut Work) -> Result<bool, Cause> {
        let made = work.aside.name()?;
        let folders = folders_of(items);
        for folder in folders.iter().copied().chain([""]) {
            create_dir_all(&made.join(folder))?;
        }
        let placed = work.placed;
        for item in items {
            self.add_name(item, &made, snapshot, work)
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

    /// Names the item in `dir`, the folder that becomes `snapshot`.
    fn add_name(
        &self,
        item: &Item<'_>,
        dir: &Path,
        snapshot: &Path,
        work: &mut Work,
    ) -> Result<(), Cause> {
        let path = item.file.path.as_str();
        let entry = dir.join(path);
        if self.use_symlinks {
            let target = Layout::link_target(&item.file.path, item.file.digest);
            symlink(target, &entry).on_path("create the link", &entry)
        } else {
            let placed = work.place(item, &entry, &snapshot.join(path))?;
            work.placed.count(placed);
            Ok(())
        }
    }

    /// Adds and corrects names in a snapshot that others may be reading.
    fn mend(&self, snapshot: &Path, items: &[Item<'_>], work: &mut Work) -> Result<(), Cause> {
        let is_wrong =
            |item: &&Item<'_>| !self.is_named(item, &snapshot.join(item.file.path.as_str()));
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
        wrong
            .into_iter()
            .try_for_each(|item| self.set_name(item, snapshot, work))
    }

    fn is_named(&self, item: &Item<'_>, entry: &Path) -> bool {
        if self.use_symlinks {
            self.leads_to_blob(entry, &item.file.path, item.file.digest)
        } else {
            leads_to(entry, item)
        }
    }

    /// Gives the item its name, over whatever has it.
    fn set_name(&self, item: &Item<'_>, snapshot: &Path, work: &mut Work) -> Result<(), Cause> {
        let entry = snapshot.join(item.file.path.as_str());
        let is_taken = lstat(&entry)?.is_some();
        if is_taken && !is_spelled_so(snapshot, &item.file.path)? {
            return Err(one_file("another name", item.file.path.as_str()));
        }
        if !self.use_symlinks {
            return put_content(item, &entry, is_taken, work);
        }
        let made = work.aside.name()?;
        let target = Layout::link_target(&item.file.path, item.file.digest);
        symlink(target, &made).on_path("create a link for", &entry)?;
        work.folders.show(&made, &entry)
    }
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
