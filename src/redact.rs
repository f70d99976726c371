//! What may be shown: URLs without their secrets, and foreign text without its escape codes.
//!
//! Signed URLs carry their signature in the query, proxies carry passwords in the authority, and
//! names and messages from a hub may hold terminal control sequences. Nothing from outside reaches
//! an error, a log line or the terminal except through this module.

use std::fmt;

use url::Url;

/// The hub's tokens are longer; names that begin like one are shorter.
const MIN_TOKEN: usize = 20;

/// A URL reduced to what is safe to print: scheme, host, port and path.
#[derive(Clone, PartialEq, Eq)]
pub struct SafeUrl(String);

impl SafeUrl {
    /// The URL as text, without user, password, query and fragment.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&Url> for SafeUrl {
    fn from(url: &Url) -> Self {
        let mut text = format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default());
        if let Some(port) = url.port() {
            text.push(':');
            text.push_str(&port.to_string());
        }
        text.push_str(url.path());
        Self(clean(&text))
    }
}

impl fmt::Display for SafeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SafeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Text from outside, made safe for a terminal and for one line.
///
/// Control characters, and the marks that reorder or hide text, become `\u{…}`.
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unprintable(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Like [`clean`], and cut to `max` characters with an ellipsis.
pub fn clean_short(text: &str, max: usize) -> String {
    let text = clean(text.trim());
    if text.chars().count() <= max {
        return text;
    }
    let mut short: String = text.chars().take(max.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// `text` with everything in it that looks like an access token of the hub blotted out.
///
/// For what was typed in the wrong place, where nobody knows that it is a secret.
pub fn without_tokens(text: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("hf_") {
        let (before, found) = rest.split_at(at);
        let end = found.find(|c| !is_word(c)).unwrap_or(found.len());
        let (word, after) = found.split_at(end);
        out.push_str(before);
        out.push_str(if word.len() < MIN_TOKEN { word } else { "***" });
        rest = after;
    }
    out + rest
}

/// `word` without the secrets of a URL in it; other words as they are.
///
/// What stands before the URL stays (`--endpoint=https://…`), and so does a URL without secrets.
pub fn without_url_secrets(word: &str) -> String {
    let Some(colon) = word.find("://") else {
        return word.to_owned();
    };
    let is_of_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    let scheme = word[..colon].trim_end_matches(is_of_scheme).len();
    let (before, text) = word.split_at(scheme);
    match Url::parse(text) {
        Ok(url) if !has_secrets(&url) => word.to_owned(),
        Ok(url) => format!("{before}{}", SafeUrl::from(&url)),
        Err(_) => {
            let (scheme, rest) = word.split_at(colon + 3);
            let place = rest.split(['?', '#']).next().unwrap_or_default();
            let place = place.rsplit('@').next().unwrap_or_default();
            format!("{scheme}{place}")
        }
    }
}

fn has_secrets(url: &Url) -> bool {
    !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
}

fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_loses_user_query_and_fragment() {
        let url = Url::parse("https://me:pw@cdn.example:8443/a/b?Signature=s3cr3t#x").unwrap();
        assert_eq!(SafeUrl::from(&url).as_str(), "https://cdn.example:8443/a/b");
    }

    #[test]
    fn escape_sequences_do_not_reach_the_terminal() {
        assert_eq!(clean("a\x1b[31mred\u{202e}"), "a\\u{1b}[31mred\\u{202e}");
        assert_eq!(clean("\u{61c}é\u{e0041}"), "\\u{61c}é\\u{e0041}");
    }

    #[test]
    fn tokens_are_found_in_any_text() {
        let token = format!("hf_{}", "aB3".repeat(11));
        let text = format!("'{token}' hf_transfer x{token}, hf_");
        assert_eq!(without_tokens(&text), "'***' hf_transfer x***, hf_");
    }

    #[test]
    fn words_lose_the_secrets_of_their_urls() {
        for (word, shown) in [
            ("https://h/a/b?token=x", "https://h/a/b"),
            ("--endpoint=https://u:p@h", "--endpoint=https://h/"),
            ("hf:https://u@h/a#x", "hf:https://h/a"),
            ("https://u:p@:1/", "https://:1/"),
            ("https://h/a/b@main", "https://h/a/b@main"),
            ("--endpoint=https://h", "--endpoint=https://h"),
            ("*.js?", "*.js?"),
            ("éhttps://u:p@h", "éhttps://h/"),
        ] {
            assert_eq!(without_url_secrets(word), shown);
        }
    }

    #[test]
    fn long_text_is_cut_by_characters() {
        assert_eq!(clean_short("ééééé", 3), "éé…");
    }
}
