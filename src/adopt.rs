//! Taking over what other tools left on this disk: every file is hashed once, what is right becomes part
//! of the store by a link, and what is there twice becomes one file.
//!
//! [`found`] tells what is there, as a value: one kind of cache, one reader beside it. `take` hashes,
//! links and replaces, whatever the kind; `record` remembers the commits. Part by part, so that what
//! was done stays done when the rest is interrupted, and costs nothing the next time.
//!
//! Deliberately absent: any removal. A name is given to a proven copy of what it had, by rename, and
//! what is damaged stays as it is.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::blocking::blocking;
use crate::digest::Digest;
use crate::error::{Cause, Error};
use crate::fs::is_same_disk;
use crate::hashing::Around;
use crate::report::Event;
use crate::store::Store;
use crate::store::lock::{Lock, wait_for};

mod folder;
pub mod found;
mod huggingface;
mod known;
mod modelscope;
mod record;
mod take;

use found::Part;
use known::Known;

/// A file that is not what its name promises. It was left as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damaged {
    /// The file.
    pub path: PathBuf,
    /// The repo or folder that it belongs to.
    pub part: String,
    /// What its name promises.
    pub want: Digest,
    /// What it holds.
    pub got: Digest,
}

/// A file, or a folder of them, that could not be taken over, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The file.
    pub path: PathBuf,
    /// The reason.
    pub why: String,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Files that were looked at; one with several names counts once.
    pub files: u64,
    /// Of those, what was the store's already.
    pub known: u64,
    /// Bytes that were hashed, or in a dry run would be.
    pub hashed_bytes: u64,
    /// Contents that are new to the store.
    pub linked: u64,
    /// Their size in bytes.
    pub linked_bytes: u64,
    /// Names that were given to the store's copy instead of one of their own.
    pub replaced: u64,
    /// Bytes of the disk that this freed. In a dry run: what it would free if every file is what its
    /// name promises.
    pub freed_bytes: u64,
    /// Commits that are recorded now and were not, or not so.
    pub recorded: u64,
    /// What is not what it should be.
    pub damaged: Vec<Damaged>,
    /// What could not be taken over.
    pub left: Vec<Left>,
}

/// Takes over everything in `parts`.
///
/// # Errors
/// When the store cannot be written, or the user stopped it. What was done before stays.
pub async fn adopt(store: &Store, parts: Vec<Part>, around: &Around) -> Result<Taken, Error> {
    let failed = |cause: Cause| cause.on_path("adopt into", store.root());
    let writing = around.leave_to_write(store).await.map_err(failed)?;
    let known = Known::of(store).map_err(failed)?;
    announce(&parts, &known, around);
    let (mut taken, mut known) = (Taken::default(), known);
    for part in parts {
        let (at, part, told) = (store.clone(), Arc::new(part), around.clone());
        let (mine, now) = (Arc::clone(&part), std::mem::take(&mut known));
        let worked = blocking(move || Ok(take::take(&at, &mine, now, &told))).await;
        let mut worked = worked.map_err(|cause| cause.on_path("adopt", &part.root))?;
        known = std::mem::take(&mut worked.known);
        // Also when it was stopped: what was proven until then need not be hashed again.
        let recorded = record(store, &part, &worked, around).await;
        taken.recorded += recorded.map_err(|cause| cause.on_path("adopt", &part.root))?;
        taken.add(worked.taken);
        taken.left.extend(part.unread());
        if let Some(cause) = worked.failure {
            return Err(cause.on_path("adopt", &part.root));
        }
    }
    drop(writing);
    Ok(taken)
}

/// What [`adopt`] would do, as far as names and lengths tell.
///
/// # Errors
/// When the store cannot be read.
pub fn foresee(store: &Store, parts: &[Part]) -> Result<Taken, Cause> {
    let known = Known::of(store)?;
    let mut taken = Taken {
        left: parts.iter().flat_map(Part::unread).collect(),
        ..Taken::default()
    };
    let mut seen: HashSet<Digest> = HashSet::new();
    for file in parts.iter().flat_map(found::Part::inodes) {
        taken.files += 1;
        if known.is_settled(&file) {
            taken.known += 1;
            continue;
        }
        taken.hashed_bytes += file.stamp.len;
        let Some(promise) = file.promise else {
            continue;
        };
        let is_stored = store.find(promise, file.stamp.len)?.is_some();
        let is_twin = !seen.insert(promise) || (is_stored && !known.holds(&file));
        if is_twin && !file.is_foreign {
            taken.freed_bytes += file.disk_bytes;
        }
    }
    Ok(taken)
}

/// Refuses a folder that cannot share files with the store.
///
/// # Errors
/// When it is on another disk, or inside the store.
pub fn allow(store: &Store, dir: &Path) -> Result<(), Cause> {
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if real(dir).starts_with(real(store.root())) {
        return Err(Cause::Usage {
            why: "it is the store itself".to_owned(),
            hint: Some("name a cache or a folder of another tool".to_owned()),
        });
    }
    let root = store.root();
    let there = root.ancestors().find(|path| path.exists());
    if is_same_disk(there.unwrap_or(root), dir)? {
        return Ok(());
    }
    Err(Cause::Usage {
        why: format!("it is on another disk than the store {}", root.display()),
        hint: Some(
            "files are taken over by links: name a store on that disk with --store".to_owned(),
        ),
    })
}

fn announce(parts: &[Part], known: &Known, around: &Around) {
    let (mut files, mut check_bytes) = (0, 0);
    for file in parts.iter().flat_map(Part::inodes) {
        if !known.is_settled(&file) {
            files += 1;
            check_bytes += file.stamp.len;
        }
    }
    around.sink.emit(Event::Planned {
        files,
        have_bytes: 0,
        check_bytes,
        need_bytes: 0,
    });
}

async fn record(
    store: &Store,
    part: &Arc<Part>,
    worked: &take::Worked,
    around: &Around,
) -> Result<u64, Cause> {
    let Some(repo) = part.repo.clone().filter(|_| !part.commits.is_empty()) else {
        return Ok(0);
    };
    let path = store.layout().repo_lock(repo.hub, &repo.repo);
    let waiting = || around.sink.emit(Event::Waiting { path: None });
    // Writing a record takes a moment, and the work it stands for is done: nothing stops it.
    let stop = CancellationToken::new();
    let lock = wait_for(
        || Lock::try_exclusive(&path),
        "the repo in the store",
        around.lock_timeout,
        &stop,
        waiting,
    );
    let lock = lock.await?;
    let (store, part, proven) = (store.clone(), Arc::clone(part), worked.proven.clone());
    let recorded = blocking(move || record::record(&store, &part, &repo, &proven)).await;
    drop(lock);
    recorded
}

impl Taken {
    /// Counts what came of another part, too.
    pub fn add(&mut self, other: Self) {
        self.files += other.files;
        self.known += other.known;
        self.hashed_bytes += other.hashed_bytes;
        self.linked += other.linked;
        self.linked_bytes += other.linked_bytes;
        self.replaced += other.replaced;
        self.freed_bytes += other.freed_bytes;
        self.recorded += other.recorded;
        self.damaged.extend(other.damaged);
        self.left.extend(other.left);
    }
}
