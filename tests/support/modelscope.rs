//! The official client of `ModelScope`, in the home of a [`Larder`]: the same cache, the same hub.
//!
//! Both versions come from the virtual environments that `scripts/test` makes, or from the
//! interpreters that `LARDER_TEST_MODELSCOPE` and `LARDER_TEST_MODELSCOPE_1_37` name. Without them a
//! test fails: a promise that nobody asked is not kept.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::bin::{Larder, Ran};

/// Which client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// The newest, with a folder for each revision.
    Now,
    /// 1.37.1, the last with one folder for each repo.
    Old,
}

/// Nothing listens there.
const NOBODY: &str = "http://127.0.0.1:1";

/// One run of a client, to be begun.
pub struct Official {
    command: Command,
    version: Version,
    endpoint: String,
}

impl Official {
    /// `tests/modelscope_clients/client.py` with these arguments.
    pub fn new(larder: &Larder, version: Version, args: &[&str]) -> Self {
        let like = larder.args([""; 0]).command();
        let env = like
            .get_envs()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
        let env: Vec<_> = env.collect();
        let endpoint = env.iter().find(|(name, _)| name == "MODELSCOPE_ENDPOINT");
        let endpoint = endpoint.unwrap().1.to_str().unwrap().to_owned();
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/modelscope_clients/client.py");
        let mut command = Command::new(program(version));
        command
            .arg(script)
            .args(args)
            .env_clear()
            .envs(env)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            // Asks the real site otherwise.
            .env("INTRA_CLOUD_ACCELERATION", "false")
            .env("MODELSCOPE_DOWNLOAD_INTRA_CLOUD", "false")
            .current_dir(larder.home())
            .stdin(Stdio::null());
        Self {
            command,
            version,
            endpoint,
        }
    }

    /// Downloads a snapshot; the last line is its folder.
    pub fn snapshot(larder: &Larder, version: Version, args: &[&str]) -> Self {
        Self::new(larder, version, &[&["snapshot"], args].concat())
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// With the hub at `endpoint`.
    #[must_use]
    pub fn at(mut self, endpoint: &str) -> Self {
        endpoint.clone_into(&mut self.endpoint);
        self
    }

    /// Without network: nothing listens where the hub should be, and the client is told so.
    #[must_use]
    pub fn offline(mut self) -> Self {
        NOBODY.clone_into(&mut self.endpoint);
        self.command.arg("--offline");
        self
    }

    /// Runs to the end, which has to be a good one.
    #[track_caller]
    pub fn succeeded(mut self) -> Ran {
        self.command.env("MODELSCOPE_ENDPOINT", &self.endpoint);
        if self.version == Version::Old {
            self.command.args(["--endpoint", &self.endpoint]);
        }
        let output = self.command.output().expect("cannot start Python");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let ran = Ran {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        };
        ran.succeeded()
    }
}

/// The last line of what a client printed: older ones print more.
pub fn answer(ran: &Ran) -> &str {
    ran.stdout.lines().last().unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "says which Python tests use")]
fn program(version: Version) -> PathBuf {
    let (name, usual) = match version {
        Version::Now => ("LARDER_TEST_MODELSCOPE", ".venv-modelscope"),
        Version::Old => ("LARDER_TEST_MODELSCOPE_1_37", ".venv-modelscope-1.37"),
    };
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join(usual);
    let named = std::env::var_os(name).map(PathBuf::from);
    let program = named.unwrap_or_else(|| usual.join("bin/python"));
    assert!(
        program.is_file(),
        "no Python with the client at {}: run scripts/test once, which makes it",
        program.display()
    );
    program
}
