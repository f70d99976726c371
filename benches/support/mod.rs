//! What the benches share: made-up files, a hub in memory, short settings.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each bench uses its own part, and ends where it cannot go on"
)]

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use criterion::Criterion;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt, stream};
use larder::digest::{BlobId, Digest, GitOid};
use larder::error::Cause;
use larder::hub::{Hub, Listing, RemoteFile, Resolved};
use larder::pull::{Outcome, Request, pull};
use larder::redact::SafeUrl;
use larder::reference::Reference;
use larder::repo::{Commit, RepoId, RepoPath, Revision};
use larder::report::Silent;
use larder::select::Selection;
use larder::session::Session;
use larder::source::{Body, Piece, Source};
use larder::store::Store;
use larder::transfer::Limits;
use larder::view::huggingface::HfCache;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// Numbers of files that show how a cost grows.
pub const FILES: [usize; 3] = [200, 2_000, 20_000];

/// What a connection hands over at once.
const PIECE: usize = 64 << 10;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// Short enough that all benches together take a few minutes.
pub fn short() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1500))
}

/// A folder in memory where the system has one: what is measured is larder, not the disk.
pub fn temp() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    }
}

/// `len` bytes that depend on `seed` and on their place.
pub fn noise(len: usize, seed: u64) -> Bytes {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut bytes = vec![0; len];
    random.fill(&mut bytes);
    bytes.into()
}

/// Rows of a listing as a hub gives them, without content.
pub fn rows(count: usize) -> Listing {
    let row = |n: usize| RemoteFile {
        path: RepoPath::parse(&format!("part/{:02}/file-{n:05}.json", n % 100)).unwrap(),
        len: 2_048 + n as u64,
        digest: BlobId::of(&n.to_le_bytes()).into(),
        git_oid: Some(GitOid::of(&n.to_le_bytes())),
        xet_hash: None,
        changed_by: None,
    };
    let mut rows: Listing = (0..count).map(row).collect();
    rows.sort_by(|a, b| a.path.cmp(&b.path));
    rows
}

/// A hub whose files are in memory: a pull from it costs what larder costs.
pub struct Memory {
    listing: Listing,
    contents: HashMap<Digest, Bytes>,
}

impl Memory {
    /// A hub with these files; small ones are git's, others are large files.
    pub fn new(contents: impl IntoIterator<Item = Bytes>) -> Self {
        let mut hub = Self {
            listing: Listing::new(),
            contents: HashMap::new(),
        };
        for (n, content) in contents.into_iter().enumerate() {
            let git_oid = GitOid::of(&content);
            let digest = if content.len() <= 1 << 20 {
                git_oid.into()
            } else {
                BlobId::of(&content).into()
            };
            hub.listing.push(RemoteFile {
                path: RepoPath::parse(&format!("file-{n:05}.bin")).unwrap(),
                len: content.len() as u64,
                digest,
                git_oid: Some(git_oid),
                xet_hash: None,
                changed_by: None,
            });
            hub.contents.insert(digest, content);
        }
        hub
    }

    /// Bytes of all files.
    pub fn total_bytes(&self) -> u64 {
        self.listing.iter().map(|file| file.len).sum()
    }
}

struct InMemory(Bytes);

impl Source for InMemory {
    fn open(&self, range: Range<u64>) -> BoxFuture<'_, Result<Body, Cause>> {
        let content = self.0.clone();
        let pieces = stream::iter(range.clone().step_by(PIECE)).map(move |offset| {
            let end = range.end.min(offset + PIECE as u64);
            let index = |at: u64| usize::try_from(at).unwrap();
            let bytes = content.slice(index(offset)..index(end));
            Ok(Piece { offset, bytes })
        });
        Box::pin(async { Ok(pieces.boxed()) })
    }
}

impl Hub for Memory {
    fn endpoint(&self) -> SafeUrl {
        SafeUrl::from(&"http://hub.invalid".parse().unwrap())
    }

    fn resolve<'a>(
        &'a self,
        _repo: &'a RepoId,
        _revision: &'a Revision,
    ) -> BoxFuture<'a, Result<Resolved, Cause>> {
        Box::pin(async {
            Ok(Resolved {
                commit: Commit::parse(COMMIT).unwrap(),
                canonical: None,
                is_gated: false,
            })
        })
    }

    fn list<'a>(
        &'a self,
        _repo: &'a RepoId,
        _commit: &'a Commit,
    ) -> BoxFuture<'a, Result<Listing, Cause>> {
        Box::pin(async { Ok(self.listing.clone()) })
    }

    fn source(&self, _repo: &RepoId, _commit: &Commit, file: &RemoteFile) -> Arc<dyn Source> {
        Arc::new(InMemory(self.contents[&file.digest].clone()))
    }
}

/// A session with store and cache below `home`.
pub fn session(home: &Path, hub: Arc<dyn Hub>, is_offline: bool) -> Session {
    Session {
        hub,
        store: Store::open(&home.join("store")).unwrap(),
        view: Arc::new(HfCache::new(home.join("cache"), true)),
        also: Vec::new(),
        sink: Arc::new(Silent),
        stop: CancellationToken::new(),
        limits: Limits {
            connections: 16,
            rate: None,
            lock_timeout: None,
            is_spread: false,
        },
        fallbacks: Vec::new(),
        is_offline,
    }
}

/// Pulls everything, or says what would be pulled.
pub async fn pull_all(session: &Session, is_dry_run: bool) -> Outcome {
    let endpoint = "http://hub.invalid".parse().unwrap();
    let request = Request {
        reference: Reference::parse("bench/model", &endpoint).unwrap(),
        selection: Selection::default(),
        is_forced: false,
        is_dry_run,
    };
    pull(session, &request).await.unwrap()
}
