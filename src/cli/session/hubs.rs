//! Which hub or mirror is asked, and with what token: an adapter for each.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use larder::error::{Error, Subject};
use larder::hub::client::{Client, Options};
use larder::hub::huggingface::HuggingFace;
use larder::hub::modelscope::{INTERNATIONAL_ENDPOINT, ModelScope};
use larder::hub::token::Token;
use larder::hub::wire::Endpoint;
use larder::hub::{Hub, setup};
use larder::reference::{Reference, is_international};
use larder::repo::HubName;
use larder::report::Sink;

use crate::cli::config::{Config, Origin};

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
            HubName::ModelScope if is_international(text) && !is_configured => {
                Self::ModelScopeInternational
            }
            hub => hub.into(),
        }
    }
}

impl From<HubName> for Site {
    /// The site that is configured for the hub.
    fn from(hub: HubName) -> Self {
        match hub {
            HubName::HuggingFace => Self::HuggingFace,
            HubName::ModelScope => Self::ModelScope,
        }
    }
}

/// The adapter of `site`, as `config` has it.
pub(crate) fn at(
    config: &Config,
    site: Site,
    sink: &Arc<dyn Sink>,
    stop: &CancellationToken,
) -> Result<Arc<dyn Hub>, Error> {
    let token = match site {
        Site::HuggingFace => huggingface_token(config)?,
        Site::ModelScope => config.modelscope.token(),
        Site::ModelScopeInternational => config.modelscope.token_elsewhere(),
    };
    let endpoint = endpoint(config, site)?;
    Ok(adapter(config, site, endpoint, token, sink, stop))
}

/// Where `site` is, as `config` has it.
pub(crate) fn endpoint(config: &Config, site: Site) -> Result<Endpoint, Error> {
    match site {
        Site::HuggingFace => Ok(config.endpoint.value.clone()),
        Site::ModelScope => Ok(config.modelscope.endpoint.value.clone()),
        Site::ModelScopeInternational => {
            Endpoint::parse(INTERNATIONAL_ENDPOINT).map_err(|cause| Error {
                doing: "use the endpoint",
                subject: Subject::Text(INTERNATIONAL_ENDPOINT.to_owned()),
                cause,
            })
        }
    }
}

/// The adapter of a mirror that speaks as `site` does. It is shown no token: it is somebody else.
pub(crate) fn mirror(
    config: &Config,
    site: Site,
    endpoint: Endpoint,
    sink: &Arc<dyn Sink>,
    stop: &CancellationToken,
) -> Arc<dyn Hub> {
    adapter(config, site, endpoint, None, sink, stop)
}

fn adapter(
    config: &Config,
    site: Site,
    endpoint: Endpoint,
    token: Option<Token>,
    sink: &Arc<dyn Sink>,
    stop: &CancellationToken,
) -> Arc<dyn Hub> {
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
        ..setup::Config::new(endpoint, Arc::clone(sink), stop.clone())
    };
    match site {
        Site::HuggingFace => Arc::new(HuggingFace::new(setup)),
        Site::ModelScope | Site::ModelScopeInternational => Arc::new(ModelScope::new(setup)),
    }
}

fn huggingface_token(config: &Config) -> Result<Option<Token>, Error> {
    let token = config.tokens.find();
    token.map_err(|cause| cause.on_path("read", &config.tokens.path.value))
}

/// On Linux the platform's own trust store looks at `SSL_CERT_FILE`; elsewhere larder has to.
fn ca_bundle(config: &Config) -> Option<std::path::PathBuf> {
    let bundle = config
        .ca_bundle
        .as_ref()
        .map(|setting| setting.value.clone());
    bundle.filter(|_| cfg!(any(target_os = "macos", target_os = "windows")))
}
