//! Configuration → the library's [`Session`]: the one place that wires the rooms together.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use larder::error::{Cause, Error, Subject};
use larder::hub::client::{Client, Options};
use larder::hub::huggingface::{self, Endpoint, HuggingFace};
use larder::redact::SafeUrl;
use larder::report::Sink;
use larder::session::Session;
use larder::store::Store;
use larder::transfer::Limits;
use larder::view::huggingface::HfCache;

use super::config::{Config, Setting};

/// Opens the store, the cache and the hub that `config` names.
pub(crate) fn open(
    config: &Config,
    sink: Arc<dyn Sink>,
    stop: CancellationToken,
) -> Result<Session, Error> {
    let store = store(config)?;
    let hub = hub(config, Arc::clone(&sink), stop.clone())?;
    Ok(Session {
        hub: Arc::new(hub),
        store,
        view: Arc::new(HfCache::new(
            config.hub_cache.value.clone(),
            config.use_symlinks.value,
        )),
        sink,
        stop,
        limits: limits(config),
        is_offline: config.is_offline.value,
    })
}

/// Opens the store that `config` names.
pub(crate) fn store(config: &Config) -> Result<Store, Error> {
    let root = &config.store.path;
    share(root);
    Store::open(root).map_err(|cause| cause.on_path("open the store", root))
}

fn hub(
    config: &Config,
    sink: Arc<dyn Sink>,
    stop: CancellationToken,
) -> Result<HuggingFace, Error> {
    let refuse = |cause: Cause| {
        let subject = Subject::Text(SafeUrl::from(&config.endpoint.value).to_string());
        Error {
            doing: "use the endpoint",
            subject,
            cause,
        }
    };
    let endpoint = Endpoint::parse(config.endpoint.value.as_str()).map_err(refuse)?;
    let client = Client::new(Options {
        user_agent_origin: config
            .user_agent_origin
            .as_ref()
            .map(|origin| origin.value.clone()),
        ca_bundle: ca_bundle(config),
    });
    let token = config.tokens.find();
    let token = token.map_err(|cause| cause.on_path("read", &config.tokens.path.value))?;
    Ok(HuggingFace::new(huggingface::Config {
        token,
        client: Arc::new(client),
        header_timeout: config.answer_timeout.value,
        stall: config.stall_timeout.value,
        ..huggingface::Config::new(endpoint, sink, stop)
    }))
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
