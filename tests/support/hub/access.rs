//! Tokens as data: who someone is and what they may see.

use std::collections::BTreeSet;

/// What one token may do.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Name of the account.
    pub name: String,
    private: BTreeSet<String>,
    grants: BTreeSet<String>,
}

impl Access {
    /// An account that sees public repos only.
    pub fn user(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// Lets it see a private repo.
    #[must_use]
    pub fn sees(mut self, id: impl Into<String>) -> Self {
        self.private.insert(id.into());
        self
    }

    /// Lets it fetch the files of a gated repo.
    #[must_use]
    pub fn granted(mut self, id: impl Into<String>) -> Self {
        self.grants.insert(id.into());
        self
    }

    /// Whether it sees this private repo.
    pub fn may_see(&self, id: &str) -> bool {
        self.private.contains(id)
    }

    /// Whether it may fetch from this gated repo.
    pub fn is_granted(&self, id: &str) -> bool {
        self.grants.contains(id)
    }
}
