//! What keeping bytes costs: the journal, the hash, a partial and small files on a real disk.
//!
//! `TMPDIR` says which disk.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "criterion's macros make the functions, and a bench ends where it cannot go on"
)]

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use larder::digest::{BlobId, Digest, GitOid, Hasher};
use larder::inventory::Inventory;
use larder::store::Store;
use larder::store::disk::{Disk, OsDisk};
use larder::store::ingest::Partial;
use larder::store::journal::{BootId, Identity, Journal};
use larder::store::layout::Layout;
use larder::store::shelf::Small;
use larder::view::View;

#[path = "support/many.rs"]
mod many;
mod support;

const MIB: u64 = 1 << 20;
const LEN: usize = 64 << 20;
const BOOT: BootId = BootId([7; 16]);
const TALE: Identity = Identity {
    len: u64::MAX,
    name: *b"a-digest",
};

fn open(path: &Path) -> Journal {
    let disk: Arc<dyn Disk> = Arc::new(OsDisk);
    Journal::open(&disk, path.to_owned(), TALE, BOOT).unwrap().0
}

/// Appends claims as a download makes them: sixteen fronts that grow by turns.
fn append(journal: &mut Journal, count: u64) {
    for n in 0..count {
        let start = (n % 16) * (1 << 40) + n / 16 * MIB;
        journal.claim(&(start..start + MIB)).unwrap();
    }
}

fn journal(c: &mut Criterion) {
    let mut group = c.benchmark_group("journal");
    for count in [1_000, 100_000] {
        let dir = support::temp();
        let path = dir.path().join("journal");
        group.throughput(Throughput::Elements(count));
        group.bench_function(BenchmarkId::new("append", count), |b| {
            b.iter_batched(
                || {
                    drop(std::fs::remove_file(&path));
                    open(&path)
                },
                |mut journal| append(&mut journal, count),
                BatchSize::PerIteration,
            );
        });
        drop(std::fs::remove_file(&path));
        append(&mut open(&path), count);
        // Not opened: a journal that long would be written anew the first time.
        let bytes = std::fs::read(&path).unwrap();
        group.bench_function(BenchmarkId::new("replay", count), |b| {
            b.iter(|| Journal::peek(&bytes, TALE, BOOT));
        });
    }
    group.finish();
}

fn hash(c: &mut Criterion) {
    let content = support::noise(LEN, 1);
    let promises: [(&str, Digest); 2] = [
        ("sha256", BlobId::of(&content).into()),
        ("sha256 and git sha1", GitOid::of(&content).into()),
    ];
    let mut group = c.benchmark_group("hash");
    group.throughput(Throughput::Bytes(LEN as u64));
    for (name, want) in promises {
        group.bench_function(name, |b| {
            b.iter(|| {
                let mut hasher = Hasher::new(want, LEN as u64);
                content
                    .chunks(64 << 10)
                    .for_each(|piece| hasher.update(piece));
                assert!(hasher.finish().is_match());
            });
        });
    }
    group.finish();
}

/// Where a partial is written and finished, again and again.
struct Bench {
    disk: Arc<dyn Disk>,
    layout: Layout,
    digest: Digest,
    writes: Vec<Vec<Bytes>>,
}

impl Bench {
    fn new(root: &Path) -> Self {
        let content = support::noise(LEN, 1);
        let pieces: Vec<Bytes> = (0..LEN)
            .step_by(64 << 10)
            .map(|at| content.slice(at..at + (64 << 10)))
            .collect();
        Self {
            disk: Arc::new(OsDisk),
            layout: Layout::new(root.to_owned()),
            digest: BlobId::of(&content).into(),
            writes: pieces.chunks(16).map(<[Bytes]>::to_vec).collect(),
        }
    }

    fn open(&self) -> Partial {
        let dir = self.layout.partial(self.digest);
        let (disk, layout) = (&self.disk, &self.layout);
        Partial::open(disk, layout, dir, self.digest, LEN as u64, BOOT).unwrap()
    }

    fn write(&self, partial: &Partial, n: usize) {
        partial.write(n as u64 * MIB, &self.writes[n]).unwrap();
    }
}

fn partial(c: &mut Criterion) {
    let mut group = c.benchmark_group("partial");
    group.throughput(Throughput::Bytes(LEN as u64));
    let dir = tempfile::tempdir().unwrap();
    let bench = Bench::new(dir.path());
    let fresh = || {
        let partial = bench.open();
        partial.discard().unwrap();
        bench.open()
    };
    group.bench_function("in order, hashed on the way", |b| {
        b.iter_batched(
            fresh,
            |partial| {
                (0..bench.writes.len()).for_each(|n| bench.write(&partial, n));
                assert_eq!(partial.hashed_bytes(), LEN as u64);
            },
            BatchSize::PerIteration,
        );
    });
    group.bench_function("backwards, then read back", |b| {
        b.iter_batched(
            fresh,
            |partial| {
                (1..bench.writes.len())
                    .rev()
                    .for_each(|n| bench.write(&partial, n));
                bench.write(&partial, 0);
                partial.catch_up(u64::MAX).unwrap();
                assert_eq!(partial.hashed_bytes(), LEN as u64);
            },
            BatchSize::PerIteration,
        );
    });
    group.bench_function("through the door", |b| {
        b.iter_batched(
            || {
                let partial = fresh();
                (0..bench.writes.len()).for_each(|n| bench.write(&partial, n));
                partial
            },
            |partial| partial.finish().unwrap(),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

/// Small contents, one after the other onto one shelf.
fn put(c: &mut Criterion) {
    let mut group = c.benchmark_group("put");
    for count in [1, 500] {
        let contents: Vec<(Digest, Bytes)> = (0..count)
            .map(|n| support::noise(2_048 + n * 76, n as u64))
            .map(|content| (GitOid::of(&content).into(), content))
            .collect();
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::new("small files", count), |b| {
            b.iter_batched(
                || {
                    let dir = tempfile::tempdir().unwrap();
                    let store = Store::open(dir.path()).unwrap();
                    let writing = store.prepare().unwrap();
                    (dir, writing, store.shelf())
                },
                |(dir, writing, shelf)| {
                    for (digest, content) in &contents {
                        let mut small = Small::new(*digest, content.len() as u64);
                        small.push(content.clone());
                        shelf.put(&small.prove().unwrap()).unwrap();
                    }
                    shelf.settle().unwrap();
                    (dir, writing)
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

/// What `larder ls` reads: every record, every blob, every name in the cache.
fn ls(c: &mut Criterion) {
    const REPOS: usize = 500;
    const FILES: usize = 40;
    let home = support::temp();
    let (store, cache) = many::open(home.path());
    many::fill(&store, &cache, REPOS, FILES);
    let views: [Arc<dyn View>; 1] = [Arc::new(cache)];
    let mut group = c.benchmark_group("ls");
    group.throughput(Throughput::Elements((REPOS * FILES) as u64));
    group.bench_function(BenchmarkId::new("files", REPOS * FILES), |b| {
        b.iter(|| {
            let inventory = Inventory::take(&store, &views).unwrap();
            assert_eq!(inventory.repos.len(), REPOS);
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = support::short();
    targets = journal, hash, partial, put, ls
}
criterion_main!(benches);
