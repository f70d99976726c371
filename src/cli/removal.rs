//! What `rm` and `prune` have in common: looking, asking, waiting for the store, removing, telling.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use larder::error::{Cause, Error, Subject};
use larder::removal::apply::{Removed, apply};
use larder::removal::{Marks, Removal, Stock, Young};
use larder::report::Silent;
use larder::store::collect::Collecting;
use larder::store::{Store, lock};

use super::args::Hub;
use super::config::{Config, amount};
use super::interrupt::Watch;
use super::output::{Output, Voice, can_ask};
use super::render::{count, size};
use super::runtime;
use super::session::Shelf;

mod tell;

/// How a removal is done.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "How")]
pub(crate) struct How {
    /// Only say what would go
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Do not ask; needed where there is no terminal
    #[arg(short, long)]
    pub(crate) yes: bool,

    /// How long to wait for others who use the store [default: for ever]
    #[arg(long, value_name = "SECONDS", value_parser = amount::parse_seconds)]
    lock_timeout: Option<Duration>,
}

impl How {
    /// The options as those that every command with a hub has.
    pub(crate) fn hub(&self) -> Hub {
        Hub {
            lock_timeout: self.lock_timeout,
            ..Hub::default()
        }
    }
}

/// What a command is about: its words, and what it marks.
pub(crate) struct Task<'a> {
    /// What was typed, for errors.
    pub(crate) subject: Subject,
    /// What to say where there is nothing to do.
    pub(crate) nothing: &'static str,
    /// Finds what is to go; the second time, what is not there any more is no error.
    pub(crate) mark: &'a dyn Fn(&Shelf, &Stock, bool) -> Result<Marks, Error>,
    /// Whether views are looked through for what died before it had a name: those of the records, and
    /// the caches beside the store.
    pub(crate) is_swept: bool,
}

/// Shows what is to go from these stores, asks, and removes it.
pub(crate) fn run(
    task: &Task<'_>,
    shelves: &[Shelf],
    how: &How,
    config: &Config,
    output: &mut Output,
) -> Result<(), Error> {
    let (mut all, mut shown) = (Removal::default(), Vec::new());
    for shelf in shelves {
        let (stock, removal) = look(task, shelf, None, output)?;
        if task.is_swept {
            tell_away(&stock, output);
        }
        all.add(removal.clone());
        shown.push(removal);
    }
    if task.is_swept {
        tell_damaged(&all, output);
        tell_young(all.young, output);
    }
    if how.dry_run || all.is_empty() {
        if all.is_empty() {
            output.say(task.nothing);
        }
        return tell::planned(&all, how.dry_run, output);
    }
    if !how.yes && !is_agreed(task, &all, output)? {
        output.say("nothing was removed");
        return Ok(());
    }
    let stop = CancellationToken::new();
    let _watch = Watch::start(stop.clone(), Arc::new(Silent));
    let (mut gone, mut removed) = (Removal::default(), Removed::default());
    let to_go = shelves.iter().zip(shown);
    for (shelf, shown) in to_go.filter(|(_, shown)| !shown.is_empty()) {
        let leave = wait(task, &shelf.store, config, &stop, output)?;
        // Others were at work until now; what they did is respected, and nothing goes beyond what
        // somebody saw and agreed to.
        let (stock, mut removal) = look(task, shelf, Some((&shown, !how.yes)), output)?;
        let mut views = BTreeSet::new();
        if task.is_swept {
            views = stock.views();
            views.extend(shelf.views.iter().map(|view| view.id()));
        }
        removed.add(apply(&shelf.store, &leave, &removal, &views, &stop)?);
        removal.leave_out(&removed.kept);
        gone.add(removal);
    }
    tell_stays(&removed, output);
    tell::removed(&gone, &removed, how.yes, output)
}

/// Finds what is to go; the second time, of what it was at first, and whether somebody saw that and
/// agreed to it.
fn look(
    task: &Task<'_>,
    shelf: &Shelf,
    agreed: Option<(&Removal, bool)>,
    output: &mut Output,
) -> Result<(Stock, Removal), Error> {
    let store = &shelf.store;
    let beside = task.is_swept.then_some(&*shelf.views);
    let stock = Stock::of(store, beside);
    let stock = stock.map_err(|cause| cause.on_path("read the store", store.root()))?;
    let mut marks = (task.mark)(shelf, &stock, agreed.is_some())?;
    if let Some((agreed, is_seen)) = agreed {
        let grown = if is_seen {
            marks.keep_only(&stock, agreed)
        } else {
            marks.keep_known(&stock, agreed);
            BTreeSet::new()
        };
        for (_hub, repo, commit) in grown {
            let commit = commit.short();
            output.say(&format!(
                "{repo}@{commit} stays: more of it would go by now than was shown; ask again"
            ));
        }
    }
    let removal = Removal::new(&stock, &marks);
    Ok((stock, removal))
}

fn is_agreed(task: &Task<'_>, removal: &Removal, output: &mut Output) -> Result<bool, Error> {
    if !can_ask() || output.is_json || output.voice != Voice::Prose {
        let cause = Cause::Usage {
            why: "it removes files, and there is no terminal to ask at".to_owned(),
            hint: Some("add --yes, or --dry-run to see what would go".to_owned()),
        };
        return Err(Error {
            doing: "remove",
            subject: task.subject.clone(),
            cause,
        });
    }
    let text = tell::table(removal, output.width);
    output.stderr(text.trim_end());
    Ok(output.ask(&format!("remove {}?", tell::forecast(removal))))
}

/// Waits until nobody else uses the store.
fn wait(
    task: &Task<'_>,
    store: &Store,
    config: &Config,
    stop: &CancellationToken,
    output: &mut Output,
) -> Result<Collecting, Error> {
    let timeout = config.lock_timeout.as_ref().map(|setting| setting.value);
    let taken = lock::wait_for(
        || store.collect(),
        "the store",
        timeout,
        stop,
        || output.say("another process uses the store: waiting"),
    );
    runtime::block_on(async {
        taken.await.map_err(|cause| Error {
            doing: "remove",
            subject: task.subject.clone(),
            cause,
        })
    })
}

/// What keeps everything that no record names.
fn tell_damaged(removal: &Removal, output: &mut Output) {
    for path in &removal.damaged {
        let path = path.display();
        output.say(&format!(
            "{path} is damaged: what no record names stays, for it may have named it; pull its repo \
             again, or remove the file"
        ));
    }
}

/// What is kept for pulls that were interrupted.
fn tell_young(young: Young, output: &mut Output) {
    if young == Young::default() {
        return;
    }
    let parts = [
        (young.contents, "unneeded content"),
        (young.unfinished, "unfinished file"),
    ];
    let parts = parts.into_iter().filter(|(number, _)| *number > 0);
    let parts: Vec<_> = parts.map(|(number, what)| count(number, what)).collect();
    output.say(&format!(
        "{} ({}) kept for pulls that go on; `--partials-older-than 0` removes them",
        parts.join(" and "),
        size(young.bytes)
    ));
}

/// What only folders show that cannot be seen.
fn tell_away(stock: &Stock, output: &mut Output) {
    for root in stock.away() {
        let root = root.display();
        output.say(&format!(
            "{root} is not there now, or empty: what only it shows stays; if that is gone for good, \
             remove it with `larder rm`"
        ));
    }
}

/// What was to go and does not, and why.
fn tell_stays(removed: &Removed, output: &mut Output) {
    for path in &removed.foreign {
        let path = path.display();
        output.say(&format!("{path} stays: it is not what was pulled"));
    }
    for root in &removed.absent {
        let root = root.display();
        output.say(&format!("{root} is not there now: what it shows stays"));
    }
    for root in &removed.closed {
        let root = root.display();
        output.say(&format!(
            "{root} cannot be changed by this user: what it shows stays"
        ));
    }
    for (_hub, repo, commit) in &removed.kept {
        let commit = commit.short();
        output.say(&format!(
            "{repo}@{commit} stays in the store: a folder that cannot be reached may show it by links"
        ));
    }
}
