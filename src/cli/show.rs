//! `larder show REF`: what is known of one commit on this disk, without a request.

use std::path::PathBuf;

use clap::ValueHint;

use larder::error::{Cause, Error, Subject};
use larder::inventory::detail::Detail;
use larder::inventory::find;
use larder::redact::{without_tokens, without_url_secrets};
use larder::reference::Reference;

use super::args;
use super::config::Config;
use super::output::Output;
use super::session;

mod document;
mod page;

const EXAMPLES: &str = "\
Examples:
  larder show Qwen/Qwen3-8B                   the branch that was pulled
  larder show org/name@v1.0                   another revision
  larder show org/name@5f3c0e1d               a commit, or its beginning
  larder show datasets/org/name --json        one document

Sends no request and hashes nothing: a file is `changed` when somebody wrote to it since its bytes
were proven. `larder verify` hashes.";

/// `larder show …`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Show {
    /// [hub:]owner/name[@revision]
    #[arg(value_name = "REF")]
    reference: String,

    /// The Hugging Face cache to look into
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    cache_dir: Option<PathBuf>,
}

impl Show {
    /// The options that the configuration knows.
    pub(crate) fn hub(&self) -> args::Hub {
        args::Hub {
            cache_dir: self.cache_dir.clone(),
            ..args::Hub::default()
        }
    }
}

/// Prints what is known.
pub(crate) fn run(show: &Show, config: &Config, output: &mut Output) -> Result<(), Error> {
    let reference = reference(show, config)?;
    let store = session::store(config, reference.hub)?;
    let on_repo = |cause: Cause| cause.on_repo("show", &reference);
    let census = store.census().map_err(on_repo)?;
    let record = find::current(&store, &census, &reference)
        .map_err(|cause| on_repo(elsewhere(cause, config, &reference)))?;
    let detail = Detail::take(&store, &census, record).map_err(on_repo)?;
    let text = if output.is_json {
        format!("{}\n", document::document(&detail))
    } else {
        page::page(&detail, output.width)
    };
    output.answer(&text)
}

fn reference(show: &Show, config: &Config) -> Result<Reference, Error> {
    let refuse = |cause: Cause| Error {
        doing: "understand",
        subject: Subject::Text(without_tokens(&without_url_secrets(&show.reference))),
        cause,
    };
    let reference = Reference::parse_on(&show.reference, &config.sites()).map_err(refuse)?;
    if reference.quant.is_some() || reference.path.is_some() {
        return Err(refuse(Cause::Usage {
            why: "it names a part of a repo".to_owned(),
            hint: Some(
                "`larder show` tells of all files of a revision: write `owner/name@revision`"
                    .to_owned(),
            ),
        }));
    }
    Ok(reference)
}

/// Says where the repo is, when it is here and not in the store.
fn elsewhere(mut cause: Cause, config: &Config, reference: &Reference) -> Cause {
    if let Cause::NotStored(what) = &mut cause
        && reference.revision.is_none()
    {
        what.elsewhere = find::seen_in(&session::views(config), reference);
    }
    cause
}
