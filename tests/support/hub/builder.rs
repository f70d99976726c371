//! Sets up a hub before it starts.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::Hub;
use super::access::Access;
use super::fault::Fault;
use super::kind::Kind;
use super::log::{Log, Origin};
use super::modelscope::{Digests, Direct};
use super::repo::Repo;
use super::script::{Match, Script};
use super::server;
use super::shape::Shape;
use super::state::Settings;

/// What a hub will be.
#[derive(Default)]
pub struct Builder {
    pub(super) settings: Settings,
    pub(super) ports: (u16, u16),
    hub_shape: Shape,
    cdn_shape: Shape,
    repos: Vec<Repo>,
    moved: Vec<(Kind, String, String)>,
    tokens: Vec<(String, Access)>,
    script: Script,
    sink: Option<File>,
}

impl Builder {
    /// Adds a repo.
    #[must_use]
    pub fn repo(mut self, repo: Repo) -> Self {
        self.repos.push(repo);
        self
    }

    /// Makes an old model name lead to a new one.
    #[must_use]
    pub fn renamed(self, from: &str, to: &str) -> Self {
        self.renamed_kind(Kind::Model, from, to)
    }

    /// Makes an old name lead to a new one.
    #[must_use]
    pub fn renamed_kind(mut self, kind: Kind, from: &str, to: &str) -> Self {
        self.moved.push((kind, from.to_owned(), to.to_owned()));
        self
    }

    /// Makes a token valid.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>, access: Access) -> Self {
        self.tokens.push((token.into(), access));
        self
    }

    /// Wait before each answer of both origins.
    #[must_use]
    pub fn latency(mut self, latency: Duration) -> Self {
        self.hub_shape.latency = latency;
        self.cdn_shape.latency = latency;
        self
    }

    /// Bytes per second of each connection of both origins.
    #[must_use]
    pub fn rate(mut self, bytes_per_second: u64) -> Self {
        self.hub_shape.rate = Some(bytes_per_second);
        self.cdn_shape.rate = Some(bytes_per_second);
        self
    }

    /// The speed of one origin.
    #[must_use]
    pub fn shape(mut self, origin: Origin, shape: Shape) -> Self {
        match origin {
            Origin::Hub => self.hub_shape = shape,
            Origin::Cdn => self.cdn_shape = shape,
        }
        self
    }

    /// Most entries on a page of a tree listing.
    #[must_use]
    pub fn page_size(mut self, entries: usize) -> Self {
        self.settings.page_size = entries.max(1);
        self
    }

    /// How long signed URLs live, in whole seconds.
    #[must_use]
    pub fn url_ttl(mut self, ttl: Duration) -> Self {
        self.settings.url_ttl = ttl;
        self
    }

    /// A URL minted by a request with `Range` serves that range only.
    #[must_use]
    pub fn bind_range(mut self, is_bound: bool) -> Self {
        self.settings.bind_range = is_bound;
        self
    }

    /// Whether a URL minted without `Range` serves ranges; they are refused otherwise.
    #[must_use]
    pub fn shared_urls(mut self, is_shared: bool) -> Self {
        self.settings.shared_urls = is_shared;
        self
    }

    /// Redirects inside the hub name its origin.
    #[must_use]
    pub fn absolute_redirects(mut self, is_absolute: bool) -> Self {
        self.settings.absolute_redirects = is_absolute;
        self
    }

    /// Small files are redirected to `/api/resolve-cache/…` first.
    #[must_use]
    pub fn resolve_cache(mut self, is_used: bool) -> Self {
        self.settings.resolve_cache = is_used;
        self
    }

    /// Most rows of a listing of ModelScope's.
    #[must_use]
    pub fn row_cap(mut self, rows: usize) -> Self {
        self.settings.manners.row_cap = rows;
        self
    }

    /// Most rows of a page of a dataset's listing of ModelScope's, whatever is asked for.
    #[must_use]
    pub fn page_cap(mut self, rows: usize) -> Self {
        self.settings.manners.page_cap = rows;
        self
    }

    /// How listings of ModelScope's tell digests.
    #[must_use]
    pub fn digests(mut self, digests: Digests) -> Self {
        self.settings.manners.digests = digests;
        self
    }

    /// ModelScope sends large files itself, and answers ranges of them like this.
    #[must_use]
    pub fn large_direct(mut self, direct: Direct) -> Self {
        self.settings.manners.is_large_direct = true;
        self.settings.manners.direct = direct;
        self
    }

    /// Large files are redirected to `base/<repo id>/<path>` on another server, unsigned.
    #[must_use]
    pub fn bodies(mut self, base: impl Into<String>) -> Self {
        self.settings.bodies = Some(base.into());
        self
    }

    /// Fixed ports for hub and CDN; 0 is any free one.
    #[must_use]
    pub fn ports(mut self, hub: u16, cdn: u16) -> Self {
        self.ports = (hub, cdn);
        self
    }

    /// Plays `fault` on the first request that fits.
    #[must_use]
    pub fn fault(self, on: Match, fault: Fault) -> Self {
        self.script.once(on, fault);
        self
    }

    /// Writes each request to a file when it ends, one JSON object a line.
    pub fn log_to(mut self, path: impl AsRef<Path>) -> io::Result<Self> {
        self.sink = Some(File::create(path)?);
        Ok(self)
    }

    /// Starts the hub.
    ///
    /// # Panics
    /// If the ports cannot be had; a test has nothing else to do then.
    #[expect(clippy::panic, reason = "a test without its hub cannot go on")]
    pub fn start(self) -> Hub {
        match self.try_start() {
            Ok(hub) => hub,
            Err(error) => panic!("cannot start the test hub: {error}"),
        }
    }

    /// Starts the hub, if the ports can be had.
    pub fn try_start(mut self) -> io::Result<Hub> {
        let log = Log::new(self.sink.take());
        let hub = server::start(self.ports, self.settings, log, self.script)?;
        hub.state.set_shape(Origin::Hub, self.hub_shape);
        hub.state.set_shape(Origin::Cdn, self.cdn_shape);
        for repo in self.repos {
            hub.state.put(repo);
        }
        for (kind, from, to) in self.moved {
            hub.state.rename(kind, &from, &to);
        }
        for (token, access) in self.tokens {
            hub.state.allow(&token, access);
        }
        Ok(hub)
    }
}
