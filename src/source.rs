//! A source of bytes: answers ranges of one immutable file.
//!
//! The transfer engine owns segments, concurrency, retries, the journal and the hash; a source knows
//! only how to get bytes. What a source gives is never trusted: the digest of the whole decides.

use std::ops::Range;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

use crate::error::Cause;

/// Bytes and where they belong in the file.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Offset of the first byte in the file.
    pub offset: u64,
    /// The bytes; never empty.
    pub bytes: Bytes,
}

/// The pieces of one range, in order. It ends early or with an error when the source gives out.
pub type Body = BoxStream<'static, Result<Piece, Cause>>;

/// A way to obtain byte ranges of one immutable file.
pub trait Source: Send + Sync {
    /// Opens `range` (half-open, not empty, inside the file).
    ///
    /// # Errors
    /// Every answer that is not exactly the asked range is an error; [`Cause::is_transient`] says
    /// whether asking again can help.
    fn open(&self, range: Range<u64>) -> BoxFuture<'_, Result<Body, Cause>>;
}
