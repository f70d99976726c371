//! The front matter of a model card: YAML between two lines `---` at the top of `README.md`.
//! <https://huggingface.co/docs/hub/model-cards>
//!
//! A card is written by hand and read leniently: of the keys that matter any shape is taken, all others
//! are passed over.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Unreadable;
use crate::redact::clean_short;

/// Larger cards are not read.
pub const MAX_BYTES: u64 = 8 << 20;
/// What a line of `larder show` has room for.
const LONGEST: usize = 200;
/// More values of one key help nobody.
const MOST: usize = 16;

/// What a card says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Card {
    /// The licence, by its usual short name.
    pub license: Option<String>,
    /// The name of a licence that has no short name (`license: other`).
    pub license_name: Option<String>,
    /// The models that this one was made from.
    pub base_models: Vec<String>,
    /// What it is for: `text-generation`.
    pub task: Option<String>,
    /// The library it is made for.
    pub library: Option<String>,
    /// Whether it has words for those who ask for access: the repo is gated, or was.
    pub is_gated: bool,
}

/// Reads the card in the text of a README; `None` where it has no front matter.
///
/// # Errors
/// Says what is wrong with it.
pub fn parse(text: &str) -> Result<Option<Card>, Unreadable> {
    let Some(front) = front_matter(text) else {
        return Ok(None);
    };
    if front.trim().is_empty() {
        return Ok(None);
    }
    let options = serde_saphyr::options! {
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::LastWins,
        with_snippet: false,
    };
    let card = serde_saphyr::from_str_with_options(front, options);
    card.map(Some).map_err(|error| {
        let why = clean_short(&error.to_string(), LONGEST);
        Unreadable::new(format!("its front matter makes no sense: {why}"))
    })
}

/// What stands between the first line, which is `---`, and the next such line.
fn front_matter(text: &str) -> Option<&str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let is_mark = |line: &str| line.trim_end() == "---";
    let mut lines = text.split_inclusive('\n');
    let first = lines.next().filter(|line| is_mark(line))?;
    let mut end = first.len();
    for line in lines {
        if is_mark(line) {
            return Some(&text[first.len()..end]);
        }
        end += line.len();
    }
    None
}

impl<'de> Deserialize<'de> for Card {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Keys)
    }
}

struct Keys;

impl<'de> Visitor<'de> for Keys {
    type Value = Card;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("keys and values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Card, A::Error> {
        let mut card = Card::default();
        while let Some(Texts(key)) = map.next_key::<Texts>()? {
            let key = key.into_iter().next().unwrap_or_default();
            let mut texts = || map.next_value::<Texts>().map(|Texts(texts)| texts);
            let first = |texts: Vec<String>| texts.into_iter().next();
            match key.as_str() {
                "license" => card.license = first(texts()?),
                "license_name" => card.license_name = first(texts()?),
                "base_model" => card.base_models = texts()?,
                "pipeline_tag" => card.task = first(texts()?),
                "library_name" => card.library = first(texts()?),
                other => {
                    card.is_gated |= other.starts_with("extra_gated_");
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(card)
    }
}

/// One text or several, whatever was written; what is neither is nothing.
struct Texts(Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyShape)
    }
}

struct AnyShape;

impl AnyShape {
    fn one(text: &str) -> Texts {
        Texts(vec![clean_short(text, LONGEST)])
    }
}

impl<'de> Visitor<'de> for AnyShape {
    type Value = Texts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a list of texts")
    }

    fn visit_str<E>(self, text: &str) -> Result<Texts, E> {
        Ok(Self::one(text))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Texts, E> {
        Ok(Self::one(&value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Texts, E> {
        Ok(Self::one(&value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Texts, E> {
        Ok(Self::one(&value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Texts, E> {
        Ok(Self::one(&value.to_string()))
    }

    fn visit_unit<E>(self) -> Result<Texts, E> {
        Ok(Texts(Vec::new()))
    }

    fn visit_none<E>(self) -> Result<Texts, E> {
        Ok(Texts(Vec::new()))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Texts, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Texts, A::Error> {
        let mut all = Vec::new();
        while all.len() < MOST {
            match seq.next_element::<Texts>()? {
                Some(Texts(texts)) => all.extend(texts),
                None => return Ok(Texts(all)),
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        all.truncate(MOST);
        Ok(Texts(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Texts(Vec::new()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(front: &str) -> Card {
        parse(&format!("---\n{front}\n---\n# Title\n"))
            .unwrap()
            .unwrap()
    }

    #[test]
    fn what_matters_is_read() {
        let read = card(
            "license: other\nlicense_name: llama3\nbase_model:\n- a/b\n- c/d\ntags: [x, {y: z}]\n\
             pipeline_tag: text-generation\nextra_gated_prompt: |\n  Please\n  ask\nmodel-index:\n\
             - name: n\n  results: [1, 2.5, null]",
        );
        let want = Card {
            license: Some("other".into()),
            license_name: Some("llama3".into()),
            base_models: vec!["a/b".into(), "c/d".into()],
            task: Some("text-generation".into()),
            library: None,
            is_gated: true,
        };
        assert_eq!(read, want);
    }

    #[test]
    fn any_shape_is_taken() {
        assert_eq!(card("license: [mit, x]").license.as_deref(), Some("mit"));
        assert_eq!(card("license: 2.0").license.as_deref(), Some("2"));
        assert_eq!(card("license:").license, None);
        assert_eq!(card("license: {a: b}").license, None);
        assert_eq!(card("license: a\nlicense: b").license.as_deref(), Some("b"));
        assert_eq!(card("base_model: a/b").base_models, ["a/b"]);
        assert_eq!(
            card("1: 2\ntrue: x\nlicense: mit").license.as_deref(),
            Some("mit")
        );
        assert_eq!(
            card("license: \"\\e[2J\"").license.as_deref(),
            Some("\\u{1b}[2J")
        );
    }

    #[test]
    fn what_is_no_card_is_none() {
        for text in [
            "",
            "# Title\n---\na: b\n---\n",
            "---\na: b\n",
            "---\n---\n",
            "--- \n\n---\n",
        ] {
            assert_eq!(parse(text), Ok(None), "{text:?}");
        }
        let windows = "\u{feff}---\r\nlicense: mit\r\n---\r\n";
        assert_eq!(
            parse(windows).unwrap().unwrap().license.as_deref(),
            Some("mit")
        );
    }

    #[test]
    fn nonsense_and_bombs_are_refused() {
        for front in ["a: [", "- a\n- b", "just text", "a: b: c"] {
            let said = parse(&format!("---\n{front}\n---\n"))
                .unwrap_err()
                .to_string();
            assert!(
                said.starts_with("its front matter makes no sense"),
                "{said}"
            );
            assert!(!said.contains('\n'));
        }
        let rest = ('b'..='i').zip('a'..).map(|(name, last)| {
            let many = vec![format!("*{last}"); 9].join(",");
            format!("{name}: &{name} [{many}]\n")
        });
        let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n".to_owned() + &rest.collect::<String>();
        assert!(parse(&format!("---\n{bomb}---\n")).is_err());
        let deep = format!("---\na: {}\n---\n", "[".repeat(100_000));
        assert!(parse(&deep).is_err());
    }
}
