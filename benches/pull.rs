//! What whole pulls cost beside the network: listings, finding what is here, the engine.
//!
//! A listing is asked of a server on this machine that answers from memory, because how a hub's pages
//! are read is nobody else's business: the numbers include loopback. Everything else comes from a hub
//! in memory, into folders in memory where the system has them.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "criterion's macros make the functions, and a bench ends where it cannot go on"
)]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use larder::hub::Hub;
use larder::hub::huggingface::{Config, Endpoint, HuggingFace};
use larder::pull::Outcome;
use larder::repo::{Commit, RepoId, RepoKind};
use larder::report::Silent;
use serde_json::json;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

mod support;

use support::Memory;

/// Rows on a page, as the Hub has them.
const PAGE: usize = 1_000;

/// Pages of a tree, served from memory for as long as the process lives.
fn serve(pages: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let rows = support::rows(pages * PAGE);
    let answers: Vec<Vec<u8>> = rows
        .chunks(PAGE)
        .enumerate()
        .map(|(n, rows)| answer(&base, rows, (n + 1 < pages).then_some(n + 1)))
        .collect();
    let answers = Arc::new(answers);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answers = Arc::clone(&answers);
            thread::spawn(move || converse(&stream, &answers));
        }
    });
    base
}

fn answer(base: &str, rows: &[larder::hub::RemoteFile], next: Option<usize>) -> Vec<u8> {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            json!({
                "type": "file",
                "oid": row.git_oid,
                "size": row.len,
                "path": row.path.as_str(),
                "lfs": { "oid": row.digest.to_string(), "size": row.len, "pointerSize": 134 },
            })
        })
        .collect();
    let body = json!(rows).to_string();
    let link = next.map_or(String::new(), |n| {
        format!("Link: <{base}/api/next?page={n}>; rel=\"next\"\r\n")
    });
    let len = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{link}Content-Length: {len}\r\n\r\n{body}")
        .into_bytes()
}

/// Answers requests until the client goes away.
fn converse(stream: &TcpStream, answers: &[Vec<u8>]) {
    let mut lines = BufReader::new(stream).lines();
    let mut out = stream;
    while let Some(Ok(line)) = lines.next() {
        let page = line
            .split_once("page=")
            .and_then(|(_, rest)| rest.split(' ').next()?.parse().ok())
            .unwrap_or(0);
        while lines
            .next()
            .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
        {}
        if out.write_all(&answers[page]).is_err() {
            return;
        }
    }
}

fn listing(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let repo = RepoId::parse(RepoKind::Model, "bench/model").unwrap();
    let commit = Commit::parse("0123456789abcdef0123456789abcdef01234567").unwrap();
    let mut group = c.benchmark_group("listing");
    for pages in [1, 20] {
        let endpoint = Endpoint::parse(&serve(pages)).unwrap();
        let config = Config::new(endpoint, Arc::new(Silent), CancellationToken::new());
        let hub = HuggingFace::new(config);
        group.throughput(Throughput::Elements((pages * PAGE) as u64));
        group.bench_function(BenchmarkId::new("rows", pages * PAGE), |b| {
            b.iter(|| {
                let listing = runtime.block_on(hub.list(&repo, &commit)).unwrap();
                assert_eq!(listing.len(), pages * PAGE);
            });
        });
    }
    group.finish();
}

/// A hub of `count` small files.
fn small_files(count: usize) -> Arc<Memory> {
    let content = |n: usize| support::noise(2_048 + n % 64, n as u64);
    Arc::new(Memory::new((0..count).map(content)))
}

/// How long a pull takes when everything is here: only looked at, and published again.
fn here(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let mut group = c.benchmark_group("here");
    for count in [2_000, 20_000] {
        let home = support::temp();
        let hub = small_files(count);
        let online = support::session(home.path(), Arc::clone(&hub) as _, false);
        runtime.block_on(support::pull_all(&online, false));
        let offline = support::session(home.path(), hub, true);
        group.throughput(Throughput::Elements(count as u64));
        for (name, is_dry_run) in [("look", true), ("pull again", false)] {
            group.bench_function(BenchmarkId::new(name, count), |b| {
                b.iter(|| {
                    let outcome = runtime.block_on(support::pull_all(&offline, is_dry_run));
                    if let Outcome::Pulled(summary) = outcome {
                        assert_eq!(summary.fetched_bytes, 0);
                    }
                });
            });
        }
    }
    group.finish();
}

/// The engine without a network: from memory into a new home.
fn engine(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let mut group = c.benchmark_group("engine");
    let cases = [
        ("small files", 200, small_files(200)),
        ("small files", 2_000, small_files(2_000)),
        (
            "MiB in one file",
            256,
            Arc::new(Memory::new([support::noise(256 << 20, 1)])),
        ),
    ];
    for (name, size, hub) in cases {
        group.throughput(if size == 256 {
            Throughput::Bytes(hub.total_bytes())
        } else {
            Throughput::Elements(size)
        });
        group.bench_function(BenchmarkId::new(name, size), |b| {
            b.iter_batched(
                support::temp,
                |home| {
                    let session = support::session(home.path(), Arc::clone(&hub) as _, false);
                    runtime.block_on(support::pull_all(&session, false));
                    home
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = support::short();
    targets = listing, here, engine
}
criterion_main!(benches);
