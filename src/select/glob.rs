//! Globs as the hub's own client understands them: Python's `fnmatchcase` on the whole path.
//!
//! `*` and `?` cross `/`, `[seq]` and `[!seq]` are sets, and nothing else is special: no braces, no
//! `**`, no escape, and an unclosed `[` is a bracket. `\` in a pattern means `/`, and a pattern that
//! ends in `/` means all that is in the folder (`utils._paths.filter_repo_objects`).
//!
//! Written out because the glob crates give meaning to more than that, and match bytes where
//! `fnmatch` matches characters.

use std::str::Chars;

/// A compiled pattern. Every text is one.
pub(crate) struct Glob(Vec<Token>);

enum Token {
    Literal(char),
    Any,
    Star,
    Set {
        is_negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Glob {
    pub(crate) fn new(pattern: &str) -> Self {
        let mut pattern = pattern.replace('\\', "/");
        if pattern.ends_with('/') {
            pattern.push('*');
        }
        let mut tokens = Vec::new();
        let mut chars = pattern.chars();
        while let Some(c) = chars.next() {
            tokens.push(match c {
                '*' => Token::Star,
                '?' => Token::Any,
                '[' => take_set(&mut chars).unwrap_or(Token::Literal('[')),
                c => Token::Literal(c),
            });
        }
        Self(tokens)
    }

    /// Whether the whole of `text` matches. Takes at most the product of the lengths.
    pub(crate) fn is_match(&self, text: &str) -> bool {
        let (mut at, mut rest) = (0, text.chars());
        // Where to go on when what follows the last star does not match: let it take one more.
        let mut retry: Option<(usize, Chars<'_>)> = None;
        loop {
            let mut ahead = rest.clone();
            match (self.0.get(at), ahead.next()) {
                (None, None) => return true,
                (Some(Token::Star), _) => {
                    at += 1;
                    retry = Some((at, rest.clone()));
                }
                (Some(token), Some(c)) if token.accepts(c) => {
                    at += 1;
                    rest = ahead;
                }
                _ => {
                    let Some((after_star, taken)) = &mut retry else {
                        return false;
                    };
                    if taken.next().is_none() {
                        return false;
                    }
                    (at, rest) = (*after_star, taken.clone());
                }
            }
        }
    }
}

impl Token {
    fn accepts(&self, c: char) -> bool {
        match self {
            Self::Literal(literal) => *literal == c,
            Self::Any => true,
            Self::Star => false,
            Self::Set { is_negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *is_negated
            }
        }
    }
}

/// Whether the text has a character that means something in a pattern.
pub(super) fn is_glob(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// Reads a set after its `[`. None, and nothing read, when it is not closed.
fn take_set(chars: &mut Chars<'_>) -> Option<Token> {
    let text = chars.as_str();
    let (is_negated, text) = text
        .strip_prefix('!')
        .map_or((false, text), |rest| (true, rest));
    // A bracket at the very beginning is a member, not the end.
    let first = text.chars().next()?.len_utf8();
    let len = first + text[first..].find(']')?;
    *chars = text[len + 1..].chars();
    Some(Token::Set {
        is_negated,
        ranges: ranges(&text[..len]),
    })
}

/// `a-z` is a range; a hyphen at either end is itself; an inverted range holds nothing.
fn ranges(set: &str) -> Vec<(char, char)> {
    let mut ranges = Vec::new();
    let mut chars = set.chars();
    while let Some(low) = chars.next() {
        let mut ahead = chars.clone();
        match (ahead.next(), ahead.next()) {
            (Some('-'), Some(high)) => {
                chars = ahead;
                ranges.push((low, high));
            }
            _ => ranges.push((low, low)),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Pattern, text, and what Python's `fnmatch.fnmatchcase` says.
    const TABLE: [(&str, &str, bool); 40] = [
        ("*", "a/b/c", true),
        ("*.json", "config.json", true),
        ("*.json", "a/b/config.json", true),
        ("*.json", "config.jsonl", false),
        ("*.JSON", "config.json", false),
        ("onnx/*", "onnx/a/b.onnx", true),
        ("onnx/*", "sub/onnx/b.onnx", false),
        ("**/x", "a/x", true),
        ("**/x", "x", false),
        ("a/**/x", "a/x", false),
        ("a/**/x", "a/b/c/x", true),
        ("a?c", "a/c", true),
        ("a?c", "aéc", true),
        ("a?c", "ac", false),
        ("{a,b}", "a", false),
        ("{a,b}", "{a,b}", true),
        ("*.{json,txt}", "a.json", false),
        ("[abc]x", "bx", true),
        ("[abc]x", "dx", false),
        ("[!abc]x", "dx", true),
        ("[!abc]x", "ax", false),
        ("[^a]", "^", true),
        ("[^a]", "b", false),
        ("[a-c]", "b", true),
        ("[a-c]", "-", false),
        ("[a-]", "-", true),
        ("[-a]", "-", true),
        ("[a-c-e]", "-", true),
        ("[a-c-e]", "d", false),
        ("[c-a]", "b", false),
        ("[!c-a]", "b", true),
        ("[]a]", "]", true),
        ("[!]a]", "]", false),
        ("[", "[", true),
        ("[ab", "[ab", true),
        ("[]", "[]", true),
        ("[!]", "[!]", true),
        ("[[:alpha:]]", "a]", true),
        ("[é-ö]", "ñ", true),
        ("", "a", false),
    ];

    #[test]
    fn matches_as_fnmatchcase_does() {
        for (pattern, text, want) in TABLE {
            assert_eq!(
                Glob::new(pattern).is_match(text),
                want,
                "{pattern} on {text}"
            );
        }
    }

    #[test]
    fn a_trailing_slash_means_the_folder() {
        assert!(Glob::new("onnx/").is_match("onnx/a/b"));
        assert!(Glob::new("on*\\").is_match("onnx/a"));
        assert!(!Glob::new("onnx/").is_match("onnx"));
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        let pattern = format!("{}c", "a*".repeat(60));
        assert!(!Glob::new(&pattern).is_match(&"a".repeat(2000)));
    }

    proptest! {
        #[test]
        fn a_pattern_cut_from_a_text_matches_it(text in "[a-cé/.]{0,12}", at in 0..12usize, len in 0..12usize) {
            let chars: Vec<char> = text.chars().collect();
            let at = at.min(chars.len());
            let rest = &chars[(at + len).min(chars.len())..];
            let pattern: String = chars[..at].iter().chain(&['*']).chain(rest).collect();
            prop_assert!(Glob::new(&pattern).is_match(&text));
        }

        #[test]
        fn stars_match_by_parts(parts in proptest::collection::vec("[ab/]{0,3}", 1..5), text in "[ab/]{0,10}") {
            let pattern = parts.join("*");
            prop_assume!(!pattern.ends_with('/'));
            prop_assert_eq!(Glob::new(&pattern).is_match(&text), naive(&pattern, &text));
        }
    }

    fn naive(pattern: &str, text: &str) -> bool {
        match pattern.split_at_checked(1) {
            None => text.is_empty(),
            Some(("*", rest)) => (0..=text.len()).any(|at| naive(rest, &text[at..])),
            Some((literal, rest)) => text.strip_prefix(literal).is_some_and(|t| naive(rest, t)),
        }
    }
}
