//! The two streams: the answer goes to stdout, everything else to stderr.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use larder::error::{Cause, Error, Kind};
use larder::redact::clean;

use super::args::{Global, ProgressArg};
use super::config::Config;
use super::progress::Mode;

/// A shorter secret would blot out ordinary words.
const MIN_SECRET_LEN: usize = 6;

/// What stderr carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Voice {
    /// Text for people.
    Prose,
    /// One JSON object per line.
    Events,
    /// Errors only.
    Quiet,
}

/// Where a command prints, and how.
pub(crate) struct Output {
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    /// The answer, and an error too, is one JSON document on stdout.
    pub(crate) is_json: bool,
    pub(crate) voice: Voice,
    is_colored: bool,
    /// Columns of the terminal on stdout.
    pub(crate) width: Option<usize>,
    secrets: Vec<SecretString>,
    verdict: Option<Kind>,
}

impl Output {
    /// The process's own streams, as far as the options alone can tell.
    pub(crate) fn new(global: &Global) -> Self {
        Self {
            out: Box::new(io::stdout()),
            err: Box::new(io::stderr()),
            is_json: global.json,
            voice: match global.progress {
                _ if global.quiet => Voice::Quiet,
                Some(ProgressArg::Json) => Voice::Events,
                _ => Voice::Prose,
            },
            is_colored: false,
            width: width_of(io::stdout()),
            secrets: Vec::new(),
            verdict: None,
        }
    }

    /// Notes that the answer, though it was given, is that something is wrong.
    pub(crate) fn fails_with(&mut self, kind: Kind) {
        self.verdict = Some(kind);
    }

    /// The exit code of a command that gave its answer.
    pub(crate) fn exit_code(&self) -> u8 {
        self.verdict.map_or(0, Kind::exit_code)
    }

    /// The process's own streams when not even the options are understood, but JSON is asked for.
    pub(crate) fn json() -> Self {
        Self::new(&Global {
            json: true,
            ..Global::default()
        })
    }

    /// Takes over what was decided, and passes on its warnings.
    pub(crate) fn configure(&mut self, config: &Config) {
        self.voice = match config.progress.value {
            Mode::Json => Voice::Events,
            Mode::Silent => Voice::Quiet,
            _ => Voice::Prose,
        };
        self.is_colored = config.color.value;
        self.secrets = config.secrets();
        for warning in &config.warnings {
            self.warn(warning);
        }
    }

    /// Writes the answer. A reader that has gone away is no failure.
    pub(crate) fn answer(&mut self, text: &str) -> Result<(), Error> {
        self.answer_bytes(text.as_bytes())
    }

    /// Writes the answer as JSON, and a line break.
    pub(crate) fn answer_json(&mut self, answer: &impl Serialize) -> Result<(), Error> {
        let text = serde_json::to_vec(answer).map_err(io::Error::from);
        let mut text = text.map_err(unwritten)?;
        text.push(b'\n');
        self.answer_bytes(&text)
    }

    /// Writes a path, whatever bytes it is made of, and a line break.
    pub(crate) fn answer_path(&mut self, path: &Path) -> Result<(), Error> {
        let mut bytes = path.as_os_str().as_encoded_bytes().to_owned();
        bytes.push(b'\n');
        self.answer_bytes(&bytes)
    }

    fn answer_bytes(&mut self, bytes: &[u8]) -> Result<(), Error> {
        match self.out.write_all(bytes).and_then(|()| self.out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(unwritten(error)),
            _written_or_unwanted => Ok(()),
        }
    }

    /// Says something on stderr that is neither the answer nor an error.
    pub(crate) fn say(&mut self, text: &str) {
        if self.voice == Voice::Prose {
            let text = self.masked(&clean(text));
            self.stderr(&text);
        }
    }

    fn warn(&mut self, text: &str) {
        match self.voice {
            Voice::Prose => {
                let lead = self.painted("warning:", "1;33");
                let text = self.masked(&clean(text));
                self.stderr(&format!("{lead} {text}"));
            }
            Voice::Events => {
                self.event(&serde_json::json!({ "event": "notice", "message": text }));
            }
            Voice::Quiet => {}
        }
    }

    /// Asks a question on stderr and waits for the answer on stdin; whether it is yes. No without a
    /// terminal on both.
    pub(crate) fn ask(&mut self, question: &str) -> bool {
        if !can_ask() {
            return false;
        }
        drop(write!(self.err, "{} [y/N] ", self.masked(&clean(question))));
        drop(self.err.flush());
        let mut answer = String::new();
        let read = io::stdin().read_line(&mut answer);
        read.is_ok() && ["y", "yes"].contains(&answer.trim().to_lowercase().as_str())
    }

    /// Writes an event beside those of the progress.
    pub(crate) fn event(&mut self, event: &serde_json::Value) {
        let text = self.masked(&event.to_string());
        self.stderr(&text);
    }

    /// Writes a line to stderr that was cleaned and masked before.
    pub(crate) fn stderr(&mut self, line: &str) {
        // Nowhere is left to complain.
        drop(writeln!(self.err, "{line}"));
    }

    /// `text` in a colour (an SGR code), where colours are wanted.
    pub(crate) fn painted(&self, text: &str, code: &str) -> String {
        if self.is_colored {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// `text` without any secret that got into it.
    pub(crate) fn masked(&self, text: &str) -> String {
        masked(text, &self.secrets)
    }
}

/// Standard output does not take the answer.
fn unwritten(error: io::Error) -> Error {
    let path = PathBuf::from("stdout");
    let cause = Cause::Io {
        action: "write to",
        path: path.clone(),
        source: error,
    };
    cause.on_path("write to", &path)
}

/// Whether there is somebody to answer a question.
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// `text` with each of the secrets blotted out.
pub(crate) fn masked(text: &str, secrets: &[SecretString]) -> String {
    let secrets = secrets.iter().map(|secret| secret.expose_secret().trim());
    let long = secrets.filter(|secret| secret.len() >= MIN_SECRET_LEN);
    long.fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
}

/// Columns of the terminal behind a stream; nothing when it is no terminal.
#[cfg(unix)]
pub(crate) fn width_of(stream: impl std::os::fd::AsFd) -> Option<usize> {
    terminal_size::terminal_size_of(stream).map(|(width, _)| usize::from(width.0))
}

/// Columns of the terminal behind a stream; nothing when it is no terminal.
#[cfg(windows)]
pub(crate) fn width_of(stream: impl std::os::windows::io::AsHandle) -> Option<usize> {
    terminal_size::terminal_size_of(stream).map(|(width, _)| usize::from(width.0))
}

#[cfg(test)]
pub(crate) mod testing {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Bytes that a test reads back.
    #[derive(Clone, Default)]
    pub(crate) struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Shared {
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// An output into memory: itself, what went to stdout, what went to stderr.
    pub(crate) fn output(secrets: &[&str]) -> (Output, Shared, Shared) {
        let (out, err) = (Shared::default(), Shared::default());
        let output = Output {
            out: Box::new(out.clone()),
            err: Box::new(err.clone()),
            is_json: false,
            voice: Voice::Prose,
            is_colored: false,
            width: None,
            verdict: None,
            secrets: secrets
                .iter()
                .map(|secret| SecretString::from(*secret))
                .collect(),
        };
        (output, out, err)
    }

    struct Failing(io::ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_broken_pipe_is_success_and_a_full_disk_is_not() {
        let (mut output, ..) = output(&[]);
        output.out = Box::new(Failing(io::ErrorKind::BrokenPipe));
        assert!(output.answer("x").is_ok());
        output.out = Box::new(Failing(io::ErrorKind::StorageFull));
        assert_eq!(output.answer("x").unwrap_err().cause.kind().exit_code(), 7);
    }

    #[test]
    fn secrets_are_masked_and_controls_cleaned() {
        let (mut output, _, err) = output(&["hf_s3cr3t\n", "a"]);
        output.say("a hf_s3cr3t\x1b[2J");
        assert_eq!(err.text(), "a ***\\u{1b}[2J\n");
    }
}
