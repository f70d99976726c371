//! What the store does not have.

use std::fmt;
use std::path::PathBuf;

use super::words::shown;
use crate::redact::clean;

/// A repo, or a revision of it, that the store does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotStored {
    /// The repo, as a reference would name it.
    pub name: String,
    /// The revision, where the store has others of the repo.
    pub revision: Option<String>,
    /// Names that look like it; revisions, where one was asked for.
    pub nearest: Vec<String>,
    /// A view that shows it all the same, because another client put it there.
    pub seen_in: Option<PathBuf>,
}

impl fmt::Display for NotStored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = clean(&self.name);
        match &self.revision {
            Some(revision) => write!(f, "the store has {name}, but not at `{}`", clean(revision)),
            None => write!(f, "the store has no {name}"),
        }
    }
}

impl NotStored {
    pub(super) fn hint(&self) -> String {
        let name = clean(&self.name);
        if let Some(dir) = &self.seen_in {
            let dir = shown(dir);
            return format!("another client left it in {dir}; `larder adopt` takes it over");
        }
        let near: Vec<String> = self.nearest.iter().map(|name| clean(name)).collect();
        match (near.is_empty(), &self.revision) {
            (true, _) => {
                format!("`larder ls` lists what is there, `larder pull {name}` fetches it")
            }
            (false, Some(_)) => format!(
                "it has {}; `larder ls --revisions` lists them",
                near.join(", ")
            ),
            (false, None) => format!("did you mean {}", near.join(", ")),
        }
    }
}
