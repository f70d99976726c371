//! Where an access token may come from. The values are never printed, not even in part.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};

use larder::error::Cause;
use larder::hub::token::{Token, TokenOrigin, TokenSources, find_token, read_token_file};

use super::Setting;

/// Every place a token may be, in the order in which they are tried.
#[derive(Debug)]
pub(crate) struct Tokens {
    /// What `--token` gave.
    pub(crate) flag: Option<SecretString>,
    /// `HF_TOKEN`.
    pub(crate) hf_token: Option<SecretString>,
    /// `HUGGING_FACE_HUB_TOKEN`, the older name.
    pub(crate) hugging_face_hub_token: Option<SecretString>,
    /// The token file; it need not exist.
    pub(crate) path: Setting<PathBuf>,
    /// `HF_HUB_DISABLE_IMPLICIT_TOKEN`: nothing but `--token` counts.
    pub(crate) is_explicit_only: bool,
}

impl Tokens {
    /// The token that counts, if any.
    pub(crate) fn find(&self) -> Result<Option<Token>, Cause> {
        let text = |token: &Option<SecretString>| {
            token.as_ref().map(|token| token.expose_secret().to_owned())
        };
        let mut sources = TokenSources {
            flag: text(&self.flag),
            hf_token: text(&self.hf_token),
            hugging_face_hub_token: text(&self.hugging_face_hub_token),
            file: None,
            is_explicit_only: self.is_explicit_only,
        };
        if sources.wants_file() {
            let path = &self.path.value;
            sources.file = read_token_file(path)?.map(|text| (path.clone(), text));
        }
        Ok(find_token(sources))
    }

    /// Where the token that counts comes from.
    pub(crate) fn origin(&self) -> Option<String> {
        let token = self.find().ok().flatten();
        token.map(|token| token.origin().to_string())
    }

    /// Every value, to be kept out of what is printed.
    pub(crate) fn secrets(&self) -> Vec<SecretString> {
        let given = [&self.flag, &self.hf_token, &self.hugging_face_hub_token];
        let file = if self.is_explicit_only {
            None
        } else {
            read_token_file(&self.path.value).ok().flatten()
        };
        let file = file.map(SecretString::from);
        given
            .into_iter()
            .flatten()
            .chain(&file)
            .flat_map(|text| forms(text.expose_secret()))
            .collect()
    }
}

/// A token as it was given and as it is sent, which is all that a hub can echo.
pub(super) fn forms(text: &str) -> impl Iterator<Item = SecretString> {
    let sent = Token::new(text, TokenOrigin::Flag)
        .and_then(|token| token.header().ok())
        .and_then(|header| Some(header.to_str().ok()?.strip_prefix("Bearer ")?.to_owned()));
    let given =
        Some(text.trim()).filter(|given| !given.is_empty() && sent.as_deref() != Some(given));
    given
        .map(SecretString::from)
        .into_iter()
        .chain(sent.map(SecretString::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_secret_as_given_and_as_sent() {
        let forms = |text| -> Vec<_> {
            forms(text)
                .map(|form| form.expose_secret().to_owned())
                .collect()
        };
        assert_eq!(forms(" hf_a\n"), ["hf_a"]);
        assert_eq!(forms("hf_a\r\nb\n"), ["hf_a\r\nb", "hf_ab"]);
        assert_eq!(forms("a\u{1}b"), ["a\u{1}b"]);
        assert!(forms(" \n").is_empty());
    }

    #[test]
    fn the_order() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "from-file\n").unwrap();
        let secret = |text: &str| Some(SecretString::from(text));
        let mut tokens = Tokens {
            flag: secret("a"),
            hf_token: secret("b"),
            hugging_face_hub_token: secret("c"),
            path: Setting::default(path.clone()),
            is_explicit_only: false,
        };
        assert_eq!(tokens.origin().as_deref(), Some("--token"));
        tokens.flag = None;
        assert_eq!(tokens.origin().as_deref(), Some("HF_TOKEN"));
        tokens.hf_token = secret(" \n");
        assert_eq!(tokens.origin().as_deref(), Some("HUGGING_FACE_HUB_TOKEN"));
        tokens.hugging_face_hub_token = None;
        assert_eq!(tokens.origin(), Some(path.display().to_string()));
        assert!(!format!("{tokens:?}").contains("from-file"));
        tokens.is_explicit_only = true;
        assert_eq!(tokens.origin(), None);
    }
}
