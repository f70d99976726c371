//! Made-up stocks for the unit tests of this room.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use foldhash::HashMap;

use super::Stock;
use super::stock::Held;
use crate::digest::{BlobId, Digest};
use crate::fs::Stamp;
use crate::hub::RemoteFile;
use crate::inventory::Holdings;
use crate::repo::{Commit, HubName, RepoId, RepoKind, RepoPath, Revision};
use crate::store::census::{Blob, Census, Recorded};
use crate::store::snapshot::Manifest;

/// A commit of `repo` that consists of one digit, with a file `f<n>` of content `n` for each of `files`.
pub(super) fn held(repo: &str, digit: char, files: &[u8], names: &[&str]) -> Held {
    let id = RepoId::parse(RepoKind::Model, repo).unwrap();
    let commit = Commit::parse(&digit.to_string().repeat(40)).unwrap();
    let listing = files.iter().map(|number| remote(*number)).collect();
    let mut manifest = Manifest::new(HubName::HuggingFace, &id, commit, listing);
    for file in &mut manifest.files {
        file.blob = file.remote.digest.sha256();
    }
    let names: BTreeSet<Revision> = names.iter().map(|name| revision(name)).collect();
    manifest.revisions.clone_from(&names);
    Held {
        recorded: Recorded {
            repo: id,
            path: PathBuf::new(),
            last_used: at(u64::from(digit.to_digit(16).unwrap())),
            manifest,
        },
        noted: BTreeSet::new(),
        revisions: names.clone(),
        left: BTreeMap::new(),
        names,
    }
}

pub(super) fn revision(text: &str) -> Revision {
    Revision::parse(text).unwrap()
}

/// So many days after the beginning of time.
pub(super) fn at(day: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(day * 86_400)
}

/// The content `number`, which is as many kilobytes long.
pub(super) fn blob(number: u8) -> BlobId {
    BlobId::of(&[number])
}

pub(super) fn remote(number: u8) -> RemoteFile {
    RemoteFile {
        path: RepoPath::parse(&format!("f{number}")).unwrap(),
        len: u64::from(number) * 1000,
        digest: Digest::Sha256(blob(number)),
        git_oid: None,
        xet_hash: None,
        changed_by: None,
    }
}

/// A stock of these commits, all their contents, and contents that no record names, written on some day.
pub(super) fn stock(commits: Vec<Held>, unclaimed: &[(u8, u64)]) -> Stock {
    let files = commits.iter().flat_map(|held| &held.manifest().files);
    let mut blobs: HashMap<BlobId, Blob> = files
        .filter_map(|file| Some((file.blob?, one(file.remote.len))))
        .collect();
    let mut written = BTreeMap::new();
    for (number, day) in unclaimed {
        blobs.insert(blob(*number), one(u64::from(*number) * 1000));
        written.insert(blob(*number), at(*day));
    }
    let mut stock = Stock {
        commits,
        blobs,
        unclaimed: written,
        ..Stock::default()
    };
    look_again(&mut stock);
    stock
}

/// Counts the names of the contents anew.
pub(super) fn look_again(stock: &mut Stock) {
    let commits = stock.commits.iter().map(|held| held.recorded.clone());
    let census = Census {
        commits: commits.collect(),
        ..Census::default()
    };
    stock.holdings = Holdings::of(&census, &stock.blobs, &[]);
}

fn one(len: u64) -> Blob {
    // Plans do not look at the file itself.
    let any = std::fs::metadata(".").unwrap();
    Blob {
        links: 1,
        own_links: 1,
        stamp: Stamp {
            // Lengths tell the contents of these plans apart.
            ino: len,
            len,
            ..Stamp::of(&any)
        },
        dev: 0,
        is_told: true,
    }
}
