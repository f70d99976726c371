use super::testing::{around, resolve};
use std::path::Path;

use super::*;
use crate::cli::args::{ColorArg, ProgressArg};

fn failure<const N: usize>(pairs: [(&str, &str); N]) -> String {
    let (global, hub) = (Global::default(), Hub::default());
    let error = Config::resolve(&global, &hub, &Env::from(pairs), &around()).unwrap_err();
    assert_eq!(error.cause.kind().exit_code(), 2);
    format!("{error}: {}", error.cause)
}

#[test]
fn defaults() {
    let config = resolve([]);
    assert_eq!(
        config.endpoint.value.url().as_str(),
        "https://huggingface.co/"
    );
    assert_eq!(
        config.hub_cache.value,
        Path::new("/nowhere/ann/.cache/huggingface/hub")
    );
    assert_eq!(config.store.path, Path::new("/nowhere/ann/.cache/larder"));
    assert_eq!(config.connections, Setting::default(32));
    assert_eq!(config.progress, Setting::default(Mode::Bars));
    assert!(config.color.value && config.use_symlinks.value && !config.is_offline.value);
    assert!(config.limit_rate.is_none() && config.lock_timeout.is_none() && config.log.is_none());
}

#[test]
fn options_go_before_variables() {
    let env = Env::from([
        ("HF_ENDPOINT", "https://env"),
        ("LARDER_HOME", "/nowhere/env"),
    ]);
    let hub = Hub {
        endpoint: Some("https://flag/hf/".into()),
        ..Hub::default()
    };
    let config = Config::resolve(&Global::default(), &hub, &env, &around()).unwrap();
    assert_eq!(config.endpoint.value.url().as_str(), "https://flag/hf");
    assert_eq!(config.endpoint.origin, Origin::Flag("--endpoint"));
    assert_eq!(config.store.path, Path::new("/nowhere/env"));
    assert_eq!(config.store.origin, Origin::Variable("LARDER_HOME"));
}

#[test]
fn variables_go_before_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("larder.toml");
    std::fs::write(
        &path,
        "connections = 3\nlimit_rate = '1M'\nstore = '$D/s'\n",
    )
    .unwrap();
    let file = ("LARDER_CONFIG", path.to_str().unwrap());
    let config = resolve([file, ("LARDER_CONNECTIONS", "5"), ("D", "/nowhere")]);
    assert_eq!(config.connections.value, 5);
    assert_eq!(
        config.limit_rate,
        Some(Setting {
            value: 1_000_000,
            origin: Origin::File
        })
    );
    assert_eq!(config.store.path, Path::new("/nowhere/s"));
    assert!(config.is_file_read);
}

#[test]
fn folders_of_hugging_face() {
    let hub = |config: Config| config.hub_cache.value.display().to_string();
    assert_eq!(hub(resolve([("HF_HOME", "~/hf")])), "/nowhere/ann/hf/hub");
    assert_eq!(
        hub(resolve([("XDG_CACHE_HOME", "/nowhere/x")])),
        "/nowhere/x/huggingface/hub"
    );
    assert_eq!(
        hub(resolve([("HUGGINGFACE_HUB_CACHE", "/nowhere/old")])),
        "/nowhere/old"
    );
    let both = [
        ("HUGGINGFACE_HUB_CACHE", "/nowhere/old"),
        ("HF_HUB_CACHE", "/nowhere/new"),
    ];
    assert_eq!(hub(resolve(both)), "/nowhere/new");
    let config = resolve([("HF_HOME", "/nowhere/h"), ("HF_TOKEN_PATH", "")]);
    assert_eq!(config.tokens.path.value, Path::new("/nowhere/h/token"));
}

#[test]
fn staging_has_its_own_hub_and_folder() {
    let config = resolve([
        ("HUGGINGFACE_CO_STAGING", "yes"),
        ("HF_ENDPOINT", "https://e"),
    ]);
    assert_eq!(
        config.endpoint.value.url().as_str(),
        "https://hub-ci.huggingface.co/"
    );
    assert_eq!(
        config.hf_home.value,
        Path::new("/nowhere/ann/.cache/huggingface_staging")
    );
}

#[test]
fn the_first_offline_variable_decides() {
    assert!(resolve([("TRANSFORMERS_OFFLINE", "1")]).is_offline.value);
    let both = [("HF_HUB_OFFLINE", "0"), ("TRANSFORMERS_OFFLINE", "1")];
    assert!(!resolve(both).is_offline.value);
}

#[test]
fn timeouts() {
    let config = resolve([
        ("HF_HUB_DOWNLOAD_TIMEOUT", "60"),
        ("HF_HUB_ETAG_TIMEOUT", "0"),
    ]);
    assert_eq!(config.stall_timeout.value, Duration::from_secs(60));
    assert_eq!(
        config.answer_timeout,
        Setting::default(Duration::from_secs(30))
    );
}

#[test]
fn progress_follows_the_terminal() {
    let mode = |config: Config| config.progress.value;
    assert_eq!(
        mode(resolve([("HF_HUB_DISABLE_PROGRESS_BARS", "1")])),
        Mode::Lines
    );
    assert_eq!(mode(resolve([("TERM", "dumb")])), Mode::Lines);
    assert_eq!(mode(resolve([("LARDER_LOG", "larder=debug")])), Mode::Lines);
    assert_eq!(mode(resolve([("LARDER_PROGRESS", "json")])), Mode::Json);
    let global = Global {
        quiet: true,
        progress: Some(ProgressArg::Bars),
        ..Global::default()
    };
    let config = Config::resolve(&global, &Hub::default(), &Env::default(), &around()).unwrap();
    assert_eq!(config.progress.value, Mode::Silent);
}

#[test]
fn colour() {
    let resolve = |color, pairs: [(&str, &str); 1]| {
        let global = Global {
            color,
            ..Global::default()
        };
        let env = Env::from(pairs);
        Config::resolve(&global, &Hub::default(), &env, &around())
            .unwrap()
            .color
    };
    assert_eq!(
        resolve(None, [("NO_COLOR", "1")]).origin,
        Origin::Variable("NO_COLOR")
    );
    assert!(resolve(Some(ColorArg::Always), [("NO_COLOR", "1")]).value);
    assert!(!resolve(Some(ColorArg::Never), [("X", "")]).value);
}

#[test]
fn mistakes_name_their_place() {
    assert_eq!(
        failure([("LARDER_CONNECTIONS", "many")]),
        "cannot use `LARDER_CONNECTIONS=many`: it is not a number from 1 to 64"
    );
    assert_eq!(
        failure([("HF_ENDPOINT", "ftp://x")]),
        "cannot use `HF_ENDPOINT ftp://x`: the endpoint is not an http or https URL"
    );
    assert!(!failure([("HF_ENDPOINT", "ftp://u:pw@x?t=pw")]).contains("pw"));
    assert!(failure([("LARDER_CONFIG", "/nowhere/x.toml")]).contains("does not exist"));
    assert!(failure([("HF_HUB_ETAG_TIMEOUT", "soon")]).contains("number of seconds"));
}

#[test]
fn secrets_are_not_debug_printed() {
    let config = resolve([
        ("HF_TOKEN", "hf_s3cr3t"),
        ("HF_ENDPOINT", "https://u:s3cr3t@h"),
        ("MODELSCOPE_ENDPOINT", "https://u:s3cr3t@m"),
    ]);
    let shown = format!("{config:?} {:?} {:?}", config.modelscope, config.sites());
    assert!(!shown.contains("s3cr3t"), "{shown}");
    assert_eq!(config.secrets().len(), 1);
}
