//! The metadata of a GGUF file, versions 2 and 3: magic, counts, key-value pairs, then the name, shape
//! and type of each tensor. <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>
//!
//! Only what `larder show` tells is kept; the rest, tokenizers above all, is passed over without being
//! held. At most 256 MiB of a file are looked at.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::{Tensors, Unreadable};

mod names;

/// Metadata beyond this is not read.
const MAX_BYTES: u64 = 256 << 20;
/// No key and no name of a tensor is longer (the specification's bound for keys).
const LONGEST_NAME: u64 = 65_535;
/// Texts that are kept are no longer.
const LONGEST_TEXT: u64 = 256;
/// ggml knows four.
const MOST_DIMENSIONS: u32 = 8;
/// Lists of lists of lists are nobody's metadata.
const DEEPEST: u32 = 4;
/// Whole numbers that are kept, whatever a file holds.
const MOST_NUMBERS: usize = 256;

/// What a file tells beside its tensors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// `llama`, `qwen3`, …
    pub architecture: Option<String>,
    /// The name that the model was given.
    pub name: Option<String>,
    /// The size that the model was given: `8B`, `8x7B`.
    pub size_label: Option<String>,
    /// The licence.
    pub license: Option<String>,
    /// The quantisation of most tensors: `Q4_K_M`.
    pub quantisation: Option<String>,
    /// Tokens that the model was trained to look back on.
    pub context_length: Option<u64>,
    /// Its layers.
    pub layers: Option<u64>,
    /// The width of its embeddings.
    pub embedding_length: Option<u64>,
    /// How many files the model is split into, where it is.
    pub split_count: Option<u64>,
}

/// Reads the metadata of the file at `path`.
///
/// # Errors
/// Says what is wrong with it.
pub fn read(path: &Path) -> Result<(About, Tensors), Unreadable> {
    let file = File::open(path);
    let file = file.map_err(|error| Unreadable::new(format!("it cannot be read: {error}")))?;
    parse(BufReader::with_capacity(1 << 17, file))
}

/// Reads the metadata of a file.
///
/// # Errors
/// Says what is wrong with it.
pub fn parse(file: impl Read) -> Result<(About, Tensors), Unreadable> {
    let mut reader = Reader(file.take(MAX_BYTES));
    if reader.bytes::<4>()? != *b"GGUF" {
        return Err(Unreadable::new("it does not begin like a GGUF file"));
    }
    let version = reader.u32()?;
    match version {
        2 | 3 => {}
        _ if matches!(version.swap_bytes(), 1..=3) => {
            return Err(Unreadable::new("it is big-endian"));
        }
        other => return Err(Unreadable::new(format!("it has version {other}"))),
    }
    let (tensor_count, pair_count) = (reader.u64()?, reader.u64()?);
    let mut kept = Kept::default();
    for _pair in 0..pair_count {
        let key = reader.text(LONGEST_NAME)?;
        let kind = reader.u32()?;
        kept.take(&key, kind, &mut reader)?;
    }
    let mut tensors = Tensors::default();
    for _tensor in 0..tensor_count {
        reader.pass_text(LONGEST_NAME)?;
        let dimensions = reader.u32()?;
        if dimensions > MOST_DIMENSIONS {
            return Err(Unreadable::new("a tensor has too many dimensions"));
        }
        let shape: Vec<u64> = (0..dimensions)
            .map(|_| reader.u64())
            .collect::<Result<_, _>>()?;
        let kind = reader.u32()?;
        let _offset = reader.u64()?;
        tensors.add(&names::tensor_type(kind), &shape)?;
    }
    Ok((kept.into_about(), tensors))
}

/// The pairs that matter.
#[derive(Default)]
struct Kept {
    texts: BTreeMap<&'static str, String>,
    numbers: BTreeMap<String, u64>,
}

/// The texts that are kept.
const TEXTS: [&str; 4] = [
    "general.architecture",
    "general.name",
    "general.size_label",
    "general.license",
];
/// The ends of the keys whose numbers are kept; what precedes them is the architecture.
const NUMBERS: [&str; 5] = [
    ".context_length",
    ".block_count",
    ".embedding_length",
    ".file_type",
    ".count",
];

impl Kept {
    fn take(
        &mut self,
        key: &str,
        kind: u32,
        reader: &mut Reader<impl Read>,
    ) -> Result<(), Unreadable> {
        let text = TEXTS.into_iter().find(|known| *known == key);
        if let (Some(known), STRING) = (text, kind) {
            let text = reader.text_cut(LONGEST_TEXT)?;
            self.texts.insert(known, text);
            return Ok(());
        }
        let is_kept = key.len() < 128
            && self.numbers.len() < MOST_NUMBERS
            && NUMBERS.iter().any(|end| key.strip_suffix(end).is_some());
        match (is_kept, width_of(kind)) {
            (true, Some(width)) if is_whole(kind) => {
                let number = reader.number(width)?;
                self.numbers.insert(key.to_owned(), number);
                Ok(())
            }
            _other => reader.pass(kind, 0),
        }
    }

    fn into_about(mut self) -> About {
        let architecture = self.texts.remove("general.architecture");
        let number = |key: &str| self.numbers.get(key).copied();
        let own = |end: &str| number(&format!("{}.{end}", architecture.as_deref()?));
        About {
            quantisation: number("general.file_type").map(names::file_type),
            context_length: own("context_length"),
            layers: own("block_count"),
            embedding_length: own("embedding_length"),
            split_count: number("split.count").filter(|count| *count > 1),
            name: self.texts.remove("general.name"),
            size_label: self.texts.remove("general.size_label"),
            license: self.texts.remove("general.license"),
            architecture,
        }
    }
}

const STRING: u32 = 8;
const ARRAY: u32 = 9;

/// Bytes of a value of this type, where that is fixed.
fn width_of(kind: u32) -> Option<u64> {
    Some(match kind {
        0 | 1 | 7 => 1,
        2 | 3 => 2,
        4..=6 => 4,
        10..=12 => 8,
        _ => return None,
    })
}

/// Whether values of this type are whole numbers that are not below zero, or hardly ever.
fn is_whole(kind: u32) -> bool {
    matches!(kind, 0..=5 | 10 | 11)
}

struct Reader<R>(io::Take<R>);

impl<R: Read> Reader<R> {
    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        let mut bytes = [0; N];
        self.0.read_exact(&mut bytes).map_err(|_| ended())?;
        Ok(bytes)
    }

    fn u32(&mut self) -> Result<u32, Unreadable> {
        self.bytes().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, Unreadable> {
        self.bytes().map(u64::from_le_bytes)
    }

    /// A whole number of up to eight bytes.
    fn number(&mut self, width: u64) -> Result<u64, Unreadable> {
        let mut bytes = [0; 8];
        let width = usize::try_from(width).unwrap_or(8).min(8);
        self.0
            .read_exact(&mut bytes[..width])
            .map_err(|_| ended())?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// A text that has to be short.
    fn text(&mut self, longest: u64) -> Result<String, Unreadable> {
        let len = self.u64()?;
        if len > longest {
            return Err(Unreadable::new("a name in it is too long"));
        }
        self.text_of(len)
    }

    /// A text, of which only the beginning is kept.
    fn text_cut(&mut self, longest: u64) -> Result<String, Unreadable> {
        let len = self.u64()?;
        let kept = self.text_of(len.min(longest))?;
        self.skip(len - len.min(longest))?;
        Ok(kept)
    }

    fn text_of(&mut self, len: u64) -> Result<String, Unreadable> {
        let mut bytes = Vec::new();
        let read = self.0.by_ref().take(len).read_to_end(&mut bytes);
        if read.is_err() || (bytes.len() as u64) < len {
            return Err(ended());
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn pass_text(&mut self, longest: u64) -> Result<(), Unreadable> {
        match self.u64()? {
            len if len <= longest => self.skip(len),
            _longer => Err(Unreadable::new("a name in it is too long")),
        }
    }

    /// Passes over a value.
    fn pass(&mut self, kind: u32, depth: u32) -> Result<(), Unreadable> {
        match (kind, width_of(kind)) {
            (_, Some(width)) => self.skip(width),
            (STRING, _) => self.pass_text(u64::MAX),
            (ARRAY, _) if depth < DEEPEST => {
                let (kind, len) = (self.u32()?, self.u64()?);
                if let Some(width) = width_of(kind) {
                    return self.skip(len.checked_mul(width).ok_or_else(ended)?);
                }
                (0..len).try_for_each(|_| self.pass(kind, depth + 1))
            }
            _unknown => Err(Unreadable::new("a value in it has a type that is none")),
        }
    }

    fn skip(&mut self, len: u64) -> Result<(), Unreadable> {
        let passed = io::copy(&mut self.0.by_ref().take(len), &mut io::sink());
        match passed {
            Ok(passed) if passed == len => Ok(()),
            _short => Err(ended()),
        }
    }
}

fn ended() -> Unreadable {
    Unreadable::new("it ends within its metadata, or has more than 256 MiB of it")
}

#[cfg(test)]
mod tests;
