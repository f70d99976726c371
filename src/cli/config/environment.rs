//! The environment as values, under the rules that hold for every variable of the table ([`super::vars`]).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::vars::{Variable, all};

/// The environment as a value. Not printable: it holds tokens.
#[derive(Clone, Default)]
pub(crate) struct Env(BTreeMap<String, String>);

impl Env {
    /// The environment of this process. The error is the name of an honoured variable that is not
    /// valid UTF-8.
    pub(crate) fn of_process() -> Result<Self, String> {
        let mut env = Self::default();
        for (name, value) in std::env::vars_os() {
            let Ok(name) = name.into_string() else {
                continue;
            };
            match value.into_string() {
                Ok(value) => drop(env.0.insert(name, value)),
                Err(_bytes) if all().any(|known| known.name == name) => return Err(name),
                Err(_bytes) => {}
            }
        }
        Ok(env)
    }

    /// The value of an honoured variable; empty counts as unset.
    pub(crate) fn get(&self, name: &'static str) -> Option<&str> {
        debug_assert!(
            all().any(|known| known.name == name),
            "{name} is not in the table"
        );
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// A switch: `None` when unset.
    pub(crate) fn switch(&self, name: &'static str) -> Option<bool> {
        let is_on = |value: &str| {
            ["1", "ON", "YES", "TRUE"]
                .iter()
                .any(|word| value.eq_ignore_ascii_case(word))
        };
        self.get(name).map(is_on)
    }

    /// A folder or file, expanded.
    pub(crate) fn path(&self, name: &'static str, home: Option<&Path>) -> Option<PathBuf> {
        self.get(name)
            .map(|text| PathBuf::from(self.expand(text, home)))
    }

    /// Expands a leading `~` and every `$NAME` and `${NAME}` that is set; leaves the rest as it is.
    pub(crate) fn expand(&self, text: &str, home: Option<&Path>) -> String {
        let (mut out, mut rest) = (String::new(), text);
        if let (Some(home), Some(tail)) = (home, text.strip_prefix('~'))
            && (tail.is_empty() || tail.starts_with(['/', '\\']))
        {
            out.push_str(&home.to_string_lossy());
            rest = tail;
        }
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            let (name, tail) = variable_name(after);
            match self.0.get(name).filter(|_| !name.is_empty()) {
                Some(value) => out.push_str(value),
                None => out.push_str(&rest[before.len()..rest.len() - tail.len()]),
            }
            rest = tail;
        }
        out + rest
    }

    /// The honoured variables that are set, also under their lower-case name.
    pub(crate) fn is_set(&self, variable: &Variable) -> bool {
        let has = |name: &str| self.0.get(name).is_some_and(|value| !value.is_empty());
        has(variable.name)
            || (variable.name.ends_with("_PROXY") && has(&variable.name.to_ascii_lowercase()))
    }
}

/// The name at the start of what follows a `$`, and what follows the name.
fn variable_name(text: &str) -> (&str, &str) {
    if let Some((name, tail)) = text.strip_prefix('{').and_then(|text| text.split_once('}')) {
        return (name, tail);
    }
    let end = text
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
impl<const N: usize> From<[(&str, &str); N]> for Env {
    fn from(pairs: [(&str, &str); N]) -> Self {
        Self(
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_is_unset() {
        let env = Env::from([("HF_HOME", ""), ("HF_TOKEN", "x")]);
        assert_eq!((env.get("HF_HOME"), env.get("HF_TOKEN")), (None, Some("x")));
    }

    #[test]
    fn switches() {
        for (text, is_on) in [
            ("1", true),
            ("on", true),
            ("Yes", true),
            ("TRUE", true),
            ("0", false),
        ] {
            let env = Env::from([("HF_HUB_OFFLINE", text)]);
            assert_eq!(env.switch("HF_HUB_OFFLINE"), Some(is_on), "{text}");
        }
        assert_eq!(Env::default().switch("HF_HUB_OFFLINE"), None);
    }

    #[test]
    fn folders_are_expanded() {
        let env = Env::from([("USER", "ann"), ("DISK", "/mnt/d")]);
        let expand = |text| env.expand(text, Some(Path::new("/home/ann")));
        assert_eq!(expand("~"), "/home/ann");
        assert_eq!(expand("~/hf"), "/home/ann/hf");
        assert_eq!(expand("~bob/hf"), "~bob/hf");
        assert_eq!(expand("$DISK/${USER}s/$USER.d"), "/mnt/d/anns/ann.d");
        assert_eq!(expand("/a/$NOPE/${NOPE}/$/${x"), "/a/$NOPE/${NOPE}/$/${x");
        assert_eq!(env.expand("~/x", None), "~/x");
    }

    #[test]
    fn lower_case_proxies_count() {
        let https = all().find(|row| row.name == "HTTPS_PROXY").unwrap();
        assert!(Env::from([("https_proxy", "http://p:1")]).is_set(https));
    }
}
