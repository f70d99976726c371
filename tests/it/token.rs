//! Which token is shown, to whom, and that nobody else ever sees it.

use std::fs;
use std::path::Path;

use crate::bin::{Call, Larder};
use crate::hub::{Access, Fault, Hub, Match, Origin, Repo};
use crate::repos::{CONFIG, some_bytes, tiny, weights};

const TOKEN: &str = "hf_S3cr3tS3cr3tS3cr3t";

fn hub() -> Hub {
    let secret = Repo::model("org/secret")
        .private()
        .gated()
        .file("config.json", CONFIG)
        .lfs("small.bin", some_bytes(1))
        .lfs("large.bin", weights());
    let me = || Access::user("me").sees("org/secret").granted("org/secret");
    let names = ["flag", "HF_TOKEN", "older", "file", "elsewhere"];
    let tokens = names.iter().map(|name| format!("token-of-{name}"));
    let builder = Hub::builder().repo(secret).repo(tiny()).token(TOKEN, me());
    tokens
        .fold(builder, |builder, token| builder.token(token, me()))
        .start()
}

/// The token that a run shows to the hub.
fn shown(hub: &Hub, call: &Call<'_>) -> Option<String> {
    hub.log().clear();
    call.run().succeeded();
    let first = hub.log().requests().into_iter().next().unwrap();
    first.authorization
}

#[test]
fn the_order_of_the_places() {
    let hub = hub();
    let larder = Larder::at(&hub);
    let home = larder.path(".cache/huggingface");
    fs::create_dir_all(&home).unwrap();
    fs::write(home.join("token"), "token-of-file\n").unwrap();
    fs::write(larder.path("another"), "  token-of-elsewhere\r\n").unwrap();
    let all =
        |call: Call<'_>| shown(&hub, &call).map(|shown| shown.replace("Bearer token-of-", ""));
    let pull = || larder.pull(["org/tiny"]);
    let named = |name: &str| Some(name.to_owned());
    assert_eq!(all(pull()), named("file"));
    let call = pull().env("HF_TOKEN_PATH", larder.path("another"));
    assert_eq!(all(call), named("elsewhere"));
    let call = pull().env("HUGGING_FACE_HUB_TOKEN", "token-of-older");
    assert_eq!(all(call), named("older"));
    let call = pull()
        .env("HUGGING_FACE_HUB_TOKEN", "token-of-older")
        .env("HF_TOKEN", "token-of-HF_TOKEN");
    assert_eq!(all(call), named("HF_TOKEN"));
    let call = pull()
        .env("HF_TOKEN", "token-of-HF_TOKEN")
        .and(["--token", "token-of-flag"]);
    assert_eq!(all(call), named("flag"));
    // An empty variable is as good as none.
    assert_eq!(all(pull().env("HF_TOKEN", "")), named("file"));
}

#[test]
fn a_token_that_was_not_given_for_this_is_kept_back_on_request() {
    let hub = hub();
    let larder = Larder::at(&hub);
    let call = || {
        let call = larder.pull(["org/tiny"]).env("HF_TOKEN", TOKEN);
        call.env("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")
    };
    assert_eq!(shown(&hub, &call()), None);
    let explicit = call().and(["--token", TOKEN]);
    assert_eq!(shown(&hub, &explicit), Some(format!("Bearer {TOKEN}")));
}

#[test]
fn the_token_goes_to_the_hub_and_nowhere_else() {
    let elsewhere = Hub::builder().start();
    let hub = hub();
    let larder = Larder::at(&hub);
    larder
        .pull(["org/secret"])
        .env("HF_TOKEN", TOKEN)
        .run()
        .succeeded();
    for record in hub.log().requests() {
        let is_hub = record.origin == Origin::Hub;
        assert_eq!(record.authorization.is_some(), is_hub, "{record:?}");
        let others = format!("{:?} {} {}", record.headers, record.raw_path, record.query);
        assert!(is_hub || !others.contains(TOKEN), "{others}");
    }
    // A hub that sends the client to a stranger.
    let stranger = format!(
        "{}/org/secret/resolve/main/config.json",
        elsewhere.endpoint()
    );
    let away = Fault::RedirectTo { url: stranger };
    hub.faults().always(Match::hub().path("config.json"), away);
    let call = larder
        .pull(["org/secret", "config.json", "--force"])
        .env("HF_TOKEN", TOKEN);
    assert_ne!(call.run().code, Some(0));
    let asked = elsewhere.log().requests();
    assert!(!asked.is_empty());
    for record in asked {
        assert!(!format!("{record:?}").contains(TOKEN), "{record:?}");
    }
}

/// Fails if any file below `folder` has the token in its name or content.
fn search(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let kind = fs::symlink_metadata(&path).unwrap();
        let content = if kind.is_file() {
            fs::read(&path).unwrap()
        } else {
            Vec::new()
        };
        let has_it = content
            .windows(TOKEN.len())
            .any(|bytes| bytes == TOKEN.as_bytes());
        if has_it || path.to_string_lossy().contains(TOKEN) {
            found.push(path.display().to_string());
        }
        if kind.is_dir() {
            search(&path, found);
        }
    }
}

#[test]
fn nothing_that_is_printed_or_written_has_it() {
    let hub = hub();
    let larder = Larder::at(&hub);
    let file = larder.path(".cache/huggingface/token");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, TOKEN).unwrap();
    let plain = || larder.pull(["org/secret"]);
    let runs = [
        plain().and(["-vvv"]),
        plain()
            .and(["--force", "--json"])
            .env("LARDER_LOG", "trace"),
        plain().and(["--force", "-vvv", "--token", TOKEN]),
        plain()
            .and(["--force", "--progress", "json", "-v"])
            .env("HF_TOKEN", TOKEN),
        larder.pull(["org/none", "-vvv"]),
        larder
            .pull(["org/none", "--json"])
            .env("HF_TOKEN", TOKEN)
            .env("LARDER_LOG", "trace"),
        larder.pull([TOKEN, "--json"]).env("HF_TOKEN", TOKEN),
        larder.args(["env"]),
        larder.args(["env", "--json"]).env("HF_TOKEN", TOKEN),
    ];
    for run in runs {
        let ran = run.run();
        assert!(!ran.stdout.contains(TOKEN), "{}", ran.stdout);
        assert!(!ran.stderr.contains(TOKEN), "{}", ran.stderr);
    }
    let mut found = Vec::new();
    search(larder.home(), &mut found);
    assert_eq!(found, [file.display().to_string()]);
}

#[test]
fn signed_urls_are_neither_printed_nor_kept() {
    let hub = hub();
    let larder = Larder::at(&hub);
    hub.faults().once(Match::cdn(), Fault::ExpireUrl);
    let call = larder.pull(["org/secret", "-vvv"]).env("HF_TOKEN", TOKEN);
    let ran = call.env("LARDER_LOG", "trace").run().succeeded();
    let queries = hub.log().select(|record| record.origin == Origin::Cdn);
    assert!(!queries.is_empty());
    for record in queries {
        assert!(!record.query.is_empty());
        assert!(!ran.stderr.contains(&record.query), "{}", record.query);
    }
}
