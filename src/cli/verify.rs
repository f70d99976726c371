//! `larder verify`: hashes what is here, prints what is wrong, and repairs it when asked.

use std::sync::Arc;
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use larder::error::{Cause, Error, Kind, Subject};
use larder::hashing::Around;
use larder::redact::{without_tokens, without_url_secrets};
use larder::reference::Reference;
use larder::repo::HubName;
use larder::session::Session;
use larder::store::Store;
use larder::verify::repair::{Repaired, is_repairable, repair};
use larder::verify::{Report, choose, verify};
use larder::view::huggingface::HfCache;
use larder::view::{ViewId, ViewKind};

use super::args::Hub;
use super::config::Config;
use super::interrupt::Watch;
use super::output::Output;
use super::progress::Progress;
use super::{runtime, session};

mod text;

const EXAMPLES: &str = "\
Examples:
  larder verify                            everything in the store, and where it is published
  larder verify Qwen/Qwen3-8B              every commit of one repo
  larder verify org/name@v1.0 --repair     one revision; fetches what is wrong

Nothing is asked of a hub, except with --repair. Files that were never pulled are not missed, and a
revision that was removed with another tool is listed and no failure. --repair removes no file that
larder does not know. Exit code 6 when something is (still) wrong.";

/// `larder verify …`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Verify {
    /// [hub:]owner/name[@revision]; everything that the store holds when none is named
    #[arg(value_name = "REF")]
    pub(crate) references: Vec<String>,

    /// Take what is wrong out of service and fetch it again
    #[arg(long)]
    pub(crate) repair: bool,

    #[command(flatten)]
    pub(crate) hub: Hub,
}

/// Verifies and prints the report on stdout; the exit code says whether all is right in the end.
pub(crate) fn run(args: &Verify, config: &Config, output: &mut Output) -> Result<(), Error> {
    let begun = Instant::now();
    let references = references(args, config)?;
    let reports = reports(&references, config)?;
    let mut report = Report::default();
    for (_, one) in &reports {
        report.add(one.clone());
    }
    if !output.is_json {
        output.answer(&text::report(&report, output.width, begun.elapsed()))?;
    }
    let is_needed = report.findings.iter().any(is_repairable);
    let repaired = if args.repair && is_needed {
        Some(repaired(config, &reports)?)
    } else {
        None
    };
    if output.is_json {
        let document = text::document(&report, repaired.as_ref());
        output.answer(&format!("{document}\n"))?;
    } else if let Some(repaired) = &repaired {
        output.answer(&text::repaired(repaired, &report))?;
    }
    let is_left = |finding| repaired.is_none() || !is_repairable(finding);
    if report.findings.iter().any(is_left) {
        output.fails_with(Kind::Integrity);
    }
    Ok(())
}

/// What is wrong in each store that has something of the references.
fn reports(references: &[Reference], config: &Config) -> Result<Vec<(Store, Report)>, Error> {
    let mut reports = Vec::new();
    for shelf in session::shelves(config)? {
        let of_it = references.iter();
        let of_it = of_it.filter(|reference| shelf.hubs.contains(&reference.hub));
        let mine: Vec<Reference> = of_it.cloned().collect();
        if mine.is_empty() && !references.is_empty() {
            continue;
        }
        let failed = |cause: Cause| cause.on_path("verify", shelf.store.root());
        let report = hashed(config, |around| {
            let chosen = choose(&shelf.store, &mine).map_err(failed)?;
            verify(&shelf.store, &chosen, around).map_err(failed)
        })?;
        reports.push((shelf.store, report));
    }
    Ok(reports)
}

fn references(args: &Verify, config: &Config) -> Result<Vec<Reference>, Error> {
    let parse = |text: &String| {
        Reference::parse_on(text, &config.sites()).map_err(|cause| Error {
            doing: "understand",
            subject: Subject::Text(without_tokens(&without_url_secrets(text))),
            cause,
        })
    };
    args.references.iter().map(parse).collect()
}

/// Hashes with progress, until it is done or interrupted.
fn hashed<T>(config: &Config, work: impl FnOnce(&Around) -> Result<T, Error>) -> Result<T, Error> {
    let progress = Progress::start(config.progress.value, config.secrets());
    let around = around(config, &progress);
    let watch = Watch::start(around.stop.clone(), progress.sink());
    let done = work(&around);
    drop(watch);
    progress.finish();
    done
}

/// What work on many files needs of the configuration.
pub(crate) fn around(config: &Config, progress: &Progress) -> Around {
    Around {
        sink: progress.sink(),
        stop: CancellationToken::new(),
        lock_timeout: config.lock_timeout.as_ref().map(|setting| setting.value),
    }
}

fn repaired(config: &Config, reports: &[(Store, Report)]) -> Result<Repaired, Error> {
    let mut sum = Repaired::default();
    for (store, report) in reports {
        let repaired = hashed(config, |around| {
            let open = |hub: HubName, view: &ViewId| opened(config, around, hub, view);
            runtime::block_on(repair(store, report, around, open))
        })?;
        sum.add(&repaired);
    }
    Ok(sum)
}

/// A session whose view is the one that has to be put right.
fn opened(config: &Config, around: &Around, hub: HubName, view: &ViewId) -> Result<Session, Error> {
    let session = session::open(
        config,
        hub.into(),
        Arc::clone(&around.sink),
        around.stop.clone(),
    )?;
    let is_configured = view.kind == ViewKind::HuggingFace && view.root == config.hub_cache.value;
    Ok(Session {
        view: if is_configured {
            let symlinks = config.use_symlinks.value;
            Arc::new(HfCache::new(view.root.clone(), symlinks))
        } else {
            view.open()
        },
        ..session
    })
}
