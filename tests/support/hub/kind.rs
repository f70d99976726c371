//! Models, datasets, spaces.

/// What a repo is, which decides its URLs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Served at the root and under `/api/models`.
    Model,
    /// Served under `/datasets` and `/api/datasets`.
    Dataset,
    /// Served under `/spaces` and `/api/spaces`.
    Space,
}

impl Kind {
    /// Segment in API paths.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Model => "models",
            Self::Dataset => "datasets",
            Self::Space => "spaces",
        }
    }

    /// The kind that an API segment means.
    pub fn from_plural(segment: &str) -> Option<Self> {
        [Self::Model, Self::Dataset, Self::Space]
            .into_iter()
            .find(|kind| kind.plural() == segment)
    }

    /// What stands before the id in file URLs.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Model => "",
            Self::Dataset => "datasets/",
            Self::Space => "spaces/",
        }
    }
}
