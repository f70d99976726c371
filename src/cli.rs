//! The command line: what was typed becomes one [`config::Config`], a command, and an exit code.
//!
//! Only this module and its children read the environment, know the terminal, or print. The answer
//! of a command goes to stdout, everything else to stderr. Commands that fetch nothing build neither
//! a runtime nor a client, so that they start at once.

use std::ffi::OsString;

use clap::Parser;
use clap::error::ErrorKind;

use larder::error::{Cause, Error, Kind, Subject};
use larder::redact::without_tokens;

use args::{Args, Command, Global};
use config::Config;
use output::Output;

mod adopt;
mod again;
mod args;
mod config;
mod env;
pub(crate) mod fail;
mod interrupt;
mod logging;
mod manual;
mod output;
mod progress;
mod pull;
mod render;
mod runtime;
mod session;
mod verify;

/// Runs the command that `arguments` (the program's name first) ask for; returns the exit code.
pub(crate) fn run(arguments: &[OsString]) -> u8 {
    let args = match Args::try_parse_from(arguments) {
        Ok(args) => args,
        Err(error) => return misuse(&error, arguments),
    };
    let mut output = Output::new(&args.global);
    match dispatch(&args, arguments, &mut output) {
        Ok(()) => output.exit_code(),
        Err(error) => {
            fail::report(&error, &fail::Advice::of(&error, arguments), &mut output);
            error.cause.kind().exit_code()
        }
    }
}

fn dispatch(args: &Args, arguments: &[OsString], output: &mut Output) -> Result<(), Error> {
    match &args.command {
        Command::Completions { shell } => manual::completions(*shell, output),
        Command::Man { command } => manual::man(command.as_deref(), output),
        Command::Env { markdown: true } => output.answer(&config::vars::markdown()),
        Command::Env { markdown: false } => {
            let config = Config::of_process(&args.global, &args::Hub::default())?;
            output.configure(&config);
            env::run(&config, output)
        }
        Command::Pull(pull) => {
            let config = Config::of_process(&args.global, &pull.hub)?;
            output.configure(&config);
            logging::start(&config)?;
            tracing::debug!(arguments = %again::command_line(arguments).text, "started");
            pull::run(pull, &config, output)
        }
        Command::Verify(verify) => {
            let config = Config::of_process(&args.global, &verify.hub)?;
            output.configure(&config);
            logging::start(&config)?;
            verify::run(verify, &config, output)
        }
        Command::Adopt(adopt) => {
            let config = Config::of_process(&args.global, &adopt.to_hub())?;
            output.configure(&config);
            logging::start(&config)?;
            adopt::run(adopt, &config, output)
        }
    }
}

/// Prints what clap found wrong, or the help or version that was asked for.
fn misuse(error: &clap::Error, arguments: &[OsString]) -> u8 {
    let is_answer = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    let is_json = arguments
        .iter()
        .take_while(|word| *word != "--")
        .any(|word| word == "--json");
    if is_json && !is_answer {
        let why = without_tokens(&error.render().to_string());
        let why = why
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("error: ")
            .to_owned();
        let hint = Some("`larder --help` lists commands and options".to_owned());
        let subject = Subject::Text(again::command_line(arguments).text);
        let error = Error {
            doing: "understand",
            subject,
            cause: Cause::Usage { why, hint },
        };
        fail::report(
            &error,
            &fail::Advice::of(&error, arguments),
            &mut Output::json(),
        );
    } else if let Some(text) = tokenless(error) {
        Output::new(&Global::default()).stderr(text.trim_end());
    } else {
        // A closed pipe is the reader's choice, and there is nowhere else to complain.
        drop(error.print());
    }
    if is_answer {
        0
    } else {
        Kind::Usage.exit_code()
    }
}

/// What clap says without the tokens that it repeats, if it repeats any; loses the colours.
fn tokenless(error: &clap::Error) -> Option<String> {
    let text = error.render().to_string();
    let shown = without_tokens(&text);
    (shown != text).then_some(shown)
}
