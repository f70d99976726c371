//! Rows that do not tell a length or a digest: the answer for the file itself may
//! (`modelscope_hub`: `_download.DownloadManager._download_with_resume`).

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt;
use futures_util::stream;
use reqwest::header::{CONTENT_RANGE, HeaderMap};
use url::Url;

use super::api::Told;
use super::locate::linked_digest;
use super::{AT_ONCE, ModelScope};
use crate::digest::BlobId;
use crate::error::Cause;
use crate::hub::RemoteFile;
use crate::hub::send::{Answer, Ask, Hop};
use crate::hub::wire::{self, ContentRange};
use crate::repo::{Commit, RepoId};
use crate::report::Event;

/// More files than this are not asked for one by one.
const MAX_QUESTIONS: usize = 1000;

impl ModelScope {
    /// The files of `rows`. What no answer tells stays untold: such a file cannot be pulled.
    pub(super) async fn complete(
        &self,
        repo: &RepoId,
        commit: &Commit,
        rows: Vec<Told>,
    ) -> Result<Vec<RemoteFile>, Cause> {
        let (whole, gaps): (Vec<_>, Vec<_>) = rows
            .into_iter()
            .map(|told| told.whole().ok_or(told))
            .partition(Result::is_ok);
        let mut files: Vec<RemoteFile> = whole.into_iter().flatten().collect();
        let gaps = gaps.into_iter().filter_map(Result::err).enumerate();
        let mut asked = stream::iter(gaps)
            .map(|(number, told)| async move {
                if number < MAX_QUESTIONS {
                    self.ask_file(repo, commit, told).await
                } else {
                    Ok(told)
                }
            })
            .buffered(AT_ONCE);
        while let Some(told) = asked.next().await {
            files.push(as_file(told?));
        }
        Ok(files)
    }

    /// Asks for one byte of a file, for the sake of what stands above it. Whom the hub leads to has a say
    /// on this one file: what fails there leaves it untold, and no other.
    async fn ask_file(&self, repo: &RepoId, commit: &Commit, told: Told) -> Result<Told, Cause> {
        let has_left = AtomicBool::new(false);
        let asked = self.retried(|| self.ask_file_once(repo, commit, &told, &has_left));
        match asked.await {
            Err(cause) if has_left.into_inner() && !matches!(cause, Cause::Cancelled) => {
                let notice = format!("{}: its checksum is not known: {cause}", told.path);
                self.sink.emit(Event::Notice(notice));
                Ok(told)
            }
            asked => asked,
        }
    }

    async fn ask_file_once(
        &self,
        repo: &RepoId,
        commit: &Commit,
        told: &Told,
        has_left: &AtomicBool,
    ) -> Result<Told, Cause> {
        let url = self.urls.file(repo, commit.as_str(), &told.path);
        let is_hub = |url: &Url| self.edge.trust.has(url);
        let mut linked = Linked::default();
        has_left.store(false, Ordering::Relaxed);
        let answer = self.edge.follow(Ask::body(url, Some(0..1)), |answer| {
            linked.note(is_hub(&answer.url), answer.headers());
            let is_leaving = answer.target.as_ref().is_some_and(|to| !is_hub(to));
            if is_leaving && linked.is_enough(told) {
                return Ok(Hop::Stop);
            }
            has_left.fetch_or(is_leaving, Ordering::Relaxed);
            Ok(Hop::Follow)
        });
        let answer = answer.await?;
        linked.note(is_hub(&answer.url), answer.headers());
        let len = if answer.status().is_success() {
            told.len.or_else(|| total(&answer))
        } else if linked.is_enough(told) {
            told.len
        } else if !is_hub(&answer.url) {
            return Err(Cause::Http(wire::refusal(answer).await));
        } else {
            let scene = self.scene(repo, commit.as_str(), Some(told.path.as_str()));
            let cause = scene.cause(wire::refusal(answer).await);
            // A hub that does not serve the file does not tell its digest either.
            return if cause.is_transient() {
                Err(cause)
            } else {
                Ok(told.clone())
            };
        };
        Ok(Told {
            path: told.path.clone(),
            len,
            digest: told.digest.or(linked.digest()),
            changed_by: told.changed_by.clone(),
        })
    }
}

/// The digest that answers on the way to a file tell: the hub's own word before that of others.
#[derive(Default)]
struct Linked {
    hub: Option<BlobId>,
    other: Option<BlobId>,
}

impl Linked {
    fn note(&mut self, is_hub: bool, headers: &HeaderMap) {
        let told = linked_digest(headers).and_then(|hex| hex.parse().ok());
        let known = if is_hub {
            &mut self.hub
        } else {
            &mut self.other
        };
        *known = told.or(*known);
    }

    fn digest(&self) -> Option<BlobId> {
        self.hub.or(self.other)
    }

    /// Whether the hub's word is all that was wanted of the file.
    fn is_enough(&self, told: &Told) -> bool {
        told.len.is_some() && self.hub.is_some()
    }
}

/// The length of the file that an answer is a part of.
fn total(answer: &Answer) -> Option<u64> {
    let told = wire::text(answer.headers(), CONTENT_RANGE.as_str());
    match told {
        Some(text) => ContentRange::parse(text)?.total,
        None if answer.status().as_u16() == 200 => wire::length(answer.headers()),
        None => None,
    }
    .filter(|bytes| *bytes <= wire::MAX_SIZE)
}

/// A file with what is still unknown of it left untold.
pub(super) fn as_file(told: Told) -> RemoteFile {
    let digest = told.digest.filter(|_| told.len.is_some());
    RemoteFile {
        path: told.path,
        len: told.len.unwrap_or(0),
        digest: digest.unwrap_or(BlobId::UNTOLD).into(),
        git_oid: None,
        xet_hash: None,
        changed_by: told.changed_by,
    }
}
