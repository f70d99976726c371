//! The journal of a partial. The input is a script, a line for each step: the first is the length of
//! the content, then `B n` (the machine starts, for the n-th time; the running one is 1), `C start end`
//! (bytes were written), `S offset` (they are durable), `J text` (a record of some other kind), and
//! at last `cut n` or `flip n`: what a crash or a bad disk does to the bytes.
//!
//! Records are made here, by the description of the format, and what they make believe is worked out
//! in the plainest way.

mod memory;

use std::ops::Range;
use std::sync::Arc;

use larder::plan::ranges::RangeSet;
use larder::store::disk::Disk;
use larder::store::journal::{BootId, Identity, Journal};

use memory::Memory;

const RECORD: usize = 32;

pub fn run(data: &[u8]) {
    raw(data);
    let Ok(script) = std::str::from_utf8(data) else {
        return;
    };
    let mut lines = script.lines();
    let Some(len) = lines.next().and_then(|line| line.trim().parse().ok()) else {
        return;
    };
    let mut written = Written::new(len);
    let mut bends = Vec::new();
    for line in lines.take(2000) {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let number = |at: usize| words.get(at).and_then(|word| word.parse::<u64>().ok());
        match (words.first().copied(), number(1), number(2)) {
            (Some("B"), Some(boot), _) => written.boot(boot),
            (Some("C"), Some(start), Some(end)) => written.claim(start..end),
            (Some("S"), Some(offset), _) => written.sync(offset),
            (Some("J"), ..) => written.junk(line.as_bytes()),
            (Some("cut"), Some(at), _) => bends.push((true, at)),
            (Some("flip"), Some(at), _) => bends.push((false, at)),
            _ => {}
        }
    }
    written.is_believed();
    for (is_cut, at) in bends {
        written.is_not_stretched(is_cut, at);
    }
}

/// Any bytes at all: nothing beyond the content is believed.
fn raw(data: &[u8]) {
    let identity = Identity {
        len: 1000,
        name: [7; 8],
    };
    let believed = Journal::peek(data, identity, boot(1));
    assert!(believed.gaps(0..1000).total_bytes() + believed.total_bytes() == 1000);
}

fn boot(number: u64) -> BootId {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_le_bytes());
    BootId(id)
}

/// A journal, and what it has to make believe.
struct Written {
    identity: Identity,
    bytes: Vec<u8>,
    chain: u32,
    /// Every claim that was ever made.
    claimed: Vec<Range<u64>>,
    /// Vouched for.
    durable: Vec<Range<u64>>,
    /// Since the last start of the machine, with the offsets of their records.
    waiting: Vec<(u64, Range<u64>)>,
    is_this_boot: bool,
    /// A record came that ends the reading.
    is_over: bool,
}

impl Written {
    fn new(len: u64) -> Self {
        let identity = Identity {
            len,
            name: *b"01234567",
        };
        let mut written = Self {
            identity,
            bytes: Vec::new(),
            chain: 0,
            claimed: Vec::new(),
            durable: Vec::new(),
            waiting: Vec::new(),
            is_this_boot: false,
            is_over: false,
        };
        let mut payload = [0; 24];
        payload[0] = 1;
        payload[8..16].copy_from_slice(&len.to_le_bytes());
        payload[16..].copy_from_slice(&identity.name);
        written.push(b'H', &payload);
        written
    }

    fn push(&mut self, tag: u8, payload: &[u8]) {
        let mut record = [0; RECORD];
        record[0] = tag;
        record[4..4 + payload.len()].copy_from_slice(payload);
        let mut crc = crc32fast::Hasher::new();
        crc.update(&self.chain.to_le_bytes());
        crc.update(&record[..28]);
        self.chain = crc.finalize();
        record[28..].copy_from_slice(&self.chain.to_le_bytes());
        self.bytes.extend_from_slice(&record);
    }

    fn boot(&mut self, number: u64) {
        self.push(b'B', &boot(number).0);
        if !self.is_over {
            self.waiting.clear();
            self.is_this_boot = number == 1;
        }
    }

    fn claim(&mut self, range: Range<u64>) {
        let offset = self.bytes.len() as u64;
        let mut payload = [0; 16];
        payload[..8].copy_from_slice(&range.start.to_le_bytes());
        payload[8..].copy_from_slice(&range.end.to_le_bytes());
        self.push(b'C', &payload);
        if range.is_empty() || range.end > self.identity.len {
            self.is_over = true;
        } else if !self.is_over {
            self.claimed.push(range.clone());
            self.waiting.push((offset, range));
        }
    }

    fn sync(&mut self, offset: u64) {
        let end = self.bytes.len() as u64;
        self.push(b'S', &offset.to_le_bytes());
        if offset > end {
            self.is_over = true;
        } else if !self.is_over {
            let (durable, waiting) = self.waiting.drain(..).partition(|claim| claim.0 < offset);
            self.waiting = waiting;
            let durable: Vec<_> = durable;
            self.durable
                .extend(durable.into_iter().map(|claim| claim.1));
        }
    }

    fn junk(&mut self, text: &[u8]) {
        let text = &text[..text.len().min(24)];
        self.push(text.get(1).copied().unwrap_or(b'J').max(b'X'), text);
        self.is_over = true;
    }

    fn is_believed(&self) {
        let unsynced = self.waiting.iter().filter(|_| self.is_this_boot);
        let unsynced = unsynced.map(|claim| claim.1.clone());
        let want: RangeSet = self.durable.iter().cloned().chain(unsynced).collect();
        let believed = Journal::peek(&self.bytes, self.identity, boot(1));
        assert_eq!(believed, want);
        self.goes_on(&self.bytes);
        // Of another content, nothing.
        for (len, name) in [
            (self.identity.len ^ 1, self.identity.name),
            (self.identity.len, [0; 8]),
        ] {
            assert!(Journal::peek(&self.bytes, Identity { len, name }, boot(1)).is_empty());
        }
    }

    /// Damage takes claims away and never adds one.
    fn is_not_stretched(&self, is_cut: bool, at: u64) {
        let mut bytes = self.bytes.clone();
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        if is_cut {
            bytes.truncate(at);
        } else if let Some(byte) = bytes.get_mut(at / 8) {
            *byte ^= 1 << (at % 8);
        }
        let all: RangeSet = self.claimed.iter().cloned().collect();
        let believed = Journal::peek(&bytes, self.identity, boot(1));
        let made_up: Vec<_> = believed
            .iter()
            .filter(|range| !all.contains_range(range))
            .collect();
        assert!(made_up.is_empty(), "{made_up:?}");
        self.goes_on(&bytes);
    }

    /// Opening tells the same as looking, changes nothing of it, and takes further claims.
    fn goes_on(&self, bytes: &[u8]) {
        let (memory, path) = (Memory::default(), std::path::PathBuf::from("/p/journal"));
        memory.put(&path, bytes);
        let peeked = Journal::peek(bytes, self.identity, boot(1));
        let disk: Arc<dyn Disk> = Arc::new(memory);
        let open = |boot| Journal::open(&disk, path.clone(), self.identity, boot).unwrap();
        let (_, believed) = open(boot(1));
        assert_eq!(believed, peeked);
        let (mut journal, believed) = open(boot(1));
        assert_eq!(believed, peeked, "opened twice");
        if self.identity.len > 0 {
            let position = journal.position();
            journal.claim(&(0..1)).unwrap();
            let (_, now) = open(boot(1));
            let mut want = peeked.clone();
            want.insert(0..1);
            assert_eq!(now, want);
            // What is claimed behind a mark is not vouched for by it.
            journal.synced(position).unwrap();
            let (_, after_reboot) = open(boot(2));
            assert_eq!(after_reboot, peeked, "after a start of the machine");
        }
    }
}
