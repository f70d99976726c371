//! The bytes of one file, read by offset.
//!
//! Nothing is loaded whole except what a test hands over in memory: disk files are read in
//! positioned pieces, synthetic files are computed. Clones share their bytes and digests.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::noise::Noise;

/// How much is hashed at a time.
const HASH_PIECE: usize = 1024 * 1024;

/// Files up to this many bytes are kept in memory.
const SMALL: u64 = 64 * 1024;

/// The bytes of a file and their digests, computed once when first asked for.
#[derive(Clone, Debug)]
pub struct Content {
    source: Source,
    len: u64,
    sha256: Arc<OnceLock<String>>,
    blob_id: Arc<OnceLock<String>>,
}

#[derive(Clone, Debug)]
enum Source {
    Memory(Bytes),
    Disk(Arc<File>),
    Synthetic(Noise),
    Repeat(u8),
}

impl Content {
    fn new(source: Source, len: u64) -> Self {
        Self {
            source,
            len,
            sha256: Arc::default(),
            blob_id: Arc::default(),
        }
    }

    /// Bytes held in memory.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let len = bytes.len() as u64;
        Self::new(Source::Memory(bytes), len)
    }

    /// A file on disk, which must not change while the hub serves it. It is kept open, but for small
    /// ones: a repo may have more of them than a process may open.
    pub fn disk(path: impl AsRef<Path>) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let len = file.metadata()?.len();
        if len <= SMALL {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            return Ok(Self::bytes(bytes));
        }
        Ok(Self::new(Source::Disk(Arc::new(file)), len))
    }

    /// `len` deterministic bytes that depend on `seed` and need no memory.
    pub fn synthetic(len: u64, seed: u64) -> Self {
        Self::new(Source::Synthetic(Noise::new(seed)), len)
    }

    /// `len` zeros under a digest that the caller answers for: a huge file without hashing it.
    pub fn declared(len: u64, sha256: impl Into<String>) -> Self {
        let content = Self::repeat(0, len);
        content.sha256.get_or_init(|| sha256.into());
        content
    }

    /// One byte, `len` times.
    pub fn repeat(byte: u8, len: u64) -> Self {
        Self::new(Source::Repeat(byte), len)
    }

    /// Length in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is no byte at all.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Fills `buffer` with the bytes from `offset` on; the caller stays within the length.
    pub fn fill(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        match &self.source {
            Source::Memory(bytes) => {
                let start = index(offset);
                buffer.copy_from_slice(&bytes[start..start + buffer.len()]);
            }
            Source::Disk(file) => read_exact_at(file, offset, buffer)?,
            Source::Synthetic(noise) => noise.fill(offset, buffer),
            Source::Repeat(byte) => buffer.fill(*byte),
        }
        Ok(())
    }

    /// The bytes of one half-open range, in memory.
    pub fn slice(&self, range: std::ops::Range<u64>) -> io::Result<Vec<u8>> {
        let mut buffer = vec![0; index(range.end - range.start)];
        self.fill(range.start, &mut buffer)?;
        Ok(buffer)
    }

    /// SHA-256 of the bytes as 64 hex digits.
    pub fn sha256(&self) -> &str {
        self.sha256.get_or_init(|| self.hash(Sha256::new()))
    }

    /// Git blob id of the bytes as 40 hex digits.
    pub fn blob_id(&self) -> &str {
        self.blob_id.get_or_init(|| {
            let hasher = Sha1::new_with_prefix(format!("blob {}\0", self.len));
            self.hash(hasher)
        })
    }

    #[expect(
        clippy::panic,
        reason = "a test cannot go on without the file it serves"
    )]
    fn hash<D: Digest>(&self, mut hasher: D) -> String {
        let mut buffer = vec![0; HASH_PIECE.min(index(self.len))];
        let mut offset = 0;
        while offset < self.len {
            let piece = HASH_PIECE.min(index(self.len - offset));
            if let Err(error) = self.fill(offset, &mut buffer[..piece]) {
                panic!("cannot read a file of the test hub: {error}");
            }
            hasher.update(&buffer[..piece]);
            offset += piece as u64;
        }
        hex(&hasher.finalize())
    }
}

impl From<Bytes> for Content {
    fn from(bytes: Bytes) -> Self {
        Self::bytes(bytes)
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self::bytes(bytes)
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::bytes(text)
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::bytes(text.as_bytes().to_vec())
    }
}

impl From<&[u8]> for Content {
    fn from(bytes: &[u8]) -> Self {
        Self::bytes(bytes.to_vec())
    }
}

impl<const N: usize> From<&[u8; N]> for Content {
    fn from(bytes: &[u8; N]) -> Self {
        Self::bytes(bytes.to_vec())
    }
}

/// Lower-case hex digits of `bytes`.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
        text
    })
}

/// SHA-1 of `bytes` as hex digits.
pub fn sha1_hex(bytes: impl AsRef<[u8]>) -> String {
    hex(&Sha1::digest(bytes))
}

/// SHA-256 of `bytes` as hex digits.
pub fn sha256_hex(bytes: impl AsRef<[u8]>) -> String {
    hex(&Sha256::digest(bytes))
}

/// An offset as an index: pieces are small, so nothing is cut off.
pub(super) fn index(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

#[cfg(unix)]
fn read_exact_at(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut offset: u64, mut buffer: &mut [u8]) -> io::Result<()> {
    while !buffer.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, buffer, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => {
                buffer = &mut buffer[n..];
                offset += n as u64;
            }
        }
    }
    Ok(())
}
