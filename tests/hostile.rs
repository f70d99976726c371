//! A hub that means harm, or has lost its mind: the real binary against answers that nobody should
//! believe. Each row of a table is one such answer, with the exit code and the words that a user sees.
//!
//! What holds for all of them: nothing becomes visible, nothing is written outside the store and the
//! cache, no control character reaches the terminal, and the process ends within its memory.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a broken promise ends a test"
)]

use std::fs;
use std::process::{Command, Stdio};

#[path = "support/larder.rs"]
mod bin;
#[path = "support/hub.rs"]
mod hub;
#[path = "support/tree.rs"]
mod tree;

#[path = "hostile/bounds.rs"]
mod bounds;
#[path = "hostile/bytes.rs"]
mod bytes;
#[cfg(target_os = "linux")]
#[path = "hostile/folding.rs"]
mod folding;
#[path = "hostile/names.rs"]
mod names;
#[path = "hostile/pages.rs"]
mod pages;

use bin::{Larder, Ran};
use hub::{Fault, Hub, Match, Repo};

const ID: &str = "org/model";
const SMALL: &[u8] = b"{\"hidden_size\": 8}\n";
const OID: &str = "5f3c0e1d2b4a69788796a5b4c3d2e1f00f1e2d3c";

/// One answer, and what a user sees of it.
struct Row {
    fault: &'static str,
    on: Match,
    answer: Fault,
    code: i32,
    words: &'static [&'static str],
}

impl Row {
    /// A listing with this text.
    fn tree(
        fault: &'static str,
        body: impl Into<String>,
        code: i32,
        words: &'static [&'static str],
    ) -> Self {
        Self {
            fault,
            on: Match::hub().path("/tree/"),
            answer: Fault::ReplaceJson { body: body.into() },
            code,
            words,
        }
    }

    /// An answer about the revision with this text.
    fn revision(
        fault: &'static str,
        body: impl Into<String>,
        code: i32,
        words: &'static [&'static str],
    ) -> Self {
        Self {
            on: Match::hub().path("/revision/"),
            ..Self::tree(fault, body, code, words)
        }
    }

    /// Pulls from a hub that answers so, and checks what holds for every row.
    fn plays(self) {
        let hub = answering(self.on, self.answer);
        let larder = Larder::at(&hub);
        let victims = Victims::of(&larder);
        for args in [&[ID][..], &[ID, "--json"]] {
            let ran = larder.pull(args).run();
            assert_eq!(ran.code, Some(self.code), "{}: {ran:#?}", self.fault);
            let told = format!("{}{}", ran.stdout, ran.stderr);
            for word in self.words {
                assert!(told.contains(word), "{}: {word:?} in {ran:#?}", self.fault);
            }
            is_fit_for_a_terminal(self.fault, &ran);
        }
        assert_eq!(snapshots(&larder), Vec::<String>::new(), "{}", self.fault);
        victims.are_as_they_were(&larder, self.fault);
    }
}

/// Plays rows side by side: most of their time is waits between tries.
fn play(rows: impl IntoIterator<Item = Row>) {
    let rows: Vec<Row> = rows.into_iter().collect();
    std::thread::scope(|scope| {
        let players: Vec<_> = rows
            .into_iter()
            .map(|row| scope.spawn(|| row.plays()))
            .collect();
        for player in players {
            if let Err(broken) = player.join() {
                std::panic::resume_unwind(broken);
            }
        }
    });
}

/// A hub that always answers so.
fn answering(on: Match, answer: Fault) -> Hub {
    let hub = Hub::builder().repo(repo()).start();
    hub.faults().always(on, answer);
    hub
}

fn repo() -> Repo {
    Repo::model(ID).file("config.json", SMALL)
}

/// No escape sequence, nor anything else that moves a cursor.
fn is_fit_for_a_terminal(fault: &str, ran: &Ran) {
    for text in [&ran.stdout, &ran.stderr] {
        let odd = text
            .chars()
            .find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
        assert_eq!(odd, None, "{fault}: {ran:#?}");
        let longest = text.lines().map(str::len).max().unwrap_or_default();
        assert!(longest < 10_000, "{fault}: a line of {longest} bytes");
    }
}

/// Everything that has become visible.
fn snapshots(larder: &Larder) -> Vec<String> {
    let all = tree::tree(&larder.hub_cache());
    all.lines()
        .filter(|line| line.contains("snapshots/") && !line.ends_with("snapshots/"))
        .map(str::to_owned)
        .collect()
}

/// Files that a hostile name may be after, and all else outside store and cache.
struct Victims(String);

impl Victims {
    fn of(larder: &Larder) -> Self {
        for name in [
            "victim",
            ".bashrc",
            ".cache/victim",
            ".cache/huggingface/victim",
        ] {
            let path = larder.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "mine").unwrap();
        }
        Self(Self::outside(larder))
    }

    fn outside(larder: &Larder) -> String {
        let all = tree::tree(larder.home());
        let ours = [".cache/larder", ".cache/huggingface/hub"];
        let lines = all
            .lines()
            .filter(|line| !ours.iter().any(|ours| line.starts_with(ours)));
        lines.collect::<Vec<_>>().join("\n")
    }

    fn are_as_they_were(&self, larder: &Larder, fault: &str) {
        assert_eq!(Self::outside(larder), self.0, "{fault}");
        assert_eq!(tree::read(larder.path("victim")), b"mine", "{fault}");
    }
}

/// A row of a listing, with the name as it stands in JSON.
fn file(name: &str, size: &str) -> String {
    format!(r#"{{"type":"file","path":"{name}","oid":"{OID}","size":{size}}}"#)
}

/// A listing of these rows.
fn page(rows: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", rows.into_iter().collect::<Vec<_>>().join(","))
}

/// Pulls with so much memory and no more; what takes it all ends with a signal, and what takes for
/// ever with 124.
fn pulled_within(mib: u64, larder: &Larder, args: &[&str]) -> Ran {
    let call = larder.pull(args).env("MALLOC_ARENA_MAX", "1").command();
    let mut command = Command::new("sh");
    command.args([
        "-c",
        &format!("ulimit -v {}; exec timeout 180 \"$@\"", mib << 10),
        "sh",
    ]);
    command
        .arg(call.get_program())
        .args(call.get_args())
        .env_clear();
    for (name, value) in call.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran {
        code: output.status.code(),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    }
}
