//! Hugging Face, and mirrors that speak its protocol.
//!
//! One adapter value serves one endpoint with at most one token. Its children own the details: URLs
//! (`urls`), answers of the API (`api`), refusals (`refusal`), and the way to a file (`locate`).
//! Citations in the children name the function of `huggingface_hub` 2.4 whose behaviour is matched.

mod api;
mod locate;
mod refusal;
mod urls;
mod warnings;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use url::Url;

use self::api::{Page, Pages};
use self::locate::FileDoor;
use self::refusal::Scene;
pub use self::urls::DEFAULT_ENDPOINT;
use self::warnings::Warnings;
use crate::error::Cause;
use crate::hub::attempts::with_retries;
use crate::hub::http::{Habits, Http};
use crate::hub::send::{Answer, Ask, Edge, Hop, bad_answer};
pub use crate::hub::setup::Config;
use crate::hub::wire;
pub use crate::hub::wire::Endpoint;
use crate::hub::{Hub, Listing, RemoteFile, Resolved};
use crate::redact::SafeUrl;
use crate::repo::{Commit, RepoId, Revision};
use crate::report::Sink;
use crate::retry::Policy;
use crate::source::Source;

/// A link to a next page that is longer is none.
const MAX_LINK: usize = 8 << 10;

/// The adapter for one endpoint.
pub struct HuggingFace {
    endpoint: Endpoint,
    edge: Arc<Edge>,
    sink: Arc<dyn Sink>,
    policy: Policy,
    habits: Arc<Habits>,
    /// Repos that have another name now: asked under it, each request saves a redirect.
    renamed: Mutex<HashMap<RepoId, RepoId>>,
    warnings: Warnings,
}

impl HuggingFace {
    /// An adapter; sends nothing yet.
    pub fn new(config: Config) -> Self {
        let edge = config.edge();
        Self {
            endpoint: config.endpoint,
            edge: Arc::new(edge),
            sink: config.sink,
            policy: config.policy,
            habits: Arc::default(),
            renamed: Mutex::default(),
            warnings: Warnings::default(),
        }
    }

    async fn ask_revision(&self, repo: &RepoId, revision: &Revision) -> Result<Resolved, Cause> {
        let url = self.endpoint.revision(repo, revision.as_str());
        let resolved = self
            .retried(|| async {
                let answer = self.ask(repo, revision.as_str(), url.clone()).await?;
                let (url, info) = (answer.url.clone(), wire::json(answer).await?);
                api::resolved(repo, revision, info).map_err(|what| bad_answer(&url, what))
            })
            .await?;
        self.note_name(repo, resolved.canonical.as_deref());
        Ok(resolved)
    }

    async fn ask_tree(&self, repo: &RepoId, commit: &Commit) -> Result<Listing, Cause> {
        let current = self.current(repo);
        let mut pages = Pages::default();
        let mut next = Some(self.endpoint.tree(&current, commit));
        let mut seen = HashSet::new();
        while let Some(url) = next {
            let (page, after) = self.retried(|| self.ask_page(repo, commit, &url)).await?;
            pages.add(page)?.map_err(|what| bad_answer(&url, what))?;
            if after
                .as_ref()
                .is_some_and(|after| *after == url || seen.contains(after))
            {
                let what = "pages of a listing that go in a circle".to_owned();
                return Err(bad_answer(&url, what));
            }
            seen.insert(url);
            next = after;
        }
        pages.finish()
    }

    /// One page of the tree, and where the next one is.
    async fn ask_page(
        &self,
        repo: &RepoId,
        commit: &Commit,
        url: &Url,
    ) -> Result<(Page, Option<Url>), Cause> {
        let answer = self.ask(repo, commit.as_str(), url.clone()).await?;
        let next = match wire::text(answer.headers(), "link").and_then(wire::next_link) {
            Some(link) => Some(self.next_page(&answer, link)?),
            None => None,
        };
        Ok((wire::json(answer).await?, next))
    }

    fn next_page(&self, answer: &Answer, link: &str) -> Result<Url, Cause> {
        if link.len() > MAX_LINK {
            return Err(answer.bad(format!("a link of {} bytes to its next page", link.len())));
        }
        let link = self
            .edge
            .trust
            .target(&answer.url, link)
            .map_err(|w| answer.bad(w.to_owned()))?;
        let link = self.endpoint.adopted(link);
        if self.edge.trust.has(&link) {
            Ok(link)
        } else {
            Err(answer.bad("a next page on another host".to_owned()))
        }
    }

    /// One question to the API; its refusals in the hub's terms.
    async fn ask(&self, repo: &RepoId, revision: &str, url: Url) -> Result<Answer, Cause> {
        let answer = self.edge.follow(Ask::api(url), |_| Ok(Hop::Follow)).await?;
        self.warnings.pass_on(answer.headers(), self.sink.as_ref());
        if answer.status().is_success() {
            return Ok(answer);
        }
        let is_hub = self.edge.trust.has(&answer.url);
        let http = wire::refusal(answer).await;
        // Who is behind a redirect has no say on who may see a repo.
        Err(if is_hub {
            self.scene(repo, revision, None).cause(http)
        } else {
            Cause::Http(http)
        })
    }

    fn scene(&self, repo: &RepoId, revision: &str, path: Option<&str>) -> Scene {
        Scene {
            page: self.endpoint.page(repo),
            token: self
                .edge
                .token
                .as_ref()
                .map(|token| token.origin().to_string()),
            revision: revision.to_owned(),
            path: path.map(str::to_owned),
        }
    }

    async fn retried<T, A>(&self, ask: impl FnMut() -> A) -> Result<T, Cause>
    where
        A: Future<Output = Result<T, Cause>>,
    {
        with_retries(&self.policy, self.sink.as_ref(), None, &self.edge.stop, ask).await
    }

    /// The name to ask under.
    fn current(&self, repo: &RepoId) -> RepoId {
        let renamed = self.renamed.lock().unwrap_or_else(PoisonError::into_inner);
        renamed.get(repo).unwrap_or(repo).clone()
    }

    fn note_name(&self, repo: &RepoId, canonical: Option<&str>) {
        let current = canonical.and_then(|id| RepoId::parse(repo.kind(), id).ok());
        if let Some(current) = current.filter(|current| current != repo) {
            let mut renamed = self.renamed.lock().unwrap_or_else(PoisonError::into_inner);
            renamed.insert(repo.clone(), current);
        }
    }
}

/// What the answer to a question for a revision says. For [`crate::probe`].
pub(crate) fn read_revision(
    repo: &RepoId,
    revision: &Revision,
    body: &[u8],
) -> Result<Resolved, String> {
    api::resolved(repo, revision, wire::parse_json(body)?)
}

/// What the pages of a listing say together. For [`crate::probe`].
pub(crate) fn read_pages<'a>(
    bodies: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Result<Listing, String>, Cause> {
    let mut pages = Pages::default();
    for body in bodies {
        match wire::parse_json(body) {
            Ok(page) => match pages.add(page)? {
                Ok(()) => {}
                Err(what) => return Ok(Err(what)),
            },
            Err(what) => return Ok(Err(what)),
        }
    }
    pages.finish().map(Ok)
}

impl Hub for HuggingFace {
    fn endpoint(&self) -> SafeUrl {
        SafeUrl::from(self.endpoint.url())
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
        Box::pin(self.ask_tree(repo, commit))
    }

    fn source(&self, repo: &RepoId, commit: &Commit, file: &RemoteFile) -> Arc<dyn Source> {
        let door = FileDoor {
            url: self
                .endpoint
                .resolve(&self.current(repo), commit, &file.path),
            commit: commit.clone(),
            etag: file.etag(),
            len: file.len,
            scene: self.scene(repo, commit.as_str(), Some(file.path.as_str())),
        };
        let (edge, habits) = (Arc::clone(&self.edge), Arc::clone(&self.habits));
        Arc::new(Http::new(edge, habits, Box::new(door), file.len))
    }
}
