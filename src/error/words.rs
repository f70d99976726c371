//! How paths and the errors of others read in a message.

use std::io;
use std::path::{Path, PathBuf};

use crate::redact::clean;

/// A path for people: cleaned, as everything that may come from outside.
pub(super) fn shown(path: &Path) -> String {
    clean(&path.display().to_string())
}

/// Several paths for people, in a few words.
pub(super) fn some(paths: &[PathBuf]) -> String {
    const MOST: usize = 3;
    let mut words: Vec<String> = paths.iter().take(MOST).map(|path| shown(path)).collect();
    if let Some(more) = paths.len().checked_sub(MOST).filter(|more| *more > 0) {
        words.push(format!("{more} more"));
    }
    words.join(", ")
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

/// A folder of a repo, which may be the repo itself.
pub(super) fn in_repo(folder: &str) -> String {
    match folder {
        "" => "the top of the repo".to_owned(),
        folder => format!("`{}`", clean(folder)),
    }
}

/// The first of some names, and how many more there are.
pub(super) fn named(names: &[String]) -> String {
    let first = names.first().map(|name| clean(name)).unwrap_or_default();
    match names.len() {
        0 | 1 => format!("`{first}`"),
        many => format!("`{first}` (and {} more)", many - 1),
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
