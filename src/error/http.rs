//! What is kept of an HTTP answer that means failure.

use std::fmt;
use std::time::Duration;

use crate::redact::SafeUrl;

/// What an HTTP answer said, reduced to what helps and may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpContext {
    /// Status code.
    pub status: u16,
    /// Where it was asked, without query.
    pub url: SafeUrl,
    /// The server's id of the request, for a report to the hub.
    pub request_id: Option<String>,
    /// The hub's error code (`X-Error-Code`).
    pub code: Option<String>,
    /// The hub's own words, cleaned and cut.
    pub message: Option<String>,
    /// How long the server asks to wait.
    pub retry_after: Option<Duration>,
}

impl fmt::Display for HttpContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {}", self.status, self.url)?;
        if let Some(message) = &self.message {
            write!(f, ": {message}")?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " (request id {id})")?;
        }
        Ok(())
    }
}
