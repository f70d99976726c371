//! The adapter against the test hub: what it asks, to whom it shows the token, what it refuses.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a broken promise ends a test"
)]

use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use larder::error::Cause;
use larder::hub::huggingface::{Config, Endpoint, HuggingFace};
use larder::hub::token::{Token, TokenOrigin};
use larder::hub::{Hub as _, Listing, RemoteFile, Resolved};
use larder::repo::{Commit, RepoId, RepoKind, Revision};
use larder::report::{Event, Sink};
use larder::retry::Policy;
use larder::source::Source;
use tokio_util::sync::CancellationToken;

#[path = "../support/hub.rs"]
mod hub;

mod access;
mod bytes;
mod listing;
mod urls;
mod waits;

use hub::{Access, Content, Fault, File, Hub, Match, Origin, Repo};

const ID: &str = "org/tiny";
const LARGE: &str = "w.safetensors";
/// More than is asked for at the door.
const LEN: u64 = 20 << 20;
const KIB: u64 = 1 << 10;

/// A sink that keeps what was retried.
#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Sink for Heard {
    fn emit(&self, event: Event) {
        if let Event::Retrying { cause, .. } = event {
            self.0.lock().unwrap().push(cause);
        }
    }
}

struct Setup {
    hub: Hub,
    adapter: HuggingFace,
    heard: Arc<Heard>,
    stop: CancellationToken,
}

/// A hub, and an adapter for it that waits for nothing long.
fn setup(hub: Hub, token: Option<&str>) -> Setup {
    let (heard, stop) = (Arc::new(Heard::default()), CancellationToken::new());
    let endpoint = Endpoint::parse(&hub.endpoint()).unwrap();
    let mut config = Config::new(endpoint, Arc::clone(&heard) as Arc<dyn Sink>, stop.clone());
    config.token = token.and_then(|t| Token::new(t, TokenOrigin::Variable("HF_TOKEN")));
    config.stall = Duration::from_secs(1);
    config.header_timeout = Duration::from_secs(3);
    config.policy.base = Duration::from_millis(2);
    Setup {
        hub,
        adapter: HuggingFace::new(config),
        heard,
        stop,
    }
}

fn content() -> Content {
    Content::synthetic(LEN, 7)
}

fn tiny() -> Repo {
    Repo::model(ID)
        .file("config.json", b"{\"a\":1}")
        .file("sub dir/a+b#c.txt", b"text")
        .lfs("small.bin", Content::synthetic(100 * KIB, 3))
        .lfs(LARGE, content())
}

fn plain() -> Setup {
    setup(Hub::builder().repo(tiny()).start(), None)
}

fn model(id: &str) -> RepoId {
    RepoId::parse(RepoKind::Model, id).unwrap()
}

impl Setup {
    async fn resolve(&self, id: &str, revision: &str) -> Result<Resolved, Cause> {
        self.adapter
            .resolve(&model(id), &Revision::parse(revision).unwrap())
            .await
    }

    async fn list(&self, id: &str) -> Result<(Commit, Listing), Cause> {
        let commit = self.resolve(id, "main").await?.commit;
        let files = self.adapter.list(&model(id), &commit).await?;
        Ok((commit, files))
    }

    /// A source for one file; what was asked to find it is forgotten.
    async fn source(&self, id: &str, path: &str) -> Arc<dyn Source> {
        let (commit, files) = self.list(id).await.unwrap();
        let file: &RemoteFile = files
            .iter()
            .find(|file| file.path.as_str() == path)
            .unwrap();
        let source = self.adapter.source(&model(id), &commit, file);
        self.hub.log().clear();
        source
    }

    async fn large(&self) -> Arc<dyn Source> {
        self.source(ID, LARGE).await
    }

    /// The requests so far, as `hub HEAD` or `cdn GET`.
    fn asked(&self) -> Vec<String> {
        let name = |origin| if origin == Origin::Hub { "hub" } else { "cdn" };
        let requests = self.hub.log().requests();
        requests
            .iter()
            .map(|r| format!("{} {}", name(r.origin), r.method))
            .collect()
    }

    fn tokens_seen_by(&self, origin: Origin) -> usize {
        self.hub
            .log()
            .count(|r| r.origin == origin && r.authorization.is_some())
    }
}

/// The bytes of a range, whose pieces must follow each other.
async fn read(source: &dyn Source, range: Range<u64>) -> Result<Vec<u8>, Cause> {
    let mut body = source.open(range.clone()).await?;
    let mut bytes = Vec::new();
    while let Some(piece) = body.try_next().await? {
        assert_eq!(piece.offset, range.start + bytes.len() as u64);
        assert!(!piece.bytes.is_empty());
        bytes.extend_from_slice(&piece.bytes);
    }
    Ok(bytes)
}

async fn assert_reads(source: &dyn Source, range: Range<u64>) {
    let bytes = read(source, range.clone()).await.unwrap();
    assert!(bytes == content().slice(range).unwrap(), "other bytes");
}

#[track_caller]
fn assert_bad(result: Result<Vec<u8>, Cause>, words: &str) {
    match result {
        Err(Cause::BadAnswer { what, .. }) => assert!(what.contains(words), "{what}"),
        other => panic!("{:?}", other.map(|bytes| bytes.len())),
    }
}
