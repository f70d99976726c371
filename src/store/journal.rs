//! Which ranges of a partial are on disk: an append-only file of checksummed records.
//!
//! # Format
//! Version 1: 32-byte records. Byte 0 is the tag, bytes 1–3 are zero, bytes 4–27 the payload, bytes
//! 28–31 the CRC-32 of the CRC of the record before (zero for the first) and of bytes 0–27. Integers
//! are little-endian. The first record is a header.
//!
//! Chaining the checksums binds a record to everything before it: after a power cut, what was written
//! over an older state of the file may be mixed with it, and a mark of the newer state must not vouch
//! for a claim of the older.
//!
//! | tag | payload |
//! | --- | --- |
//! | `H` | version u32, zero u32, length of the content u64, first 8 bytes of its name |
//! | `B` | boot id, 16 bytes: the claims that follow were made under this boot |
//! | `C` | start u64, end u64: these bytes were written |
//! | `S` | offset u64: every claim whose record lies before it is durable |
//!
//! # What is believed
//! A claim is appended after its bytes were written, so a killed process leaves true claims. A power
//! cut may lose bytes whose claim survived: claims made under another boot count only where an `S`
//! vouches for them. It is appended after the data was synced and tells how far the journal reached
//! before: bytes keep arriving during a sync, and whether it took them along is not known. Reading stops
//! at the first record that is not whole, which is how an append ends that was cut short. The journal is
//! disposable: without it the partial is fetched again.
//!
//! # Writing it anew
//! A journal with claims that must not be believed later, or with far more records than ranges, is
//! written aside and renamed over the old one: a power cut finds one of the two whole.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use crate::error::Cause;
use crate::fs::OnPath;
use crate::plan::ranges::RangeSet;
use crate::store::disk::{Disk, DiskFile};

mod record;
mod replay;

use record::{RECORD, Text, claim_of, crc_of, header, record};
use replay::replay;

/// A journal that is larger is no journal of ours: it is not read into memory, it begins anew.
pub(super) const MAX_BYTES: u64 = 256 << 20;

/// Identifies one run of the machine: bytes that were not synced do not outlive it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BootId(pub [u8; 16]);

impl BootId {
    /// The running system's boot, or one that equals no other where the system does not say.
    pub fn current() -> Self {
        let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
        match u128::from_str_radix(&digits, 16) {
            Ok(id) if digits.len() == 32 => Self(id.to_be_bytes()),
            _ => Self::unique(),
        }
    }

    /// A boot that was never seen before: only synced claims will be believed.
    pub fn unique() -> Self {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&fastrand::u64(..).to_le_bytes());
        id[8..].copy_from_slice(&fastrand::u64(..).to_le_bytes());
        Self(id)
    }
}

/// The content that a journal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Length of the content.
    pub len: u64,
    /// First bytes of its digest.
    pub name: [u8; 8],
}

/// An open journal.
pub struct Journal {
    disk: Arc<dyn Disk>,
    file: Arc<dyn DiskFile>,
    path: PathBuf,
    end: u64,
    chain: u32,
    /// Behind the last claim.
    claimed: u64,
    /// Claims before this offset are durable.
    vouched: u64,
}

impl Journal {
    /// Opens the journal at `path` and returns the ranges it makes believe. A journal that is absent,
    /// damaged at its head, of another version, about another content or too large begins anew.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn open(
        disk: &Arc<dyn Disk>,
        path: PathBuf,
        identity: Identity,
        boot: BootId,
    ) -> Result<(Self, RangeSet), Cause> {
        let file = disk.open(&path)?;
        let bytes = read_all(file.as_ref()).on_path("read", &path)?;
        let replayed = replay(&bytes, identity, boot);
        drop(bytes);
        let mut journal = Self {
            disk: Arc::clone(disk),
            file,
            path,
            end: replayed.end,
            chain: replayed.chain,
            claimed: replayed.claimed,
            vouched: replayed.vouched,
        };
        if replayed.has_doubt || replayed.is_bloated() {
            journal.rewrite(identity, boot, &replayed.durable, &replayed.unsynced)?;
        } else {
            journal.go_on(identity, boot, replayed.is_this_boot)?;
        }
        Ok((journal, replayed.believed()))
    }

    fn go_on(&mut self, identity: Identity, boot: BootId, is_this_boot: bool) -> Result<(), Cause> {
        // Anything behind the last whole record would hide what is appended from now on.
        self.file
            .set_len(self.end)
            .on_path("truncate", &self.path)?;
        if self.end == 0 {
            self.append(b'H', &header(identity))?;
        }
        if !is_this_boot {
            self.append(b'B', &boot.0)?;
        }
        Ok(())
    }

    /// The ranges an existing journal makes believe, without changing it.
    pub fn peek(bytes: &[u8], identity: Identity, boot: BootId) -> RangeSet {
        replay(bytes, identity, boot).believed()
    }

    /// Claims that the bytes of `range` were written.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn claim(&mut self, range: &Range<u64>) -> Result<(), Cause> {
        self.append(b'C', &claim_of(range))?;
        self.claimed = self.end;
        Ok(())
    }

    /// Whether every claim is marked as durable already.
    pub fn is_durable(&self) -> bool {
        self.claimed <= self.vouched
    }

    /// How far the journal reaches: what to give to [`Journal::synced`].
    pub fn position(&self) -> u64 {
        self.end
    }

    /// Marks the claims before `position` as durable, which was taken before the data was synced.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn synced(&mut self, position: u64) -> Result<(), Cause> {
        // A journal that was written anew in between reaches less far: its claims are others.
        if position > self.end || position <= self.vouched {
            return Ok(());
        }
        self.append(b'S', &position.to_le_bytes())?;
        self.vouched = position;
        Ok(())
    }

    /// The file, to make the marks durable in turn without keeping claims waiting.
    pub fn file(&self) -> Arc<dyn DiskFile> {
        Arc::clone(&self.file)
    }

    /// Forgets every claim.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn clear(&mut self, identity: Identity, boot: BootId) -> Result<(), Cause> {
        self.rewrite(identity, boot, &RangeSet::new(), &RangeSet::new())
    }

    /// A sync has failed: what none vouched for before may be lost, and the next sync would not say so
    /// again. Only the rest is believed from now on; it is returned.
    pub fn doubt(&mut self, identity: Identity, boot: BootId) -> RangeSet {
        let bytes = read_all(self.file.as_ref()).unwrap_or_default();
        let durable = replay(&bytes, identity, boot).durable;
        let Err(cause) = self.rewrite(identity, boot, &durable, &RangeSet::new()) else {
            return durable;
        };
        tracing::debug!(%cause, "a journal in doubt cannot be written anew");
        // Better none than one that claims what may be lost.
        self.disk.remove(&self.path).unwrap_or_else(|cause| {
            tracing::warn!(%cause, "a journal in doubt stays");
        });
        RangeSet::new()
    }

    /// Writes a journal with these claims aside and puts it in the place of this one.
    fn rewrite(
        &mut self,
        identity: Identity,
        boot: BootId,
        durable: &RangeSet,
        unsynced: &RangeSet,
    ) -> Result<(), Cause> {
        let mut text = Text::default();
        text.push(b'H', &header(identity));
        text.push(b'B', &boot.0);
        durable
            .iter()
            .for_each(|range| text.push(b'C', &claim_of(&range)));
        let vouched = text.end();
        if !durable.is_empty() {
            text.push(b'S', &vouched.to_le_bytes());
        }
        unsynced
            .iter()
            .for_each(|range| text.push(b'C', &claim_of(&range)));
        let (end, chain) = (text.end(), text.chain);
        self.file = self.put_in_place(Bytes::from(text.bytes))?;
        (self.end, self.chain) = (end, chain);
        (self.claimed, self.vouched) = (if unsynced.is_empty() { 0 } else { end }, vouched);
        Ok(())
    }

    fn put_in_place(&self, bytes: Bytes) -> Result<Arc<dyn DiskFile>, Cause> {
        let aside = self.path.with_extension("new");
        let file = self.disk.open(&aside)?;
        file.set_len(0)
            .and_then(|()| file.write_all_at(&[bytes], 0))
            .and_then(|()| file.sync_data())
            .on_path("write", &aside)?;
        self.disk.rename(&aside, &self.path)?;
        self.disk
            .sync_dir(self.path.parent().unwrap_or(Path::new(".")))?;
        Ok(file)
    }

    fn append(&mut self, tag: u8, payload: &[u8]) -> Result<(), Cause> {
        let record = record(tag, payload, self.chain);
        let bytes = [Bytes::copy_from_slice(&record)];
        self.file
            .write_all_at(&bytes, self.end)
            .on_path("write", &self.path)?;
        // A record that did not fit on the disk is none: the next one stands in its place.
        self.chain = crc_of(&record);
        self.end += RECORD as u64;
        Ok(())
    }
}

fn read_all(file: &dyn DiskFile) -> io::Result<Vec<u8>> {
    let size = file.size()?;
    if size > MAX_BYTES {
        return Ok(Vec::new());
    }
    let mut bytes = vec![0; usize::try_from(size).map_err(|_| io::ErrorKind::InvalidData)?];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
