//! The access token: where it was found, and that it is never shown.
//!
//! Precedence and normalisation are those of `huggingface_hub` (`utils._auth.get_token`). The caller
//! fills in [`TokenSources`]; nothing here reads the environment. A token leaves this module only as
//! a header value that is marked sensitive.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use crate::error::Cause;
use crate::redact::clean;

/// Where a token was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenOrigin {
    /// Given as `--token`.
    Flag,
    /// An environment variable.
    Variable(&'static str),
    /// A token file.
    File(PathBuf),
}

impl fmt::Display for TokenOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("--token"),
            Self::Variable(name) => f.write_str(name),
            Self::File(path) => f.write_str(&clean(&path.display().to_string())),
        }
    }
}

/// A token and where it was found. `Debug` shows the place only.
#[derive(Clone)]
pub struct Token {
    secret: SecretString,
    origin: TokenOrigin,
}

impl Token {
    /// Takes `text` without line breaks and outer blanks; nothing if that leaves nothing.
    pub fn new(text: &str, origin: TokenOrigin) -> Option<Self> {
        let text: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
        let text = text.trim();
        (!text.is_empty()).then(|| Self {
            secret: text.into(),
            origin,
        })
    }

    /// Where it was found.
    pub fn origin(&self) -> &TokenOrigin {
        &self.origin
    }

    /// `Bearer …` as a header value that no log shows.
    ///
    /// # Errors
    /// [`Cause::BadToken`] when the token has characters that no header may carry.
    pub fn header(&self) -> Result<HeaderValue, Cause> {
        let text = SecretString::from(format!("Bearer {}", self.secret.expose_secret()));
        let mut value =
            HeaderValue::from_str(text.expose_secret()).map_err(|_| Cause::BadToken {
                origin: self.origin.to_string(),
            })?;
        value.set_sensitive(true);
        Ok(value)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

/// Every place a token may be, as plain values. Has no `Debug`: it holds secrets.
#[derive(Clone, Default)]
pub struct TokenSources {
    /// What `--token` gave.
    pub flag: Option<String>,
    /// The value of `HF_TOKEN`.
    pub hf_token: Option<String>,
    /// The value of `HUGGING_FACE_HUB_TOKEN`, the older name.
    pub hugging_face_hub_token: Option<String>,
    /// The token file (`HF_TOKEN_PATH`, else `HF_HOME/token`) and what [`read_token_file`] found.
    pub file: Option<(PathBuf, String)>,
    /// `HF_HUB_DISABLE_IMPLICIT_TOKEN`: use nothing but `flag`.
    pub is_explicit_only: bool,
}

impl TokenSources {
    /// Whether the token file can still matter: nothing that comes before it has a token.
    pub fn wants_file(&self) -> bool {
        !self.is_explicit_only
            && find_token(Self {
                file: None,
                ..self.clone()
            })
            .is_none()
    }
}

/// The token to use: `--token`, `HF_TOKEN`, `HUGGING_FACE_HUB_TOKEN`, the token file, in this order.
///
/// A place that holds only blanks is passed over.
pub fn find_token(sources: TokenSources) -> Option<Token> {
    let from = |text: Option<String>, origin| Token::new(&text?, origin);
    if let Some(token) = from(sources.flag, TokenOrigin::Flag) {
        return Some(token);
    }
    if sources.is_explicit_only {
        return None;
    }
    let old = "HUGGING_FACE_HUB_TOKEN";
    from(sources.hf_token, TokenOrigin::Variable("HF_TOKEN"))
        .or_else(|| from(sources.hugging_face_hub_token, TokenOrigin::Variable(old)))
        .or_else(|| {
            sources
                .file
                .and_then(|(path, text)| Token::new(&text, TokenOrigin::File(path)))
        })
}

/// Reads the token file; nothing if there is none.
///
/// # Errors
/// When it is there and cannot be read as text.
pub fn read_token_file(path: &Path) -> Result<Option<String>, Cause> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Cause::Io {
            action: "read",
            path: path.to_owned(),
            source,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> TokenSources {
        TokenSources {
            flag: Some("flag".into()),
            hf_token: Some("new".into()),
            hugging_face_hub_token: Some("old".into()),
            file: Some(("/t".into(), "file\n".into())),
            is_explicit_only: false,
        }
    }

    fn found(sources: TokenSources) -> Option<(String, String)> {
        let token = find_token(sources)?;
        Some((
            token.secret.expose_secret().to_owned(),
            token.origin.to_string(),
        ))
    }

    fn pair(text: &str, origin: &str) -> (String, String) {
        (text.into(), origin.into())
    }

    #[test]
    fn the_first_place_that_has_one_wins() {
        let mut sources = all();
        assert_eq!(found(sources.clone()), Some(pair("flag", "--token")));
        sources.flag = Some("  ".into());
        assert_eq!(found(sources.clone()), Some(pair("new", "HF_TOKEN")));
        sources.hf_token = Some("\r\n".into());
        assert_eq!(
            found(sources.clone()),
            Some(pair("old", "HUGGING_FACE_HUB_TOKEN"))
        );
        assert!(!sources.wants_file());
        sources.hugging_face_hub_token = None;
        assert!(sources.wants_file());
        assert_eq!(found(sources.clone()), Some(pair("file", "/t")));
        sources.file = None;
        assert_eq!(found(sources), None);
    }

    #[test]
    fn implicit_tokens_can_be_turned_off() {
        let mut sources = TokenSources {
            is_explicit_only: true,
            ..all()
        };
        assert_eq!(found(sources.clone()), Some(pair("flag", "--token")));
        sources.flag = None;
        assert!(!sources.wants_file());
        assert_eq!(found(sources), None);
    }

    #[test]
    fn line_breaks_and_blanks_are_no_part_of_it() {
        let token = Token::new(" hf_a\r\nb\n", TokenOrigin::Flag).unwrap();
        assert_eq!(token.secret.expose_secret(), "hf_ab");
    }

    #[test]
    fn it_is_never_shown() {
        let token = Token::new("hf_secret", TokenOrigin::Variable("HF_TOKEN")).unwrap();
        assert!(!format!("{token:?}").contains("secret"));
        assert!(!format!("{:?}", token.header().unwrap()).contains("secret"));
    }

    #[test]
    fn one_that_no_header_can_carry_names_its_place() {
        let token = Token::new("a\u{1}b", TokenOrigin::File("/t".into())).unwrap();
        let cause = token.header().unwrap_err();
        assert!(matches!(cause, Cause::BadToken { origin } if origin == "/t"));
    }

    #[test]
    fn no_file_is_no_error() {
        assert!(
            read_token_file(Path::new("/nowhere/token"))
                .unwrap()
                .is_none()
        );
    }
}
