//! `larder pull`: the request, the runtime, and what is printed when it is over.

use std::time::Instant;

use tokio_util::sync::CancellationToken;

use larder::error::{Cause, Error, Subject};
use larder::pull::{Outcome, Request};
use larder::redact::{without_tokens, without_url_secrets};
use larder::reference::{Entry, Reference};
use larder::repo::{HubName, Revision};
use larder::select::Selection;
use larder::session::Session;

use super::args::LayoutArg;
use super::config::Config;
use super::interrupt::Watch;
use super::output::{Output, Voice};
use super::progress::Progress;
use super::session::Site;
use super::{render, runtime, session};

mod args;
mod fallback;

pub(crate) use args::Pull;

/// Who gives bytes besides the hub that is asked.
struct Supply {
    fallbacks: Vec<fallback::Named>,
    is_spread: bool,
}

impl Supply {
    fn check(&self) -> Result<(), Error> {
        if !self.is_spread || !self.fallbacks.is_empty() {
            return Ok(());
        }
        Err(Error {
            doing: "use",
            subject: Subject::Text("--spread".to_owned()),
            cause: Cause::Usage {
                why: "there is nothing to spread the pull over".to_owned(),
                hint: Some("name another origin with --fallback".to_owned()),
            },
        })
    }

    /// `elsewhere` is the configuration for hubs that are not the one that is asked.
    fn add_to(
        &self,
        session: &mut Session,
        asked: &Reference,
        site: Site,
        elsewhere: &dyn Fn() -> Result<Config, Error>,
    ) -> Result<(), Error> {
        if !self.fallbacks.is_empty() {
            let around = fallback::Neighbours {
                hub: &session.hub,
                site,
                config: &elsewhere()?,
                sink: &session.sink,
                stop: &session.stop,
            };
            session.fallbacks = fallback::open(&self.fallbacks, asked, &around)?;
        }
        session.limits.is_spread = self.is_spread;
        Ok(())
    }
}

/// Pulls, and prints the path (or the plan) on stdout and a summary on stderr.
/// `elsewhere` is the configuration without what was typed for the hub that is asked.
pub(crate) fn run(
    args: &Pull,
    config: &Config,
    elsewhere: &dyn Fn() -> Result<Config, Error>,
    output: &mut Output,
) -> Result<(), Error> {
    let begun = Instant::now();
    let request = request(args, config)?;
    let site = Site::of(&request.reference, &args.reference, config);
    let supply = Supply {
        fallbacks: fallback::named(&args.fallback, &request.reference, site, config)?,
        is_spread: args.spread,
    };
    supply.check()?;
    let progress = Progress::start(config.progress.value, config.secrets());
    let outcome = pull(
        args,
        &request,
        config,
        &|session| supply.add_to(session, &request.reference, site, elsewhere),
        site,
        &progress,
    );
    progress.finish();
    match outcome? {
        Outcome::Pulled(summary) => {
            if output.voice == Voice::Events {
                let mut event = render::pulled_json(&summary, request.reference.hub);
                event["event"] = "finished".into();
                output.event(&event);
            } else {
                output.say(&render::pulled(&summary, begun.elapsed()));
            }
            if output.is_json {
                answer_json(
                    &render::pulled_json(&summary, request.reference.hub),
                    output,
                )
            } else {
                output.answer_path(&summary.path)
            }
        }
        Outcome::Planned(plan) if output.is_json => {
            answer_json(&render::planned_json(&plan, request.reference.hub), output)
        }
        Outcome::Planned(plan) => output.answer(&render::planned(&plan, output.width)),
    }
}

fn answer_json(document: &serde_json::Value, output: &mut Output) -> Result<(), Error> {
    output.answer(&format!("{document}\n"))
}

/// Runs the pull on a runtime that is gone when this returns.
fn pull(
    args: &Pull,
    request: &Request,
    config: &Config,
    supply: &dyn Fn(&mut Session) -> Result<(), Error>,
    site: Site,
    progress: &Progress,
) -> Result<Outcome, Error> {
    let stop = CancellationToken::new();
    let _watch = Watch::start(stop.clone(), progress.sink());
    runtime::block_on(async {
        let mut session = session::open(config, site, progress.sink(), stop)?;
        if let Some(dir) = &args.folder.local_dir {
            session::into_folder(&mut session, dir, args.folder.link.into(), args.force)?;
        }
        supply(&mut session)?;
        larder::pull::pull(&session, request).await
    })
}

fn request(args: &Pull, config: &Config) -> Result<Request, Error> {
    let refuse = |cause: Cause| {
        let subject = Subject::Text(without_tokens(&without_url_secrets(&args.reference)));
        Error {
            doing: "understand",
            subject,
            cause,
        }
    };
    let reference = Reference::parse_on(&args.reference, &config.sites()).map_err(refuse)?;
    let reference = with_revision(reference, args.choice.revision.as_deref()).map_err(refuse)?;
    if reference.hub != HubName::ModelScope && args.hub.layout != LayoutArg::Current {
        return Err(refuse(Cause::Usage {
            why: "`--layout` is for the cache of ModelScope, and the repo is on Hugging Face"
                .into(),
            hint: None,
        }));
    }
    Ok(Request {
        selection: selection(args, &reference),
        reference,
        is_forced: args.force,
        is_dry_run: args.dry_run,
    })
}

/// `--revision` is another way to write `@…`; both at once have to agree.
fn with_revision(mut reference: Reference, option: Option<&str>) -> Result<Reference, Cause> {
    let Some(option) = option else {
        return Ok(reference);
    };
    let revision = Revision::parse(option).map_err(|bad| Cause::Usage {
        why: format!("`--revision {option}` is not a revision: {bad}"),
        hint: Some("a revision is a branch, a tag, `refs/pr/N` or a full commit id".to_owned()),
    })?;
    match &reference.revision {
        Some(named) if *named != revision => Err(Cause::Usage {
            why: format!("it names the revision `{named}` and --revision names `{revision}`"),
            hint: Some("give the revision once".to_owned()),
        }),
        _ => {
            reference.revision = Some(revision);
            Ok(reference)
        }
    }
}

fn selection(args: &Pull, reference: &Reference) -> Selection {
    let mut names = args.files.clone();
    names.extend(reference.path.as_ref().map(Entry::to_name));
    Selection {
        names,
        include: args.choice.include.clone(),
        exclude: args.choice.exclude.clone(),
        quant: reference.quant.clone(),
        weights: args.choice.weights,
    }
}

#[cfg(test)]
mod tests {
    use larder::repo::{RepoId, RepoKind, RepoPath};

    use super::args::{Choice, IntoFolder};
    use super::*;
    use crate::cli::args::Hub;

    fn reference(revision: Option<&str>) -> Reference {
        Reference {
            hub: HubName::HuggingFace,
            repo: RepoId::parse(RepoKind::Model, "org/name").unwrap(),
            revision: revision.map(|text| Revision::parse(text).unwrap()),
            quant: Some("Q4_K_M".into()),
            path: Some(Entry::File(RepoPath::parse("sub/x.gguf").unwrap())),
        }
    }

    #[test]
    fn the_revision_is_given_once_or_twice_the_same() {
        let revision = |named, option| {
            let reference = with_revision(reference(named), option)?;
            Ok(reference.revision.map(|revision| revision.to_string()))
        };
        let ok = |text: &str| Ok::<_, Cause>(Some(text.to_owned())).ok();
        assert_eq!(revision(None, Some("v1")).ok(), ok("v1"));
        assert_eq!(revision(Some("v1"), None).ok(), ok("v1"));
        assert_eq!(revision(Some("v1"), Some("v1")).ok(), ok("v1"));
        for (named, option) in [(Some("v1"), "v2"), (None, "a b")] {
            let refused: Result<_, Cause> = revision(named, Some(option));
            assert_eq!(refused.unwrap_err().kind().exit_code(), 2);
        }
    }

    #[test]
    fn the_selection_joins_reference_and_options() {
        let args = Pull {
            reference: "org/name".into(),
            files: vec!["a.txt".into()],
            choice: Choice {
                include: vec!["*.json".into()],
                ..Choice::default()
            },
            folder: IntoFolder::default(),
            dry_run: false,
            force: false,
            fallback: Vec::new(),
            spread: false,
            hub: Hub::default(),
        };
        let selection = selection(&args, &reference(None));
        assert_eq!(selection.names, ["a.txt", "sub/x.gguf"]);
        assert_eq!(selection.include, ["*.json"]);
        assert_eq!(selection.quant.as_deref(), Some("Q4_K_M"));
    }
}
