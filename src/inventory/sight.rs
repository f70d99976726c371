//! What became of a commit where it was published.

use std::path::PathBuf;

use crate::view::ViewId;

/// What became of a commit in a view that it was published to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// Which view.
    pub view: ViewId,
    /// The folder that readers open, or would.
    pub folder: PathBuf,
    /// Whether it is there.
    pub presence: Presence,
}

/// Whether a view shows a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Presence {
    /// At least one of the files that were pulled has its name there.
    Shown,
    /// None has.
    Gone,
    /// Nobody can tell: the disk of the view is not there, or this user may not look.
    Away,
}
