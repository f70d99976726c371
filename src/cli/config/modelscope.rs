//! What is set for ModelScope: where it is, and the token for it.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use larder::error::Error;
use larder::hub::modelscope::{DEFAULT_ENDPOINT, INTERNATIONAL_ENDPOINT};
use larder::hub::token::{Token, TokenOrigin};

use super::layers::{Layers, flag, from_file, usable_endpoint};
use super::{Origin, Setting, place};

/// The settings of the ModelScope half.
#[derive(Debug)]
pub(crate) struct ModelScope {
    pub(crate) endpoint: Setting<Url>,
    /// The cache that is filled.
    pub(crate) cache: Setting<PathBuf>,
    /// What `--token` gave.
    flag: Option<SecretString>,
    /// `MODELSCOPE_API_TOKEN`: for the site at `endpoint`, and for no other.
    variable: Option<SecretString>,
}

impl ModelScope {
    pub(super) fn of(layers: &Layers<'_>) -> Result<Self, Error> {
        Ok(Self {
            endpoint: endpoint(layers)?,
            cache: cache(layers),
            flag: layers.hub.token.clone(),
            variable: layers
                .env
                .get("MODELSCOPE_API_TOKEN")
                .map(SecretString::from),
        })
    }

    /// The token for the site at `endpoint`. As with the official client, an empty `--token` means
    /// that none is to be shown.
    pub(crate) fn token(&self) -> Option<Token> {
        const NAME: &str = "MODELSCOPE_API_TOKEN";
        match &self.flag {
            Some(flag) => Self::given(flag),
            None => Token::new(
                self.variable.as_ref()?.expose_secret(),
                TokenOrigin::Variable(NAME),
            ),
        }
    }

    /// The token for a site that nobody configured: only one that was given for this very command.
    pub(crate) fn token_elsewhere(&self) -> Option<Token> {
        Self::given(self.flag.as_ref()?)
    }

    fn given(flag: &SecretString) -> Option<Token> {
        Token::new(flag.expose_secret(), TokenOrigin::Flag)
    }

    /// What must not be printed; `--token` is among the tokens of the other hub.
    pub(crate) fn secrets(&self) -> Vec<SecretString> {
        let text = self.variable.as_ref().map(ExposeSecret::expose_secret);
        super::token::forms(text.unwrap_or_default()).collect()
    }
}

/// `--endpoint`, `MODELSCOPE_ENDPOINT`, `MODELSCOPE_DOMAIN`, the config file, the usual site
/// (`modelscope_hub`: `config.HubConfig.__post_init__`).
fn endpoint(layers: &Layers<'_>) -> Result<Setting<Url>, Error> {
    let given = layers.hub.endpoint.as_ref();
    let given = given.map(|text| text.expose_secret().to_owned());
    let preferred = layers
        .env
        .switch("MODELSCOPE_PREFER_AI_SITE")
        .filter(|is_preferred| *is_preferred)
        .map(|_| Setting {
            value: INTERNATIONAL_ENDPOINT.to_owned(),
            origin: Origin::Variable("MODELSCOPE_PREFER_AI_SITE"),
        });
    let text = flag("--endpoint", given)
        .or_else(|| layers.variable("MODELSCOPE_ENDPOINT", str::to_owned))
        .or_else(|| layers.variable("MODELSCOPE_DOMAIN", str::to_owned))
        .or_else(|| from_file(layers.file.modelscope_endpoint.clone()))
        .or(preferred)
        .unwrap_or_else(|| Setting::default(DEFAULT_ENDPOINT.to_owned()));
    usable_endpoint(&Setting {
        value: with_scheme(&text.value),
        ..text
    })
}

fn cache(layers: &Layers<'_>) -> Setting<PathBuf> {
    let home = layers.around.home.as_deref().unwrap_or(Path::new("."));
    let mut cache = flag("--cache-dir", layers.hub.cache_dir.clone())
        .or_else(|| layers.folder("MODELSCOPE_CACHE"))
        .unwrap_or_else(|| Setting::default(home.join(".cache").join("modelscope")));
    cache.value = place::resolved(&cache.value);
    cache
}

/// Tools hand on bare hosts.
fn with_scheme(text: &str) -> String {
    let text = text.trim();
    if text.contains("://") {
        text.to_owned()
    } else {
        format!("https://{text}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::config::testing::resolve;

    #[test]
    fn the_first_place_that_names_the_site_wins() {
        let endpoint = |pairs: &[(&str, &str)]| {
            let unset = ("TERM", "dumb");
            let pairs: [_; 3] = std::array::from_fn(|at| pairs.get(at).copied().unwrap_or(unset));
            let endpoint = resolve(pairs).modelscope.endpoint;
            (endpoint.value.to_string(), endpoint.origin.to_string())
        };
        let pair = |url: &str, origin: &str| (url.to_owned(), origin.to_owned());
        let (url, domain) = (
            ("MODELSCOPE_ENDPOINT", "https://a.example/"),
            ("MODELSCOPE_DOMAIN", "b.example"),
        );
        let international = ("MODELSCOPE_PREFER_AI_SITE", "1");
        assert_eq!(
            endpoint(&[url, domain, international]),
            pair("https://a.example/", "MODELSCOPE_ENDPOINT")
        );
        assert_eq!(
            endpoint(&[domain, international]),
            pair("https://b.example/", "MODELSCOPE_DOMAIN")
        );
        assert_eq!(endpoint(&[international]).0, "https://www.modelscope.ai/");
        assert_eq!(endpoint(&[]), pair("https://modelscope.cn/", "default"));
        assert_eq!(
            endpoint(&[("MODELSCOPE_DOMAIN", "http://x:1")]).0,
            "http://x:1/"
        );
    }

    #[test]
    fn a_token_is_for_the_configured_site_only() {
        let config = resolve([("MODELSCOPE_API_TOKEN", "ms-s3cr3t")]).modelscope;
        let origin = |token: Option<Token>| token.map(|token| token.origin().to_string());
        assert_eq!(
            origin(config.token()).as_deref(),
            Some("MODELSCOPE_API_TOKEN")
        );
        assert_eq!(origin(config.token_elsewhere()), None);
        assert!(!format!("{config:?}").contains("s3cr3t"));
        let given = ModelScope {
            flag: Some(" ".into()),
            ..config
        };
        assert_eq!(origin(given.token()), None, "an empty one means none");
    }
}
