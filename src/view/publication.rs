//! What a pull makes visible in a view, and what came of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::fs::{Placed, Stamp};
use crate::hub::RemoteFile;
use crate::repo::{Commit, Revision};

/// A file that is to be published, as far as that is known before its content is here.
#[derive(Clone, Copy, Debug)]
pub struct Coming<'a> {
    /// The file.
    pub file: &'a RemoteFile,
    /// Where its proven content is, if it is here.
    pub content: Option<&'a Path>,
}

/// A file, and where on this disk its proven content is.
pub type Proven = (Arc<RemoteFile>, Arc<Path>);

/// What is to become visible.
#[derive(Clone, Copy, Debug)]
pub struct Publication<'a> {
    /// The commit whose files these are.
    pub commit: &'a Commit,
    /// What the user asked for, if that is to lead here from now on.
    pub revision: Option<&'a Revision>,
    /// All files of the commit.
    pub listing: &'a [RemoteFile],
    /// The selected files, and where on this disk their proven content is: a blob of the store, or
    /// what is in this view already. A blob of the view that is another file is replaced, so where
    /// the view has a proven copy (it cannot share an inode with the store), that copy is the one
    /// to pass.
    pub files: &'a [Proven],
}

/// What has become visible.
#[derive(Clone, Debug)]
pub struct Published {
    /// The folder with the files.
    pub snapshot: PathBuf,
    /// For each selected file, what its content looks like in the view; `None` where the name leads
    /// to something else by now, which nobody has proven.
    pub stamps: Vec<Option<Stamp>>,
    /// What it cost.
    pub placed: Placements,
    /// Files of the commit that was there before, which this one does not have. They stay where a
    /// view has no folder for each commit.
    pub left: Vec<PathBuf>,
}

/// How contents came into the view; those that were there are not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Placements {
    /// By a second name.
    pub hardlinks: usize,
    /// By sharing blocks.
    pub reflinks: usize,
    /// By copying, where nothing cheaper was possible. Copies that were wanted are not counted.
    pub copies: usize,
}

impl Placements {
    pub(crate) fn count(&mut self, placed: Placed) {
        match placed {
            Placed::Hardlink => self.hardlinks += 1,
            Placed::Reflink => self.reflinks += 1,
            Placed::Copy => self.copies += 1,
        }
    }
}
