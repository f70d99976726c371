//! Layouts in which other tools read what larder stores.
//!
//! A [`View`] is one such folder, a [`RepoView`] its part that shows one revision of one repo. A pull
//! knows no more of a layout than these: what lies there already, how a commit's files become
//! visible, and how they go again.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::Cause;
use crate::fs::{Placed, Stamp};
use crate::hub::{Listing, RemoteFile};
use crate::repo::{Commit, RepoId, RepoPath, Revision};

mod aside;
mod folders;
pub mod huggingface;
mod lock_file;
pub mod modelscope;
mod snapshot;
mod work;

/// The layout of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ViewKind {
    /// The cache of `huggingface_hub`.
    HuggingFace,
    /// The cache of `modelscope` 1.38 and later.
    ModelScope,
    /// The cache of `modelscope` 1.23 to 1.37.
    ModelScopeLegacy,
}

impl ViewKind {
    /// The name for people and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HuggingFace => "hugging-face",
            Self::ModelScope => "model-scope",
            Self::ModelScopeLegacy => "model-scope-legacy",
        }
    }
}

impl fmt::Display for ViewKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which view: a layout and the folder that has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "Named")]
pub struct ViewId {
    /// The layout.
    pub kind: ViewKind,
    /// The folder, absolute.
    pub root: PathBuf,
}

/// A view's name in a record. The first larder knew one layout and wrote the folder alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Named {
    Folder(PathBuf),
    View { kind: ViewKind, root: PathBuf },
}

impl From<Named> for ViewId {
    fn from(named: Named) -> Self {
        match named {
            Named::Folder(root) => Self {
                kind: ViewKind::HuggingFace,
                root,
            },
            Named::View { kind, root } => Self { kind, root },
        }
    }
}

impl ViewId {
    /// Opens the view for looking and removing. Touches nothing.
    pub fn open(&self) -> Arc<dyn View> {
        match self.kind {
            ViewKind::HuggingFace => Arc::new(huggingface::HfCache::new(self.root.clone(), true)),
            ViewKind::ModelScope => Arc::new(modelscope::MsCache::new(self.root.clone())),
            ViewKind::ModelScopeLegacy => {
                Arc::new(modelscope::legacy::MsLegacyCache::new(self.root.clone()))
            }
        }
    }
}

/// A folder in which tools look for models.
pub trait View: Send + Sync {
    /// Which one it is.
    fn id(&self) -> ViewId;

    /// The folder.
    fn root(&self) -> &Path;

    /// The part that shows `revision` of `repo`.
    fn at(&self, repo: &RepoId, revision: &Revision) -> Arc<dyn RepoView>;
}

/// The part of a view that shows one revision of a repo.
pub trait RepoView: Send + Sync {
    /// Content for `file` that some client left under the right name with the right length.
    ///
    /// # Errors
    /// When the view cannot be looked at.
    fn find(&self, commit: &Commit, file: &RemoteFile) -> Result<Option<Found>, Cause>;

    /// The name under which readers open `file`, whether it is there or not.
    fn name_of(&self, commit: &Commit, file: &RemoteFile) -> PathBuf;

    /// The folder that readers open, whether it is there or not.
    fn folder_of(&self, commit: &Commit) -> PathBuf;

    /// Takes the lock under which other clients write `file`; `None` while somebody else holds it.
    /// Does not wait. Where locks do not exist it holds nothing: no promise rests on it.
    ///
    /// # Errors
    /// When something that is no lock file stands in its place.
    fn try_lock(&self, file: &RemoteFile) -> Result<Option<ViewLock>, Cause>;

    /// The commit that `revision` was when some client last pulled it.
    ///
    /// # Errors
    /// When it is written down and may not be read.
    fn read_ref(&self, revision: &Revision) -> Result<Option<Commit>, Cause>;

    /// The files of `commit`, where some client noted them; without a proof of any kind.
    fn read_tree(&self, commit: &Commit) -> Option<Listing>;

    /// Remembers that `commit` has no file `path`, where the layout has a place for that.
    ///
    /// # Errors
    /// When the note cannot be left although the view can be written.
    fn note_missing(&self, commit: &Commit, path: &RepoPath) -> Result<(), Cause>;

    /// Makes the selected files of a commit visible to every reader of the view.
    ///
    /// # Errors
    /// When a step fails: what was not visible before is not visible then, or visible whole.
    fn publish(&self, publication: &Publication<'_>) -> Result<Published, Cause>;

    /// Makes files of a commit invisible. What is not as larder proved it stays, and so does what
    /// another commit in this view shows.
    ///
    /// # Errors
    /// When a step fails; the next call goes on from there.
    fn withdraw(&self, withdrawal: &Withdrawal<'_>) -> Result<Withdrawn, Cause>;

    /// Something that readers open instead of what is published here; to be told to the user.
    fn shadow(&self) -> Option<PathBuf> {
        None
    }
}

/// Content that lies under the right name and has the right length. Nothing more is known of it: it
/// is as good as its hash will turn out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The file itself, links resolved.
    pub path: PathBuf,
    /// Its length, which is the promised one.
    pub len: u64,
    /// What it looked like.
    pub stamp: Stamp,
}

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
    pub files: &'a [(RemoteFile, PathBuf)],
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
}

/// How contents came into the view; those that were there are not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Placements {
    /// By a second name.
    pub hardlinks: usize,
    /// By sharing blocks.
    pub reflinks: usize,
    /// By copying.
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

/// What is no longer to be visible.
#[derive(Clone, Copy, Debug)]
pub struct Withdrawal<'a> {
    /// The commit whose files these are.
    pub commit: &'a Commit,
    /// The revisions under which it was asked for.
    pub revisions: &'a [Revision],
    /// The files, and every look by which their content is known to be what was proven: that of the
    /// store's blob, and those that were recorded.
    pub files: &'a [(RemoteFile, Vec<Stamp>)],
    /// Whether nothing of the commit stays: then its revisions and notes go as well.
    pub is_whole: bool,
}

/// What has become invisible.
#[derive(Clone, Debug, Default)]
pub struct Withdrawn {
    /// Names of files that were removed.
    pub names: u64,
    /// What stood under such a name and was not what was proven. It is still there.
    pub foreign: Vec<PathBuf>,
}

/// Another client's lock on one file of a repo, until dropped.
#[derive(Debug)]
pub struct ViewLock {
    _held: Option<File>,
}

impl ViewLock {
    /// The lock that ends when `file` is closed.
    pub(crate) fn held(file: File) -> Self {
        Self { _held: Some(file) }
    }

    /// A lock that holds nothing: where nobody can write, or locks do not exist.
    pub(crate) fn unneeded() -> Self {
        Self { _held: None }
    }
}
