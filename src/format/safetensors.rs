//! The header of a safetensors file: its length (eight bytes, little-endian), then JSON with the
//! type, shape and place of each tensor. <https://huggingface.co/docs/safetensors>
//!
//! Whatever the reference reader refuses is refused: a header above its bound, data that is not as
//! long as type and shape say, gaps, overlaps, and a file that ends too early or too late.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::{Tensors, Unreadable};

/// The bound of the reference reader.
const MAX_HEADER: u64 = 100_000_000;
const LENGTH: u64 = 8;
/// No type has a longer name.
const LONGEST_TYPE: usize = 16;

/// Reads the header of the file at `path`.
///
/// # Errors
/// Says what is wrong with it.
pub fn read(path: &Path) -> Result<Tensors, Unreadable> {
    let failed = |error: std::io::Error| Unreadable::new(format!("it cannot be read: {error}"));
    let file = File::open(path).map_err(failed)?;
    let len = file.metadata().map_err(failed)?.len();
    parse(file, len)
}

/// Reads the header of a file that is `len` bytes long.
///
/// # Errors
/// Says what is wrong with it.
pub fn parse(mut file: impl Read, len: u64) -> Result<Tensors, Unreadable> {
    let short = || Unreadable::new("it is shorter than its header");
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(|_| short())?;
    let header_len = u64::from_le_bytes(length);
    if header_len > MAX_HEADER {
        return Err(Unreadable::new("it claims a header of more than 100 MB"));
    }
    let data_len = len.checked_sub(LENGTH + header_len).ok_or_else(short)?;
    let mut header = Vec::new();
    file.take(header_len)
        .read_to_end(&mut header)
        .map_err(|_| short())?;
    if (header.len() as u64) < header_len {
        return Err(short());
    }
    let header: Header = serde_json::from_slice(&header)
        .map_err(|error| Unreadable::new(format!("its header makes no sense: {error}")))?;
    header.checked(data_len)
}

#[derive(Default)]
struct Header {
    tensors: Tensors,
    places: Vec<(u64, u64)>,
}

impl Header {
    /// The tensors, if they fill the data exactly.
    fn checked(mut self, data_len: u64) -> Result<Tensors, Unreadable> {
        self.places.sort_unstable();
        let mut end = 0;
        for (from, to) in self.places {
            if from != end {
                return Err(Unreadable::new("its tensors overlap or leave gaps"));
            }
            end = to;
        }
        match end.cmp(&data_len) {
            std::cmp::Ordering::Equal => Ok(self.tensors),
            std::cmp::Ordering::Greater => Err(Unreadable::new("it ends before its tensors do")),
            std::cmp::Ordering::Less => Err(Unreadable::new("it goes on after its tensors")),
        }
    }

    fn add(&mut self, tensor: &Tensor<'_>) -> Result<(), Unreadable> {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let kind = tensor.dtype.as_ref();
        if kind.is_empty() || kind.len() > LONGEST_TYPE || !kind.chars().all(is_word) {
            return Err(Unreadable::new("a tensor has a type that is none"));
        }
        let numbers = self.tensors.add(kind, &tensor.shape)?;
        let (from, to) = tensor.data_offsets;
        let len = to
            .checked_sub(from)
            .ok_or_else(|| Unreadable::new("a tensor ends before it begins"))?;
        let is_right = bits_of(kind)
            .is_none_or(|bits| u128::from(numbers) * u128::from(bits) == u128::from(len) * 8);
        if !is_right {
            return Err(Unreadable::new("a tensor is not as long as its shape says"));
        }
        self.places.push((from, to));
        Ok(())
    }
}

#[derive(Deserialize)]
struct Tensor<'a> {
    #[serde(borrow)]
    dtype: std::borrow::Cow<'a, str>,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries)
    }
}

/// Adds the tensors up while they are read: the names are not kept.
struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tensors by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
        let mut header = Header::default();
        while let Some(name) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            if name == "__metadata__" {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let tensor: Tensor<'de> = map.next_value()?;
            header.add(&tensor).map_err(serde::de::Error::custom)?;
        }
        Ok(header)
    }
}

/// Bits of a number of this type, where that is known.
fn bits_of(kind: &str) -> Option<u64> {
    Some(match kind {
        "F4" => 4,
        "F6_E2M3" | "F6_E3M2" => 6,
        "BOOL" | "U8" | "I8" | "F8_E5M2" | "F8_E4M3" | "F8_E8M0" | "F8_E5M2FNUZ"
        | "F8_E4M3FNUZ" => 8,
        "U16" | "I16" | "F16" | "BF16" => 16,
        "U32" | "I32" | "F32" => 32,
        "U64" | "I64" | "F64" | "C64" => 64,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, data_len: usize) -> Vec<u8> {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.resize(bytes.len() + data_len, 0);
        bytes
    }

    fn parsed(header: &str, data_len: usize) -> Result<Tensors, String> {
        let bytes = file(header, data_len);
        parse(&bytes[..], bytes.len() as u64).map_err(|bad| bad.to_string())
    }

    #[test]
    fn types_and_numbers_are_added_up() {
        let tensors = parsed(
            r#"{"__metadata__":{"format":"pt"},
                "a":{"dtype":"BF16","shape":[2,3],"data_offsets":[0,12]},
                "b":{"dtype":"F32","shape":[],"data_offsets":[12,16]},
                "none":{"dtype":"BF16","shape":[0,7],"data_offsets":[16,16]},
                "odd":{"dtype":"X9","shape":[5],"data_offsets":[16,19]}}"#,
            19,
        );
        let tensors = tensors.unwrap();
        assert_eq!(tensors.parameters, 12);
        let types: Vec<_> = tensors.types.into_iter().collect();
        let want = [("BF16", 6), ("F32", 1), ("X9", 5)];
        assert_eq!(
            types,
            want.map(|(kind, numbers)| (kind.to_owned(), numbers))
        );
    }

    #[test]
    fn what_the_reference_reader_refuses_is_refused() {
        let one = |shape: &str, offsets: &str| {
            format!(r#"{{"a":{{"dtype":"F16","shape":{shape},"data_offsets":{offsets}}}}}"#)
        };
        for (header, data_len, why) in [
            (one("[2]", "[0,4]"), 3, "ends before its tensors"),
            (one("[2]", "[0,4]"), 5, "goes on after"),
            (one("[3]", "[0,4]"), 4, "not as long as its shape"),
            (one("[2]", "[2,6]"), 6, "overlap or leave gaps"),
            (one("[2]", "[4,0]"), 4, "ends before it begins"),
            (one("[18446744073709551615,2]", "[0,4]"), 4, "more numbers"),
            (one("[-1]", "[0,4]"), 4, "makes no sense"),
            (
                r#"{"a":{"dtype":"\u001b[2J","shape":[],"data_offsets":[0,0]}}"#.into(),
                0,
                "none",
            ),
            ("[]".into(), 0, "makes no sense"),
            (String::new(), 0, "makes no sense"),
        ] {
            let said = parsed(&header, data_len).unwrap_err();
            assert!(said.contains(why), "{header}: {said}");
        }
    }

    #[test]
    fn a_header_is_never_longer_than_the_file() {
        for len in [u64::MAX, MAX_HEADER + 1, 9, 1] {
            let mut bytes = len.to_le_bytes().to_vec();
            bytes.extend(b"{}{}{}");
            assert!(parse(&bytes[..], 14).is_err(), "{len}");
        }
        assert!(parse(&b"\x02\0\0"[..], 3).is_err());
        // The length is a claim as well.
        assert!(parse(&file("{}", 0)[..9], 10).is_err());
    }
}
