//! The arguments, as typed. What they mean together with environment and file: [`super::config`].

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use secrecy::SecretString;

use super::config::amount;
use super::{adopt, ls, prune, pull, rm, show, verify};

const EXAMPLES: &str = "\
Examples:
  larder pull Qwen/Qwen3-8B                         the whole repo, verified
  larder pull gpt2 config.json tokenizer.json       two files of it
  larder pull org/name@refs/pr/3 --include '*.json' a revision, filtered
  larder pull bartowski/X-GGUF:Q4_K_M               one quantisation of a GGUF repo
  larder pull ms:Qwen/Qwen3-8B                      the same from ModelScope
  larder ls --sort size                             what is here, the largest first
  larder show Qwen/Qwen3-8B                         what is known of one repo
  larder rm org/name@old                            a revision, gone from disk
  larder prune --unused-for 30d                     what nobody needs, and what nobody used
  larder verify --repair                            hash all that is here, fetch what is wrong
  larder adopt ~/models                             keep what is there once, with all the rest
  larder env                                        every setting and where it comes from

Exit codes: 0 done, 2 usage, 3 not found, 4 no access, 5 network, 6 integrity, 7 disk,
8 locked, 130 interrupted, 1 a bug.";

/// `larder …`.
#[derive(Debug, Parser)]
#[command(
    name = "larder",
    bin_name = "larder",
    version,
    about = "Puts model weights on disk, verified and resumable, one copy of every byte",
    after_help = EXAMPLES,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that every command takes.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Folder of the store, where blobs are kept
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) store: Option<PathBuf>,

    /// Print the answer, or the error, as one JSON document on stdout
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Print nothing but the answer and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// Log what is done on stderr (-vv and -vvv say more)
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,

    /// How progress is shown on stderr; auto draws bars on a terminal and prints lines elsewhere
    #[arg(long, global = true, value_enum, value_name = "HOW")]
    pub(crate) progress: Option<ProgressArg>,

    /// Whether messages are coloured
    #[arg(long, global = true, value_enum, value_name = "WHEN")]
    pub(crate) color: Option<ColorArg>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Put the files of a model or dataset on disk, verified
    Pull(Box<pull::Pull>),
    /// List what is on this disk, and what removing it frees
    Ls(ls::Ls),
    /// Tell what is known of a repo on this disk: files, format, licence, where it is seen
    Show(show::Show),
    /// Remove repos, revisions or files from the store and from where tools see them
    Rm(Box<rm::Rm>),
    /// Remove what nothing needs any more
    Prune(Box<prune::Prune>),
    /// Hash what is here and say what is missing, changed or unknown
    Verify(Box<verify::Verify>),
    /// Take over what other tools left, and keep each content once
    Adopt(adopt::Adopt),
    /// Show every setting, where it comes from, and the variables that are honoured
    Env {
        /// Print the documentation of the variables instead
        #[arg(long, hide = true)]
        markdown: bool,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page (roff)
    Man {
        /// Of this command instead of larder as a whole
        command: Option<String>,
    },
}

/// How the hub and the disk are used.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Network and disk")]
pub(crate) struct Hub {
    /// Send no request: what is on this disk has to be enough
    #[arg(long)]
    pub(crate) offline: bool,

    /// Connections at once, at most (1 to 64) [default: 32]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) connections: Option<u16>,

    /// Bytes per second in all, at most: `50M`, `1.5GB`, `800KiB`
    #[arg(long, value_name = "RATE", value_parser = amount::parse_bytes)]
    pub(crate) limit_rate: Option<u64>,

    /// Access token; other users of this machine can see it, so prefer `HF_TOKEN` or
    /// `MODELSCOPE_API_TOKEN`
    #[arg(long, value_name = "TOKEN", value_parser = secret)]
    pub(crate) token: Option<SecretString>,

    /// Base URL of the hub or of a mirror
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, value_parser = secret)]
    // An address may hold a password.
    pub(crate) endpoint: Option<SecretString>,

    /// The cache to fill, of the hub that is pulled from
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) cache_dir: Option<PathBuf>,

    /// How the ModelScope cache is laid out; legacy is what `modelscope` 1.37 and older read
    #[arg(long, value_enum, value_name = "LAYOUT", default_value_t)]
    pub(crate) layout: LayoutArg,

    /// How long to wait for another process that works on the same [default: for ever]
    #[arg(long, value_name = "SECONDS", value_parser = amount::parse_seconds)]
    pub(crate) lock_timeout: Option<Duration>,
}

impl Hub {
    /// Without what is meant for one hub alone.
    pub(crate) fn without_origin(&self) -> Self {
        Self {
            token: None,
            endpoint: None,
            ..self.clone()
        }
    }
}

/// `--progress`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressArg {
    /// Bars on a terminal, lines elsewhere
    Auto,
    /// Bars
    Bars,
    /// A line now and then
    Lines,
    /// One JSON object per event
    Json,
    /// Nothing but notices
    None,
}

/// The hub of a reference that names none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum HubArg {
    /// Hugging Face
    Hf,
    /// ModelScope
    Ms,
}

/// `--layout`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LayoutArg {
    /// A folder for each revision
    #[default]
    Current,
    /// One folder for each repo, with an index
    Legacy,
}

/// `--color`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorArg {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[expect(clippy::unnecessary_wraps, reason = "the form that clap asks for")]
pub(crate) fn secret(text: &str) -> Result<SecretString, String> {
    Ok(SecretString::from(text))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }
}
