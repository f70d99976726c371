//! What the records of a journal make believe.

use std::collections::VecDeque;
use std::ops::Range;

use crate::plan::ranges::RangeSet;
use crate::store::journal::record::{RECORD, claim, crc_of, header, offset, parse, record};
use crate::store::journal::{BootId, Identity};

/// With more records than this, and [`MAX_PER_RANGE`] times as many as ranges, it is written anew.
pub(super) const MAX_RECORDS: u64 = 4096;
const MAX_PER_RANGE: u64 = 16;

pub(super) struct Replayed {
    pub(super) durable: RangeSet,
    /// Believed because the machine has run since.
    pub(super) unsynced: RangeSet,
    pub(super) end: u64,
    pub(super) chain: u32,
    pub(super) claimed: u64,
    pub(super) vouched: u64,
    pub(super) is_this_boot: bool,
    pub(super) has_doubt: bool,
}

impl Replayed {
    fn nothing() -> Self {
        Self {
            durable: RangeSet::new(),
            unsynced: RangeSet::new(),
            end: 0,
            chain: 0,
            claimed: 0,
            vouched: 0,
            is_this_boot: false,
            has_doubt: false,
        }
    }

    pub(super) fn believed(&self) -> RangeSet {
        let mut all = self.durable.clone();
        all.extend(self.unsynced.iter());
        all
    }

    pub(super) fn is_bloated(&self) -> bool {
        let records = self.end / RECORD as u64;
        let ranges = (self.durable.len_ranges() + self.unsynced.len_ranges()) as u64;
        records > MAX_RECORDS && records > MAX_PER_RANGE * ranges
    }
}

/// The claims that no `S` vouches for yet, each with the offset of its record.
type Waiting = VecDeque<(u64, Range<u64>)>;

pub(super) fn replay(bytes: &[u8], identity: Identity, boot: BootId) -> Replayed {
    let mut out = Replayed::nothing();
    let mut records = bytes.chunks_exact(RECORD);
    let head = record(b'H', &header(identity), 0);
    if records.next() != Some(&head) {
        return out;
    }
    out.end = RECORD as u64;
    out.chain = crc_of(&head);
    let mut waiting = Waiting::new();
    for bytes in records {
        let Some((tag, payload)) = parse(bytes, out.chain) else {
            break;
        };
        match tag {
            b'B' => {
                out.has_doubt |= !waiting.is_empty();
                waiting.clear();
                out.is_this_boot = payload[..16] == boot.0;
            }
            b'C' => match claim(payload, identity.len) {
                Some(range) => waiting.push_back((out.end, range)),
                None => break,
            },
            b'S' => match offset(payload, out.end) {
                Some(position) => vouch(&mut out, &mut waiting, position),
                None => break,
            },
            _ => break,
        }
        out.end += RECORD as u64;
        out.chain = crc_of(bytes);
    }
    if out.is_this_boot {
        out.claimed = waiting.back().map_or(0, |last| last.0 + RECORD as u64);
        out.unsynced
            .extend(waiting.into_iter().map(|(_, range)| range));
    } else {
        out.has_doubt |= !waiting.is_empty();
    }
    out
}

/// Claims before `position` are durable.
fn vouch(out: &mut Replayed, waiting: &mut Waiting, position: u64) {
    while waiting.front().is_some_and(|first| first.0 < position) {
        out.durable.extend(waiting.pop_front().map(|first| first.1));
    }
    out.vouched = out.vouched.max(position);
}
