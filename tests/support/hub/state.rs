//! What all connections share: repos, tokens, settings, log and script.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::access::Access;
use super::content::Content;
use super::kind::Kind;
use super::log::{Log, Origin};
use super::modelscope::Manners;
use super::repo::Repo;
use super::script::Script;
use super::shape::Shape;

/// How the hub behaves when nothing goes wrong.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches")]
pub(super) struct Settings {
    pub(super) page_size: usize,
    pub(super) url_ttl: Duration,
    pub(super) bind_range: bool,
    pub(super) shared_urls: bool,
    pub(super) absolute_redirects: bool,
    pub(super) resolve_cache: bool,
    pub(super) bodies: Option<String>,
    pub(super) manners: Manners,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            page_size: 1000,
            url_ttl: Duration::from_secs(3600),
            bind_range: false,
            shared_urls: true,
            absolute_redirects: false,
            resolve_cache: false,
            bodies: None,
            manners: Manners::default(),
        }
    }
}

/// Shared by all connections of both origins.
pub(super) struct State {
    pub(super) settings: Settings,
    pub(super) hub: SocketAddr,
    pub(super) cdn: SocketAddr,
    pub(super) log: Log,
    pub(super) script: Script,
    generation: AtomicU64,
    catalog: Mutex<Catalog>,
}

/// What can change while the hub runs.
#[derive(Default)]
pub(super) struct Catalog {
    repos: HashMap<(Kind, String), Arc<Repo>>,
    moved: HashMap<(Kind, String), String>,
    tokens: HashMap<String, Access>,
    bucket: HashMap<String, Content>,
    hub_shape: Shape,
    cdn_shape: Shape,
    fronts: HashMap<Origin, String>,
}

/// What is known under a repo id.
pub(super) enum Found {
    Repo(Arc<Repo>),
    Moved(String),
    Nothing,
}

impl State {
    pub(super) fn new(
        settings: Settings,
        (hub, cdn): (SocketAddr, SocketAddr),
        log: Log,
        script: Script,
    ) -> Self {
        Self {
            settings,
            hub,
            cdn,
            log,
            script,
            generation: AtomicU64::default(),
            catalog: Mutex::default(),
        }
    }

    /// The URL of one origin, without a slash at the end.
    pub(super) fn base(&self, origin: Origin) -> String {
        let known = self.catalog().fronts.get(&origin).cloned();
        known.unwrap_or_else(|| format!("http://{}", self.address(origin)))
    }

    /// Where one origin listens.
    pub(super) fn address(&self, origin: Origin) -> SocketAddr {
        match origin {
            Origin::Hub => self.hub,
            Origin::Cdn => self.cdn,
        }
    }

    /// Puts a server in front of an origin: what the origin calls itself from now on.
    pub(super) fn put_behind(&self, origin: Origin, base: String) {
        self.catalog().fronts.insert(origin, base);
    }

    /// Puts a repo in place of an earlier one of that id.
    pub(super) fn put(&self, repo: Repo) {
        let repo = repo.settled();
        let large: Vec<_> = repo.large_files();
        let mut catalog = self.catalog();
        for content in large {
            catalog.bucket.insert(content.sha256().to_owned(), content);
        }
        let key = (repo.kind, repo.id.clone());
        catalog.repos.insert(key, Arc::new(repo));
    }

    /// Replaces a repo by what `change` makes of it; whether there is such a repo.
    pub(super) fn edit(&self, kind: Kind, id: &str, change: impl FnOnce(Repo) -> Repo) -> bool {
        let Found::Repo(repo) = self.find(kind, id) else {
            return false;
        };
        self.put(change(Repo::clone(&repo)));
        true
    }

    /// Gives a repo another name, under which the old one leads to it.
    pub(super) fn rename(&self, kind: Kind, from: &str, to: &str) {
        let mut catalog = self.catalog();
        if let Some(repo) = catalog.repos.remove(&(kind, from.to_owned())) {
            let mut repo = Repo::clone(&repo);
            to.clone_into(&mut repo.id);
            catalog.repos.insert((kind, to.to_owned()), Arc::new(repo));
        }
        catalog.moved.insert((kind, from.to_owned()), to.to_owned());
    }

    /// The repo of this id; names that differ in case only lead to the right one.
    pub(super) fn find(&self, kind: Kind, id: &str) -> Found {
        let catalog = self.catalog();
        let key = (kind, id.to_owned());
        if let Some(repo) = catalog.repos.get(&key) {
            return Found::Repo(Arc::clone(repo));
        }
        let mut others = catalog.repos.keys();
        let twin = others.find(|(k, other)| *k == kind && other.eq_ignore_ascii_case(id));
        match catalog.moved.get(&key).or(twin.map(|(_, id)| id)) {
            Some(name) => Found::Moved(name.clone()),
            None => Found::Nothing,
        }
    }

    /// The content that the CDN keeps under a digest.
    pub(super) fn stored(&self, sha256: &str) -> Option<Content> {
        self.catalog().bucket.get(sha256).cloned()
    }

    pub(super) fn allow(&self, token: &str, access: Access) {
        self.catalog().tokens.insert(token.to_owned(), access);
    }

    pub(super) fn access(&self, token: &str) -> Option<Access> {
        self.catalog().tokens.get(token).cloned()
    }

    pub(super) fn set_shape(&self, origin: Origin, shape: Shape) {
        let mut catalog = self.catalog();
        match origin {
            Origin::Hub => catalog.hub_shape = shape,
            Origin::Cdn => catalog.cdn_shape = shape,
        }
    }

    pub(super) fn shape(&self, origin: Origin) -> Shape {
        let catalog = self.catalog();
        match origin {
            Origin::Hub => catalog.hub_shape,
            Origin::Cdn => catalog.cdn_shape,
        }
    }

    /// Signed URLs of earlier generations are expired.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }

    pub(super) fn next_generation(&self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
    }

    fn catalog(&self) -> MutexGuard<'_, Catalog> {
        self.catalog.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
