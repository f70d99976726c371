//! `larder prune`: what nothing needs any more, and on request what was not used for long.

use std::time::{Duration, SystemTime};

use larder::error::{Error, Subject};
use larder::removal::Stock;
use larder::removal::prune::Policy;
use larder::removal::stock::Held;

use super::config::{Config, amount};
use super::output::Output;
use super::removal::{self, How, Task};
use super::session::{self, Shelf};

const EXAMPLES: &str = "\
Examples:
  larder prune --dry-run
  larder prune --unused-for 30d --yes
  larder prune --keep 500GB --yes

Goes: commits to which no branch or tag leads any more, unless they were pulled by their id or are in
a folder of --local-dir; commits that no view shows any more, because another tool removed them there;
and after a week contents that no commit has and unfinished files, since a pull may go on with them. A view on a disk that is not there now has
lost nothing. Where the caches are on two disks, --keep is for each of the two stores.

Last use is the last pull, also one that found everything here: programs that read a model leave no
trace that could be trusted.";

/// Long enough to go on with a pull after a holiday.
const UNFINISHED_FOR: &str = "7d";

/// `larder prune …`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Prune {
    /// Also commits that were not pulled for this long: `30d`, `12h`, `2w`
    #[arg(long, value_name = "AGE", value_parser = amount::parse_age)]
    unused_for: Option<Duration>,

    /// Also commits, the least recently used first, until the contents take no more than this
    #[arg(long, value_name = "SIZE", value_parser = amount::parse_bytes)]
    keep: Option<u64>,

    /// How long to keep what an interrupted pull may go on with
    #[arg(long, value_name = "AGE", default_value = UNFINISHED_FOR, value_parser = amount::parse_age)]
    partials_older_than: Duration,

    #[command(flatten)]
    pub(crate) how: How,
}

/// Removes what nothing needs.
pub(crate) fn run(args: &Prune, config: &Config, output: &mut Output) -> Result<(), Error> {
    let policy = Policy {
        unused_for: args.unused_for,
        keep_bytes: args.keep,
        unfinished_for: args.partials_older_than,
        now: SystemTime::now(),
    };
    let mark = |shelf: &Shelf, stock: &Stock, _is_again| {
        let shown = stock.commits.iter().map(Held::shown);
        let shown = shown.collect::<Result<Vec<_>, _>>();
        let shown = shown.map_err(|cause| cause.on_path("look through", shelf.store.root()))?;
        Ok(policy.mark(stock, &shown))
    };
    let task = Task {
        subject: Subject::Local(config.store.path.clone()),
        nothing: "nothing to prune",
        mark: &mark,
        is_swept: true,
    };
    removal::run(&task, &session::shelves(config)?, &args.how, config, output)
}
