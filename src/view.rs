//! Layouts in which other tools read what larder stores.
//!
//! A [`View`] is one such folder, a [`RepoView`] its part that shows one revision of one repo. A pull
//! knows no more of a layout than these: what lies there already, how a commit's files become
//! visible, and how they go again.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::fs::{File, Metadata};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::Cause;
use crate::fs::{Stamp, lstat};
use crate::hub::{Listing, RemoteFile};
use crate::repo::{Commit, RepoId, RepoPath, Revision};

mod aside;
pub mod folder;
mod folders;
pub mod huggingface;
mod lock_file;
pub mod lying;
pub mod modelscope;
pub mod places;
mod publication;
mod snapshot;
mod work;

pub use publication::{Coming, Placements, Proven, Publication, Published};

use lying::{Contents, Snapshot};

/// The layout of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ViewKind {
    /// The cache of `huggingface_hub`.
    HuggingFace,
    /// A plain folder, as `hf download --local-dir` leaves it.
    Folder,
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
            Self::Folder => "folder",
            Self::ModelScope => "model-scope",
            Self::ModelScopeLegacy => "model-scope-legacy",
        }
    }

    /// The name where there is little room.
    pub fn short(self) -> &'static str {
        match self {
            Self::HuggingFace => "hf",
            Self::Folder => "folder",
            Self::ModelScope | Self::ModelScopeLegacy => "ms",
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
            ViewKind::Folder => Arc::new(folder::Folder::new(self.root.clone())),
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

    /// Every snapshot that lies here, by whomever it was made, in no order; none for a layout that
    /// cannot tell. What is no snapshot is passed over.
    ///
    /// # Errors
    /// When the folder cannot be read.
    fn snapshots(&self) -> Result<Vec<Snapshot>, Cause> {
        Ok(Vec::new())
    }

    /// What a snapshot that lies here consists of.
    ///
    /// # Errors
    /// When it cannot be read.
    fn contents(&self, snapshot: &Snapshot) -> Result<Contents, Cause> {
        lying::plain(snapshot)
    }

    /// The files that nothing in the view leads to, if `is_ours` says so of them: what a pull left that
    /// died while it published.
    ///
    /// # Errors
    /// When the view cannot be read.
    fn loose(&self, _is_ours: &dyn Fn(&Metadata) -> bool) -> Result<Vec<PathBuf>, Cause> {
        Ok(Vec::new())
    }

    /// Removes those of [`View::loose`], and what is left of repos that show nothing then. Returns the
    /// bytes that this frees.
    ///
    /// # Errors
    /// When a step fails; the next call goes on from there.
    fn sweep(&self, _is_ours: &dyn Fn(&Metadata) -> bool) -> Result<u64, Cause> {
        Ok(0)
    }
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

    /// Whether something stands under the name of `file` that is not known to be of another commit.
    ///
    /// # Errors
    /// When the view cannot be looked at.
    fn shows(&self, commit: &Commit, file: &RemoteFile) -> Result<bool, Cause> {
        Ok(lstat(&self.name_of(commit, file))?.is_some())
    }

    /// Whether `file` stands here as a file of `commit`, which was published under the revisions
    /// `shown_at`: as the notes tell; `None` where the layout has none.
    fn is_noted(
        &self,
        _commit: &Commit,
        _shown_at: &BTreeSet<Revision>,
        _file: &RemoteFile,
    ) -> Option<bool> {
        None
    }

    /// A further name that the layout keeps for the content of `file`, and that goes when no
    /// snapshot needs it any more; most layouts have none.
    fn kept_as(&self, _file: &RemoteFile) -> Option<PathBuf> {
        None
    }

    /// Folders in which removing files changes something, besides those of their names.
    fn folders(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// The folder of what [`RepoView::refs_to`] tells, which goes with a commit.
    fn refs(&self) -> Option<PathBuf> {
        None
    }

    /// The folder of the repo, where nothing can be removed from it unless all of it can be read; `None`
    /// where each part stands alone.
    fn whole(&self) -> Option<PathBuf> {
        None
    }

    /// The folder that readers open, whether it is there or not.
    fn folder_of(&self, commit: &Commit) -> PathBuf;

    /// Takes the lock under which other clients write `file`; `None` while somebody else holds it.
    /// Does not wait. Where locks do not exist it holds nothing: no promise rests on it.
    ///
    /// # Errors
    /// When something that is no lock file stands in its place.
    fn try_lock(&self, file: &RemoteFile) -> Result<Option<ViewLock>, Cause>;

    /// Takes the lock under which the view is published, where other repos or stores may publish in
    /// the same place; `None` while somebody else holds it. Does not wait.
    ///
    /// # Errors
    /// When something that is no lock file stands in its place.
    fn try_lock_whole(&self) -> Result<Option<ViewLock>, Cause> {
        Ok(Some(ViewLock::unneeded()))
    }

    /// Whether the store may make the content at `path` its own by a further name. Where people edit
    /// the files of a view, it needs a copy.
    fn may_share(&self, _path: &Path) -> bool {
        true
    }

    /// The names under which somebody's own work stands: what is neither the file that is to come
    /// there nor one that was published there before. Publishing would lose it. `go_on` is
    /// asked now and then, for files may have to be hashed.
    ///
    /// # Errors
    /// When something cannot be looked at, or no file can have the name; [`Cause::Cancelled`].
    fn edited(
        &self,
        _coming: &[Coming<'_>],
        _go_on: &dyn Fn() -> bool,
    ) -> Result<Vec<PathBuf>, Cause> {
        Ok(Vec::new())
    }

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

    /// The revisions that some client's note in the view says are `commit`.
    ///
    /// # Errors
    /// When the notes cannot be read.
    fn refs_to(&self, _commit: &Commit) -> Result<Vec<Revision>, Cause> {
        Ok(Vec::new())
    }

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

/// What is no longer to be visible.
#[derive(Clone, Copy, Debug)]
pub struct Withdrawal<'a> {
    /// The commit whose files these are.
    pub commit: &'a Commit,
    /// The revisions that are to lead here no longer.
    pub revisions: &'a [Revision],
    /// The revisions under which this part of the view showed it. In a layout that has one folder for
    /// all of them, what stands there under any other is of another commit.
    pub shown_at: &'a [Revision],
    /// The files, and every look by which their content is known to be what was proven: that of the
    /// store's blob, and those that were recorded.
    pub files: &'a [(RemoteFile, Vec<Stamp>)],
    /// Names that stay whatever goes: another client needs them.
    pub kept: &'a HashSet<PathBuf>,
    /// The store: a link that leads nowhere was ours if it leads into that.
    pub store: &'a Path,
    /// Whether nothing of the commit stays: then whatever is noted of it goes as well, unless another
    /// client has put more files of it there.
    pub is_whole: bool,
}

/// What has become invisible.
#[derive(Clone, Debug, Default)]
pub struct Withdrawn {
    /// Names of files that were removed.
    pub names: u64,
    /// Bytes that this gave back: what had no other name.
    pub freed_bytes: u64,
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
