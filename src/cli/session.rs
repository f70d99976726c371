//! Configuration → the library's [`Session`]: the one place that wires the rooms together.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use larder::error::{Error, Subject};
use larder::hub::client::{Client, Options};
use larder::hub::huggingface::HuggingFace;
use larder::hub::modelscope::{INTERNATIONAL_ENDPOINT, ModelScope};
use larder::hub::token::Token;
use larder::hub::wire::Endpoint;
use larder::hub::{Hub, setup};
use larder::redact::without_url_secrets;
use larder::reference::{Reference, is_international};
use larder::repo::HubName;
use larder::report::Sink;
use larder::session::Session;
use larder::store::Store;
use larder::transfer::Limits;
use larder::view::View;
use larder::view::huggingface::HfCache;

use super::config::{Config, Origin, Setting};

/// Where a pull goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Site {
    /// Hugging Face, or its mirror.
    HuggingFace,
    /// ModelScope at its endpoint.
    ModelScope,
    /// The international site of ModelScope, because of a URL of its pages and nothing else.
    ModelScopeInternational,
}

impl Site {
    /// The site of a reference that was typed as `text`.
    pub(crate) fn of(reference: &Reference, text: &str, config: &Config) -> Self {
        let is_configured = config.modelscope.endpoint.origin != Origin::Default;
        match reference.hub {
            HubName::HuggingFace => Self::HuggingFace,
            HubName::ModelScope if is_international(text) && !is_configured => {
                Self::ModelScopeInternational
            }
            HubName::ModelScope => Self::ModelScope,
        }
    }
}

/// Opens the store, and the cache and the hub of `site`, as `config` has them.
pub(crate) fn open(
    config: &Config,
    site: Site,
    sink: Arc<dyn Sink>,
    stop: CancellationToken,
) -> Result<Session, Error> {
    let root = match site {
        Site::HuggingFace => &config.store.path,
        Site::ModelScope | Site::ModelScopeInternational => &config.modelscope_store.path,
    };
    share(root);
    let store = Store::open(root).map_err(|cause| cause.on_path("open the store", root))?;
    let hub = hub(config, site, Arc::clone(&sink), stop.clone())?;
    Ok(Session {
        hub,
        store,
        view: view(config, site),
        sink,
        stop,
        limits: limits(config),
        is_offline: config.is_offline.value,
    })
}

fn view(config: &Config, site: Site) -> Arc<dyn View> {
    match site {
        Site::HuggingFace => Arc::new(HfCache::new(
            config.hub_cache.value.clone(),
            config.use_symlinks.value,
        )),
        Site::ModelScope | Site::ModelScopeInternational => config.modelscope.view(),
    }
}

fn hub(
    config: &Config,
    site: Site,
    sink: Arc<dyn Sink>,
    stop: CancellationToken,
) -> Result<Arc<dyn Hub>, Error> {
    let (url, token) = match site {
        Site::HuggingFace => (config.endpoint.value.as_str(), huggingface_token(config)?),
        Site::ModelScope => (
            config.modelscope.endpoint.value.as_str(),
            config.modelscope.token(),
        ),
        Site::ModelScopeInternational => {
            (INTERNATIONAL_ENDPOINT, config.modelscope.token_elsewhere())
        }
    };
    let endpoint = Endpoint::parse(url).map_err(|cause| Error {
        doing: "use the endpoint",
        subject: Subject::Text(without_url_secrets(url)),
        cause,
    })?;
    let client = Client::new(Options {
        user_agent_origin: config
            .user_agent_origin
            .as_ref()
            .filter(|_| site == Site::HuggingFace)
            .map(|origin| origin.value.clone()),
        ca_bundle: ca_bundle(config),
    });
    let setup = setup::Config {
        token,
        client: Arc::new(client),
        header_timeout: config.answer_timeout.value,
        stall: config.stall_timeout.value,
        ..setup::Config::new(endpoint, sink, stop)
    };
    Ok(match site {
        Site::HuggingFace => Arc::new(HuggingFace::new(setup)),
        Site::ModelScope | Site::ModelScopeInternational => Arc::new(ModelScope::new(setup)),
    })
}

fn huggingface_token(config: &Config) -> Result<Option<Token>, Error> {
    let token = config.tokens.find();
    token.map_err(|cause| cause.on_path("read", &config.tokens.path.value))
}

/// In a store whose folder belongs to a group (group-writable, with the set-group-id bit), what this
/// process creates is for the group to write as well, whatever the user's umask says of it.
#[cfg(unix)]
fn share(root: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;

    use rustix::fs::Mode;
    use rustix::process::umask;

    const SHARED: u32 = 0o2020;
    let is_shared = std::fs::metadata(root)
        .is_ok_and(|there| there.is_dir() && there.permissions().mode() & SHARED == SHARED);
    if is_shared {
        let usual = umask(Mode::RWXG);
        umask(usual.difference(Mode::RWXG));
    }
}

#[cfg(not(unix))]
fn share(_root: &std::path::Path) {}

fn limits(config: &Config) -> Limits {
    Limits {
        connections: config.connections.value,
        rate: config
            .limit_rate
            .as_ref()
            .map(|Setting { value, .. }| *value),
        lock_timeout: config
            .lock_timeout
            .as_ref()
            .map(|Setting { value, .. }| *value),
    }
}

/// On Linux the platform's own trust store looks at `SSL_CERT_FILE`; elsewhere larder has to.
fn ca_bundle(config: &Config) -> Option<std::path::PathBuf> {
    let bundle = config
        .ca_bundle
        .as_ref()
        .map(|setting| setting.value.clone());
    bundle.filter(|_| cfg!(any(target_os = "macos", target_os = "windows")))
}
