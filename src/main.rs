//! The `larder` command: arguments → configuration → command → exit code.

use std::process::ExitCode;

mod cli;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(cli::fail::panicked));
    let arguments: Vec<_> = std::env::args_os().collect();
    match std::panic::catch_unwind(|| cli::run(&arguments)) {
        Ok(code) => ExitCode::from(code),
        Err(_reported_by_the_hook) => ExitCode::from(larder::error::Kind::Bug.exit_code()),
    }
}
