//! The HTTP clients: how larder appears on the network.
//!
//! Two of them, built when first used: one that may speak HTTP/2, for many short questions, and one
//! for file contents that keeps to HTTP/1.1, where each range has a connection of its own. Neither
//! follows redirects, keeps cookies, decodes bodies or retries: `send` and
//! `attempts` do what of that is wanted, where it can be seen.
//!
//! Proxies come from the system (`HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`), trust from the
//! platform's store. On Unix apart from macOS that store already means `SSL_CERT_FILE` and
//! `SSL_CERT_DIR` where those are set (`rustls-native-certs`).

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use reqwest::{Certificate, ClientBuilder, redirect, retry};

use crate::error::Cause;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A connection that many requests share is asked whether it still lives.
const PING_EVERY: Duration = Duration::from_secs(10);
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// What the caller may set.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `HF_HUB_USER_AGENT_ORIGIN`: appended to the user agent as `origin/…`.
    pub user_agent_origin: Option<String>,
    /// A file of PEM certificates to trust in place of the platform's: `SSL_CERT_FILE` on platforms
    /// whose store does not look at that variable (macOS, Windows).
    pub ca_bundle: Option<PathBuf>,
}

/// The clients of one hub; nothing is built before the first request.
#[derive(Debug, Default)]
pub struct Client {
    options: Options,
    api: OnceLock<reqwest::Client>,
    body: OnceLock<reqwest::Client>,
}

/// Which of the clients a request uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Short questions.
    Api,
    /// File contents.
    Body,
}

impl Client {
    /// Clients that will be built with `options`.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            ..Self::default()
        }
    }

    pub(crate) fn lane(&self, lane: Lane) -> Result<&reqwest::Client, Cause> {
        let cell = match lane {
            Lane::Api => &self.api,
            Lane::Body => &self.body,
        };
        if let Some(client) = cell.get() {
            return Ok(client);
        }
        let client = build(&self.options, lane)?;
        Ok(cell.get_or_init(|| client))
    }
}

fn build(options: &Options, lane: Lane) -> Result<reqwest::Client, Cause> {
    // Said even where this build could decode: a workspace may switch the decoders on.
    let mut builder = ClientBuilder::new()
        .no_gzip()
        .no_brotli()
        .no_deflate()
        .no_zstd()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .tcp_keepalive(Duration::from_secs(30))
        .user_agent(user_agent(options.user_agent_origin.as_deref()))
        .default_headers(HeaderMap::from_iter([(
            ACCEPT_ENCODING,
            HeaderValue::from_static("identity"),
        )]));
    builder = match lane {
        Lane::Api => builder
            .http2_keep_alive_interval(PING_EVERY)
            .http2_keep_alive_timeout(PING_EVERY),
        Lane::Body => builder.http1_only(),
    };
    if let Some(path) = &options.ca_bundle {
        let pem = std::fs::read(path).map_err(|source| Cause::Io {
            action: "read",
            path: path.clone(),
            source,
        })?;
        let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| no_tls(&error))?;
        builder = builder.tls_certs_only(certificates);
    }
    builder.build().map_err(|error| no_tls(&error))
}

/// Only TLS can fail to be set up: the rest of a client is constant.
fn no_tls(error: &reqwest::Error) -> Cause {
    let mut last: &dyn std::error::Error = error;
    while let Some(source) = last.source() {
        last = source;
    }
    Cause::Usage {
        why: format!(
            "cannot set up TLS: {}",
            crate::redact::clean(&last.to_string())
        ),
        hint: Some("check SSL_CERT_FILE and SSL_CERT_DIR".to_owned()),
    }
}

fn user_agent(origin: Option<&str>) -> String {
    let own = concat!("larder/", env!("CARGO_PKG_VERSION"));
    let is_plain = |c: &char| *c == ' ' || c.is_ascii_graphic();
    let origin: String = origin
        .unwrap_or_default()
        .trim()
        .chars()
        .filter(is_plain)
        .collect();
    match origin.as_str() {
        "" => own.to_owned(),
        origin => format!("{own}; origin/{origin}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_agents() {
        let own = concat!("larder/", env!("CARGO_PKG_VERSION"));
        assert_eq!(user_agent(None), own);
        assert_eq!(user_agent(Some(" ")), own);
        assert_eq!(
            user_agent(Some("my tool\r\nX: y")),
            format!("{own}; origin/my toolX: y")
        );
    }

    #[test]
    fn a_client_is_built_once_when_asked_for() {
        let client = Client::default();
        assert!(client.body.get().is_none());
        client.lane(Lane::Body).unwrap();
        assert!(client.body.get().is_some());
        assert!(client.api.get().is_none());
    }

    #[test]
    fn a_bundle_that_is_not_there_is_named() {
        let ca_bundle = Some("/nowhere/ca.pem".into());
        let client = Client::new(Options {
            ca_bundle,
            ..Options::default()
        });
        assert!(matches!(client.lane(Lane::Api), Err(Cause::Io { .. })));
    }
}
