//! `larder adopt`: takes over caches and folders of other tools, and says what that freed.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use larder::adopt::found::{self, Part};
use larder::adopt::{Taken, adopt, allow, foresee};
use larder::error::{Cause, Error, Kind};
use larder::redact::clean;
use larder::store::Store;

use super::args::Hub;
use super::config::{Config, amount, place};
use super::interrupt::Watch;
use super::output::Output;
use super::progress::Progress;
use super::{render, runtime, session, verify};

const EXAMPLES: &str = "\
Examples:
  larder adopt                      the Hugging Face cache and the ModelScope cache
  larder adopt --dry-run            how much there is to hash, and what that would free
  larder adopt ~/models /data/hf    a folder of weights, and another cache

Every file is hashed once. What is what its name says is linked into the store, so that no pull fetches
it again; what is there twice, or in the store already, becomes one file, and the room of the others is
free. In a plain folder and in a ModelScope cache, whose names promise nothing, that is done to files of
1 MiB and more. Files become read-only, because a
change would reach every name of them. Nothing is removed and nothing moves: other tools find what they
found before. Damaged files are listed and left alone (exit code 6). Run it again to go on after an
interruption; what was done is not done twice.";

/// `larder adopt …`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Adopt {
    /// Caches of either hub, or plain folders [default: the two caches]
    #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub(crate) dirs: Vec<PathBuf>,

    /// Only say what there is to do
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// How long to wait for another process that works on the same [default: for ever]
    #[arg(long, value_name = "SECONDS", value_parser = amount::parse_seconds)]
    pub(crate) lock_timeout: Option<Duration>,
}

impl Adopt {
    /// The options as those that the configuration is made from.
    pub(crate) fn to_hub(&self) -> Hub {
        Hub {
            lock_timeout: self.lock_timeout,
            ..Hub::default()
        }
    }
}

/// Adopts and prints what came of it on stdout.
pub(crate) fn run(args: &Adopt, config: &Config, output: &mut Output) -> Result<(), Error> {
    let begun = Instant::now();
    let mut sum = Taken::default();
    for (store, parts) in work(args, config)? {
        let root = store.root();
        sum.add(if args.dry_run {
            foresee(&store, &parts).map_err(|cause| cause.on_path("read the store", root))?
        } else {
            taken(config, &store, parts)?
        });
    }
    let text = if output.is_json {
        format!("{}\n", document(&sum, args.dry_run))
    } else {
        page(&sum, args.dry_run, begun.elapsed())
    };
    output.answer(&text)?;
    if !sum.damaged.is_empty() {
        output.fails_with(Kind::Integrity);
    }
    Ok(())
}

/// What there is to take over, each into the store on its disk.
fn work(args: &Adopt, config: &Config) -> Result<Vec<(Store, Vec<Part>)>, Error> {
    let shelves = session::shelves(config)?;
    let mut work: Vec<(Store, Vec<Part>)> = shelves
        .into_iter()
        .map(|shelf| (shelf.store, Vec::new()))
        .collect();
    for dir in dirs(args, config) {
        let failed = |cause: Cause| cause.on_path("adopt", &dir);
        let mut stores = work.iter();
        let near = stores.position(|(store, _)| allow(store, &dir).is_ok());
        let (store, parts) = &mut work[near.unwrap_or_default()];
        allow(store, &dir).map_err(failed)?;
        parts.extend(found::look(&dir, store.root()).map_err(failed)?);
    }
    work.retain(|(_, parts)| !parts.is_empty());
    Ok(work)
}

/// The named folders, or both caches; where only one is there, that one.
fn dirs(args: &Adopt, config: &Config) -> Vec<PathBuf> {
    if !args.dirs.is_empty() {
        return args.dirs.iter().map(|dir| place::resolved(dir)).collect();
    }
    let usual = config.hub_cache.value.clone();
    let other = Some(config.modelscope.cache().value.clone());
    let other = other.filter(|dir| dir.is_dir() && *dir != usual);
    let usual = Some(usual).filter(|dir| dir.is_dir() || other.is_none());
    usual.into_iter().chain(other).collect()
}

fn taken(config: &Config, store: &Store, parts: Vec<Part>) -> Result<Taken, Error> {
    let progress = Progress::start(config.progress.value, config.secrets());
    let around = verify::around(config, &progress);
    let watch = Watch::start(around.stop.clone(), progress.sink());
    let done = runtime::block_on(adopt(store, parts, &around));
    drop(watch);
    progress.finish();
    done
}

fn page(taken: &Taken, is_dry_run: bool, took: Duration) -> String {
    let mut lines = Vec::new();
    for damaged in &taken.damaged {
        lines.push(format!(
            "damaged: {} of {}: expected {}, got {}",
            clean(&damaged.path.display().to_string()),
            clean(&damaged.part),
            damaged.want,
            damaged.got
        ));
    }
    for left in &taken.left {
        // The reason names the file.
        lines.push(format!("left as it is: {}", clean(&left.why)));
    }
    let files = render::count(taken.files, "file");
    let known = match taken.known {
        0 => String::new(),
        known if known == taken.files => ", all known".to_owned(),
        known => format!(", {known} of them known"),
    };
    lines.push(if is_dry_run {
        format!(
            "to adopt: {files}{known}, {} to hash; duplicates by name take {}",
            render::size(taken.hashed_bytes),
            render::size(taken.freed_bytes)
        )
    } else {
        format!(
            "adopted {files}{known}: {} new in the store ({}), {} replaced by links, {} freed, in {}",
            render::count(taken.linked, "content"),
            render::size(taken.linked_bytes),
            render::count(taken.replaced, "name"),
            render::size(taken.freed_bytes),
            render::duration(took)
        )
    });
    lines.join("\n") + "\n"
}

fn document(taken: &Taken, is_dry_run: bool) -> Value {
    let damaged = taken.damaged.iter().map(|damaged| {
        json!({
            "path": damaged.path.to_string_lossy(),
            "part": damaged.part,
            "expected": damaged.want.to_string(),
            "got": damaged.got.to_string(),
        })
    });
    let left = taken
        .left
        .iter()
        .map(|left| json!({ "path": left.path.to_string_lossy(), "message": clean(&left.why) }));
    json!({
        "is_dry_run": is_dry_run,
        "files": taken.files,
        "known": taken.known,
        "hashed_bytes": taken.hashed_bytes,
        "linked": taken.linked,
        "linked_bytes": taken.linked_bytes,
        "replaced": taken.replaced,
        "freed_bytes": taken.freed_bytes,
        "recorded": taken.recorded,
        "damaged": damaged.collect::<Vec<_>>(),
        "left": left.collect::<Vec<_>>(),
    })
}
