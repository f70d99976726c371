//! Doors for the fuzz targets of `fuzz/`, and for nobody else: one for each parser of foreign text
//! that has none of its own. No part of the API; what is here may change any day.

use std::io;
use std::ops::Range;
use std::time::SystemTime;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::digest::Digest;
use crate::error::{Cause, HttpContext};
use crate::hub::http::check;
use crate::hub::trust::Trust;
use crate::hub::{Listing, Resolved, huggingface, modelscope, wire};
use crate::repo::{Commit, RepoId, Revision};
use crate::select::glob::Glob;
use crate::store::snapshot::{self, Manifest};
use crate::view::folder;
use crate::view::huggingface::{refs, tree};
use crate::view::modelscope::legacy::index;

/// Header lines as they came.
pub type Headers<'a> = [(&'a str, &'a [u8])];

fn headers(pairs: &Headers<'_>) -> HeaderMap {
    let parsed = pairs.iter().filter_map(|(name, value)| {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_bytes(value).ok()?))
    });
    let mut map = HeaderMap::new();
    for (name, value) in parsed {
        map.append(name, value);
    }
    map
}

/// What `revision` of `repo` is, by the body of an answer.
///
/// # Errors
/// Says what is wrong with it.
pub fn revision(repo: &RepoId, revision: &Revision, body: &[u8]) -> Result<Resolved, String> {
    huggingface::read_revision(repo, revision, body)
}

/// The listing in the bodies of its pages.
///
/// # Errors
/// The outer one is about what must not be written, the inner one says what makes no sense.
pub fn listing<'a>(
    pages: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Result<Listing, String>, Cause> {
    huggingface::read_pages(pages)
}

/// The listing of a model or, by pages, of a dataset of `ModelScope`, in the bodies of its answers.
///
/// # Errors
/// As [`listing`].
pub fn modelscope_listing<'a>(
    is_paged: bool,
    answers: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Result<Listing, String>, Cause> {
    modelscope::read_answers(is_paged, answers)
}

/// What is kept of a refusing answer; nothing where `status` is none.
pub fn refusal(
    url: &Url,
    status: u16,
    pairs: &Headers<'_>,
    body: &[u8],
    now: SystemTime,
) -> Option<HttpContext> {
    let status = StatusCode::from_u16(status).ok()?;
    Some(wire::describe(url, status, &headers(pairs), body, now))
}

/// Whether an answer is `range` of a file of `len` bytes.
///
/// # Errors
/// Says what it is instead.
pub fn range(range: Range<u64>, len: u64, status: u16, pairs: &Headers<'_>) -> Result<(), String> {
    let status = StatusCode::from_u16(status).map_err(|error| error.to_string())?;
    check::answer(&check::Asked { range, len }, status, &headers(pairs))
}

/// Where a redirect leads, and whether the token of the hub at `endpoint` goes along.
///
/// # Errors
/// Says why it must not be followed.
pub fn redirect(endpoint: &Url, from: &Url, location: &str) -> Result<(Url, bool), &'static str> {
    let trust = Trust::new(endpoint);
    let to = trust.target(from, location)?;
    let has_token = trust.has(&to);
    Ok((to, has_token))
}

/// Whether the whole of `text` matches.
pub fn glob(pattern: &str, text: &str) -> bool {
    Glob::new(pattern).is_match(text)
}

/// The manifest in the text of a file.
pub fn manifest(bytes: &[u8]) -> Option<Manifest> {
    Manifest::from_text(bytes)
}

/// The text of the file that holds a manifest.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn manifest_text(manifest: &Manifest) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    manifest.write_text(&mut text)?;
    Ok(text)
}

/// The commit in a reference of the store.
pub fn store_reference(bytes: &[u8]) -> Option<Commit> {
    snapshot::read_reference(bytes)
}

/// The commit in a ref of the Hugging Face cache.
pub fn cache_ref(bytes: &[u8]) -> Option<Commit> {
    refs::parse(bytes)
}

/// The listing in a `trees/` file of the Hugging Face cache.
pub fn cache_tree(bytes: &[u8]) -> Option<Listing> {
    tree::decode(bytes)
}

/// The text of the `trees/` file of a listing.
pub fn cache_tree_text(listing: &Listing) -> Option<String> {
    tree::encode(listing)
}

/// The rows of an index of `ModelScope`'s older clients: path, and the commit that changed it last.
pub fn file_index(bytes: &[u8]) -> Option<Vec<(String, String)>> {
    let rows = index::read(bytes)?;
    Some(
        rows.into_iter()
            .map(|row| (row.path, row.revision))
            .collect(),
    )
}

/// An index with these rows, as it is written.
pub fn file_index_text(rows: &[(String, String)]) -> Vec<u8> {
    let row = |(path, revision): &(String, String)| index::Row {
        path: path.clone(),
        revision: revision.clone(),
    };
    index::write(&rows.iter().map(row).collect::<Vec<_>>())
}

/// The commit and the digest in a note on a file of a folder.
pub fn folder_note(bytes: &[u8]) -> Option<(Commit, Option<Digest>)> {
    folder::read_note(bytes)
}
