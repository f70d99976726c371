//! What is in files of weights and in a model card, read from this disk and never believed: bounded,
//! inert, and a text about what is wrong where something is.
//!
//! Nothing here knows a store. Sizes that a file claims are checked against its length before anything
//! is read or added up.

use std::collections::BTreeMap;
use std::path::PathBuf;

pub mod card;
pub mod gguf;
mod group;
pub mod safetensors;

pub use group::{Part, models};

/// Why a file says nothing; reads after “NAME: ”.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub(crate) String);

impl Unreadable {
    fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

/// Weights: one file, or all shards of one set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    /// The name of the file; of a set without the number of the shard.
    pub name: String,
    /// How the files are written.
    pub format: Format,
    /// The shards that were read.
    pub shards: u64,
    /// The shards that there are, by the names of the files.
    pub all_shards: u64,
    /// Numbers in all tensors of the shards that were read.
    pub parameters: u64,
    /// How many numbers there are of each type, named as the format names it.
    pub types: BTreeMap<String, u64>,
    /// What GGUF tells beside its tensors.
    pub gguf: Option<gguf::About>,
    /// Shards that say nothing, and why.
    pub unreadable: Vec<(String, Unreadable)>,
}

/// How weights are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// One JSON header, then the tensors.
    #[default]
    Safetensors,
    /// The format of llama.cpp.
    Gguf,
}

impl Format {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::Gguf => "gguf",
        }
    }
}

/// A file of a repo, and where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its path in the repo.
    pub name: String,
    /// Where its bytes are.
    pub path: PathBuf,
}

/// The tensors of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tensors {
    /// Numbers in all of them.
    pub parameters: u64,
    /// How many numbers there are of each type.
    pub types: BTreeMap<String, u64>,
}

impl Tensors {
    /// Counts a tensor of this shape.
    fn add(&mut self, kind: &str, shape: &[u64]) -> Result<u64, Unreadable> {
        let too_many = || Unreadable::new("it claims more numbers than there can be");
        let numbers = shape
            .iter()
            .try_fold(1_u64, |all, dim| all.checked_mul(*dim));
        let numbers = numbers.ok_or_else(too_many)?;
        self.parameters = self.parameters.checked_add(numbers).ok_or_else(too_many)?;
        // Not more than the sum, which fits.
        *self.types.entry(kind.to_owned()).or_default() += numbers;
        Ok(numbers)
    }

    fn merge(&mut self, other: &Self) {
        self.parameters = self.parameters.saturating_add(other.parameters);
        for (kind, numbers) in &other.types {
            let known = self.types.entry(kind.clone()).or_default();
            *known = known.saturating_add(*numbers);
        }
    }
}
