//! Rows that do not tell a length or a digest: the answer for the file itself may
//! (`modelscope_hub`: `_download.DownloadManager._download_with_resume`).

use futures_util::StreamExt;
use futures_util::stream;
use reqwest::header::CONTENT_RANGE;

use super::api::Told;
use super::locate::linked_digest;
use super::{AT_ONCE, ModelScope};
use crate::digest::BlobId;
use crate::error::Cause;
use crate::hub::RemoteFile;
use crate::hub::send::{Answer, Ask, Hop};
use crate::hub::wire::{self, ContentRange};
use crate::repo::{Commit, RepoId};

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

    /// Asks for one byte of a file, for the sake of what stands above it.
    async fn ask_file(&self, repo: &RepoId, commit: &Commit, told: Told) -> Result<Told, Cause> {
        let url = self.urls.file(repo, commit.as_str(), &told.path);
        let ask = Ask::body(url, Some(0..1));
        self.retried(|| async {
            let mut linked = None;
            let mut note = |answer: &Answer| {
                linked = linked_digest(answer.headers()).or(linked.take());
            };
            let answer = self.edge.follow(ask.clone(), |answer| {
                note(answer);
                Ok(Hop::Follow)
            });
            let answer = answer.await?;
            note(&answer);
            if !answer.status().is_success() {
                let scene = self.scene(repo, commit.as_str(), Some(told.path.as_str()));
                let cause = scene.cause(wire::refusal(answer).await);
                // A hub that does not serve the file does not tell its digest either.
                return if cause.is_transient() {
                    Err(cause)
                } else {
                    Ok(told.clone())
                };
            }
            let digest = linked.and_then(|hex| hex.parse().ok());
            Ok(Told {
                path: told.path.clone(),
                len: told.len.or(total(&answer)),
                digest: told.digest.or(digest),
                changed_by: told.changed_by.clone(),
            })
        })
        .await
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
