//! `larder rm`: repos, revisions and single files, out of the store and out of where tools see them.

use std::path::PathBuf;

use larder::error::{Cause, Error, Subject};
use larder::redact::{without_tokens, without_url_secrets};
use larder::reference::Reference;
use larder::removal::target::Wish;
use larder::removal::{Marks, Stock};
use larder::repo::HubName;
use larder::select::Selection;
use larder::view::huggingface::HfCache;

use super::config::Config;
use super::output::Output;
use super::removal::{self, How, Task};
use super::session::{self, Shelf};

const EXAMPLES: &str = "\
Examples:
  larder rm Qwen/Qwen3-8B                       every commit of the repo
  larder rm org/name@v1 org/other@0123456789ab  a tag, and a commit by the beginning of its id
  larder rm org/name --file onnx/model.onnx --include '*.bin'
  larder rm bartowski/X-GGUF:Q4_K_M --dry-run   one quantisation; only say what would go

A branch or tag whose commit something else leads to loses its name alone. What another repo or
revision needs stays, and so does whatever larder did not put there.";

/// `larder rm …`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Rm {
    /// [hub:]owner/name[@revision][:quant], or a page URL of the hub
    #[arg(value_name = "REF", required = true)]
    references: Vec<String>,

    /// Only this file, or this folder with a trailing `/` (repeatable)
    #[arg(long = "file", value_name = "PATH")]
    files: Vec<String>,

    /// Only files that match (repeatable; `*` crosses `/`)
    #[arg(long, value_name = "GLOB")]
    include: Vec<String>,

    /// Not the files that match (repeatable)
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,

    #[command(flatten)]
    pub(crate) how: How,
}

/// Removes what the references name.
pub(crate) fn run(args: &Rm, config: &Config, output: &mut Output) -> Result<(), Error> {
    let wishes = args
        .references
        .iter()
        .map(|text| wish(args, text, config))
        .collect::<Result<Vec<_>, _>>()?;
    let mark = |shelf: &Shelf, stock: &Stock, is_again: bool| {
        let mut marks = Marks::default();
        let here = |wish: &&Wish| shelf.hubs.contains(&wish.reference.hub);
        for wish in wishes.iter().filter(here) {
            match wish.mark(stock, &mut marks) {
                // Somebody else has removed it since it was shown.
                Err(Cause::NotStored(_) | Cause::NoMatch { .. } | Cause::FileNotFound { .. })
                    if is_again => {}
                marked => marked
                    .map_err(|cause| with_elsewhere(cause, wish, config))
                    .map_err(|cause| cause.on_repo("remove", &wish.reference))?,
            }
        }
        Ok(marks)
    };
    let texts: Vec<String> = wishes
        .iter()
        .map(|wish| wish.reference.to_string())
        .collect();
    let task = Task {
        subject: Subject::Repo(texts.join(" ")),
        nothing: "nothing to remove",
        mark: &mark,
        is_swept: false,
    };
    removal::run(&task, &session::shelves(config)?, &args.how, config, output)
}

fn wish(args: &Rm, text: &str, config: &Config) -> Result<Wish, Error> {
    let reference = Reference::parse_on(text, &config.sites()).map_err(|cause| Error {
        doing: "understand",
        subject: Subject::Text(without_tokens(&without_url_secrets(text))),
        cause,
    })?;
    let selection = Selection {
        names: args.files.clone(),
        include: args.include.clone(),
        exclude: args.exclude.clone(),
        ..Selection::default()
    };
    Ok(Wish::new(reference, selection))
}

/// Says where another program keeps what larder has not.
fn with_elsewhere(cause: Cause, wish: &Wish, config: &Config) -> Cause {
    match cause {
        Cause::NotStored(mut missing) => {
            missing.elsewhere = in_cache(wish, config);
            Cause::NotStored(missing)
        }
        other => other,
    }
}

fn in_cache(wish: &Wish, config: &Config) -> Option<PathBuf> {
    let Reference {
        hub,
        repo,
        revision,
        ..
    } = &wish.reference;
    if *hub != HubName::HuggingFace || !wish.selection.is_everything() {
        return None;
    }
    let cache = HfCache::new(config.hub_cache.value.clone(), config.use_symlinks.value);
    let part = cache.repo(repo);
    let folder = match revision {
        None => part.folder().to_owned(),
        Some(revision) => {
            let noted = part.read_ref(revision).ok().flatten();
            part.snapshot_dir(&revision.as_commit().or(noted)?)
        }
    };
    folder.is_dir().then_some(folder)
}
