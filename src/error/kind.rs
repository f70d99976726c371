//! Classes of failure, and what each means to whoever called: a documented exit code and name.

/// The class of a cause. Exit code, JSON name and retry follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A defect in larder.
    Bug,
    /// Bad arguments or a bad reference.
    Usage,
    /// Repo, revision or file not found.
    Missing,
    /// Gated, private, bad or missing token.
    Access,
    /// The network failed.
    Network,
    /// The hub answered, but not usefully.
    Unavailable,
    /// What arrived, or what is stored, is wrong.
    Integrity,
    /// Full, read-only, no permission, or a newer format.
    Disk,
    /// Another process is in the way.
    Locked,
    /// Stopped on request.
    Cancelled,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Bug,
        Self::Usage,
        Self::Missing,
        Self::Access,
        Self::Network,
        Self::Unavailable,
        Self::Integrity,
        Self::Disk,
        Self::Locked,
        Self::Cancelled,
    ];

    /// The process's exit code. Documented; never changes.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Bug => 1,
            Self::Usage => 2,
            Self::Missing => 3,
            Self::Access => 4,
            Self::Network | Self::Unavailable => 5,
            Self::Integrity => 6,
            Self::Disk => 7,
            Self::Locked => 8,
            Self::Cancelled => 130,
        }
    }

    /// The name in JSON output. Documented; never changes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bug => "bug",
            Self::Usage => "usage",
            Self::Missing => "missing",
            Self::Access => "access",
            Self::Network => "network",
            Self::Unavailable => "unavailable",
            Self::Integrity => "integrity",
            Self::Disk => "disk",
            Self::Locked => "locked",
            Self::Cancelled => "cancelled",
        }
    }
}
