//! How paths and the errors of others read in a message.

use std::io;
use std::path::Path;

use crate::redact::clean;

/// A path for people: cleaned, as everything that may come from outside.
pub(super) fn shown(path: &Path) -> String {
    clean(&path.display().to_string())
}

/// What happened at further places, after what happened at the first.
pub(super) fn further(others: &[String]) -> String {
    let parts = others.iter().flat_map(|other| ["; ", other]);
    parts.collect()
}

pub(super) fn who(has_token: bool) -> &'static str {
    if has_token {
        "token"
    } else {
        "anonymous request"
    }
}

/// The last error of a chain: the one that says what happened.
pub(super) fn innermost(error: &(dyn std::error::Error + Send + Sync + 'static)) -> String {
    let mut error: &dyn std::error::Error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    clean(&error.to_string())
}

/// The system's words without its “(os error N)”.
pub(super) fn io_words(error: &io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or(&text);
    clean(&words.to_lowercase())
}
