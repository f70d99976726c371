//! Content hashes: the SHA-256 that names a blob, and git's SHA-1 that a hub gives for small files.
//!
//! The one place that names the hash crates. A digest is a proven or promised content hash and is
//! never mixed up with an `ETag`, which is an opaque validator.

use std::fmt;
use std::io::{self, BufWriter, IntoInnerError, Write};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// The SHA-256 of some content: its name in the store.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobId([u8; 32]);

/// The id git gives to a file: the SHA-1 of `blob <length>\0` and the content.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GitOid([u8; 20]);

/// What a hub promises about the content of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Digest {
    /// SHA-256 of the content.
    Sha256(BlobId),
    /// Git blob id of the content.
    Git(GitOid),
}

/// A text that is not the expected number of lower-case hex digits.
#[derive(Debug, thiserror::Error)]
#[error("not a {digits}-digit lower-case hex digest")]
pub struct BadDigest {
    digits: usize,
}

impl BlobId {
    /// Stands where a hub told no digest: no content has it, so nothing can be proven to be it.
    pub const UNTOLD: Self = Self([0; 32]);

    /// The SHA-256 of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The SHA-256 of what `write` writes.
    ///
    /// # Errors
    /// Those of `write`.
    pub fn of_text(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<Self> {
        let mut text = BufWriter::new(Text(Sha256::new()));
        write(&mut text)?;
        let Text(hasher) = text.into_inner().map_err(IntoInnerError::into_error)?;
        Ok(Self(hasher.finalize().into()))
    }
}

/// Text that is hashed and not kept.
struct Text(Sha256);

impl Write for Text {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl GitOid {
    /// The git blob id of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = git_hasher(bytes.len() as u64);
        hasher.update(bytes);
        Self(hasher.finalize().into())
    }
}

impl Digest {
    /// Whether the hub told it: what has no digest cannot be proven.
    pub fn is_told(self) -> bool {
        self != Self::Sha256(BlobId::UNTOLD)
    }

    /// The SHA-256, when that is what the hub gave.
    pub fn sha256(self) -> Option<BlobId> {
        match self {
            Self::Sha256(id) => Some(id),
            Self::Git(_) => None,
        }
    }

    /// The most digits that one has.
    pub const MAX_DIGITS: usize = 64;

    /// Its digits, written to the front of `digits`.
    pub fn hex(self, digits: &mut [u8; Self::MAX_DIGITS]) -> &str {
        match self {
            Self::Sha256(id) => hex(&id.0, digits),
            Self::Git(oid) => hex(&oid.0, &mut digits[..40]),
        }
    }

    /// The digest in a text of digits alone, as caches name files by: 64 are a SHA-256, 40 git's id.
    pub fn from_digits(text: &str) -> Option<Self> {
        let sha256 = text.parse().ok().map(Self::Sha256);
        sha256.or_else(|| text.parse().ok().map(Self::Git))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sha256(id) => fmt::Display::fmt(id, f),
            Self::Git(oid) => fmt::Display::fmt(oid, f),
        }
    }
}

impl From<BlobId> for Digest {
    fn from(id: BlobId) -> Self {
        Self::Sha256(id)
    }
}

impl From<GitOid> for Digest {
    fn from(oid: GitOid) -> Self {
        Self::Git(oid)
    }
}

macro_rules! hex_id {
    ($name:ident, $bytes:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut digits = [0; 2 * $bytes];
                f.pad(hex(&self.0, &mut digits))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = BadDigest;

            fn from_str(text: &str) -> Result<Self, BadDigest> {
                let mut bytes = [0; $bytes];
                parse_hex(text, &mut bytes).map(|()| Self(bytes))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut digits = [0; 2 * $bytes];
                serializer.serialize_str(hex(&self.0, &mut digits))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                // A text is looked at where it stands.
                struct Digits;
                impl serde::de::Visitor<'_> for Digits {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("a digest in lower-case hex digits")
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Digits)
            }
        }
    };
}

hex_id!(BlobId, 32);
hex_id!(GitOid, 20);

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The bytes as digits, written to `digits`, which is twice as long. Listings have tens of thousands of
/// digests, so this does not go through the formatter byte by byte.
fn hex<'a>(bytes: &[u8], digits: &'a mut [u8]) -> &'a str {
    for (byte, pair) in bytes.iter().zip(digits.chunks_exact_mut(2)) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    std::str::from_utf8(digits).unwrap_or_default()
}

fn parse_hex(text: &str, out: &mut [u8]) -> Result<(), BadDigest> {
    let bad = BadDigest {
        digits: out.len() * 2,
    };
    let text = text.as_bytes();
    if text.len() != out.len() * 2 {
        return Err(bad);
    }
    let mut seen = 0;
    for (byte, [high, low]) in out.iter_mut().zip(text.as_chunks().0) {
        let (high, low) = (value_of(*high), value_of(*low));
        *byte = high << 4 | low;
        seen |= high | low;
    }
    if seen == NO_DIGIT { Err(bad) } else { Ok(()) }
}

/// What is no digit has every bit, which no digit's value has.
const NO_DIGIT: u8 = u8::MAX;

/// The value of a lower-case hex digit: looked up, since listings have millions of digits.
fn value_of(digit: u8) -> u8 {
    const VALUES: [u8; 256] = {
        let mut values = [NO_DIGIT; 256];
        let mut value = 0;
        while value < 16 {
            values[DIGITS[value as usize] as usize] = value;
            value += 1;
        }
        values
    };
    VALUES[usize::from(digit)]
}

fn git_hasher(len: u64) -> Sha1 {
    let mut hasher = Sha1::new();
    hasher.update(format!("blob {len}\0"));
    hasher
}

/// Hashes content in file order: always to SHA-256, and to a git id when that is what was promised.
#[derive(Clone)]
pub struct Hasher {
    want: Digest,
    sha256: Sha256,
    git: Option<Sha1>,
}

/// Content that was hashed: its name in the store, and whether it is what was promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hashed {
    /// SHA-256 of the bytes seen.
    pub blob: BlobId,
    /// Digest of the bytes seen, in the algorithm that was promised.
    pub got: Digest,
    /// The digest that was promised.
    pub want: Digest,
}

impl Hashed {
    /// Whether the bytes are the promised ones.
    pub fn is_match(&self) -> bool {
        self.got == self.want
    }
}

impl Hasher {
    /// A hasher for `len` bytes that are promised to have the digest `want`.
    pub fn new(want: Digest, len: u64) -> Self {
        let git = matches!(want, Digest::Git(_)).then(|| git_hasher(len));
        Self {
            want,
            sha256: Sha256::new(),
            git,
        }
    }

    /// Takes the next bytes of the content.
    pub fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        if let Some(git) = &mut self.git {
            git.update(bytes);
        }
    }

    /// The digests of everything taken so far.
    pub fn finish(self) -> Hashed {
        let blob = BlobId(self.sha256.finalize().into());
        let got = match self.git {
            Some(git) => Digest::Git(GitOid(git.finalize().into())),
            None => Digest::Sha256(blob),
        };
        Hashed {
            blob,
            got,
            want: self.want,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(BlobId::of(b"").to_string(), empty);
        assert_eq!(
            GitOid::of(b"").to_string(),
            "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
        );
        assert_eq!(
            GitOid::of(b"hello\n").to_string(),
            "ce013625030ba8dba906f756967f9e9ca394464a"
        );
    }

    #[test]
    fn a_git_promise_yields_both_digests() {
        let mut hasher = Hasher::new(GitOid::of(b"hello\n").into(), 6);
        hasher.update(b"hel");
        hasher.update(b"lo\n");
        let both = hasher.finish();
        assert!(both.is_match());
        assert_eq!(both.blob, BlobId::of(b"hello\n"));
    }

    #[test]
    fn other_bytes_do_not_match() {
        let mut hasher = Hasher::new(BlobId::of(b"a").into(), 1);
        hasher.update(b"b");
        assert!(!hasher.finish().is_match());
    }

    #[test]
    fn only_lower_case_hex_of_the_right_length_is_a_digest() {
        let good = BlobId::of(b"x").to_string();
        assert!(good.parse::<BlobId>().is_ok());
        assert!(good.to_uppercase().parse::<BlobId>().is_err());
        assert!(good[1..].parse::<BlobId>().is_err());
        assert!(format!("{}é", &good[..62]).parse::<BlobId>().is_err());
    }
}
