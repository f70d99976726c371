//! `--fallback` and the config file's `[fallback]` → the repos that may stand in for the one asked for.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;

use larder::error::{Cause, Error, Subject};
use larder::hub::Hub;
use larder::hub::wire::Endpoint;
use larder::origin::{At, Fallback};
use larder::redact::{without_tokens, without_url_secrets};
use larder::reference::Reference;
use larder::repo::{HubName, RepoId, Revision};
use larder::report::Sink;

use crate::cli::config::Config;
use crate::cli::session::{Site, hubs};

/// In the config file: for every repo.
const EVERY: &str = "*";

/// A fallback as it was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// A mirror of the hub that is asked, with the same repo.
    Mirror(Endpoint),
    /// A repo at a hub.
    Repo {
        hub: HubName,
        /// Which of the hub's sites.
        site: Site,
        repo: RepoId,
        revision: Option<Revision>,
    },
}

/// The fallbacks of a pull: those that were given, or else those of the config file.
pub(super) fn named(
    given: &[SecretString],
    asked: &Reference,
    asked_site: Site,
    config: &Config,
) -> Result<Vec<Named>, Error> {
    let endpoint = hubs::endpoint(config, asked_site)?;
    let is_itself = |named: &Named| match named {
        Named::Mirror(mirror) => endpoint.is_same_hub(mirror),
        Named::Repo {
            hub: _,
            site,
            repo,
            revision,
        } => {
            let is_same = (*site, repo) == (asked_site, &asked.repo);
            is_same && (revision.is_none() || *revision == asked.revision)
        }
    };
    if given.is_empty() {
        let mut all = of_file(asked, config)?;
        // What is listed for every repo may be the hub itself.
        all.retain(|named| !is_itself(named));
        return Ok(all);
    }
    let read = |text: &SecretString| {
        let text = text.expose_secret();
        let named =
            parse(text, asked, config).map_err(|cause| refused("--fallback", text, cause))?;
        if is_itself(&named) {
            let why = "that is what is asked anyway".to_owned();
            let hint = Some("name another repo, or the base URL of a mirror".to_owned());
            return Err(refused("--fallback", text, Cause::Usage { why, hint }));
        }
        Ok(named)
    };
    given.iter().map(read).collect()
}

/// What the config file lists for the repo, and after that what it lists for all.
fn of_file(asked: &Reference, config: &Config) -> Result<Vec<Named>, Error> {
    let (mut own, mut every) = (Vec::new(), Vec::new());
    for (key, texts) in &config.fallbacks {
        let list = if key == EVERY {
            &mut every
        } else {
            let repo = Reference::parse_on(key, &config.sites());
            let repo = repo.map_err(|cause| refused("[fallback]", key, cause))?;
            if (repo.hub, &repo.repo) != (asked.hub, &asked.repo) {
                continue;
            }
            &mut own
        };
        for text in texts {
            let named = parse(text, asked, config);
            list.push(named.map_err(|cause| refused("[fallback]", text, cause))?);
        }
    }
    own.extend(every);
    Ok(own)
}

/// A repo, `hub:` for the repo of the same name there, or the base URL of a mirror.
fn parse(text: &str, asked: &Reference, config: &Config) -> Result<Named, Cause> {
    let text = text.trim();
    let is_web = ["http://", "https://"]
        .iter()
        .any(|scheme| text.to_ascii_lowercase().starts_with(scheme));
    let reference = if text.ends_with(':') {
        Reference::parse_on(&format!("{text}{}", asked.repo), &config.sites())?
    } else {
        match Reference::parse_on(text, &config.sites()) {
            Ok(page) => page,
            // A page of a hub that is no repo's is not the base of anything.
            Err(cause) if !is_web || config.sites().has_page(text) => return Err(cause),
            Err(_) => return Ok(Named::Mirror(Endpoint::parse(text)?)),
        }
    };
    if reference.quant.is_some() || reference.path.is_some() {
        return Err(Cause::Usage {
            why: "a fallback is a repo; which files are taken is said by what is pulled".to_owned(),
            hint: Some("write `owner/name`, `owner/name@revision` or `ms:owner/name`".to_owned()),
        });
    }
    Ok(Named::Repo {
        hub: reference.hub,
        site: Site::of(&reference, text, config),
        repo: reference.repo,
        revision: reference.revision,
    })
}

fn refused(what: &str, text: &str, cause: Cause) -> Error {
    let text = without_tokens(&without_url_secrets(text));
    Error {
        doing: "use",
        subject: Subject::Text(format!("{what} {text}")),
        cause,
    }
}

/// Where the hub that is asked is, and how others are reached.
pub(super) struct Neighbours<'a> {
    pub(super) hub: &'a Arc<dyn Hub>,
    pub(super) site: Site,
    /// For another hub: `--endpoint` and `--token` are meant for the one that is asked.
    pub(super) config: &'a Config,
    pub(super) sink: &'a Arc<dyn Sink>,
    pub(super) stop: &'a CancellationToken,
}

/// Builds the adapters.
pub(super) fn open(
    all: &[Named],
    asked: &Reference,
    around: &Neighbours<'_>,
) -> Result<Vec<Fallback>, Error> {
    let Neighbours {
        hub,
        site: asked_site,
        config,
        sink,
        stop,
    } = *around;
    let mut fallbacks = Vec::new();
    for named in all {
        let fallback = match named {
            // The token is the hub's own: a mirror is somebody else.
            Named::Mirror(endpoint) => Fallback {
                hub: hubs::mirror(config, asked_site, endpoint.clone(), sink, stop),
                name: asked.hub,
                repo: asked.repo.clone(),
                at: At::Mirror,
            },
            Named::Repo {
                hub: name,
                site,
                repo,
                revision,
            } => Fallback {
                hub: if *site == asked_site {
                    Arc::clone(hub)
                } else {
                    hubs::at(config, *site, sink, stop)?
                },
                name: *name,
                repo: repo.clone(),
                at: At::Revision(revision.clone().unwrap_or_else(|| name.default_revision())),
            },
        };
        fallbacks.push(fallback);
    }
    Ok(fallbacks)
}

#[cfg(test)]
mod tests {
    use larder::error::Kind;
    use url::Url;

    use super::*;
    use crate::cli::config::testing::resolve;

    fn asked() -> Reference {
        let endpoint = Url::parse("https://huggingface.co").unwrap();
        Reference::parse("org/name@v1", &endpoint).unwrap()
    }

    fn given(texts: &[&str]) -> Result<Vec<String>, Error> {
        let texts: Vec<_> = texts.iter().map(|&text| SecretString::from(text)).collect();
        let all = named(&texts, &asked(), Site::HuggingFace, &resolve([]))?;
        Ok(all.iter().map(shown).collect())
    }

    fn shown(named: &Named) -> String {
        match named {
            Named::Mirror(endpoint) => endpoint.to_string(),
            Named::Repo {
                hub,
                repo,
                revision,
                site: _,
            } => format!("{hub}:{repo} {revision:?}"),
        }
    }

    #[test]
    fn a_fallback_is_a_repo_or_a_mirror() {
        for (text, expected) in [
            ("other/name", "hf:other/name None"),
            (
                "hf:other/name@main",
                "hf:other/name Some(Revision(\"main\"))",
            ),
            ("https://huggingface.co/other/name", "hf:other/name None"),
            ("https://mirror.example", "https://mirror.example"),
            (
                "http://mirror.example:8080/hf/",
                "http://mirror.example:8080/hf",
            ),
            ("org/name@v2", "hf:org/name Some(Revision(\"v2\"))"),
        ] {
            assert_eq!(given(&[text]).unwrap(), [expected], "{text}");
        }
    }

    #[test]
    fn what_is_none_is_refused_without_its_secrets() {
        for text in [
            "",
            "a b",
            "org/name:Q4_K_M",
            "org/name",
            "hf:",
            "https://huggingface.co",
            "https://hf.co/",
            "https://huggingface.co/docs/x",
            "https://modelscope.cn/models",
            "https://u:s3cr3t@mirror.example/?token=s3cr3t",
        ] {
            let error = given(&[text]).unwrap_err();
            assert_eq!(error.cause.kind(), Kind::Usage, "{text}");
            assert!(!format!("{error}: {}", error.cause).contains("s3cr3t"));
        }
    }

    #[test]
    fn each_site_of_modelscope_is_one_of_its_own() {
        let config = resolve([]);
        let page = "https://u@www.modelscope.ai:443/models/org/name";
        let asked = Reference::parse_on(page, &config.sites()).unwrap();
        let site = Site::of(&asked, page, &config);
        assert_eq!(site, Site::ModelScopeInternational);
        let site_of = |text: &str| {
            let all = named(&[text.into()], &asked, site, &config)?;
            Ok::<_, Error>(match &all[0] {
                Named::Mirror(_) => None,
                Named::Repo { site, .. } => Some(*site),
            })
        };
        assert_eq!(
            site_of("ms:org/name@master").unwrap(),
            Some(Site::ModelScope)
        );
        let other = "https://www.modelscope.ai:443/models/other/name";
        assert_eq!(site_of(other).unwrap(), Some(Site::ModelScopeInternational));
        for itself in [
            "https://modelscope.ai/models/org/name",
            "https://www.modelscope.ai",
            "https://modelscope.ai",
        ] {
            assert!(site_of(itself).is_err(), "{itself}");
        }
    }

    #[test]
    fn the_file_lists_them_for_one_repo_and_for_all() {
        let mut config = resolve([]);
        let list = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        config.fallbacks = [
            ("*".to_owned(), list(&["https://m.example", "hf:"])),
            ("org/name".to_owned(), list(&["b/b"])),
            ("org/other".to_owned(), list(&["c/c"])),
        ]
        .into();
        let all = named(&[], &asked(), Site::HuggingFace, &config).unwrap();
        let all: Vec<_> = all.iter().map(shown).collect();
        assert_eq!(all, ["hf:b/b None", "https://m.example"]);
        let flag = [SecretString::from("d/d")];
        assert_eq!(
            named(&flag, &asked(), Site::HuggingFace, &config)
                .unwrap()
                .len(),
            1
        );
        config.fallbacks = [("a b".to_owned(), list(&[]))].into();
        assert_eq!(
            named(&[], &asked(), Site::HuggingFace, &config)
                .unwrap_err()
                .cause
                .kind(),
            Kind::Usage
        );
    }
}
