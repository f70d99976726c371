//! The config file: `larder/config.toml` in the platform's config directory.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use larder::error::{Cause, Error};
use larder::fs::read_small;

use super::amount;
use crate::cli::args::{ColorArg, HubArg, ProgressArg};

/// A config file is a page, not a book.
const MAX_BYTES: u64 = 64 * 1024;

const KEYS: [&str; 10] = [
    "store",
    "cache_dir",
    "hub",
    "endpoint",
    "modelscope_endpoint",
    "connections",
    "limit_rate",
    "lock_timeout",
    "progress",
    "color",
];

/// What the file says; absent keys are `None`.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ConfigFile {
    pub(crate) store: Option<String>,
    pub(crate) cache_dir: Option<String>,
    #[serde(default, deserialize_with = "choice")]
    pub(crate) hub: Option<HubArg>,
    pub(crate) endpoint: Option<String>,
    pub(crate) modelscope_endpoint: Option<String>,
    #[serde(default, deserialize_with = "connections")]
    pub(crate) connections: Option<u16>,
    #[serde(default, deserialize_with = "rate")]
    pub(crate) limit_rate: Option<u64>,
    #[serde(default, deserialize_with = "seconds")]
    pub(crate) lock_timeout: Option<Duration>,
    #[serde(default, deserialize_with = "choice")]
    pub(crate) progress: Option<ProgressArg>,
    #[serde(default, deserialize_with = "choice")]
    pub(crate) color: Option<ColorArg>,
    /// Keys that mean nothing here, as warnings.
    #[serde(skip)]
    pub(crate) warnings: Vec<String>,
    /// Where it was read from; `None` when there is no file.
    #[serde(skip)]
    pub(crate) path: Option<PathBuf>,
}

/// Reads the file at `path`. `is_required`: the user named it, so it has to exist.
pub(crate) fn read(path: &Path, is_required: bool) -> Result<ConfigFile, Error> {
    let bytes = read_small(path, MAX_BYTES).map_err(|cause| cause.on_path("read", path))?;
    let Some(bytes) = bytes else {
        if is_required {
            return Err(unusable(path, "the file does not exist".to_owned()));
        }
        return Ok(ConfigFile::default());
    };
    let text =
        String::from_utf8(bytes).map_err(|_| unusable(path, "it is not UTF-8".to_owned()))?;
    let mut file = parse(&text).map_err(|why| unusable(path, why))?;
    for warning in &mut file.warnings {
        *warning = format!("{}: {warning}", path.display());
    }
    file.path = Some(path.to_owned());
    Ok(file)
}

fn unusable(path: &Path, why: String) -> Error {
    Cause::Usage { why, hint: None }.on_path("use the config file", path)
}

fn parse(text: &str) -> Result<ConfigFile, String> {
    let at_line = |error: toml::de::Error| match error.span() {
        Some(span) => {
            let before = text.get(..span.start).unwrap_or(text);
            format!(
                "line {}: {}",
                before.matches('\n').count() + 1,
                one_line(error.message())
            )
        }
        None => one_line(error.message()),
    };
    let table: toml::Table = text.parse().map_err(at_line)?;
    let mut file: ConfigFile = toml::from_str(text).map_err(at_line)?;
    let unknown = table.keys().filter(|key| !KEYS.contains(&key.as_str()));
    file.warnings = unknown.map(|key| format!("unknown key `{key}`")).collect();
    Ok(file)
}

fn one_line(message: &str) -> String {
    message.lines().collect::<Vec<_>>().join(", ")
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Amount {
    Number(u64),
    Fraction(f64),
    Text(String),
}

impl Amount {
    fn text(self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Fraction(number) => number.to_string(),
            Self::Text(text) => text,
        }
    }
}

fn rate<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let text = Amount::deserialize(from)?.text();
    amount::parse_bytes(&text)
        .map(Some)
        .map_err(D::Error::custom)
}

fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    let text = Amount::deserialize(from)?.text();
    amount::parse_seconds(&text)
        .map(Some)
        .map_err(D::Error::custom)
}

fn connections<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u16>, D::Error> {
    match u16::deserialize(from)? {
        number @ 1..=64 => Ok(Some(number)),
        number => Err(D::Error::custom(format!(
            "{number} is not a number from 1 to 64"
        ))),
    }
}

fn choice<'de, D: Deserializer<'de>, T: ValueEnum>(from: D) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(from)?;
    parse_choice(&text).map(Some).map_err(D::Error::custom)
}

/// One of the names that the option of the same kind takes.
pub(crate) fn parse_choice<T: ValueEnum>(text: &str) -> Result<T, String> {
    T::from_str(text, true).map_err(|_| {
        let names = T::value_variants()
            .iter()
            .filter_map(ValueEnum::to_possible_value);
        let names: Vec<_> = names.map(|value| value.get_name().to_owned()).collect();
        format!("`{text}` is none of {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_read() {
        let file = parse(
            "store = '/s'\ncache_dir = '/h'\nhub = 'ms'\nendpoint = 'https://m'\n\
             modelscope_endpoint = 'https://n'\nconnections = 16\n\
             limit_rate = '50M'\nlock_timeout = 2.5\nprogress = 'lines'\ncolor = 'never'\n",
        )
        .unwrap();
        assert_eq!(file.store.as_deref(), Some("/s"));
        assert_eq!(file.hub, Some(HubArg::Ms));
        assert_eq!(file.modelscope_endpoint.as_deref(), Some("https://n"));
        assert_eq!(file.limit_rate, Some(50_000_000));
        assert_eq!(file.lock_timeout, Some(Duration::from_millis(2500)));
        assert_eq!(file.progress, Some(ProgressArg::Lines));
        assert!(file.warnings.is_empty(), "{:?}", file.warnings);
    }

    #[test]
    fn unknown_keys_are_warnings() {
        let file = parse("token = 'x'\nconnections = 2\n[site]\na = 1\n").unwrap();
        assert_eq!(file.connections, Some(2));
        assert_eq!(file.warnings, ["unknown key `site`", "unknown key `token`"]);
    }

    #[test]
    fn errors_name_the_line() {
        for (text, line) in [
            ("connections = 4\nstore = \n", "line 2: "),
            (
                "\n\nconnections = 100\n",
                "line 3: 100 is not a number from 1 to 64",
            ),
            ("limit_rate = 'fast'", "line 1: `fast` is not a size"),
            (
                "progress = 'loud'",
                "line 1: `loud` is none of auto, bars, lines, json, none",
            ),
        ] {
            let why = parse(text).unwrap_err();
            assert!(why.starts_with(line), "{text:?}: {why}");
        }
    }

    #[test]
    fn only_a_named_file_must_exist() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        assert!(read(&path, false).unwrap().path.is_none());
        assert_eq!(read(&path, true).unwrap_err().cause.kind().exit_code(), 2);
        std::fs::write(&path, "colour = 'x'").unwrap();
        let file = read(&path, false).unwrap();
        assert_eq!(
            file.warnings,
            [format!("{}: unknown key `colour`", path.display())]
        );
    }
}
