//! `larder ls`: what is on this disk, what removing it frees, and where it can be seen.

use std::path::PathBuf;
use std::time::SystemTime;

use clap::ValueHint;

use larder::error::{Cause, Error};
use larder::inventory::Inventory;

use super::args;
use super::config::Config;
use super::output::Output;
use super::render::{count, size};
use super::session;
use filter::{Filter, Sort};
use row::Row;

pub(crate) mod document;
mod filter;
mod page;
mod row;

const EXAMPLES: &str = "\
Examples:
  larder ls                                  every repo, and what removing it frees
  larder ls --revisions                      every commit
  larder ls --filter 'size>10GB' --filter 'accessed>30d'
  larder ls --sort size --limit 5            the five largest
  larder ls -q --filter 'accessed>6mo'       references only, one a line

Filters are those of `hf cache ls`: size, accessed and modified with = != > < >= <=; type, refs
and hub with =. Sizes are decimal (500MB); accessed and modified are ages (12h, 30d, 2w, 6mo, 1y).
UNIQUE is what becomes free when the row is removed and nothing else. WHERE is the cache that
shows it, `gone` when none does any more, `away` when its disk is not there. With --json, times
are seconds since 1970.";

/// `larder ls …`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Ls {
    /// One row for each commit instead of each repo
    #[arg(long)]
    revisions: bool,

    /// Only rows for which this holds (repeatable; all have to hold)
    #[arg(short, long, value_name = "EXPR", value_parser = Filter::parse)]
    filter: Vec<Filter>,

    /// Order by name, size, unique, accessed or modified
    #[arg(long, value_name = "KEY[:asc|:desc]", value_parser = Sort::parse)]
    sort: Option<Sort>,

    /// At most so many rows
    #[arg(long, value_name = "N")]
    limit: Option<usize>,

    /// The Hugging Face cache to look into
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    cache_dir: Option<PathBuf>,
}

impl Ls {
    /// The options that the configuration knows.
    pub(crate) fn hub(&self) -> args::Hub {
        args::Hub {
            cache_dir: self.cache_dir.clone(),
            ..args::Hub::default()
        }
    }
}

/// Prints what is here; with `is_quiet` as references only.
pub(crate) fn run(
    ls: &Ls,
    is_quiet: bool,
    config: &Config,
    output: &mut Output,
) -> Result<(), Error> {
    let inventory = everything(config)?;
    let told = tell(&inventory, ls, is_quiet, output);
    // The process ends, and the system takes the memory back in one piece.
    std::mem::forget(inventory);
    told
}

fn tell(inventory: &Inventory, ls: &Ls, is_quiet: bool, output: &mut Output) -> Result<(), Error> {
    notes(inventory, output);
    let all = row::all(inventory, ls.revisions);
    let count = all.len();
    let rows = chosen(all, ls);
    if is_quiet && !output.is_json {
        let references = rows.iter().filter_map(|row| row.reference(ls.revisions));
        let lines: String = references.map(|reference| reference + "\n").collect();
        return output.answer(&lines);
    }
    if output.is_json {
        return output.answer_json(&document::document(&rows));
    }
    if count == 0 {
        output.say("nothing is here yet; `larder pull REF` fetches something");
        return Ok(());
    }
    let width = output.width;
    output.answer(&page::page(inventory, &rows, count, ls.revisions, width))
}

fn everything(config: &Config) -> Result<Inventory, Error> {
    let mut all = Inventory::default();
    for shelf in session::shelves(config)? {
        let failed = |cause: Cause| cause.on_path("list", shelf.store.root());
        all.add(Inventory::take(&shelf.store, &shelf.views).map_err(failed)?);
    }
    Ok(all)
}

fn chosen<'a>(mut rows: Vec<Row<'a>>, ls: &Ls) -> Vec<Row<'a>> {
    let now = SystemTime::now();
    rows.retain(|row| ls.filter.iter().all(|filter| filter.holds(row, now)));
    if let Some(sort) = ls.sort {
        sort.apply(&mut rows);
    }
    rows.truncate(ls.limit.unwrap_or(usize::MAX));
    rows
}

/// What is no row and has to be known all the same.
fn notes(inventory: &Inventory, output: &mut Output) {
    let damaged = inventory.damaged.len() as u64;
    if damaged > 0 {
        output.say(&format!(
            "{} in the store {} damaged, so what was pulled is not known: `larder pull` it again",
            count(damaged, "record"),
            if damaged == 1 { "is" } else { "are" },
        ));
    }
    let newer = inventory.newer.len() as u64;
    if newer > 0 {
        output.say(&format!(
            "{} in the store {} written by a newer larder and not listed: upgrade larder",
            count(newer, "record"),
            if newer == 1 { "was" } else { "were" },
        ));
    }
    for cause in &inventory.unreadable {
        output.say(&format!("passed over: {cause}"));
    }
    let strays = inventory.strays;
    if strays.count > 0 {
        output.say(&format!(
            "{} that nothing listed needs: {}; when a week old, `larder prune` removes what nothing else shows",
            count(strays.count, "content"),
            size(strays.bytes),
        ));
    }
}
