//! Proven content, and how it gets its names in the cache.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::layout::Layout;
use super::{RepoCache, shared};
use crate::error::Cause;
use crate::fs::{OnPath, lstat};
use crate::repo::Commit;
use crate::view::places::unless_closed;
use crate::view::snapshot::{Naming, Plain, put_names};
use crate::view::work::{Item, Work};

impl RepoCache {
    /// Gives every content its name in `blobs`, once.
    pub(super) fn put_blobs(&self, items: &[Item<'_>], work: &mut Work) -> Result<(), Cause> {
        let mut done = HashSet::with_capacity(items.len());
        self.note_new(items, work)?;
        for item in items.iter().filter(|item| done.insert(item.file.digest)) {
            let blob = self.layout.blob(item.file.digest);
            // What lies there was looked at there. What does not is new to the view, mostly.
            if item.content == blob || work.link(item, &blob) {
                continue;
            }
            let there = lstat(&blob)?;
            let is_shared = there.as_ref().is_some_and(fs::Metadata::is_symlink)
                && shared::payload(&self.layout, &blob).is_some_and(|path| item.is_at(&path));
            if !is_shared && !there.as_ref().is_some_and(|there| item.is_file(there)) {
                work.put(item, &blob, there.is_some())?;
            }
        }
        Ok(())
    }

    /// Notes which blobs are about to come: nothing leads to them until the names are there, and what
    /// another client left without a name is not to be taken for ours.
    fn note_new(&self, items: &[Item<'_>], work: &mut Work) -> Result<(), Cause> {
        let mut new = Vec::new();
        for item in items {
            let blob = self.layout.blob(item.file.digest);
            if item.content != blob && lstat(&blob)?.is_none() {
                new.push(item.file.digest.to_string());
            }
        }
        if new.is_empty() {
            return Ok(());
        }
        // Where there is no place for the note, a kill may leave what nobody takes for ours.
        unless_closed(work.aside.note(&new)).map(drop)
    }

    /// Gives every item its name in the snapshot. The blobs are there.
    pub(super) fn put_names(
        &self,
        commit: &Commit,
        items: &[Item<'_>],
        work: &mut Work,
    ) -> Result<(), Cause> {
        let snapshot = self.layout.snapshot(commit);
        if self.use_symlinks {
            put_names(&Links(self), &snapshot, items, work)
        } else {
            put_names(&Plain, &snapshot, items, work)
        }
    }

    /// Whether the item's content lies in this repo's part of the cache already.
    pub(super) fn has(&self, item: &Item<'_>) -> bool {
        item.content.starts_with(self.folder())
    }
}

/// The name is a link to the repo's blob.
struct Links<'a>(&'a RepoCache);

impl Naming for Links<'_> {
    fn add(
        &self,
        item: &Item<'_>,
        made: &Path,
        _shown: &Path,
        _work: &mut Work,
    ) -> Result<(), Cause> {
        let target = Layout::link_target(&item.file.path, item.file.digest);
        symlink(target, made).on_path("create the link", made)
    }

    fn is_right(&self, item: &Item<'_>, entry: &Path) -> bool {
        self.0
            .leads_to_blob(entry, &item.file.path, item.file.digest)
    }

    fn set(
        &self,
        item: &Item<'_>,
        entry: &Path,
        _is_taken: bool,
        work: &mut Work,
    ) -> Result<(), Cause> {
        let made = work.aside.name()?;
        let target = Layout::link_target(&item.file.path, item.file.digest);
        symlink(target, &made).on_path("create a link for", entry)?;
        work.folders.show(&made, entry)
    }
}
