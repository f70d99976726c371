//! `larder env`: every setting, where it comes from, and the variables that are honoured.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value, json};
use unicode_width::UnicodeWidthStr;

use larder::error::Error;
use larder::hub::wire::Endpoint;
use larder::redact::{clean, without_url_secrets};

use super::config::{Config, Origin, Setting, vars};
use super::output::Output;
use super::render;

/// One setting: its name, its value for people and for programs, and where it comes from.
struct Row {
    name: &'static str,
    shown: String,
    value: Value,
    origin: String,
}

impl Row {
    fn new(name: &'static str, value: Value, origin: &dyn ToString) -> Self {
        let shown = match &value {
            Value::Null => "none".to_owned(),
            Value::Bool(true) => "yes".to_owned(),
            Value::Bool(false) => "no".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let origin = origin.to_string();
        Self {
            name,
            shown,
            value,
            origin,
        }
    }

    fn of<T>(name: &'static str, setting: &Setting<T>, to_json: impl Fn(&T) -> Value) -> Self {
        Self::new(name, to_json(&setting.value), &setting.origin)
    }

    /// A setting that may be absent.
    fn maybe<T>(
        name: &'static str,
        setting: Option<&Setting<T>>,
        to_json: impl Fn(&T) -> Value,
    ) -> Self {
        match setting {
            Some(setting) => Self::of(name, setting, to_json),
            None => Self::new(name, Value::Null, &Origin::Default),
        }
    }

    /// With a value for people that has its unit.
    fn in_unit(mut self, unit: impl Fn(&Value) -> String) -> Self {
        if !self.value.is_null() {
            self.shown = unit(&self.value);
        }
        self
    }
}

/// Prints the settings.
pub(crate) fn run(config: &Config, output: &mut Output) -> Result<(), Error> {
    let text = if output.is_json {
        format!("{}\n", document(config))
    } else {
        page(config)
    };
    output.answer(&text)
}

fn rows(config: &Config) -> Vec<Row> {
    let path = |path: &PathBuf| json!(path.to_string_lossy());
    let seconds = |time: &Duration| json!(time.as_secs_f64());
    let in_seconds = |value: &Value| format!("{} s", value.as_f64().unwrap_or(0.0));
    let in_bytes = |value: &Value| format!("{}/s", render::size(value.as_u64().unwrap_or(0)));
    let endpoint = |endpoint: &Endpoint| json!(endpoint.to_string());
    vec![
        Row::new("store", path(&config.store.path), &config.store.origin),
        Row::of("cache_dir", &config.hub_cache, path),
        Row::of("hf_home", &config.hf_home, path),
        Row::of("hub", &config.usual_hub, |hub| json!(hub.as_str())),
        Row::of("endpoint", &config.endpoint, endpoint),
        match config.tokens.origin() {
            Some(origin) => Row::new("token", json!("set"), &origin),
            None => Row::new("token", Value::Null, &Origin::Default),
        },
        Row::of("modelscope_endpoint", &config.modelscope.endpoint, endpoint),
        match config.modelscope.token() {
            Some(token) => Row::new("modelscope_token", json!("set"), token.origin()),
            None => Row::new("modelscope_token", Value::Null, &Origin::Default),
        },
        Row::of("modelscope_cache", config.modelscope.cache(), path),
        Row::new(
            "modelscope_store",
            path(&config.modelscope_store.path),
            &config.modelscope_store.origin,
        ),
        Row::of("modelscope_login", &config.modelscope.credentials, path),
        Row::of("token_file", &config.tokens.path, path),
        Row::of("offline", &config.is_offline, |yes| json!(yes)),
        Row::of("symlinks", &config.use_symlinks, |yes| json!(yes)),
        Row::of("connections", &config.connections, |number| json!(number)),
        Row::maybe("limit_rate", config.limit_rate.as_ref(), |rate| json!(rate)).in_unit(in_bytes),
        Row::of("answer_timeout", &config.answer_timeout, seconds).in_unit(in_seconds),
        Row::of("stall_timeout", &config.stall_timeout, seconds).in_unit(in_seconds),
        Row::maybe("lock_timeout", config.lock_timeout.as_ref(), seconds).in_unit(in_seconds),
        Row::maybe(
            "user_agent_origin",
            config.user_agent_origin.as_ref(),
            |text| json!(text),
        ),
        Row::maybe("ca_bundle", config.ca_bundle.as_ref(), path),
        fallbacks(config),
        Row::of("progress", &config.progress, |mode| json!(mode.name())),
        Row::of("color", &config.color, |yes| json!(yes)),
        Row::maybe("log", config.log.as_ref(), |text| json!(text)),
        match &config.file {
            Some(file) if config.is_file_read => Row::new("config_file", path(file), &"read"),
            Some(file) => Row::new("config_file", path(file), &"does not exist"),
            None => Row::new("config_file", Value::Null, &Origin::Default),
        },
    ]
}

/// Who may stand in for a hub. An address may hold a password.
fn fallbacks(config: &Config) -> Row {
    if config.fallbacks.is_empty() {
        return Row::new("fallback", Value::Null, &Origin::Default);
    }
    let shown = |texts: &Vec<String>| -> Vec<_> {
        texts.iter().map(|text| without_url_secrets(text)).collect()
    };
    let all: Map<String, Value> = config
        .fallbacks
        .iter()
        .map(|(repo, texts)| (repo.clone(), json!(shown(texts))))
        .collect();
    Row::new("fallback", Value::Object(all), &Origin::File)
}

fn page(config: &Config) -> String {
    let rows = rows(config);
    let width = |cell: fn(&Row) -> &str, most: usize| {
        rows.iter()
            .map(|row| cell(row).width())
            .filter(|width| *width <= most)
            .max()
            .unwrap_or(0)
    };
    let names = width(|row| row.name, 40);
    let values = width(|row| &row.shown, 48);
    let mut lines: Vec<_> = rows
        .iter()
        .map(|row| {
            let (name, shown) = (render::pad(row.name, names), clean(&row.shown));
            let blanks = " ".repeat(values.saturating_sub(shown.width()));
            format!("{name}  {shown}{blanks}  ({})", clean(&row.origin))
        })
        .collect();
    lines.push(format!(
        "\nThe store is there because: {}.",
        config.store.reason
    ));
    lines.push("\nVariables that are honoured (* is set):".to_owned());
    let names = vars::all().map(|row| row.name.len()).max().unwrap_or(0);
    lines.extend(vars::all().map(|row| {
        let mark = if config.variables.contains(&row.name) {
            '*'
        } else {
            ' '
        };
        format!("{mark} {:names$}  {}", row.name, row.doc.replace('`', ""))
    }));
    lines.join("\n") + "\n"
}

fn document(config: &Config) -> Value {
    let settings: Map<_, _> = rows(config)
        .into_iter()
        .map(|row| {
            (
                row.name.to_owned(),
                json!({ "value": row.value, "origin": row.origin }),
            )
        })
        .collect();
    let variables: Map<_, _> = vars::all()
        .map(|row| {
            (
                row.name.to_owned(),
                json!(config.variables.contains(&row.name)),
            )
        })
        .collect();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "settings": settings,
        "store_reason": config.store.reason,
        "variables_set": variables,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::config::testing::resolve;

    /// What the page says of a setting.
    fn shown<'a>(page: &'a str, name: &str) -> &'a str {
        let mut lines = page.lines().map(str::split_whitespace);
        let line = lines.find(|line| line.clone().next() == Some(name));
        line.and_then(|mut words| words.nth(1)).unwrap_or_default()
    }

    #[test]
    fn the_token_is_named_and_not_shown() {
        let config = resolve([("HF_TOKEN", "hf_s3cr3t"), ("HTTPS_PROXY", "http://u:pw@p")]);
        let (page, document) = (page(&config), document(&config).to_string());
        assert_eq!(shown(&page, "token"), "set");
        for text in [&page, &document] {
            assert!(text.contains("HF_TOKEN"), "{text}");
            assert!(!text.contains("s3cr3t") && !text.contains("pw@"), "{text}");
        }
        assert!(page.contains("\n* HTTPS_PROXY "), "{page}");
    }

    #[test]
    fn settings_carry_their_origin() {
        let config = resolve([
            ("HF_HUB_CACHE", "/nowhere/hub"),
            ("LARDER_CONNECTIONS", "4"),
        ]);
        let document = document(&config);
        let setting = |name: &str| document["settings"][name].clone();
        assert_eq!(
            setting("connections"),
            json!({ "value": 4, "origin": "LARDER_CONNECTIONS" })
        );
        assert_eq!(
            setting("cache_dir"),
            json!({ "value": "/nowhere/hub", "origin": "HF_HUB_CACHE" })
        );
        assert_eq!(setting("endpoint")["value"], "https://huggingface.co");
        assert_eq!(setting("limit_rate")["value"], Value::Null);
        assert!(
            document["store_reason"]
                .as_str()
                .unwrap()
                .contains("platform's cache directory")
        );
        assert_eq!(document["variables_set"]["HF_HUB_CACHE"], true);
        let page = page(&config);
        assert_eq!(shown(&page, "connections"), "4");
    }
}
