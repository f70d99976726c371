//! The real binary, in a home of its own.
//!
//! A [`Larder`] is a user's machine: an empty home and the hub it talks to. Each [`Call`] is one
//! run of the binary there, with an environment that holds nothing but what a test puts in it.
//! Nothing waits by sleeping: output and the end of a process are events.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "every binary that includes this module uses its own part of it, and a test without \
              its process cannot go on"
)]

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tempfile::TempDir;

use super::hub::Hub;

#[path = "streams.rs"]
mod streams;

use streams::{Shared, Streams};

/// No run of these tests takes nearly as long; one that does hangs.
const LIMIT: Duration = Duration::from_secs(180);

/// A home and the hub that the binary is told of there; dropping it removes the home.
pub struct Larder {
    // Kept for its end.
    _dir: TempDir,
    home: PathBuf,
    endpoint: String,
}

impl Larder {
    /// An empty home whose hub is `hub`.
    pub fn at(hub: &Hub) -> Self {
        Self::with_endpoint(hub.endpoint())
    }

    /// An empty home whose hub is at `endpoint`.
    pub fn with_endpoint(endpoint: impl Into<String>) -> Self {
        let dir = tempfile::Builder::new().prefix("larder-it-").tempdir();
        let dir = dir.expect("no temporary directory");
        // Caches resolve links, and the place of temporary files is one on some systems.
        let home = fs::canonicalize(dir.path()).expect("the home is there");
        Self {
            _dir: dir,
            home,
            endpoint: endpoint.into(),
        }
    }

    /// One run of the binary with these arguments.
    pub fn args(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Call<'_> {
        let args = args.into_iter().map(|arg| arg.as_ref().to_owned());
        Call {
            larder: self,
            args: args.collect(),
            env: vec![
                ("PATH".into(), "/usr/bin:/bin".into()),
                ("HOME".into(), self.home.clone().into()),
                // What is left behind there is seen in the tree of the home.
                ("TMPDIR".into(), self.home.clone().into()),
                ("HF_ENDPOINT".into(), self.endpoint.clone().into()),
                ("MODELSCOPE_ENDPOINT".into(), self.endpoint.clone().into()),
            ],
            program: env!("CARGO_BIN_EXE_larder").into(),
            under: Vec::new(),
            user: None,
        }
    }

    /// `larder pull …`.
    pub fn pull(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Call<'_> {
        self.args(["pull"]).and(args)
    }

    /// Pulls and has to succeed.
    pub fn pulled(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ran {
        self.pull(args).run().succeeded()
    }

    /// The home.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// A path in the home, written with `/`.
    pub fn path(&self, below: &str) -> PathBuf {
        self.home.join(below)
    }

    /// The Hugging Face cache where it is by default.
    pub fn hub_cache(&self) -> PathBuf {
        self.path(".cache/huggingface/hub")
    }

    /// The folder of a revision in the `ModelScope` cache; `datasets/o/n` for a dataset.
    pub fn modelscope(&self, name: &str, revision: &str) -> PathBuf {
        let (kind, id) = match name.strip_prefix("datasets/") {
            Some(id) => ("datasets", id),
            None => ("models", name),
        };
        let folder = format!("{kind}/{}/snapshots/{revision}", id.replace('/', "--"));
        self.path(".cache/modelscope").join(folder)
    }

    /// The store where it is by default.
    pub fn store(&self) -> PathBuf {
        self.path(".cache/larder")
    }

    /// The folder of a repo in the cache; `datasets/o/n` for a dataset.
    pub fn repo(&self, name: &str) -> PathBuf {
        let folder = match name.strip_prefix("datasets/") {
            Some(id) => format!("datasets--{}", id.replace('/', "--")),
            None => format!("models--{}", name.replace('/', "--")),
        };
        self.hub_cache().join(folder)
    }

    /// The folder of a commit in the cache.
    pub fn snapshot(&self, name: &str, commit: &str) -> PathBuf {
        self.repo(name).join("snapshots").join(commit)
    }

    /// The blob of the store with this SHA-256.
    pub fn blob(&self, sha256: &str) -> PathBuf {
        self.store()
            .join("blobs/sha256")
            .join(&sha256[..2])
            .join(sha256)
    }
}

/// One run of the binary, to be begun.
pub struct Call<'a> {
    larder: &'a Larder,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    program: PathBuf,
    under: Vec<OsString>,
    user: Option<u32>,
}

impl Call<'_> {
    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.into(), value.as_ref().into()));
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn and(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        let args = args.into_iter().map(|arg| arg.as_ref().to_owned());
        self.args.extend(args);
        self
    }

    /// Runs by another program, which takes the command line at the end of its own.
    #[must_use]
    pub fn under(mut self, program: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        let words = program.into_iter().map(|word| word.as_ref().to_owned());
        self.under.extend(words);
        self
    }

    /// Runs as a user whom permissions bind: in place of root, `nobody`, who can reach the home.
    #[cfg(unix)]
    #[must_use]
    pub fn bound_by_permissions(mut self) -> Self {
        const NOBODY: u32 = 65534;
        if rustix::process::geteuid().is_root() {
            let copy = self.larder.path("larder-of-nobody");
            if !copy.exists() {
                // Not by this process: a file cannot be run while anybody has it open to write.
                let copied = Command::new("cp").args([&self.program, &copy]).status();
                assert!(copied.expect("no cp").success(), "cannot copy the binary");
            }
            self.program = copy;
            self.user = Some(NOBODY);
        }
        self
    }

    /// The command, for a test that needs its streams otherwise.
    pub fn command(&self) -> Command {
        let program = self.program.as_os_str();
        let line = self.under.iter().map(OsString::as_os_str).chain([program]);
        let mut line = line.chain(self.args.iter().map(OsString::as_os_str));
        let mut command = Command::new(line.next().unwrap_or(program));
        command
            .args(line)
            .env_clear()
            .envs(self.env.iter().cloned())
            .current_dir(self.larder.home())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        #[cfg(unix)]
        if let Some(user) = self.user {
            use std::os::unix::process::CommandExt;
            command.uid(user).gid(user);
        }
        command
    }

    /// Runs to the end.
    pub fn run(&self) -> Ran {
        self.spawn().wait()
    }

    /// Begins to run.
    pub fn spawn(&self) -> Running {
        Running::start(&mut self.command())
    }
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Everything on stdout.
    pub stdout: String,
    /// Everything on stderr.
    pub stderr: String,
}

impl Ran {
    /// Checks the exit code; the output is in the message if it is another.
    #[track_caller]
    pub fn exited(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "exit code of: {self:#?}");
        self
    }

    /// Checks that it succeeded.
    #[track_caller]
    pub fn succeeded(self) -> Self {
        self.exited(0)
    }

    /// stdout as the JSON document it is.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        match serde_json::from_str(&self.stdout) {
            Ok(document) => document,
            Err(error) => panic!("stdout is not one JSON document ({error}): {self:#?}"),
        }
    }

    /// The one line of stdout, without its end.
    #[track_caller]
    pub fn line(&self) -> &str {
        match self.stdout.strip_suffix('\n') {
            Some(line) if !line.contains('\n') => line,
            _ => panic!("stdout is not one line: {self:#?}"),
        }
    }

    /// Checks that stderr has all these words.
    #[track_caller]
    pub fn says(&self, words: &[&str]) -> &Self {
        for word in words {
            assert!(
                self.stderr.contains(word),
                "stderr lacks {word:?}: {self:#?}"
            );
        }
        self
    }
}

/// A run that is going on; dropping it kills the process.
pub struct Running {
    child: Child,
    shared: Arc<Shared>,
    readers: Vec<JoinHandle<()>>,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().expect("cannot start the binary");
        let shared = Arc::new(Shared::default());
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let out: Box<dyn Read + Send> = Box::new(out.expect("stdout is piped"));
        let err: Box<dyn Read + Send> = Box::new(err.expect("stderr is piped"));
        let readers = [out, err].into_iter().enumerate().map(|(number, stream)| {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || shared.follow(stream, number))
        });
        let readers = readers.collect();
        Self {
            child,
            shared,
            readers,
        }
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What is on stderr so far.
    pub fn stderr(&self) -> String {
        self.shared.lock().text(1)
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        self.shared.lock().closed == 2
    }

    /// Blocks until stderr has these words; ending without them fails the test.
    #[track_caller]
    pub fn wait_until_it_says(&self, words: &str) {
        let has = |streams: &Streams| streams.text(1).contains(words);
        self.shared
            .wait(|streams| has(streams) || streams.closed == 2);
        let stderr = self.stderr();
        assert!(stderr.contains(words), "never said {words:?}: {stderr}");
    }

    /// SIGKILL; it is gone when this returns.
    pub fn kill_9(mut self) -> Ran {
        self.child.kill().expect("cannot kill the process");
        self.wait()
    }

    /// SIGINT, as Ctrl-C sends it.
    #[cfg(unix)]
    pub fn interrupt(&self) {
        self.signal(rustix::process::Signal::INT);
    }

    /// Sends a signal.
    #[cfg(unix)]
    pub fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, signal).expect("cannot send a signal");
    }

    /// Waits for the end.
    #[track_caller]
    pub fn wait(mut self) -> Ran {
        let has_ended = self.shared.wait(|streams| streams.closed == 2);
        if !has_ended {
            drop(self.child.kill());
        }
        let status = self.child.wait().expect("cannot wait for the process");
        for reader in self.readers.drain(..) {
            reader.join().expect("a reader does not fail");
        }
        let streams = self.shared.lock();
        let ran = Ran {
            code: status.code(),
            stdout: streams.text(0),
            stderr: streams.text(1),
        };
        drop(streams);
        assert!(has_ended, "it hangs: {ran:#?}");
        ran
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // After a wait there is nothing left to kill, which is an error of no interest.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
