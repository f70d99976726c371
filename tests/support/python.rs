//! Clients in Python, in the home of a [`Larder`]: the same caches, the same hub.
//!
//! They come from the virtual environment that `scripts/test` makes, or from the interpreter that
//! `LARDER_TEST_PYTHON` names. Without them a test fails: a promise that nobody asked is not kept.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::expect_used,
    reason = "every binary that includes this module uses its own part of it, and a test without \
              its client cannot go on"
)]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::bin::{Larder, Ran};

const HF: &str = "from huggingface_hub.cli.hf import main; main()";

/// One run of a client, to be begun.
pub struct Client(Command);

impl Client {
    /// `hf …`, the reference client.
    pub fn hf<I>(larder: &Larder, args: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<OsStr>,
    {
        let mut command = python(larder);
        command.args(["-c", HF]).args(args);
        Self(command)
    }

    /// A program of `tests/clients`.
    pub fn script<I>(larder: &Larder, name: &str, args: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<OsStr>,
    {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
        let mut command = python(larder);
        command.arg(path.join(name)).args(args);
        Self(command)
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    /// Without network: nothing listens where the hub should be, and the client is told so.
    #[must_use]
    pub fn offline(self) -> Self {
        self.env("HF_HUB_OFFLINE", "1")
            .env("HF_ENDPOINT", "http://127.0.0.1:1")
    }

    /// Runs to the end.
    pub fn run(mut self) -> Ran {
        ran(&self.0.output().expect("cannot start Python"))
    }

    /// Begins to run.
    pub fn spawn(mut self) -> Going {
        let child = self.0.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        Going(child.expect("cannot start Python"))
    }
}

/// A client that runs.
pub struct Going(Child);

impl Going {
    /// SIGKILL; it is gone when this returns.
    pub fn kill_9(mut self) {
        self.0.kill().expect("cannot kill Python");
        self.0.wait().expect("cannot wait for Python");
    }

    /// Waits for the end.
    pub fn wait(self) -> Ran {
        ran(&self.0.wait_with_output().expect("cannot wait for Python"))
    }
}

fn ran(output: &std::process::Output) -> Ran {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran {
        code: output.status.code(),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    }
}

/// Python with the environment that the binary has there, and without what only makes noise.
fn python(larder: &Larder) -> Command {
    let like = larder.args([""; 0]).command();
    let mut command = Command::new(program());
    command
        .env_clear()
        .envs(
            like.get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .env("HF_HUB_DISABLE_XET", "1")
        .env("HF_HUB_DISABLE_TELEMETRY", "1")
        .env("HF_HUB_DISABLE_UPDATE_CHECK", "1")
        .env("HF_HUB_DISABLE_PROGRESS_BARS", "1")
        .env("NO_COLOR", "1")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(larder.home())
        .stdin(Stdio::null());
    command
}

#[expect(clippy::disallowed_methods, reason = "says which Python tests use")]
fn program() -> PathBuf {
    let named = std::env::var_os("LARDER_TEST_PYTHON").map(PathBuf::from);
    let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/bin/python");
    let program = named.unwrap_or_else(usual);
    assert!(
        program.is_file(),
        "no Python with the clients at {}: run scripts/test once, which makes it",
        program.display()
    );
    program
}
