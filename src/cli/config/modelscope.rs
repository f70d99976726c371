//! What is set for ModelScope: where it is, where its caches are, and the token for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use larder::error::Error;
use larder::fs::read_small;
use larder::hub::login;
use larder::hub::modelscope::{DEFAULT_ENDPOINT, INTERNATIONAL_ENDPOINT};
use larder::hub::token::{Token, TokenOrigin};
use larder::hub::wire::Endpoint;
use larder::view::View;
use larder::view::modelscope::MsCache;
use larder::view::modelscope::legacy::MsLegacyCache;

use super::layers::{Layers, flag, from_file, usable_endpoint};
use super::{Origin, Setting, place};
use crate::cli::args::LayoutArg;

/// The settings of the ModelScope half.
#[derive(Debug)]
pub(crate) struct ModelScope {
    pub(crate) endpoint: Setting<Endpoint>,
    /// How the cache is laid out.
    pub(crate) layout: LayoutArg,
    /// The cache in the layout of now.
    current: Setting<PathBuf>,
    /// The cache in the layout of the older clients.
    legacy: Setting<PathBuf>,
    /// The folder with the official client's login.
    pub(crate) credentials: Setting<PathBuf>,
    /// What `--token` gave.
    flag: Option<SecretString>,
    /// `MODELSCOPE_API_TOKEN`: for the site at `endpoint`, and for no other.
    variable: Option<SecretString>,
}

impl ModelScope {
    pub(super) fn of(layers: &Layers<'_>) -> Result<Self, Error> {
        Ok(Self {
            endpoint: endpoint(layers)?,
            layout: layers.hub.layout,
            current: cache(layers, ".cache/modelscope"),
            legacy: cache(layers, ".cache/modelscope/hub"),
            credentials: credentials(layers),
            flag: layers.hub.token.clone(),
            variable: layers
                .env
                .get("MODELSCOPE_API_TOKEN")
                .map(SecretString::from),
        })
    }

    /// The cache that is filled.
    pub(crate) fn cache(&self) -> &Setting<PathBuf> {
        match self.layout {
            LayoutArg::Current => &self.current,
            LayoutArg::Legacy => &self.legacy,
        }
    }

    /// The view that is filled.
    pub(crate) fn view(&self) -> Arc<dyn View> {
        let root = self.cache().value.clone();
        match self.layout {
            LayoutArg::Current => Arc::new(MsCache::new(root)),
            LayoutArg::Legacy => Arc::new(MsLegacyCache::new(root)),
        }
    }

    /// The token for the site at `endpoint`. As with the official client, an empty `--token` means
    /// that none is to be shown.
    pub(crate) fn token(&self) -> Option<Token> {
        const NAME: &str = "MODELSCOPE_API_TOKEN";
        if let Some(flag) = &self.flag {
            return Self::given(flag);
        }
        let variable = self.variable.as_ref();
        variable
            .and_then(|text| Token::new(text.expose_secret(), TokenOrigin::Variable(NAME)))
            .or_else(|| self.login(self.endpoint.value.url()))
    }

    /// The token for the international site when nobody configured it: one that was given for this
    /// very command, or the login there.
    pub(crate) fn token_elsewhere(&self) -> Option<Token> {
        match &self.flag {
            Some(flag) => Self::given(flag),
            None => self.login(&Url::parse(INTERNATIONAL_ENDPOINT).ok()?),
        }
    }

    /// The official client's login at `endpoint`. What cannot be read is no login, as it is to the
    /// client.
    fn login(&self, endpoint: &Url) -> Option<Token> {
        login::token(&self.jar()?, &self.jar_path(), endpoint, SystemTime::now())
    }

    fn jar_path(&self) -> PathBuf {
        self.credentials.value.join("cookies")
    }

    fn jar(&self) -> Option<Vec<u8>> {
        read_small(&self.jar_path(), login::MAX_BYTES).ok()?
    }

    fn given(flag: &SecretString) -> Option<Token> {
        Token::new(flag.expose_secret(), TokenOrigin::Flag)
    }

    /// What must not be printed; `--token` is among the tokens of the other hub.
    pub(crate) fn secrets(&self) -> Vec<SecretString> {
        let text = self.variable.as_ref().map(ExposeSecret::expose_secret);
        // All of them: a fallback may be at another endpoint than the one that was typed.
        let logins = login::secrets(&self.jar().unwrap_or_default());
        let given = std::iter::once(text.unwrap_or_default());
        let all = given.chain(logins.iter().map(ExposeSecret::expose_secret));
        all.flat_map(super::token::forms).collect()
    }
}

/// `--endpoint`, `MODELSCOPE_ENDPOINT`, `MODELSCOPE_DOMAIN`, the config file, the usual site
/// (`modelscope_hub`: `config.HubConfig.__post_init__`).
fn endpoint(layers: &Layers<'_>) -> Result<Setting<Endpoint>, Error> {
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

/// What both variables name is the root of either layout; by default there are two.
fn cache(layers: &Layers<'_>, usual: &str) -> Setting<PathBuf> {
    let mut cache = flag("--cache-dir", layers.hub.cache_dir.clone())
        .or_else(|| layers.folder("MODELSCOPE_CACHE"))
        .or_else(|| layers.folder("MS_CACHE_HOME"))
        .unwrap_or_else(|| Setting::default(home(layers).join(usual)));
    cache.value = place::resolved(&cache.value);
    cache
}

fn credentials(layers: &Layers<'_>) -> Setting<PathBuf> {
    let in_home = |mut home: Setting<PathBuf>| {
        home.value.push("credentials");
        home
    };
    layers
        .folder("MODELSCOPE_CREDENTIALS_PATH")
        .or_else(|| layers.folder("MODELSCOPE_HOME").map(in_home))
        .unwrap_or_else(|| Setting::default(home(layers).join(".modelscope/credentials")))
}

fn home<'a>(layers: &Layers<'a>) -> &'a Path {
    layers.around.home.as_deref().unwrap_or(Path::new("."))
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
            (
                endpoint.value.url().to_string(),
                endpoint.origin.to_string(),
            )
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

    #[test]
    fn the_caches_of_both_layouts_are_where_the_clients_look() {
        let caches = |pairs: [(&'static str, &'static str); 1]| {
            let config = resolve(pairs).modelscope;
            [&config.current, &config.legacy, &config.credentials]
                .map(|folder| folder.value.display().to_string())
        };
        assert_eq!(
            caches([("TERM", "dumb")]),
            [
                "/nowhere/ann/.cache/modelscope",
                "/nowhere/ann/.cache/modelscope/hub",
                "/nowhere/ann/.modelscope/credentials"
            ]
        );
        let named = caches([("MODELSCOPE_CACHE", "/nowhere/ms")]);
        assert_eq!(named[..2], ["/nowhere/ms", "/nowhere/ms"]);
        let home = caches([("MODELSCOPE_HOME", "/nowhere/h")]);
        assert_eq!(home[2], "/nowhere/h/credentials");
        let folder = caches([("MODELSCOPE_CREDENTIALS_PATH", "/nowhere/c")]);
        assert_eq!(folder[2], "/nowhere/c");
    }

    #[test]
    fn the_clients_login_is_the_last_place_and_for_its_host() {
        let dir = tempfile::tempdir().unwrap();
        let jar = include_bytes!("../../../fuzz/corpus/cookie_jar/both_sites");
        std::fs::write(dir.path().join("cookies"), jar).unwrap();
        let mut config = resolve([("TERM", "dumb")]).modelscope;
        config.credentials.value = dir.path().to_owned();
        let place = dir.path().join("cookies").display().to_string();
        let origin = |token: Option<Token>| token.map(|token| token.origin().to_string());
        assert_eq!(origin(config.token()), Some(place.clone()));
        assert_eq!(origin(config.token_elsewhere()), Some(place));
        let secrets: Vec<String> = config
            .secrets()
            .iter()
            .map(|secret| secret.expose_secret().to_owned())
            .collect();
        assert_eq!(secrets, ["cn-0001", "ai-0002"]);
        config.variable = Some("ms-1".into());
        assert_eq!(
            origin(config.token()).as_deref(),
            Some("MODELSCOPE_API_TOKEN")
        );
        config.variable = None;
        config.endpoint.value = Endpoint::parse("https://mirror.example").unwrap();
        assert_eq!(origin(config.token()), None);
        assert_eq!(config.secrets().len(), 2, "a fallback may show either");
        config.flag = Some(String::new().into());
        assert_eq!(origin(config.token_elsewhere()), None);
    }
}
