//! `larder pull …`, as typed.

use larder::select::WeightFormat;

use crate::cli::args::Hub;

const EXAMPLES: &str = "\
Examples:
  larder pull sentence-transformers/all-MiniLM-L6-v2
  larder pull Qwen/Qwen3-8B --exclude '*.md' --limit-rate 50M
  larder pull Qwen/Qwen3-8B --dry-run
  larder pull ms:Qwen/Qwen3-8B@master
  DIR=$(larder pull -q Qwen/Qwen3-8B --offline)

stdout carries the folder (or the file, when exactly one was named) and nothing else. An interrupted
pull goes on where it stopped when the same command runs again.";

/// `larder pull …`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Pull {
    /// [hub:]owner/name[@revision][:quant], or a page URL of the hub
    #[arg(value_name = "REF")]
    pub(crate) reference: String,

    /// Files to take, or folders with a trailing `/`; all when none is named
    #[arg(value_name = "FILES")]
    pub(crate) files: Vec<String>,

    #[command(flatten)]
    pub(crate) choice: Choice,

    /// Only say what would be fetched
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Fetch everything again, whatever is on disk
    #[arg(long, conflicts_with = "offline")]
    pub(crate) force: bool,

    #[command(flatten)]
    pub(crate) hub: Hub,
}

/// Which files, and of which revision.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "What to take")]
pub(crate) struct Choice {
    /// Take only files that match (repeatable; `*` crosses `/`)
    #[arg(long, value_name = "GLOB")]
    pub(crate) include: Vec<String>,

    /// Leave out files that match (repeatable)
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,

    /// Take weights in this format and leave out their duplicates in others
    #[arg(long, value_name = "FORMAT")]
    pub(crate) weights: Option<WeightFormat>,

    /// Branch, tag or commit; the same as `@REV` in REF
    #[arg(long, value_name = "REV")]
    pub(crate) revision: Option<String>,
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::args::{Args, Command};

    fn pull(words: &[&str]) -> Result<Pull, clap::Error> {
        let args = Args::try_parse_from(["larder", "pull"].iter().chain(words))?;
        match args.command {
            Command::Pull(pull) => Ok(*pull),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_reference_then_its_files() {
        let pull = pull(&[
            "gpt2",
            "config.json",
            "onnx/",
            "--include",
            "*.bin",
            "--include",
            "*.md",
        ]);
        let pull = pull.unwrap();
        assert_eq!(pull.reference, "gpt2");
        assert_eq!(pull.files, ["config.json", "onnx/"]);
        assert_eq!(pull.choice.include, ["*.bin", "*.md"]);
    }

    #[test]
    fn amounts_are_checked() {
        assert_eq!(
            pull(&["a/b", "--limit-rate", "1.5MB"])
                .unwrap()
                .hub
                .limit_rate,
            Some(1_500_000)
        );
        for bad in [
            ["--connections", "0"],
            ["--connections", "65"],
            ["--limit-rate", "fast"],
        ] {
            assert!(pull(&["a/b", bad[0], bad[1]]).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn contradictions_are_refused() {
        assert!(pull(&["a/b", "-q", "-v"]).is_err());
        assert!(pull(&["a/b", "--force", "--offline"]).is_err());
        assert!(pull(&[]).is_err());
    }

    #[test]
    fn a_token_is_not_debug_printed() {
        let words = [
            "a/b",
            "--token",
            "hf_s3cr3t",
            "--endpoint=http://u:s3cr3t@h",
        ];
        let pull = pull(&words).unwrap();
        assert!(!format!("{pull:?}").contains("s3cr3t"));
    }
}
