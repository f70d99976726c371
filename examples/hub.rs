//! A local hub over folders and made-up files, until SIGTERM or Ctrl-C.
//!
//! Prints `ready <endpoint>` on stdout, totals on stderr on SIGUSR1 and at the end.

use std::io::{self, Write};
use std::time::Duration;

use clap::Parser;

#[path = "../tests/support/hub.rs"]
mod hub;

use hub::{Access, Content, Fault, File, Hub, Kind, Match, Repo};

/// Serve repos as a hub does, with a CDN of its own.
#[derive(Parser)]
struct Args {
    /// Port of the hub, 0 for any.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Port of the CDN, 0 for any.
    #[arg(long, default_value_t = 0)]
    cdn_port: u16,
    /// Serve a folder as a repo; `datasets/ID` is a dataset.
    #[arg(long, value_name = "ID=FOLDER")]
    repo: Vec<String>,
    /// Serve a made-up large file.
    #[arg(long, value_name = "ID/FILE=SIZE[:SEED]")]
    synthetic: Vec<String>,
    /// Bytes per second of each connection.
    #[arg(long, value_name = "BYTES_PER_SECOND")]
    rate: Option<u64>,
    /// Milliseconds before each answer.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency: u64,
    /// A token that may see and fetch everything.
    #[arg(long)]
    token: Option<String>,
    /// Refuse files without the token.
    #[arg(long)]
    gated: bool,
    /// Seconds that signed URLs live.
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    url_ttl: u64,
    /// Entries on a page of a listing.
    #[arg(long, default_value_t = 1000)]
    page_size: usize,
    /// Bind signed URLs to the range they were asked with.
    #[arg(long)]
    bind_range: bool,
    /// Where large files are instead of here: redirects lead to `URL/<repo id>/<path>`.
    #[arg(long, value_name = "URL")]
    bodies: Option<String>,
    /// Serve this one of the large files' answers, counted from 0, at a tenth of `--rate`.
    #[arg(long, value_name = "N", requires = "rate")]
    slow_nth: Option<u64>,
    /// Write each request to a file when it ends, as JSON lines.
    #[arg(long, value_name = "FILE")]
    log: Option<std::path::PathBuf>,
}

fn main() -> io::Result<()> {
    let args = Args::parse();
    let repos = repos(&args)?;
    let mut builder = Hub::builder()
        .ports(args.port, args.cdn_port)
        .latency(Duration::from_millis(args.latency))
        .url_ttl(Duration::from_secs(args.url_ttl))
        .page_size(args.page_size)
        .bind_range(args.bind_range);
    if let Some(rate) = args.rate {
        builder = builder.rate(rate);
        if let Some(nth) = args.slow_nth {
            let slow = Fault::Drip {
                bytes_per_second: rate / 10,
                after_bytes: 0,
            };
            builder = builder.fault(Match::cdn().method("GET").nth(nth), slow);
        }
    }
    if let Some(bodies) = &args.bodies {
        builder = builder.bodies(bodies);
    }
    if let Some(log) = &args.log {
        builder = builder.log_to(log)?;
    }
    if let Some(token) = &args.token {
        let everything = repos.iter().fold(Access::user("demo"), |access, repo| {
            access.sees(repo.id.as_str()).granted(repo.id.as_str())
        });
        builder = builder.token(token, everything);
    }
    let builder = repos.into_iter().fold(builder, hub::Builder::repo);
    let hub = builder.try_start()?;
    writeln!(io::stdout(), "ready {}", hub.endpoint())?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(until_stopped(&hub))?;
    totals(&hub)
}

/// The repos of `--repo` and `--synthetic`, those of one id as one.
fn repos(args: &Args) -> io::Result<Vec<Repo>> {
    let mut repos: Vec<Repo> = Vec::new();
    for flag in &args.repo {
        let (name, folder) = flag.split_once('=').ok_or_else(|| usage(flag))?;
        let repo = take(&mut repos, name, args.gated).folder(folder)?;
        repos.push(repo);
    }
    for flag in &args.synthetic {
        let (path, size) = flag.split_once('=').ok_or_else(|| usage(flag))?;
        let depth = if path.starts_with("datasets/") { 3 } else { 2 };
        let (slash, _) = path
            .match_indices('/')
            .nth(depth - 1)
            .ok_or_else(|| usage(flag))?;
        let (name, file) = (&path[..slash], &path[slash + 1..]);
        let (size, seed) = size.split_once(':').unwrap_or((size, "0"));
        let (Ok(size), Ok(seed)) = (size.parse(), seed.parse()) else {
            return Err(usage(flag));
        };
        let repo = take(&mut repos, name, args.gated);
        repos.push(repo.with(File::lfs(file, Content::synthetic(size, seed))));
    }
    Ok(repos)
}

/// The repo of this name so far, taken out of the list, or a new one.
fn take(repos: &mut Vec<Repo>, name: &str, is_gated: bool) -> Repo {
    let (kind, id) = match name.strip_prefix("datasets/") {
        Some(id) => (Kind::Dataset, id),
        None => (Kind::Model, name),
    };
    let place = repos
        .iter()
        .position(|repo| repo.kind == kind && repo.id == id);
    let repo = place.map_or_else(|| Repo::new(kind, id), |place| repos.remove(place));
    if is_gated { repo.gated() } else { repo }
}

/// Waits for the end, telling totals whenever asked.
#[cfg(unix)]
async fn until_stopped(hub: &Hub) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut end = signal(SignalKind::terminate())?;
    let mut ask = signal(SignalKind::user_defined1())?;
    loop {
        tokio::select! {
            _ = end.recv() => return Ok(()),
            interrupted = tokio::signal::ctrl_c() => return interrupted,
            _ = ask.recv() => totals(hub)?,
        }
    }
}

/// Waits for the end.
#[cfg(not(unix))]
async fn until_stopped(_hub: &Hub) -> io::Result<()> {
    tokio::signal::ctrl_c().await
}

fn totals(hub: &Hub) -> io::Result<()> {
    let requests = hub.log().count(|_| true);
    let bytes = hub.log().bytes_sent();
    writeln!(io::stderr(), "{requests} requests, {bytes} body bytes sent")
}

fn usage(flag: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("cannot read {flag}"))
}
