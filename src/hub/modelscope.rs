//! ModelScope, either of its sites.
//!
//! One adapter value serves one endpoint with at most one token, and sends no cookie. Its children
//! own the details: URLs (`urls`), answers of the API (`api`), listings that are cut without a word
//! (`walk`), rows that leave out what proves a file (`unproven`), refusals (`refusal`), and the way to
//! a file (`locate`). Citations name the function of `modelscope_hub` 0.5 whose calls are matched.

mod api;
mod locate;
mod refusal;
mod unproven;
mod urls;
mod walk;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use futures_util::future::BoxFuture;
use futures_util::{StreamExt, stream};
use serde::de::DeserializeOwned;
use url::Url;

use self::api::{Answered, Commits, Listed};
use self::locate::FileDoor;
use self::refusal::Scene;
use self::urls::Urls;
pub use self::urls::{DEFAULT_ENDPOINT, INTERNATIONAL_ENDPOINT};
use self::walk::{Question, Walk};
use crate::error::Cause;
use crate::hub::attempts::with_retries;
use crate::hub::http::{Habits, Http};
use crate::hub::send::{Ask, Edge, Hop, bad_answer};
pub use crate::hub::setup::Config;
use crate::hub::wire::{self, Rows};
use crate::hub::{Hub, Listing, RemoteFile, Resolved};
use crate::redact::SafeUrl;
use crate::repo::{Commit, RepoId, Revision};
use crate::report::Sink;
use crate::retry::Policy;
use crate::source::Source;

/// Questions of one listing at a time.
const AT_ONCE: usize = 8;

/// Pages of a dataset's listing, at most.
const MAX_PAGES: usize = 5000;

/// The adapter for one endpoint.
pub struct ModelScope {
    urls: Urls,
    edge: Arc<Edge>,
    sink: Arc<dyn Sink>,
    policy: Policy,
    habits: Arc<Habits>,
    /// Repos of which the hub has told something: they exist, and may be seen.
    known: Mutex<HashSet<RepoId>>,
}

impl ModelScope {
    /// An adapter; sends nothing yet.
    pub fn new(config: Config) -> Self {
        let edge = config.edge();
        Self {
            urls: Urls(config.endpoint),
            edge: Arc::new(edge),
            sink: config.sink,
            policy: config.policy,
            habits: Arc::default(),
            known: Mutex::default(),
        }
    }

    async fn ask_revision(&self, repo: &RepoId, revision: &Revision) -> Result<Resolved, Cause> {
        let url = self.urls.commits(repo, revision.as_str());
        let commits: Commits = self.ask(repo, revision.as_str(), &url).await?;
        let newest = commits.newest().map_err(|what| bad_answer(&url, what))?;
        // A name that means nothing is no error for the site.
        let commit = newest.ok_or_else(|| Cause::RevisionNotFound {
            revision: revision.to_string(),
        })?;
        Ok(Resolved {
            commit,
            canonical: None,
            is_gated: false,
        })
    }

    async fn ask_listing(&self, repo: &RepoId, commit: &Commit) -> Result<Listing, Cause> {
        let walk = if urls::is_paged(repo.kind()) {
            self.ask_pages(repo, commit).await?
        } else {
            self.ask_folders(repo, commit).await?
        };
        let told = walk.finish();
        if told.is_empty() {
            // A listing of nothing is how the site says that it could not look.
            let what = "a listing without a file".to_owned();
            return Err(bad_answer(
                &self.urls.files(repo, commit.as_str(), None, true),
                what,
            ));
        }
        let mut rows = Rows::default();
        for file in self.complete(repo, commit, told).await? {
            rows.insert(file)?;
        }
        rows.finish()
    }

    async fn ask_folders(&self, repo: &RepoId, commit: &Commit) -> Result<Walk, Cause> {
        let mut walk = Walk::new();
        loop {
            let questions = walk.questions();
            if questions.is_empty() {
                return Ok(walk);
            }
            let mut answers = stream::iter(questions)
                .map(|question| self.ask_folder(repo, commit, question))
                .buffered(AT_ONCE);
            while let Some(answer) = answers.next().await {
                let (question, url, listed) = answer?;
                walk.answer(&question, listed)?
                    .map_err(|what| bad_answer(&url, what))?;
            }
        }
    }

    async fn ask_folder(
        &self,
        repo: &RepoId,
        commit: &Commit,
        question: Question,
    ) -> Result<(Question, Url, Listed), Cause> {
        let Question { root, is_recursive } = &question;
        let url = self
            .urls
            .files(repo, commit.as_str(), root.as_ref(), *is_recursive);
        let listed = self.ask(repo, commit.as_str(), &url).await?;
        Ok((question, url, listed))
    }

    /// Reads pages until one brings nothing new, or is shorter than asked for and than the first: a
    /// site may give less at a time than it is asked for.
    async fn ask_pages(&self, repo: &RepoId, commit: &Commit) -> Result<Walk, Cause> {
        let mut walk = Walk::new();
        let mut first = None;
        for page in 1..=MAX_PAGES {
            let url = self.urls.tree(repo, commit.as_str(), page);
            let listed: Listed = self.ask(repo, commit.as_str(), &url).await?;
            let rows = listed.0.len();
            let is_short = rows < urls::PAGE_ROWS && first.is_some_and(|first| rows < first);
            let is_news = walk.page(listed)?.map_err(|what| bad_answer(&url, what))?;
            if is_short || !is_news {
                return Ok(walk);
            }
            first = first.or(Some(rows));
        }
        let url = self.urls.tree(repo, commit.as_str(), MAX_PAGES);
        Err(bad_answer(
            &url,
            format!("a listing of more than {MAX_PAGES} pages"),
        ))
    }

    /// One question to the API, as often as the policy says; the data of its answer.
    async fn ask<T: DeserializeOwned>(
        &self,
        repo: &RepoId,
        revision: &str,
        url: &Url,
    ) -> Result<T, Cause> {
        let data = self.retried(|| self.ask_once(repo, revision, url)).await?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(repo.clone());
        Ok(data)
    }

    async fn ask_once<T: DeserializeOwned>(
        &self,
        repo: &RepoId,
        revision: &str,
        url: &Url,
    ) -> Result<T, Cause> {
        let ask = Ask::api(url.clone());
        let mut answer = self.edge.follow(ask, |_| Ok(Hop::Follow)).await?;
        let is_hub = self.edge.trust.has(&answer.url);
        let scene = self.scene(repo, revision, None);
        if !answer.status().is_success() {
            let http = wire::refusal(answer).await;
            // Who is behind a redirect has no say on who may see a repo.
            return Err(if is_hub {
                scene.cause(http)
            } else {
                Cause::Http(http)
            });
        }
        let body = wire::whole(&mut answer).await?;
        match api::open(&body).map_err(|what| answer.bad(what))? {
            Answered::Data(data) => Ok(data),
            Answered::Failure => {
                let (status, now) = (answer.status(), SystemTime::now());
                let http = wire::describe(&answer.url, status, answer.headers(), &body, now);
                Err(scene.cause(http))
            }
        }
    }

    fn scene(&self, repo: &RepoId, revision: &str, path: Option<&str>) -> Scene {
        let token = self.edge.token.as_ref();
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        Scene {
            page: self.urls.page(repo),
            token: token.map(|token| token.origin().to_string()),
            revision: revision.to_owned(),
            path: path.map(str::to_owned),
            is_known: known.contains(repo),
        }
    }

    async fn retried<T, A>(&self, ask: impl FnMut() -> A) -> Result<T, Cause>
    where
        A: Future<Output = Result<T, Cause>>,
    {
        with_retries(&self.policy, self.sink.as_ref(), None, &self.edge.stop, ask).await
    }
}

/// What the answers of a listing say together, as far as they go. For [`crate::probe`].
pub(crate) fn read_answers<'a>(
    is_paged: bool,
    bodies: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Result<Listing, String>, Cause> {
    let mut walk = Walk::new();
    let mut questions = walk.questions();
    for body in bodies {
        let listed = match api::open(body) {
            Ok(Answered::Data(listed)) => listed,
            Ok(Answered::Failure) => return Ok(Err("a failure".to_owned())),
            Err(what) => return Ok(Err(what)),
        };
        let taken = if is_paged {
            walk.page(listed)?.map(|_is_news| ())
        } else {
            questions.extend(walk.questions());
            match questions.pop() {
                Some(question) => walk.answer(&question, listed)?,
                None => Ok(()),
            }
        };
        if let Err(what) = taken {
            return Ok(Err(what));
        }
    }
    let mut rows = Rows::default();
    for told in walk.finish() {
        rows.insert(unproven::as_file(told))?;
    }
    rows.finish().map(Ok)
}

impl Hub for ModelScope {
    fn endpoint(&self) -> SafeUrl {
        SafeUrl::from(self.urls.0.url())
    }

    fn resolve<'a>(
        &'a self,
        repo: &'a RepoId,
        revision: &'a Revision,
    ) -> BoxFuture<'a, Result<Resolved, Cause>> {
        Box::pin(self.ask_revision(repo, revision))
    }

    fn list<'a>(
        &'a self,
        repo: &'a RepoId,
        commit: &'a Commit,
    ) -> BoxFuture<'a, Result<Listing, Cause>> {
        Box::pin(self.ask_listing(repo, commit))
    }

    fn source(&self, repo: &RepoId, commit: &Commit, file: &RemoteFile) -> Arc<dyn Source> {
        let door = FileDoor {
            url: self.urls.file(repo, commit.as_str(), &file.path),
            digest: file.digest,
            scene: self.scene(repo, commit.as_str(), Some(file.path.as_str())),
        };
        let (edge, habits) = (Arc::clone(&self.edge), Arc::clone(&self.habits));
        Arc::new(Http::new(edge, habits, Box::new(door), file.len))
    }
}
