//! Every refusal says what it is, what to do, and has its exit code.

use std::fs;

use serde_json::json;

use crate::bin::{Larder, Ran};
use crate::hub::{Access, Fault, Hub, Match, Repo};
use crate::repos::{CONFIG, model, some_bytes, tiny};
use crate::tree::tree;

const OTHER: &str = "hf_otherUser";
const GRANTED: &str = "hf_grantedUser";

fn hub() -> Hub {
    let locked = |name: &str| {
        Repo::model(name)
            .file("config.json", CONFIG)
            .lfs("w", some_bytes(1))
    };
    Hub::builder()
        .repo(tiny())
        .repo(locked("org/gated").gated())
        .repo(locked("org/secret").private())
        .repo(locked("org/gone").disabled())
        .token(OTHER, Access::user("other"))
        .token(
            GRANTED,
            Access::user("me").granted("org/gated").sees("org/secret"),
        )
        .start()
}

/// A pull that fails, as text and as JSON: code and kind are those, and these words are said.
#[track_caller]
fn fails(
    larder: &Larder,
    args: &[&str],
    token: &str,
    code: i32,
    kind: &str,
    words: &[&str],
) -> Ran {
    let run = |extra: &[&str]| {
        let call = larder.pull(args).and(extra).env("HF_TOKEN", token);
        call.run().exited(code)
    };
    let text = run(&[]);
    text.says(&["error: cannot ", "\n  caused by: "])
        .says(words);
    assert_eq!(text.stdout, "", "{text:?}");
    let error = run(&["--json"]).json()["error"].clone();
    assert_eq!(
        (&error["kind"], &error["exit_code"]),
        (&json!(kind), &json!(code))
    );
    let said = format!("{} {}", error["causes"][0], error["hint"]);
    let last = words.last().unwrap();
    assert!(said.contains(last), "{said} lacks {last}");
    text
}

#[test]
fn gated_repos() {
    let hub = hub();
    let larder = Larder::at(&hub);
    let page = format!("accept the terms at {}/org/gated", hub.endpoint());
    let words = [
        "the repo is gated and no token was given",
        "set HF_TOKEN",
        &page,
    ];
    fails(&larder, &["org/gated"], "", 4, "access", &words);
    let words = [
        "this token has no access to it",
        "with the account that the token belongs to",
        &page,
    ];
    fails(&larder, &["org/gated"], OTHER, 4, "access", &words);
    // Nothing of it is to be seen.
    assert!(!larder.repo("org/gated").exists());
    larder
        .pull(["org/gated"])
        .env("HF_TOKEN", GRANTED)
        .run()
        .succeeded();
}

#[test]
fn private_repos() {
    let hub = hub();
    let larder = Larder::at(&hub);
    let words = [
        "it is private and this anonymous request cannot see it",
        "set HF_TOKEN",
    ];
    fails(&larder, &["org/secret"], "", 3, "missing", &words);
    let words = [
        "it is private and this token cannot see it",
        "use a token that may read it",
    ];
    fails(&larder, &["org/secret"], OTHER, 3, "missing", &words);
    larder
        .pull(["org/secret"])
        .env("HF_TOKEN", GRANTED)
        .run()
        .succeeded();
}

#[test]
fn bad_tokens_and_disabled_repos() {
    let hub = hub();
    let larder = Larder::at(&hub);
    let words = [
        "the hub refuses the token from HF_TOKEN",
        "public repos need none",
        "replace or remove the token",
    ];
    fails(&larder, &["org/tiny"], "hf_revoked", 4, "access", &words);
    let words = ["the hub has disabled access to this repo"];
    fails(&larder, &["org/gone"], "", 4, "access", &words);
}

#[test]
fn what_is_not_there() {
    let hub = hub();
    let larder = Larder::at(&hub);
    let page = format!("check the spelling at {}/org/tyni", hub.endpoint());
    fails(
        &larder,
        &["org/tyni"],
        "",
        3,
        "missing",
        &["the hub has no such repo", &page],
    );
    let words = [
        "cannot pull org/tiny@v9",
        "the repo has no revision `v9`",
        "name a branch, a tag",
    ];
    fails(&larder, &["org/tiny@v9"], "", 3, "missing", &words);
    let words = [
        "the repo has no file `config.jsn` at this revision",
        "did you mean config.json",
    ];
    fails(
        &larder,
        &["org/tiny", "config.jsn"],
        "",
        3,
        "missing",
        &words,
    );
    let words = ["no file of the repo matches `*.jsn`", "there is *.json"];
    fails(
        &larder,
        &["org/tiny", "--include", "*.jsn"],
        "",
        3,
        "missing",
        &words,
    );
    let words = ["no file of the repo matches `onnx/*`"];
    fails(
        &larder,
        &["org/tiny", "config.json", "onnx/*"],
        "",
        3,
        "missing",
        &words,
    );
    assert!(!larder.repo("org/tiny").join("snapshots").exists());
}

#[test]
fn a_missing_file_is_noted_for_other_clients() {
    let hub = Hub::builder().repo(model()).start();
    let larder = Larder::at(&hub);
    larder.pull(["org/model", "sub/none.json"]).run().exited(3);
    let commit = hub.commit_of("org/model", "main").unwrap();
    let marker = larder
        .repo("org/model")
        .join(".no_exist")
        .join(commit)
        .join("sub/none.json");
    assert_eq!(fs::read(marker).unwrap(), b"");
}

#[test]
fn a_hub_that_cannot_be_reached() {
    // A port that was free a moment ago, and that nobody listens on.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let larder = Larder::with_endpoint(format!("http://127.0.0.1:{port}"));
    let ran = larder
        .pull(["org/tiny", "--progress", "none"])
        .run()
        .exited(5);
    let host = format!("cannot reach 127.0.0.1:{port}");
    ran.says(&[
        "cannot pull org/tiny",
        &host,
        "hint: check the network, HTTPS_PROXY, HF_ENDPOINT and SSL_CERT_FILE",
    ]);
    assert_eq!(tree(larder.home()), "");
}

#[test]
fn a_login_page_in_between() {
    let hub = hub();
    hub.faults().always(Match::any(), Fault::HtmlPortal);
    let larder = Larder::at(&hub);
    let words = [
        "gave an answer that makes no sense",
        "a proxy or login page may be in between",
    ];
    fails(&larder, &["org/tiny"], "", 5, "unavailable", &words);
    // Also where the bytes are: no page is stored under the name of a file.
    hub.faults().clear();
    hub.faults()
        .always(Match::hub().path("/resolve/"), Fault::HtmlPortal);
    let ran = fails(
        &larder,
        &["org/tiny", "config.json"],
        "",
        5,
        "unavailable",
        &words,
    );
    ran.says(&["cannot fetch config.json of org/tiny"]);
    assert!(!larder.repo("org/tiny").join("snapshots").exists());
}
