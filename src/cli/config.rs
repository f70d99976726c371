//! Options, environment and config file → [`Config`], once.
//!
//! The only module (with its children) that reads the environment. Each value knows where it comes
//! from, so that `larder env` can say so and an error names the place to fix. Options go before
//! variables, variables before the file, the file before the default.

use std::collections::BTreeMap;
use std::fmt;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use larder::error::{Cause, Error, Subject};
use larder::hub::wire::Endpoint;
use larder::reference::Sites;
use larder::repo::HubName;

use super::args::{Global, Hub};
use super::progress::Mode;
use environment::Env;
use file::ConfigFile;
use layers::Layers;
pub(crate) use modelscope::ModelScope;
use place::{Disks, Place, RealDisks};
use token::Tokens;

pub(crate) mod amount;
mod environment;
mod file;
mod layers;
mod modelscope;
pub(crate) mod place;
mod token;
pub(crate) mod vars;

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// An option.
    Flag(&'static str),
    /// An environment variable.
    Variable(&'static str),
    /// The config file.
    File,
    /// Nobody said anything.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) | Self::Variable(name) => f.write_str(name),
            Self::File => f.write_str("config file"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
}

impl<T> Setting<T> {
    fn default(value: T) -> Self {
        Self {
            value,
            origin: Origin::Default,
        }
    }
}

/// The platform's folders and the terminal: what is asked once, and made up in tests.
pub(crate) struct Surroundings<'a> {
    pub(crate) home: Option<PathBuf>,
    pub(crate) cache_dir: Option<PathBuf>,
    pub(crate) config_dir: Option<PathBuf>,
    pub(crate) is_terminal: bool,
    pub(crate) disks: &'a dyn Disks,
}

/// Everything that was decided.
pub(crate) struct Config {
    /// The hub of a reference that names none.
    pub(crate) usual_hub: Setting<HubName>,
    pub(crate) endpoint: Setting<Endpoint>,
    pub(crate) modelscope: ModelScope,
    pub(crate) tokens: Tokens,
    pub(crate) user_agent_origin: Option<Setting<String>>,
    /// Certificates to trust instead of the system's.
    pub(crate) ca_bundle: Option<Setting<PathBuf>>,
    pub(crate) hf_home: Setting<PathBuf>,
    pub(crate) hub_cache: Setting<PathBuf>,
    pub(crate) use_symlinks: Setting<bool>,
    pub(crate) store: Place,
    /// The store of what is pulled from ModelScope: the same one, if its cache is on that disk.
    pub(crate) modelscope_store: Place,
    pub(crate) is_offline: Setting<bool>,
    pub(crate) connections: Setting<u16>,
    pub(crate) limit_rate: Option<Setting<u64>>,
    pub(crate) lock_timeout: Option<Setting<Duration>>,
    pub(crate) answer_timeout: Setting<Duration>,
    pub(crate) stall_timeout: Setting<Duration>,
    /// Repo, or `*` → who may stand in for its hub.
    pub(crate) fallbacks: BTreeMap<String, Vec<String>>,
    pub(crate) progress: Setting<Mode>,
    pub(crate) color: Setting<bool>,
    pub(crate) log: Option<Setting<String>>,
    /// The config file that would be or was read.
    pub(crate) file: Option<PathBuf>,
    pub(crate) is_file_read: bool,
    pub(crate) warnings: Vec<String>,
    /// The honoured variables that are set.
    pub(crate) variables: Vec<&'static str>,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("endpoint", &self.endpoint)
            .field("tokens", &self.tokens)
            .field("hub_cache", &self.hub_cache)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// Resolves the options against this process's environment and files.
    pub(crate) fn of_process(global: &Global, hub: &Hub) -> Result<Self, Error> {
        let env = Env::of_process().map_err(|name| unusable(&name, "the value is not UTF-8"))?;
        let dirs = directories::BaseDirs::new();
        let surroundings = Surroundings {
            home: dirs.as_ref().map(|dirs| dirs.home_dir().to_owned()),
            cache_dir: dirs.as_ref().map(|dirs| dirs.cache_dir().to_owned()),
            config_dir: dirs.as_ref().map(|dirs| dirs.config_dir().to_owned()),
            is_terminal: std::io::stderr().is_terminal(),
            disks: &RealDisks,
        };
        Self::resolve(global, hub, &env, &surroundings)
    }

    /// Resolves the options against the given environment.
    pub(crate) fn resolve(
        global: &Global,
        hub: &Hub,
        env: &Env,
        around: &Surroundings<'_>,
    ) -> Result<Self, Error> {
        let (path, file) = config_file(env, around)?;
        let layers = Layers {
            global,
            hub,
            env,
            file: &file,
            around,
        };
        let hf_home = layers.hf_home();
        let hub_cache = layers.hub_cache(&hf_home);
        let usual = around.cache_dir.as_deref();
        let store = place::choose(layers.store(), &hub_cache.value, usual, around.disks);
        let modelscope = ModelScope::of(&layers)?;
        let ms_cache = modelscope.cache();
        let modelscope_store = place::choose_also(&store, &ms_cache.value, usual, around.disks);
        let log = layers.log();
        Ok(Self {
            usual_hub: layers.usual_hub()?,
            endpoint: layers.endpoint()?,
            modelscope,
            modelscope_store,
            tokens: layers.tokens(&hf_home),
            user_agent_origin: layers.variable("HF_HUB_USER_AGENT_ORIGIN", str::to_owned),
            ca_bundle: layers.folder("SSL_CERT_FILE"),
            use_symlinks: layers.use_symlinks(),
            is_offline: layers.is_offline(),
            connections: layers.connections()?,
            limit_rate: layers.limit_rate()?,
            lock_timeout: layers.lock_timeout(),
            answer_timeout: layers.timeout("HF_HUB_ETAG_TIMEOUT", Duration::from_secs(30))?,
            stall_timeout: layers.timeout("HF_HUB_DOWNLOAD_TIMEOUT", Duration::from_secs(15))?,
            progress: layers.progress(log.is_some())?,
            color: layers.color(),
            hf_home,
            hub_cache,
            store,
            log,
            is_file_read: file.path.is_some(),
            file: path,
            variables: vars::all()
                .filter(|row| env.is_set(row))
                .map(|row| row.name)
                .collect(),
            fallbacks: file.fallback,
            warnings: file.warnings,
        })
    }

    /// What must not be printed.
    pub(crate) fn secrets(&self) -> Vec<SecretString> {
        let mut secrets = self.tokens.secrets();
        secrets.extend(self.modelscope.secrets());
        secrets
    }

    /// Where references lead.
    pub(crate) fn sites(&self) -> Sites<'_> {
        Sites {
            huggingface: self.endpoint.value.url(),
            modelscope: self.modelscope.endpoint.value.url(),
            usual: self.usual_hub.value,
        }
    }
}

fn config_file(
    env: &Env,
    around: &Surroundings<'_>,
) -> Result<(Option<PathBuf>, ConfigFile), Error> {
    let named = env.path("LARDER_CONFIG", around.home.as_deref());
    let is_named = named.is_some();
    let usual = around
        .config_dir
        .as_ref()
        .map(|dir| dir.join("larder").join("config.toml"));
    match named.or(usual) {
        Some(path) => file::read(&path, is_named).map(|file| (Some(path), file)),
        None => Ok((None, ConfigFile::default())),
    }
}

/// A setting that cannot be used: `what` is `NAME=value` or `--option value`.
fn unusable(what: &str, why: &str) -> Error {
    let cause = Cause::Usage {
        why: why.to_owned(),
        hint: None,
    };
    Error {
        doing: "use",
        subject: Subject::Text(what.to_owned()),
        cause,
    }
}

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests;
