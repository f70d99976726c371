//! The records of a journal as bytes; `super` describes them.

use std::ops::Range;

use crate::store::journal::Identity;

const VERSION: u32 = 1;
const PAYLOAD: usize = 24;

/// Bytes of a record.
pub(super) const RECORD: usize = 32;

/// Records one after the other, each bound to those before.
#[derive(Default)]
pub(super) struct Text {
    pub(super) bytes: Vec<u8>,
    pub(super) chain: u32,
}

impl Text {
    pub(super) fn push(&mut self, tag: u8, payload: &[u8]) {
        let record = record(tag, payload, self.chain);
        self.chain = crc_of(&record);
        self.bytes.extend_from_slice(&record);
    }

    pub(super) fn end(&self) -> u64 {
        self.bytes.len() as u64
    }
}

/// How far an `S` that stands at `end` vouches.
pub(super) fn offset(payload: &[u8], end: u64) -> Option<u64> {
    let position = u64::from_le_bytes(payload[..8].try_into().ok()?);
    (position <= end).then_some(position)
}

pub(super) fn claim_of(range: &Range<u64>) -> [u8; 16] {
    let mut payload = [0; 16];
    payload[..8].copy_from_slice(&range.start.to_le_bytes());
    payload[8..].copy_from_slice(&range.end.to_le_bytes());
    payload
}

pub(super) fn claim(payload: &[u8], len: u64) -> Option<Range<u64>> {
    let start = u64::from_le_bytes(payload[..8].try_into().ok()?);
    let end = u64::from_le_bytes(payload[8..16].try_into().ok()?);
    (start < end && end <= len).then_some(start..end)
}

pub(super) fn header(identity: Identity) -> [u8; PAYLOAD] {
    let mut payload = [0; PAYLOAD];
    payload[..4].copy_from_slice(&VERSION.to_le_bytes());
    payload[8..16].copy_from_slice(&identity.len.to_le_bytes());
    payload[16..].copy_from_slice(&identity.name);
    payload
}

pub(super) fn record(tag: u8, payload: &[u8], chain: u32) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    record[0] = tag;
    record[4..4 + payload.len()].copy_from_slice(payload);
    let crc = checksum(&record[..RECORD - 4], chain);
    record[RECORD - 4..].copy_from_slice(&crc.to_le_bytes());
    record
}

pub(super) fn parse(record: &[u8], chain: u32) -> Option<(u8, &[u8])> {
    let body = &record[..RECORD - 4];
    (checksum(body, chain) == crc_of(record)).then(|| (body[0], &body[4..]))
}

fn checksum(body: &[u8], chain: u32) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&chain.to_le_bytes());
    hasher.update(body);
    hasher.finalize()
}

/// The checksum that a record carries in its last four bytes.
pub(super) fn crc_of(record: &[u8]) -> u32 {
    record[RECORD - 4..]
        .iter()
        .rev()
        .fold(0, |crc, &byte| crc << 8 | u32::from(byte))
}
