//! Completion scripts and manual pages, from the definition of the arguments.

use clap::CommandFactory;
use clap_complete::Shell;

use larder::error::{Cause, Error, Subject};

use super::args::Args;
use super::output::Output;

/// Prints the completion script for a shell.
pub(crate) fn completions(shell: Shell, output: &mut Output) -> Result<(), Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "larder", &mut script);
    output.answer(&String::from_utf8_lossy(&script))
}

/// Prints the manual page of larder, or of one command.
pub(crate) fn man(name: Option<&str>, output: &mut Output) -> Result<(), Error> {
    let mut all = Args::command();
    all.build();
    let command = match name {
        None => all,
        Some(name) => all
            .find_subcommand(name)
            .cloned()
            .ok_or_else(|| no_command(name))?,
    };
    let mut page = Vec::new();
    // Writing to memory does not fail.
    drop(clap_mangen::Man::new(command).render(&mut page));
    output.answer(&String::from_utf8_lossy(&page))
}

fn no_command(name: &str) -> Error {
    let hint = Some("`larder --help` lists the commands".to_owned());
    let cause = Cause::Usage {
        why: "there is no such command".to_owned(),
        hint,
    };
    Error {
        doing: "describe",
        subject: Subject::Text(name.to_owned()),
        cause,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::testing::output;

    #[test]
    fn scripts_and_pages_name_the_options() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let (mut output, out, _) = output(&[]);
            completions(shell, &mut output).unwrap();
            assert!(out.text().contains("limit-rate"), "{shell}");
        }
        let (mut output, out, _) = output(&[]);
        man(Some("pull"), &mut output).unwrap();
        assert!(out.text().contains(r"\-\-limit\-rate"), "{}", out.text());
        assert!(man(Some("push"), &mut output).is_err());
    }
}
