//! A field that holds one value: a number, a text, a truth or nothing, as servers like. Whatever else
//! is there is skipped without being built, however deep or long it is.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Number;

/// A number or a code takes no more bytes than this as a text.
const MAX_TEXT: usize = 64;

/// One value.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Scalar {
    /// `null`, or there is no such field.
    #[default]
    Null,
    Truth(bool),
    Number(Number),
    Text(String),
    /// A list, an object, or a text that is too long.
    Other,
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Truth(is_true) => is_true.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Other => f.write_str("no single value"),
        }
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Null)
    }

    fn visit_bool<E>(self, is_true: bool) -> Result<Scalar, E> {
        Ok(Scalar::Truth(is_true))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Scalar, E> {
        Ok(Number::from_f64(number).map_or(Scalar::Other, Scalar::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
        Ok(if text.len() <= MAX_TEXT {
            Scalar::Text(text.to_owned())
        } else {
            Scalar::Other
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rest: A) -> Result<Scalar, A::Error> {
        while rest.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut rest: A) -> Result<Scalar, A::Error> {
        while rest.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }
}
