//! For each setting: the places it may come from, and the order in which they count.

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use larder::error::{Error, Subject};
use larder::hub::wire::Endpoint;
use larder::redact::without_url_secrets;
use larder::repo::HubName;

use super::environment::Env;
use super::file::{self, ConfigFile};
use super::token::Tokens;
use super::{Origin, Setting, Surroundings, amount, place, unusable};
use crate::cli::args::{ColorArg, Global, Hub, HubArg, ProgressArg};
use crate::cli::progress::Mode;

const HUB: &str = "https://huggingface.co";
const STAGING_HUB: &str = "https://hub-ci.huggingface.co";

/// Everything that may have an opinion.
pub(super) struct Layers<'a> {
    pub(super) global: &'a Global,
    pub(super) hub: &'a Hub,
    pub(super) env: &'a Env,
    pub(super) file: &'a ConfigFile,
    pub(super) around: &'a Surroundings<'a>,
}

pub(super) fn flag<T>(name: &'static str, value: Option<T>) -> Option<Setting<T>> {
    value.map(|value| Setting {
        value,
        origin: Origin::Flag(name),
    })
}

pub(super) fn from_file<T>(value: Option<T>) -> Option<Setting<T>> {
    value.map(|value| Setting {
        value,
        origin: Origin::File,
    })
}

impl Layers<'_> {
    fn home(&self) -> Option<&Path> {
        self.around.home.as_deref()
    }

    pub(super) fn variable<T>(
        &self,
        name: &'static str,
        read: impl Fn(&str) -> T,
    ) -> Option<Setting<T>> {
        let value = read(self.env.get(name)?);
        Some(Setting {
            value,
            origin: Origin::Variable(name),
        })
    }

    /// A variable whose text may be wrong.
    fn checked<T>(
        &self,
        name: &'static str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<Setting<T>>, Error> {
        let Some(text) = self.env.get(name) else {
            return Ok(None);
        };
        let value = read(text).map_err(|why| unusable(&format!("{name}={text}"), &why))?;
        Ok(Some(Setting {
            value,
            origin: Origin::Variable(name),
        }))
    }

    /// A folder or file.
    pub(super) fn folder(&self, name: &'static str) -> Option<Setting<PathBuf>> {
        self.variable(name, |text| {
            PathBuf::from(self.env.expand(text, self.home()))
        })
    }

    fn file_folder(&self, text: Option<&String>) -> Option<Setting<PathBuf>> {
        from_file(text.map(|text| PathBuf::from(self.env.expand(text, self.home()))))
    }

    fn is_staging(&self) -> bool {
        self.env.switch("HUGGINGFACE_CO_STAGING").unwrap_or(false)
    }

    pub(super) fn endpoint(&self) -> Result<Setting<Endpoint>, Error> {
        let staging = self.is_staging().then(|| Setting {
            value: STAGING_HUB.to_owned(),
            origin: Origin::Variable("HUGGINGFACE_CO_STAGING"),
        });
        let given = self.hub.endpoint.as_ref();
        let text = flag(
            "--endpoint",
            given.map(|text| text.expose_secret().to_owned()),
        )
        .or(staging)
        .or_else(|| self.variable("HF_ENDPOINT", str::to_owned))
        .or_else(|| from_file(self.file.endpoint.clone()))
        .unwrap_or_else(|| Setting::default(HUB.to_owned()));
        usable_endpoint(&text)
    }

    /// The hub of a reference that names none.
    pub(super) fn usual_hub(&self) -> Result<Setting<HubName>, Error> {
        let told = self
            .checked("LARDER_HUB", file::parse_choice)?
            .or_else(|| from_file(self.file.hub))
            .unwrap_or_else(|| Setting::default(HubArg::Hf));
        Ok(Setting {
            value: match told.value {
                HubArg::Hf => HubName::HuggingFace,
                HubArg::Ms => HubName::ModelScope,
            },
            origin: told.origin,
        })
    }

    pub(super) fn tokens(&self, hf_home: &Setting<PathBuf>) -> Tokens {
        let secret = |name| self.env.get(name).map(SecretString::from);
        Tokens {
            flag: self.hub.token.clone(),
            hf_token: secret("HF_TOKEN"),
            hugging_face_hub_token: secret("HUGGING_FACE_HUB_TOKEN"),
            path: self.folder("HF_TOKEN_PATH").unwrap_or_else(|| Setting {
                value: hf_home.value.join("token"),
                origin: hf_home.origin,
            }),
            is_explicit_only: self
                .env
                .switch("HF_HUB_DISABLE_IMPLICIT_TOKEN")
                .unwrap_or(false),
        }
    }

    pub(super) fn hf_home(&self) -> Setting<PathBuf> {
        let name = if self.is_staging() {
            "huggingface_staging"
        } else {
            "huggingface"
        };
        let beneath_cache = |mut cache: Setting<PathBuf>| {
            cache.value.push(name);
            cache
        };
        self.folder("HF_HOME")
            .or_else(|| self.folder("XDG_CACHE_HOME").map(beneath_cache))
            .unwrap_or_else(|| {
                let home = self.home().unwrap_or(Path::new("."));
                Setting::default(home.join(".cache").join(name))
            })
    }

    pub(super) fn hub_cache(&self, hf_home: &Setting<PathBuf>) -> Setting<PathBuf> {
        let mut cache = flag("--cache-dir", self.hub.cache_dir.clone())
            .or_else(|| self.folder("HF_HUB_CACHE"))
            .or_else(|| self.folder("HUGGINGFACE_HUB_CACHE"))
            .or_else(|| self.file_folder(self.file.cache_dir.as_ref()))
            .unwrap_or_else(|| Setting {
                value: hf_home.value.join("hub"),
                origin: hf_home.origin,
            });
        cache.value = place::resolved(&cache.value);
        cache
    }

    pub(super) fn store(&self) -> Option<Setting<PathBuf>> {
        let told = flag("--store", self.global.store.clone())
            .or_else(|| self.folder("LARDER_HOME"))
            .or_else(|| self.file_folder(self.file.store.as_ref()));
        told.map(|told| Setting {
            value: place::resolved(&told.value),
            ..told
        })
    }

    pub(super) fn use_symlinks(&self) -> Setting<bool> {
        let name = "HF_HUB_DISABLE_SYMLINKS";
        match self.env.switch(name) {
            Some(is_off) => Setting {
                value: !is_off,
                origin: Origin::Variable(name),
            },
            None => Setting::default(true),
        }
    }

    /// The first variable that is set decides, also when it says no.
    pub(super) fn is_offline(&self) -> Setting<bool> {
        let switch = |name| {
            let value = self.env.switch(name)?;
            Some(Setting {
                value,
                origin: Origin::Variable(name),
            })
        };
        flag("--offline", self.hub.offline.then_some(true))
            .or_else(|| switch("HF_HUB_OFFLINE"))
            .or_else(|| switch("TRANSFORMERS_OFFLINE"))
            .unwrap_or_else(|| Setting::default(false))
    }

    pub(super) fn connections(&self) -> Result<Setting<u16>, Error> {
        let read = |text: &str| match text.trim().parse() {
            Ok(number @ 1..=64) => Ok(number),
            _ => Err("it is not a number from 1 to 64".to_owned()),
        };
        Ok(flag("--connections", self.hub.connections)
            .or(self.checked("LARDER_CONNECTIONS", read)?)
            .or_else(|| from_file(self.file.connections))
            .unwrap_or_else(|| Setting::default(32)))
    }

    pub(super) fn limit_rate(&self) -> Result<Option<Setting<u64>>, Error> {
        Ok(flag("--limit-rate", self.hub.limit_rate)
            .or(self.checked("LARDER_LIMIT_RATE", amount::parse_bytes)?)
            .or_else(|| from_file(self.file.limit_rate)))
    }

    pub(super) fn lock_timeout(&self) -> Option<Setting<Duration>> {
        flag("--lock-timeout", self.hub.lock_timeout).or_else(|| from_file(self.file.lock_timeout))
    }

    /// As with `hf`, zero means the default.
    pub(super) fn timeout(
        &self,
        name: &'static str,
        usual: Duration,
    ) -> Result<Setting<Duration>, Error> {
        let told = self.checked(name, amount::parse_seconds)?;
        Ok(told
            .filter(|told| !told.value.is_zero())
            .unwrap_or_else(|| Setting::default(usual)))
    }

    fn is_dumb(&self) -> bool {
        self.env.get("TERM") == Some("dumb")
    }

    pub(super) fn progress(&self, is_logging: bool) -> Result<Setting<Mode>, Error> {
        if self.global.quiet {
            return Ok(Setting {
                value: Mode::Silent,
                origin: Origin::Flag("--quiet"),
            });
        }
        let told = flag("--progress", self.global.progress)
            .or(self.checked("LARDER_PROGRESS", file::parse_choice)?)
            .or_else(|| from_file(self.file.progress))
            .unwrap_or_else(|| Setting::default(ProgressArg::Auto));
        let mode = |value| Setting {
            value,
            origin: told.origin,
        };
        Ok(match told.value {
            ProgressArg::Bars => mode(Mode::Bars),
            ProgressArg::Lines => mode(Mode::Lines),
            ProgressArg::Json => mode(Mode::Json),
            ProgressArg::None => mode(Mode::Notices),
            ProgressArg::Auto => {
                let name = "HF_HUB_DISABLE_PROGRESS_BARS";
                if self.env.switch(name) == Some(true) {
                    Setting {
                        value: Mode::Lines,
                        origin: Origin::Variable(name),
                    }
                } else if self.around.is_terminal && !self.is_dumb() && !is_logging {
                    mode(Mode::Bars)
                } else {
                    mode(Mode::Lines)
                }
            }
        })
    }

    pub(super) fn color(&self) -> Setting<bool> {
        let told = flag("--color", self.global.color).or_else(|| from_file(self.file.color));
        let automatic = self.around.is_terminal && !self.is_dumb();
        match told {
            Some(Setting {
                value: ColorArg::Always,
                origin,
            }) => Setting {
                value: true,
                origin,
            },
            Some(Setting {
                value: ColorArg::Never,
                origin,
            }) => Setting {
                value: false,
                origin,
            },
            _ if self.env.get("NO_COLOR").is_some() => Setting {
                value: false,
                origin: Origin::Variable("NO_COLOR"),
            },
            _ => Setting::default(automatic),
        }
    }

    pub(super) fn log(&self) -> Option<Setting<String>> {
        let level = match self.global.verbose {
            0 => None,
            1 => Some("larder=info"),
            2 => Some("larder=debug"),
            _ => Some("larder=trace"),
        };
        self.variable("LARDER_LOG", str::to_owned)
            .or_else(|| flag("--verbose", level.map(str::to_owned)))
    }
}

/// The address of a hub, or what is wrong with it.
pub(super) fn usable_endpoint(text: &Setting<String>) -> Result<Setting<Endpoint>, Error> {
    let value = Endpoint::parse(&text.value).map_err(|cause| {
        // An address may hold a password.
        let shown = without_url_secrets(&text.value);
        Error {
            doing: "use",
            subject: Subject::Text(format!("{} {}", text.origin, shown.trim_end_matches('/'))),
            cause,
        }
    })?;
    Ok(Setting {
        value,
        origin: text.origin,
    })
}
