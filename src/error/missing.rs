//! What was asked for and is not in the store.

use std::fmt;
use std::path::PathBuf;

use super::words::shown;
use crate::redact::clean;

/// Something that is not in the store, and what may have been meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotStored {
    /// What: `the repo`, `revision v1`, `commit 0123…`.
    pub what: String,
    /// Names that look like it, or all there are.
    pub nearest: Vec<String>,
    /// Where another program keeps it.
    pub elsewhere: Option<PathBuf>,
}

impl fmt::Display for NotStored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not in the store", clean(&self.what))
    }
}

impl NotStored {
    pub(super) fn hint(&self, did_you_mean: Option<String>) -> String {
        match &self.elsewhere {
            Some(path) => format!(
                "another program keeps it in {}: `hf cache rm` removes it there, `larder adopt` takes it into the store",
                shown(path)
            ),
            None => did_you_mean.unwrap_or_else(|| {
                "`larder ls` lists what is there, `larder pull` fetches what is not".to_owned()
            }),
        }
    }
}
