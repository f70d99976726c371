//! What every hub's wire format shares: headers, bounded bodies, refusals, and the checks that names
//! and sizes pass before they become types of ours.
//!
//! The parsers are pure and take text that nobody has looked at; each cites the rule it reads by.

mod body;
mod endpoint;
mod headers;
mod refusal;
mod rows;

pub use self::body::parse_json;
pub(crate) use self::body::{json, whole};
pub use self::endpoint::Endpoint;
pub use self::headers::{ContentRange, RateLimit, next_link, normal_etag, retry_after};
pub(crate) use self::headers::{length, text, uncoded};
pub(crate) use self::refusal::{describe, refusal};
pub(crate) use self::rows::{MAX_SIZE, Rows, size};
