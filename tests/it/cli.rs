//! The command line itself: help, pages, settings, pipes, and names that would harm a terminal.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use crate::bin::Larder;
use crate::hub::{Fault, Hub, Match, Repo};
use crate::repos::{CONFIG, tiny};
use crate::tree::tree;

fn larder() -> Larder {
    Larder::with_endpoint("http://127.0.0.1:9")
}

#[test]
fn version_and_help() {
    let larder = larder();
    let version = larder.args(["--version"]).run().succeeded();
    assert_eq!(
        version.line(),
        format!("larder {}", env!("CARGO_PKG_VERSION"))
    );
    for args in [&["--help"][..], &["pull", "--help"], &["-h"]] {
        let help = larder.args(args).run().succeeded();
        assert!(help.stdout.contains("Usage: larder"), "{help:?}");
        assert!(
            help.stdout.contains("Examples:") && help.stderr.is_empty(),
            "{help:?}"
        );
    }
    let help = larder.args(["--help"]).run().stdout;
    for word in [
        "pull",
        "env",
        "completions",
        "man",
        "3 not found",
        "130 interrupted",
    ] {
        assert!(help.contains(word), "{word}");
    }
    assert_eq!(tree(larder.home()), "");
}

/// It is to be there at once: no hub is asked, and no setting can get in its way.
#[test]
fn the_version_looks_at_nothing() {
    let hub = TcpListener::bind("127.0.0.1:0").unwrap();
    hub.set_nonblocking(true).unwrap();
    let endpoint = format!("http://{}", hub.local_addr().unwrap());
    for endpoint in [endpoint.as_str(), "not a URL"] {
        let told = Command::new(env!("CARGO_BIN_EXE_larder"))
            .arg("--version")
            .env_clear()
            .env("HF_ENDPOINT", endpoint)
            .env("LARDER_CONFIG", "/nowhere/config.toml")
            .env("LARDER_LOG", "=,=")
            .output()
            .unwrap();
        let version = concat!("larder ", env!("CARGO_PKG_VERSION"), "\n");
        assert_eq!(String::from_utf8_lossy(&told.stdout), version);
        assert!(told.status.success() && told.stderr.is_empty(), "{told:?}");
    }
    let asked = hub.accept().map(drop).unwrap_err();
    assert_eq!(asked.kind(), ErrorKind::WouldBlock);
}

#[test]
fn completions_and_manual_pages() {
    let larder = larder();
    for shell in ["bash", "zsh", "fish"] {
        let script = larder.args(["completions", shell]).run().succeeded();
        assert!(script.stdout.contains("dry-run"), "{shell}");
    }
    let page = larder.args(["man"]).run().succeeded();
    assert!(page.stdout.contains(".TH larder 1"), "{}", page.stdout);
    let page = larder.args(["man", "pull"]).run().succeeded();
    assert!(page.stdout.contains("dry\\-run"), "{}", page.stdout);
    larder.args(["man", "nonsense"]).run().exited(2);
    larder.args(["completions", "nonsense"]).run().exited(2);
}

#[test]
fn settings_and_where_they_come_from() {
    let larder = larder();
    let cache = larder.path("other/hub");
    let call = |args: &[&str]| {
        let call = larder.args(args).env("HF_HUB_CACHE", &cache);
        call.env("LARDER_CONNECTIONS", "3")
    };
    let page = call(&["env"]).run().succeeded().stdout;
    for words in [
        "HF_HUB_CACHE)",
        "LARDER_CONNECTIONS)",
        "* HF_ENDPOINT",
        "The store is there because",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let document = call(&["env", "--json"]).run().succeeded().json();
    let setting = |name: &str| document["settings"][name].clone();
    assert_eq!(setting("cache_dir")["value"], cache.to_str().unwrap());
    assert_eq!(setting("cache_dir")["origin"], "HF_HUB_CACHE");
    assert_eq!(setting("connections")["value"], 3);
    assert_eq!(setting("endpoint")["value"], "http://127.0.0.1:9");
    assert_eq!(setting("store")["value"], larder.store().to_str().unwrap());
    assert_eq!(document["variables_set"]["HF_ENDPOINT"], true);
    assert_eq!(document["variables_set"]["HF_HOME"], false);
    assert_eq!(tree(larder.home()), "");
}

#[test]
fn the_config_file_is_read_and_its_errors_named() {
    let larder = larder();
    let file = larder.path("larder.toml");
    fs::write(&file, "connections = 5\n").unwrap();
    let call = || larder.args(["env", "--json"]).env("LARDER_CONFIG", &file);
    assert_eq!(
        call().run().succeeded().json()["settings"]["connections"]["value"],
        5
    );
    let over = call().env("LARDER_CONNECTIONS", "6").run().succeeded();
    assert_eq!(over.json()["settings"]["connections"]["value"], 6);
    let env = || larder.args(["env"]).env("LARDER_CONFIG", &file).run();
    fs::write(&file, "connections = \"many\"\n").unwrap();
    env().exited(2).says(&["larder.toml", "line 1"]);
    // A key of a newer version is no reason to stop.
    fs::write(&file, "connektions = 5\n").unwrap();
    env()
        .succeeded()
        .says(&["warning: ", "larder.toml: unknown key `connektions`"]);
}

#[test]
fn misuse_is_two() {
    let larder = larder();
    for args in [
        &["pull"][..],
        &["pull", "org/tiny", "--no-such"],
        &["pull", "org/tiny", "--connections", "0"],
        &["pull", "org/tiny", "--limit-rate", "fast"],
        &["pull", "org/tiny", "--weights", "none-such"],
        &["pull", "org/tiny", "-q", "-v"],
        &["pull", "org/tiny", "--force", "--offline"],
        &["pull", "org/tiny", "--endpoint", "ftp://x"],
        &["nonsense"],
        &[],
    ] {
        let ran = larder.args(args).run().exited(2);
        assert_eq!(ran.stdout, "", "{args:?}");
        assert!(!ran.stderr.is_empty(), "{args:?}");
    }
    for (name, value) in [("LARDER_CONNECTIONS", "many"), ("HF_ENDPOINT", "no url")] {
        let ran = larder.pull(["org/tiny"]).env(name, value).run().exited(2);
        ran.says(&[name]);
    }
    let ran = larder
        .pull(["org/tiny", "--no-such", "--json"])
        .run()
        .exited(2);
    assert_eq!(ran.json()["error"]["kind"], "usage");
    assert_eq!(ran.stderr, "");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    for args in [
        &["pull", "org/tiny"][..],
        &["env"],
        &["completions", "bash"],
        &["--help"],
    ] {
        let mut command = larder.args(args).command();
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        assert_eq!(child.wait().unwrap().code(), Some(0), "{args:?}");
    }
}

#[test]
fn an_answer_that_cannot_be_written_is_one() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    // The device that is always full.
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let mut command = larder.pull(["org/tiny"]).command();
    let mut child = command.stdout(Stdio::from(full)).spawn().unwrap();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let text: Vec<String> = stderr.lines().map(|line| line.unwrap()).collect();
    assert_eq!(child.wait().unwrap().code(), Some(7), "{text:?}");
    assert!(
        text.iter()
            .any(|line| line.contains("cannot write to stdout")),
        "{text:?}"
    );
}

#[test]
fn there_are_no_escape_codes_in_a_pipe() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    for args in [
        &["pull", "org/tiny", "-v"][..],
        &["pull", "org/tiny", "--force", "--progress", "bars"],
        &["pull", "org/none"],
        &["pull", "org/tiny", "--dry-run"],
        &["env"],
        &["--help"],
        &["pull", "--no-such"],
    ] {
        let ran = larder.args(args).run();
        assert!(
            !ran.stdout.contains('\x1b') && !ran.stderr.contains('\x1b'),
            "{args:?}: {ran:?}"
        );
    }
    let colored = larder
        .pull(["org/none", "--color", "always"])
        .run()
        .exited(3);
    assert!(colored.stderr.contains("\x1b[1;31merror:"), "{colored:?}");
}

#[test]
fn names_from_a_hub_do_not_reach_the_terminal_raw() {
    const EVIL: &str = "evil\u{1b}[2J\u{202e}.txt";
    let hub = Hub::builder()
        .repo(Repo::model("org/evil").file(EVIL, CONFIG))
        .start();
    let larder = Larder::at(&hub);
    let is_raw = |text: &str| text.contains(['\u{1b}', '\u{202e}']);
    for extra in [
        &[][..],
        &["--dry-run"],
        &["--json"],
        &["evil"],
        &["--progress", "json"],
        &["-vvv"],
    ] {
        let ran = larder.pull(["org/evil"]).and(extra).run();
        assert!(
            !is_raw(&ran.stdout) && !is_raw(&ran.stderr),
            "{extra:?}: {ran:?}"
        );
    }
    let fault = Fault::Status {
        code: 403,
        headers: Vec::new(),
        body: "{\"error\":\"no\\u001b[2J \\u202e way\"}".into(),
    };
    hub.faults().always(Match::any(), fault);
    let ran = larder.pull(["org/evil"]).run().exited(4);
    ran.says(&["no\\u{1b}[2J"]);
    assert!(!is_raw(&ran.stderr), "{ran:?}");
}
