//! Which [`Kind`] each [`Cause`] belongs to, in one table.

use super::{Cause, Kind};

impl Cause {
    /// The class of this cause.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Usage { .. } | Self::Edited { .. } => Kind::Usage,
            Self::RepoNotFound { .. }
            | Self::RevisionNotFound { .. }
            | Self::FileNotFound { .. }
            | Self::NoMatch { .. }
            | Self::NotStored(_)
            | Self::Offline { .. } => Kind::Missing,
            Self::Gated { .. }
            | Self::NoAccess { .. }
            | Self::BadToken { .. }
            | Self::Forbidden(_)
            | Self::Disabled => Kind::Access,
            Self::Unreachable { .. }
            | Self::Broken { .. }
            | Self::Stalled { .. }
            | Self::Trickled { .. }
            | Self::Short { .. } => Kind::Network,
            Self::Http(_)
            | Self::RateLimited(_)
            | Self::Overloaded(_)
            | Self::Unlistable { .. }
            | Self::BadAnswer { .. }
            | Self::Expired(_) => Kind::Unavailable,
            Self::Corrupt { .. }
            | Self::Unproven { .. }
            | Self::Hostile { .. }
            | Self::Twins { .. } => Kind::Integrity,
            Self::Io { .. } | Self::NoSpace { .. } | Self::Full { .. } | Self::TooNew { .. } => {
                Kind::Disk
            }
            Self::Locked { .. } => Kind::Locked,
            Self::Cancelled => Kind::Cancelled,
            Self::Bug(_) => Kind::Bug,
            Self::Origins { cause, .. } => cause.kind(),
        }
    }
}
