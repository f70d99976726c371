use super::*;
use crate::store::disk::{Disk, OsDisk};
use crate::store::journal::replay::MAX_RECORDS;

const BOOT: BootId = BootId([1; 16]);
const OTHER: BootId = BootId([2; 16]);
const IDENTITY: Identity = Identity {
    len: 1000,
    name: *b"12345678",
};

struct Fixture {
    _dir: tempfile::TempDir,
    path: PathBuf,
}

fn disk() -> Arc<dyn Disk> {
    Arc::new(OsDisk)
}

fn fixture() -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal");
    Fixture { _dir: dir, path }
}

impl Fixture {
    fn open(&self, boot: BootId) -> (Journal, RangeSet) {
        Journal::open(&disk(), self.path.clone(), IDENTITY, boot).unwrap()
    }
}

fn set(ranges: &[(u64, u64)]) -> RangeSet {
    ranges.iter().map(|&(start, end)| start..end).collect()
}

#[test]
fn claims_survive_under_the_same_boot() {
    let at = fixture();
    let (mut journal, have) = at.open(BOOT);
    assert!(have.is_empty());
    journal.claim(&(0..10)).unwrap();
    journal.claim(&(20..30)).unwrap();
    assert_eq!(at.open(BOOT).1, set(&[(0, 10), (20, 30)]));
    assert_eq!(at.open(BOOT).1, set(&[(0, 10), (20, 30)]));
}

#[test]
fn after_another_boot_only_synced_claims_count() {
    let at = fixture();
    let (mut journal, _) = at.open(BOOT);
    journal.claim(&(0..10)).unwrap();
    journal.synced(journal.position()).unwrap();
    assert!(journal.is_durable());
    journal.claim(&(10..20)).unwrap();
    assert_eq!(at.open(OTHER).1, set(&[(0, 10)]));
    // The unbelieved claim stays unbelieved, also when its old boot seems to come back.
    assert_eq!(at.open(BOOT).1, set(&[(0, 10)]));
    assert_eq!(at.open(OTHER).1, set(&[(0, 10)]));
}

#[test]
fn a_sync_vouches_for_the_claims_before_it_and_not_for_those_during_it() {
    let at = fixture();
    let (mut journal, _) = at.open(BOOT);
    journal.claim(&(0..10)).unwrap();
    let position = journal.position();
    journal.claim(&(20..30)).unwrap();
    journal.synced(position).unwrap();
    assert!(!journal.is_durable());
    let bytes = std::fs::read(&at.path).unwrap();
    assert_eq!(Journal::peek(&bytes, IDENTITY, OTHER), set(&[(0, 10)]));
    assert_eq!(
        Journal::peek(&bytes, IDENTITY, BOOT),
        set(&[(0, 10), (20, 30)])
    );

    // Opened again, it still knows what waits for a sync.
    let (mut journal, _) = at.open(BOOT);
    assert!(!journal.is_durable());
    journal.synced(journal.position()).unwrap();
    assert!(journal.is_durable());
    assert_eq!(at.open(OTHER).1, set(&[(0, 10), (20, 30)]));
}

#[test]
fn writing_it_anew_keeps_what_is_durable_apart_from_what_is_not() {
    let at = fixture();
    let (mut journal, _) = at.open(BOOT);
    journal.claim(&(0..10)).unwrap();
    journal.synced(journal.position()).unwrap();
    for _ in 0..=MAX_RECORDS {
        journal.claim(&(20..30)).unwrap();
    }
    let before = std::fs::metadata(&at.path).unwrap().len();
    let (journal, have) = at.open(BOOT);
    assert_eq!(have, set(&[(0, 10), (20, 30)]));
    assert!(!journal.is_durable());
    assert_eq!(journal.position(), 5 * RECORD as u64);
    assert!(std::fs::metadata(&at.path).unwrap().len() < before);
    assert_eq!(at.open(OTHER).1, set(&[(0, 10)]));
}

#[test]
fn a_journal_of_absurd_size_is_not_read() {
    let at = fixture();
    let (mut journal, _) = at.open(BOOT);
    journal.claim(&(0..10)).unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(&at.path);
    file.unwrap().set_len(MAX_BYTES + 1).unwrap();
    assert!(at.open(BOOT).1.is_empty());
    assert_eq!(std::fs::metadata(&at.path).unwrap().len(), 64);
}

#[test]
fn a_torn_or_flipped_record_ends_the_belief_and_later_claims_count_again() {
    let at = fixture();
    let (mut journal, _) = at.open(BOOT);
    journal.claim(&(0..10)).unwrap();
    journal.claim(&(20..30)).unwrap();
    let mut bytes = std::fs::read(&at.path).unwrap();
    let last = bytes.len() - 20;
    bytes[last] ^= 1;
    bytes.extend_from_slice(b"torn");
    std::fs::write(&at.path, bytes).unwrap();
    let (mut journal, have) = at.open(BOOT);
    assert_eq!(have, set(&[(0, 10)]));
    journal.claim(&(40..50)).unwrap();
    assert_eq!(at.open(BOOT).1, set(&[(0, 10), (40, 50)]));
}

#[test]
fn a_journal_of_another_content_or_version_begins_anew() {
    let at = fixture();
    let (mut journal, _) = at.open(BOOT);
    journal.claim(&(0..10)).unwrap();
    let other = Identity {
        len: 999,
        ..IDENTITY
    };
    let (_, have) = Journal::open(&disk(), at.path.clone(), other, BOOT).unwrap();
    assert!(have.is_empty());
}

#[test]
fn a_claim_past_the_end_is_not_believed() {
    let at = fixture();
    let (mut journal, _) = at.open(BOOT);
    journal.claim(&(990..1001)).unwrap();
    assert!(at.open(BOOT).1.is_empty());
}
