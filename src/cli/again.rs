//! The command line that goes on with what was interrupted, ready to be pasted into a shell.

use std::ffi::OsString;

use larder::redact::{without_tokens, without_url_secrets};

/// Slips of the finger up to which an option is taken for `--token`.
const MAX_SLIPS: usize = 2;

/// What was typed, without secrets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CommandLine {
    /// Quoted for a POSIX shell.
    pub(crate) text: String,
    /// Whether a token was left out.
    pub(crate) lacks_token: bool,
}

/// Rebuilds the command from its arguments (the program's name first), leaving out any token. Other
/// words that hold a secret, in a URL or by a slip of the finger, lose it.
pub(crate) fn command_line(arguments: &[OsString]) -> CommandLine {
    let mut words = vec!["larder".to_owned()];
    let mut lacks_token = false;
    let text = arguments.iter().skip(1).map(|word| word.to_string_lossy());
    let mut rest = text.peekable();
    while let Some(word) = rest.next() {
        if word == "--" {
            words.push(word.into_owned());
            words.extend(rest.by_ref().map(|word| shown(&word)));
        } else if word == "--token" {
            lacks_token = true;
            rest.next();
        } else if word.starts_with("--token=") {
            lacks_token = true;
        } else if let Some(option) = misspelt(&word) {
            let is_apart = option.len() == word.len();
            words.push(option.to_owned());
            if !is_apart || rest.next_if(|next| !next.starts_with('-')).is_some() {
                words.push("'***'".to_owned());
            }
        } else {
            words.push(shown(&word));
        }
    }
    CommandLine {
        text: words.join(" "),
        lacks_token,
    }
}

/// The name in an option that was probably meant to be `--token`.
fn misspelt(word: &str) -> Option<&str> {
    let option = word.split('=').next()?;
    let name = option.strip_prefix("--")?.to_ascii_lowercase();
    let is_alike =
        name.contains("token") || strsim::damerau_levenshtein(&name, "token") <= MAX_SLIPS;
    is_alike.then_some(option)
}

/// A word without secrets, quoted.
fn shown(word: &str) -> String {
    quoted(&without_tokens(&without_url_secrets(word)))
}

/// A word as a POSIX shell reads it back.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &[&str]) -> CommandLine {
        let words: Vec<_> = ["/usr/bin/larder"]
            .iter()
            .chain(words)
            .map(OsString::from)
            .collect();
        command_line(&words)
    }

    #[test]
    fn words_are_quoted() {
        let line = line(&[
            "pull",
            "Qwen/Qwen3-8B@main",
            "--include",
            "*.json",
            "it's",
            "",
        ]);
        assert_eq!(
            line.text,
            r"larder pull Qwen/Qwen3-8B@main --include '*.json' 'it'\''s' ''"
        );
        assert!(!line.lacks_token);
    }

    #[test]
    fn urls_lose_their_secrets() {
        let words = ["pull", "https://h/a/b?token=x", "--endpoint=https://u:p@m"];
        assert_eq!(
            line(&words).text,
            "larder pull https://h/a/b --endpoint=https://m/"
        );
    }

    #[test]
    fn a_misspelt_token_is_one_too() {
        for (words, text) in [
            (
                &["pull", "--tokn", "x1", "a/b"][..],
                "larder pull --tokn '***' a/b",
            ),
            (&["pull", "--hf-token=x1"], "larder pull --hf-token '***'"),
            (&["--Token", "--json"], "larder --Token --json"),
        ] {
            assert_eq!(line(words).text, text);
        }
        let token = format!("hf_{}", "x".repeat(34));
        assert_eq!(line(&["pull", &token]).text, "larder pull '***'");
    }

    #[test]
    fn no_other_option_is_taken_for_it() {
        use clap::CommandFactory;
        let command = crate::cli::args::Args::command();
        let all = command
            .get_subcommands()
            .flat_map(clap::Command::get_arguments);
        for long in all
            .chain(command.get_arguments())
            .filter_map(clap::Arg::get_long)
        {
            let found = misspelt(&format!("--{long}")).is_some();
            assert_eq!(found, long == "token", "{long}");
        }
    }

    #[test]
    fn tokens_are_left_out() {
        for words in [
            &["pull", "--token", "hf_x", "a/b"][..],
            &["pull", "--token=hf_x", "a/b"],
        ] {
            let expected = CommandLine {
                text: "larder pull a/b".into(),
                lacks_token: true,
            };
            assert_eq!(line(words), expected);
        }
        assert_eq!(
            line(&["pull", "--", "--token", "x"]).text,
            "larder pull -- --token x"
        );
    }
}
