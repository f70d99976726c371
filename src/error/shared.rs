//! One cause for several who waited for the same answer.

use crate::error::{Cause, innermost};

impl Cause {
    /// The same cause for another who waited for the same answer; nothing unless it says that there
    /// is none to be had.
    pub(crate) fn for_another(&self) -> Option<Self> {
        match self {
            Self::Stalled { host, after } => Some(Self::Stalled {
                host: host.clone(),
                after: *after,
            }),
            Self::Unreachable { host, source } => Some(Self::Unreachable {
                host: host.clone(),
                source: innermost(source.as_ref()).into(),
            }),
            _ => None,
        }
    }
}
