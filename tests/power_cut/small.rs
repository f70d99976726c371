//! Small contents: what is on the shelf when the power goes.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use larder::digest::{BlobId, Digest, GitOid};
use larder::store::Store;
use larder::store::journal::BootId;
use larder::store::shelf::{Proven, Small};

use super::disk::{ForgetfulDisk, Random};

/// Half of the contents are promised by their git ids, half by their SHA-256.
fn digest(content: &[u8]) -> Digest {
    if content[0].is_multiple_of(2) {
        GitOid::of(content).into()
    } else {
        BlobId::of(content).into()
    }
}

fn proven(content: &[u8]) -> Proven {
    let mut small = Small::new(digest(content), content.len() as u64);
    small.push(Bytes::copy_from_slice(content));
    small.prove().unwrap()
}

fn contents(random: &mut Random) -> Vec<Vec<u8>> {
    let content = |number: u8, random: &mut Random| {
        let len = usize::try_from(1 + random.below(3000)).unwrap();
        vec![number; len]
    };
    (1..40).map(|number| content(number, random)).collect()
}

/// Every name holds the right bytes; says whether the content has its blob.
fn check(disk: &ForgetfulDisk, store: &Store, content: &[u8], seed: u64) -> bool {
    let blob = disk.content(&store.blob_path(BlobId::of(content)));
    let git = match digest(content) {
        Digest::Git(oid) => disk.content(&store.layout().git_name(oid)),
        Digest::Sha256(_) => None,
    };
    for bytes in blob.iter().chain(&git) {
        assert!(bytes == content, "seed {seed}: a name on wrong bytes");
    }
    blob.is_some()
}

/// Puts contents until the power goes; returns how many names that took.
fn live(seed: u64) -> usize {
    let mut random = Random::new(seed);
    let disk = ForgetfulDisk::default();
    let root = PathBuf::from("/store");
    let store = Store::open_on(&root, Arc::new(disk.clone()), BootId([1; 16])).unwrap();
    let shelf = store.shelf();
    let contents = contents(&mut random);
    let (put, mut settled) = (usize::try_from(random.below(40)).unwrap(), 0);
    for (number, content) in contents.iter().enumerate().take(put) {
        shelf.put(&proven(content)).unwrap();
        if random.below(10) == 0 {
            shelf.settle().unwrap();
            settled = number + 1;
        }
    }
    disk.cut_power(&mut random);
    let there = |content: &Vec<u8>| check(&disk, &store, content, seed);
    let there: Vec<bool> = contents.iter().map(there).collect();
    let lasting = there[..settled].iter().all(|&there| there);
    assert!(lasting, "seed {seed}: what was settled did not last");
    there.iter().take(put).filter(|there| !**there).count()
}

#[test]
fn no_power_cut_leaves_wrong_bytes_under_the_name_of_a_small_content() {
    let lost: usize = (0..300).map(live).sum();
    assert!(lost > 100, "the cuts took only {lost} names");
}
