//! What the steps of a publication share: proven content, and how it gets a name in a view.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::aside::Aside;
use super::folders::Folders;
use super::{Placements, Proven, Published, RemoteFile};
use crate::error::Cause;
use crate::fs::{FileId, OnPath, Placed, Stamp, place, stamp};

/// A selected file with its content, which was looked at.
pub(super) struct Item<'a> {
    pub(super) file: &'a RemoteFile,
    /// A regular file, not a link.
    pub(super) content: Cow<'a, Path>,
    id: FileId,
    stamp: Stamp,
}

impl<'a> Item<'a> {
    pub(super) fn new((file, content): &'a Proven) -> Result<Self, Cause> {
        let mut content = Cow::Borrowed(&**content);
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

    /// All items of a publication.
    pub(super) fn all(files: &'a [Proven]) -> Result<Vec<Self>, Cause> {
        files.iter().map(Self::new).collect()
    }

    /// Whether `there` is the item's content, untouched since it was looked at.
    pub(super) fn is(&self, there: &fs::Metadata) -> bool {
        FileId::of(there) == self.id && Stamp::of(there) == self.stamp
    }

    /// Whether `there` is the item's file.
    pub(super) fn is_file(&self, there: &fs::Metadata) -> bool {
        FileId::of(there) == self.id
    }

    /// Whether the name `path` stands for the item's content, links followed.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|there| self.is_file(&there))
    }
}

/// What the steps of a publication share.
pub(super) struct Work {
    pub(super) aside: Aside,
    pub(super) folders: Folders,
    pub(super) placed: Placements,
    /// The copies that were made where content could not be shared, and what they looked like before
    /// they were shown: by the names under which they are seen.
    pub(super) copies: HashMap<PathBuf, Stamp>,
}

impl Work {
    pub(super) fn new(aside: Aside) -> Self {
        Self {
            aside,
            folders: Folders::default(),
            placed: Placements::default(),
            copies: HashMap::new(),
        }
    }

    /// Gives the item's content the name `made`, which nobody else sees yet; `shown` is the name
    /// under which it will be seen.
    pub(super) fn place(
        &mut self,
        item: &Item<'_>,
        made: &Path,
        shown: &Path,
    ) -> Result<Placed, Cause> {
        let placed = place(&item.content, made)?;
        if placed != Placed::Hardlink {
            self.copies.insert(shown.to_owned(), stamp(made)?);
        }
        Ok(placed)
    }

    /// Gives the content the further name `to`, if that is free and its folder there; whether it has.
    pub(super) fn link(&mut self, item: &Item<'_>, to: &Path) -> bool {
        let is_linked = fs::hard_link(&item.content, to).is_ok();
        if is_linked {
            self.placed.count(Placed::Hardlink);
            self.folders.changed(to);
        }
        is_linked
    }

    /// Gives the content the name `to`, over whatever has it: never through a link, and there is no
    /// moment without the name.
    pub(super) fn put(&mut self, item: &Item<'_>, to: &Path, is_taken: bool) -> Result<(), Cause> {
        if let Some(dir) = to.parent() {
            self.folders.ensure(dir)?;
        }
        if !is_taken && self.link(item, to) {
            return Ok(());
        }
        let made = self.aside.name()?;
        let placed = self.place(item, &made, to)?;
        self.placed.count(placed);
        self.folders.show(&made, to)
    }

    /// What was done, for a snapshot in which the names are the files themselves.
    pub(super) fn published(self, items: &[Item<'_>], snapshot: PathBuf) -> Published {
        let stamp = |item: &Item<'_>| self.stamp(item, &snapshot.join(item.file.path.as_str()));
        Published {
            stamps: items.iter().map(stamp).collect(),
            snapshot,
            placed: self.placed,
            left: Vec::new(),
        }
    }

    /// What the content at `name` looks like, if it is what was put there for `item`. Other clients
    /// rename over names that were just given.
    pub(super) fn stamp(&self, item: &Item<'_>, name: &Path) -> Option<Stamp> {
        let there = fs::metadata(name).ok()?;
        let is_put = match self.copies.get(name) {
            Some(copy) => *copy == Stamp::of(&there),
            None => item.is(&there),
        };
        is_put.then(|| Stamp::of(&there))
    }
}
