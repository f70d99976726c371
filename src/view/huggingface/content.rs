//! Proven content, and how it gets a name in the cache.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::publish::Work;
use super::{RepoCache, shared};
use crate::error::Cause;
use crate::fs::{FileId, OnPath, Placed, Stamp, lstat};
use crate::hub::RemoteFile;

/// A selected file with its content, which was looked at.
pub(super) struct Item<'a> {
    pub(super) file: &'a RemoteFile,
    /// A regular file, not a link.
    pub(super) content: Cow<'a, Path>,
    id: FileId,
    stamp: Stamp,
}

impl<'a> Item<'a> {
    pub(super) fn new((file, content): &'a (RemoteFile, PathBuf)) -> Result<Self, Cause> {
        let mut content = Cow::Borrowed(content.as_path());
        let mut there = fs::symlink_metadata(&content).on_path("look at", &content)?;
        if there.is_symlink() {
            content = Cow::Owned(fs::canonicalize(&content).on_path("look at", &content)?);
            there = fs::metadata(&content).on_path("look at", &content)?;
        }
        if !there.is_file() || there.len() != file.len {
            let source =
                io::Error::new(io::ErrorKind::InvalidData, "it has not the promised length");
            return Err(source).on_path("publish", &content);
        }
        Ok(Self {
            file,
            content,
            id: FileId::of(&there),
            stamp: Stamp::of(&there),
        })
    }

    /// Whether `there` is the item's content, untouched since it was looked at.
    pub(super) fn is(&self, there: &fs::Metadata) -> bool {
        FileId::of(there) == self.id && Stamp::of(there) == self.stamp
    }
}

impl RepoCache {
    /// Gives every content its name in `blobs`, once.
    pub(super) fn put_blobs(&self, items: &[Item<'_>], work: &mut Work) -> Result<(), Cause> {
        let mut done = HashSet::with_capacity(items.len());
        for item in items.iter().filter(|item| done.insert(item.file.digest)) {
            let blob = self.layout.blob(item.file.digest);
            // What lies there was looked at there. What does not is new to the view, mostly.
            if item.content == blob || link(item, &blob, work) {
                continue;
            }
            let there = lstat(&blob)?;
            let is_shared = there.as_ref().is_some_and(fs::Metadata::is_symlink)
                && shared::payload(&self.layout, &blob).is_some_and(|path| leads_to(&path, item));
            if !is_shared && there.as_ref().map(FileId::of) != Some(item.id) {
                put_content(item, &blob, there.is_some(), work)?;
            }
        }
        Ok(())
    }

    /// Whether the item's content lies in this repo's part of the cache already.
    pub(super) fn has(&self, item: &Item<'_>) -> bool {
        item.content.starts_with(self.folder())
    }
}

/// Whether the name `path` stands for the item's content, links followed.
pub(super) fn leads_to(path: &Path, item: &Item<'_>) -> bool {
    fs::metadata(path).is_ok_and(|there| FileId::of(&there) == item.id)
}

/// Gives the content the further name `to`, if that is free and its folder there; whether it has.
fn link(item: &Item<'_>, to: &Path, work: &mut Work) -> bool {
    let is_linked = fs::hard_link(&item.content, to).is_ok();
    if is_linked {
        work.placed.count(Placed::Hardlink);
        work.folders.changed(to);
    }
    is_linked
}

/// Gives the content the name `to`, over whatever has it: never through a link, and there is no
/// moment without the name.
pub(super) fn put_content(
    item: &Item<'_>,
    to: &Path,
    is_taken: bool,
    work: &mut Work,
) -> Result<(), Cause> {
    if let Some(dir) = to.parent() {
        work.folders.ensure(dir)?;
    }
    if !is_taken && link(item, to, work) {
        return Ok(());
    }
    let made = work.aside.name()?;
    let placed = work.place(item, &made, to)?;
    work.placed.count(placed);
    work.folders.show(&made, to)
}
