//! What a hub must tell about one file so that its bytes can be fetched.

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use url::Url;

use crate::error::{Cause, HttpContext};
use crate::hub::send::Ask;

/// The head of an answer on the way to a file.
pub(crate) struct Head<'a> {
    pub(crate) status: StatusCode,
    pub(crate) headers: &'a HeaderMap,
    /// Whether it sends to another URL.
    pub(crate) is_redirect: bool,
}

/// What a head says about the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Told {
    /// Nothing: a storage, a redirect to another name, or not a hub at all.
    Nothing,
    /// That it is the expected file.
    File,
}

/// A hub's own URL of a file, and how the hub talks about it.
pub(crate) trait Door: Send + Sync {
    /// Where to ask.
    fn url(&self) -> &Url;

    /// How to ask where the file is.
    fn question(&self) -> Ask;

    /// What a head says; an error, in words, if it is about another file.
    fn told(&self, head: &Head<'_>) -> Result<Told, String>;

    /// What is wrong when nobody said which file it is.
    fn stranger(&self) -> String;

    /// Whether [`Told::File`] proves that the hub itself said where the file is.
    fn is_proof(&self) -> bool {
        true
    }

    /// Whether the hub may answer a range with the whole file.
    fn may_ignore_ranges(&self) -> bool {
        false
    }

    /// Whether an answer of the hub that is not the file may be a refusal, whatever its status says.
    fn is_disguise(&self, _headers: &HeaderMap) -> bool {
        false
    }

    /// What a refusal by the hub means.
    fn refusal(&self, http: HttpContext) -> Cause;
}
