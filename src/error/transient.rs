//! Which causes pass by themselves, and whose fault they are.

use std::time::Duration;

use crate::error::{Cause, Kind};

impl Cause {
    /// Whether asking again may help without anything else changing.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Broken { .. }
            | Self::Stalled { .. }
            | Self::Trickled { .. }
            | Self::Short { .. }
            | Self::RateLimited(_)
            | Self::Overloaded(_)
            | Self::BadAnswer { .. }
            | Self::Expired(_) => true,
            Self::Http(http) => matches!(http.status, 408 | 425 | 429 | 500..=599),
            _ => false,
        }
    }

    /// Whether the server says that it is asked too much.
    pub fn is_push_back(&self) -> bool {
        match self {
            Self::RateLimited(_) | Self::Overloaded(_) => true,
            Self::Http(http) => http.status == 503,
            _ => false,
        }
    }

    /// How long the server asked to wait before the next try.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Http(http)
            | Self::RateLimited(http)
            | Self::Overloaded(http)
            | Self::Expired(http) => http.retry_after,
            _ => None,
        }
    }

    /// Whether the origin of the bytes as a whole is at fault: it cannot be reached, or does not work.
    pub(crate) fn is_outage(&self) -> bool {
        match self {
            Self::BadAnswer { .. } | Self::Expired(_) => false,
            Self::Http(http) => http.status >= 500 || http.status == 408,
            _ => matches!(self.kind(), Kind::Network | Kind::Unavailable),
        }
    }

    /// Whether another origin of the same bytes may do better.
    pub(crate) fn is_of_origin(&self) -> bool {
        matches!(
            self.kind(),
            Kind::Network | Kind::Unavailable | Kind::Missing | Kind::Access
        )
    }
}
