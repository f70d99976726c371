//! Failures, for people on stderr or for programs on stdout.

use std::ffi::OsString;
use std::io::Write;

use serde_json::{Value, json};

use larder::error::{Cause, Error, Kind, Subject};
use larder::redact::clean;

use super::again;
use super::output::{Output, Voice};

/// What to tell beside the error itself.
#[derive(Debug)]
pub(crate) struct Advice {
    /// What to do now.
    hint: Option<String>,
}

impl Advice {
    /// The hint of the cause; for an interrupted command, the command that goes on.
    pub(crate) fn of(error: &Error, arguments: &[OsString]) -> Self {
        if error.cause.kind() != Kind::Cancelled {
            return Self {
                hint: error.cause.hint(),
            };
        }
        let line = again::command_line(arguments);
        let token = if line.lacks_token {
            " (with --token as before)"
        } else {
            ""
        };
        Self {
            hint: Some(format!("{}{token}", line.text)),
        }
    }
}

/// Prints why a command failed: as JSON on stdout, as an event, or as text.
pub(crate) fn report(error: &Error, advice: &Advice, output: &mut Output) {
    if output.is_json || output.voice == Voice::Events {
        let error = to_json(error, advice);
        if output.voice == Voice::Events {
            let mut event = json!({ "event": "failed" });
            event["error"] = error.clone();
            output.event(&event);
        }
        if output.is_json {
            let text = output.masked(&json!({ "error": error }).to_string());
            // The exit code says that something failed, even when this cannot.
            drop(output.answer(&format!("{text}\n")));
        }
        return;
    }
    for line in to_text(error, advice, output) {
        let line = output.masked(&line);
        output.stderr(&line);
    }
}

fn to_text(error: &Error, advice: &Advice, output: &Output) -> Vec<String> {
    let hint = advice.hint.as_deref().map(clean);
    if let Cause::Cancelled = error.cause {
        let hint = hint
            .map(|hint| format!(" To go on: {hint}"))
            .unwrap_or_default();
        return vec![format!("interrupted; what was fetched is kept.{hint}")];
    }
    let lead = output.painted("error:", "1;31");
    let mut lines = vec![format!("{lead} {}", clean(&error.to_string()))];
    lines.push(format!("  caused by: {}", clean(&error.cause.to_string())));
    if let Some(hint) = hint {
        lines.push(format!("  {} {hint}", output.painted("hint:", "1;36")));
    }
    lines
}

fn to_json(error: &Error, advice: &Advice) -> Value {
    let kind = error.cause.kind();
    let (repo, file, path) = match &error.subject {
        Subject::Text(_) => (None, None, None),
        Subject::Repo(repo) => (Some(repo.clone()), None, None),
        Subject::File { path, repo } => (Some(repo.clone()), Some(path.clone()), None),
        Subject::Local(path) => (None, None, Some(path.display().to_string())),
    };
    json!({
        "kind": kind.name(),
        "exit_code": kind.exit_code(),
        "message": clean(&error.to_string()),
        "causes": [clean(&error.cause.to_string())],
        "hint": advice.hint.as_deref().map(clean),
        "repo": repo.as_deref().map(clean),
        "file": file.as_deref().map(clean),
        "path": path.as_deref().map(clean),
    })
}

/// The panic hook: a defect is named as one, with what a report needs.
pub(crate) fn panicked(panic: &std::panic::PanicHookInfo<'_>) {
    let payload = panic.payload();
    let what = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    let place = panic
        .location()
        .map(ToString::to_string)
        .unwrap_or_default();
    let mut err = std::io::stderr().lock();
    let written = writeln!(
        err,
        "error: larder did something it should not: {} ({place})\n  \
         hint: please report this with the output of `larder -v …`; what was fetched is kept",
        clean(what)
    );
    drop(written);
}

#[cfg(test)]
mod tests {
    use larder::digest::{BlobId, Digest};

    use super::*;
    use crate::cli::output::testing::output;

    fn arguments() -> Vec<OsString> {
        ["larder", "pull", "a/b", "--token", "hf_s3cr3t"]
            .map(OsString::from)
            .into()
    }

    fn corrupt() -> Error {
        let digest = |digit: &str| Digest::Sha256(BlobId::of(digit.as_bytes()));
        let cause = Cause::Corrupt {
            want: digest("a"),
            got: digest("b"),
        };
        cause.on_file("fetch", &"model.bin", &"org/name@main")
    }

    #[test]
    fn text() {
        let (mut output, out, err) = output(&[]);
        let error = corrupt();
        report(&error, &Advice::of(&error, &arguments()), &mut output);
        let text = err.text();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "error: cannot fetch model.bin of org/name@main");
        assert!(
            lines[1].starts_with("  caused by: checksum mismatch: expected "),
            "{text}"
        );
        assert!(
            lines[2].starts_with("  hint: nothing wrong was kept; "),
            "{text}"
        );
        assert_eq!((lines.len(), out.text().as_str()), (3, ""));
    }

    #[test]
    fn json_goes_to_stdout_and_nothing_to_stderr() {
        let (mut output, out, err) = output(&[]);
        output.is_json = true;
        let error = corrupt();
        report(&error, &Advice::of(&error, &arguments()), &mut output);
        let json: Value = serde_json::from_str(&out.text()).unwrap();
        assert_eq!(json["error"]["kind"], "integrity");
        assert_eq!(json["error"]["exit_code"], 6);
        assert_eq!(json["error"]["repo"], "org/name@main");
        assert_eq!(json["error"]["file"], "model.bin");
        assert_eq!(json["error"]["causes"].as_array().unwrap().len(), 1);
        assert_eq!(err.text(), "");
    }

    #[test]
    fn an_interrupt_says_how_to_go_on() {
        let (mut output, _, err) = output(&[]);
        let error = Cause::Cancelled.on_repo("pull", &"a/b");
        report(&error, &Advice::of(&error, &arguments()), &mut output);
        assert_eq!(
            err.text(),
            "interrupted; what was fetched is kept. To go on: larder pull a/b (with --token as before)\n"
        );
    }

    #[test]
    fn neither_secrets_nor_escape_codes_get_through() {
        let cause = Cause::BadAnswer {
            host: "h".into(),
            what: "hf_s3cr3t\x1b[2J\nx".into(),
        };
        let error = cause.on_repo("pull", &"a/b\x07");
        for is_json in [false, true] {
            let (mut output, out, err) = output(&["hf_s3cr3t"]);
            output.is_json = is_json;
            report(&error, &Advice::of(&error, &arguments()), &mut output);
            let text = out.text() + &err.text();
            assert!(!text.contains("s3cr3t") && !text.contains('\x1b'), "{text}");
            assert!(text.contains("***"), "{text}");
        }
    }

    #[test]
    fn the_page_has_every_code() {
        let page = include_str!("../../docs/exit-codes.md");
        for kind in Kind::ALL {
            let row = format!("| {} | `{}` |", kind.exit_code(), kind.name());
            assert!(page.contains(&row), "docs/exit-codes.md lacks: {row}");
        }
    }
}
