//! Records that notice damage: JSON with the SHA-256 of its own text.
//!
//! `{"version": …, "sha256": …, "record": …}`: the checksum is of the text of `record` as it stands in
//! the file. What a manifest says decides which bytes get which name, so a flipped bit in it must not
//! pass for a different manifest.

use std::io::{self, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::digest::BlobId;

#[derive(Deserialize)]
struct Sealed {
    version: u32,
    sha256: BlobId,
    record: Box<RawValue>,
}

#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// What became of reading a record.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opened<T> {
    /// It is whole.
    Record(T),
    /// It is not what was written.
    Damaged,
    /// A newer larder wrote it, in this version.
    Newer(u32),
}

/// Writes the text of a file that holds `record` to `out`. The record is serialised twice, since its
/// checksum stands before it: to hold the text of many files at once takes more than to write it again.
///
/// # Errors
/// When `out` fails, or the record cannot be written as JSON.
pub(super) fn seal<T: Serialize>(version: u32, record: &T, out: &mut dyn Write) -> io::Result<()> {
    let sha256 = BlobId::of_text(|text| Ok(serde_json::to_writer(text, record)?))?;
    write!(
        out,
        r#"{{"version":{version},"sha256":"{sha256}","record":"#
    )?;
    serde_json::to_writer(&mut *out, record)?;
    out.write_all(b"}")
}

/// The record in the text of a file, if it is of version `known` or older.
pub(super) fn open<T: DeserializeOwned>(bytes: &[u8], known: u32) -> Opened<T> {
    if let Some(record) = as_sealed(bytes, known) {
        // Once for the whole: JSON in bytes has each of its strings looked at.
        let record = std::str::from_utf8(record).ok();
        let record = record.and_then(|record| serde_json::from_str(record).ok());
        return record.map_or(Opened::Damaged, Opened::Record);
    }
    let Ok(sealed) = serde_json::from_slice::<Sealed>(bytes) else {
        // A newer one may look different in everything but its version.
        return match serde_json::from_slice(bytes) {
            Ok(Versioned { version }) if version > known => Opened::Newer(version),
            _ => Opened::Damaged,
        };
    };
    if sealed.version > known {
        return Opened::Newer(sealed.version);
    }
    let text = sealed.record.get();
    if BlobId::of(text.as_bytes()) != sealed.sha256 {
        return Opened::Damaged;
    }
    serde_json::from_str(text).map_or(Opened::Damaged, Opened::Record)
}

/// The text of the record in a file that is to the byte as [`seal`] writes it: where it ends is known
/// without reading it as JSON. Any other text is read as JSON.
fn as_sealed(bytes: &[u8], known: u32) -> Option<&[u8]> {
    let rest = bytes.strip_prefix(b"{\"version\":")?;
    let (version, rest) = rest.split_at_checked(rest.iter().position(|byte| *byte == b',')?)?;
    let version: u32 = std::str::from_utf8(version).ok()?.parse().ok()?;
    let (sha256, rest) = rest.strip_prefix(b",\"sha256\":\"")?.split_at_checked(64)?;
    let sha256: BlobId = std::str::from_utf8(sha256).ok()?.parse().ok()?;
    let record = rest.strip_prefix(b"\",\"record\":")?.strip_suffix(b"}")?;
    (version <= known && BlobId::of(record) == sha256).then_some(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed<T: Serialize>(version: u32, record: &T) -> Vec<u8> {
        let mut text = Vec::new();
        seal(version, record, &mut text).unwrap();
        text
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let record = vec!["a name".to_owned(), "another".to_owned()];
        let sealed = sealed(1, &record);
        assert_eq!(open(&sealed, 1), Opened::Record(record.clone()));
        assert!(as_sealed(&sealed, 1).is_some() && as_sealed(&sealed, 0).is_none());
        // Somebody has put it in order, as programs do.
        let spaced = [b" ", &sealed[..], b"\n"].concat();
        assert!(as_sealed(&spaced, 1).is_none());
        assert_eq!(open(&spaced, 1), Opened::Record(record.clone()));
        for at in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            // A bit that does not matter (the case of a letter in an escape, say) may pass.
            match open::<Vec<String>>(&flipped, 1) {
                Opened::Record(read) => assert_eq!(read, record, "bit {at}"),
                Opened::Damaged | Opened::Newer(_) => {}
            }
        }
    }

    #[test]
    fn a_newer_version_is_told() {
        assert_eq!(open::<u32>(&sealed(2, &7), 1), Opened::Newer(2));
        assert_eq!(
            open::<u32>(br#"{"version": 2, "new": []}"#, 1),
            Opened::Newer(2)
        );
        assert_eq!(open::<u32>(b"{", 1), Opened::Damaged);
    }
}
