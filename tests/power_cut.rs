//! What a power cut leaves: never a name that points at wrong bytes, and claims that are true.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/disk.rs"]
mod disk;
#[path = "power_cut/small.rs"]
mod small;

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use disk::{ForgetfulDisk, Random};
use larder::digest::{BlobId, Digest, GitOid};
use larder::plan::ranges::RangeSet;
use larder::store::disk::Disk;
use larder::store::ingest::Partial;
use larder::store::journal::BootId;
use larder::store::layout::Layout;

const LEN: usize = 40_000;

struct World {
    disk: ForgetfulDisk,
    layout: Layout,
    content: Vec<u8>,
    digest: Digest,
    random: Random,
    boot: u8,
    /// What a checkpoint has made last.
    durable: RangeSet,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let content: Vec<u8> = (0..LEN)
            .map(|_| u8::try_from(random.below(255)).unwrap() + 1)
            .collect();
        let is_git = random.below(4) == 0;
        let digest = if is_git {
            Digest::Git(GitOid::of(&content))
        } else {
            Digest::Sha256(BlobId::of(&content))
        };
        let layout = Layout::new(PathBuf::from("/store"));
        Self {
            disk: ForgetfulDisk::default(),
            layout,
            content,
            digest,
            random,
            boot: 1,
            durable: RangeSet::new(),
        }
    }

    fn open(&self) -> Arc<Partial> {
        let disk: Arc<dyn Disk> = Arc::new(self.disk.clone());
        let boot = BootId([self.boot; 16]);
        let dir = self.layout.partial(self.digest);
        let opened = Partial::open(&disk, &self.layout, dir, self.digest, LEN as u64, boot);
        Arc::new(opened.unwrap())
    }

    /// Makes what was written durable, while more is being written.
    fn checkpoint(&mut self, partial: &Arc<Partial>) {
        let written = partial.missing().gaps(0..LEN as u64);
        if let Some((start, buffers)) = self.piece(partial) {
            let partial = Arc::clone(partial);
            self.disk.during_next_sync(move || {
                partial.write(start, &buffers).unwrap();
            });
        }
        partial.checkpoint().unwrap();
        self.disk.during_next_sync(|| {});
        self.durable = written;
    }

    /// A sync fails, of the data or of the journal: whoever is told of it goes away.
    fn fail_a_sync(&mut self, partial: Arc<Partial>) -> Arc<Partial> {
        self.disk.fail_sync(1 + self.random.below(2));
        let told = partial.checkpoint();
        self.disk.fail_sync(0);
        if told.is_ok() {
            return partial;
        }
        drop(partial);
        self.open()
    }

    /// What the partial claims is what the file holds, and nothing is missing that was made to last.
    fn check_claims(&self, partial: &Partial, seed: u64) {
        let data = self.disk.content(partial.data_path()).unwrap();
        let missing = partial.missing();
        for range in self.durable.iter() {
            assert!(
                missing.intersection(&range).is_empty(),
                "seed {seed}: {range:?} did not last"
            );
        }
        for range in missing.gaps(0..LEN as u64).iter() {
            let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
            assert!(
                data[range.clone()] == self.content[range.clone()],
                "seed {seed}, {range:?}"
            );
        }
    }

    /// Every finished name holds the right bytes.
    fn check_blobs(&self, seed: u64) -> bool {
        let blob = self.layout.blob(BlobId::of(&self.content));
        let finished = self.disk.content(&blob);
        if let Some(bytes) = &finished {
            assert!(
                *bytes == self.content,
                "seed {seed}: a blob with wrong bytes"
            );
        }
        if let Digest::Git(oid) = self.digest
            && let Some(bytes) = self.disk.content(&self.layout.git_name(oid))
        {
            assert!(
                bytes == self.content,
                "seed {seed}: a git name on wrong bytes"
            );
        }
        finished.is_some()
    }

    /// A random piece of what is missing.
    fn piece(&mut self, partial: &Partial) -> Option<(u64, [Bytes; 2])> {
        let missing: Vec<_> = partial.missing().iter().collect();
        let gap = missing.get(index(self.random.below(missing.len() as u64)))?;
        let start = gap.start + self.random.below(gap.end - gap.start);
        let end = (start + 1 + self.random.below(5000)).min(gap.end);
        let bytes = &self.content[index(start)..index(end)];
        let (first, second) = bytes.split_at(bytes.len() / 2);
        let buffers = [first, second].map(Bytes::copy_from_slice);
        Some((start, buffers))
    }

    fn write(&mut self, partial: &Partial) {
        if let Some((start, buffers)) = self.piece(partial) {
            partial.write(start, &buffers).unwrap();
        }
    }
}

fn index(offset: u64) -> usize {
    usize::try_from(offset).unwrap()
}

/// Plays one life of a blob with cuts and kills; returns how often the power went.
fn live(seed: u64) -> u32 {
    let mut world = World::new(seed);
    let mut cuts = 0;
    let mut partial = world.open();
    for _ in 0..400 {
        match world.random.below(20) {
            0 => {
                drop(partial);
                world.disk.cut_power(&mut world.random);
                world.boot += 1;
                cuts += 1;
                world.check_blobs(seed);
                partial = world.open();
                world.check_claims(&partial, seed);
            }
            1 => {
                drop(partial);
                partial = world.open();
                world.check_claims(&partial, seed);
            }
            2 => world.checkpoint(&partial),
            3 => {
                partial.catch_up(world.random.below(9000)).unwrap();
            }
            4 => {
                partial = world.fail_a_sync(partial);
                world.check_claims(&partial, seed);
            }
            _ => world.write(&partial),
        }
        if partial.missing().is_empty() && world.random.below(3) == 0 {
            partial.catch_up(LEN as u64).unwrap();
            world.disk.fail_sync(1);
            partial.finish().unwrap_err();
            drop(partial);
            partial = world.open();
        }
        if partial.missing().is_empty() {
            partial.catch_up(LEN as u64).unwrap();
            partial.finish().unwrap();
            assert!(
                world.check_blobs(seed),
                "seed {seed}: the blob is not there"
            );
            world.disk.cut_power(&mut world.random);
            assert!(
                world.check_blobs(seed),
                "seed {seed}: the blob did not last"
            );
            return cuts;
        }
    }
    cuts
}

#[test]
fn no_power_cut_leaves_wrong_bytes_under_a_name_or_a_false_claim() {
    let cuts: u32 = (0..150).map(live).sum();
    assert!(cuts > 100, "the power went only {cuts} times");
}

#[test]
fn a_folder_that_stays_does_not_fail_what_is_finished() {
    let world = World::new(7);
    let partial = world.open();
    partial
        .write(0, &[Bytes::from(world.content.clone())])
        .unwrap();
    world.disk.refuse_removal();
    assert_eq!(partial.finish().unwrap(), BlobId::of(&world.content));
    assert!(world.check_blobs(7));
}
