//! Configuration → the library's [`Session`]: the one place that wires the rooms together.

use std::path::Path;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use larder::error::{Cause, Error, Subject};
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
use larder::view::folder::{Folder, Link};
use larder::view::huggingface::HfCache;
use larder::view::modelscope::MsCache;

use super::config::place::resolved;
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
    let store = store(config)?;
    let hub = hub(config, site, Arc::clone(&sink), stop.clone())?;
    Ok(Session {
        hub,
        store,
        view: view(config, site),
        also: Vec::new(),
        sink,
        stop,
        limits: limits(config),
        is_offline: config.is_offline.value,
    })
}

/// Opens the store for looking.
pub(crate) fn store(config: &Config) -> Result<Store, Error> {
    let root = &config.store.path;
    Store::open(root).map_err(|cause| cause.on_path("open the store", root))
}

/// The views in which other clients may have left something.
pub(crate) fn views(config: &Config) -> Vec<Arc<dyn View>> {
    let sites = [Site::HuggingFace, Site::ModelScope];
    sites.map(|site| view(config, site)).to_vec()
}

/// Publishes in the folder `dir` instead of the cache, whose contents are used as they are.
pub(crate) fn into_folder(
    session: &mut Session,
    dir: &Path,
    link: Link,
    may_replace: bool,
) -> Result<(), Error> {
    let root = resolved(dir);
    let inner = [session.store.root(), session.view.root()].map(resolved);
    if let Some(outer) = inner.iter().find(|outer| root.starts_with(outer)) {
        let cause = Cause::Usage {
            why: format!(
                "it is inside {}, where larder or hf keeps its own files",
                outer.display()
            ),
            hint: Some("name a folder of your own".to_owned()),
        };
        return Err(cause.on_path("use as --local-dir the folder", &root));
    }
    let folder = Folder::new(root).linked_by(link).replacing(may_replace);
    let cache = std::mem::replace(&mut session.view, Arc::new(folder));
    session.also.push(cache);
    Ok(())
}

fn view(config: &Config, site: Site) -> Arc<dyn View> {
    match site {
        Site::HuggingFace => Arc::new(HfCache::new(
            config.hub_cache.value.clone(),
            config.use_symlinks.value,
        )),
        Site::ModelScope | Site::ModelScopeInternational => {
            Arc::new(MsCache::new(config.modelscope.cache.value.clone()))
        }
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
