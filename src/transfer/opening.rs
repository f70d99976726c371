//! Opening a file: lock it, look again whether it is here by now, and learn what is missing.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::blocking::blocking;
use crate::error::Cause;
use crate::fs;
use crate::hub::RemoteFile;
use crate::plan::ranges::RangeSet;
use crate::plan::schedule::{FileIndex, SMALL_BYTES};
use crate::repo::Commit;
use crate::report::Event;
use crate::store::Store;
use crate::store::blob::hash_file;
use crate::store::lock::{Lock, POLL};
use crate::store::wanted::Wanted;
use crate::transfer::Held;
use crate::transfer::engine::{Engine, lock};
use crate::transfer::job::{Large, OpenFile};
use crate::view::{RepoView, ViewLock};

/// What came of trying to open a file.
enum Opening {
    /// Another process works on it.
    Busy,
    /// It is here by now.
    Here(Held),
    /// A file that is fetched whole into memory.
    Small((Lock, ViewLock)),
    /// A file that is fetched in segments.
    Large((Lock, ViewLock), Large),
}

impl Engine {
    /// Opens a file that the schedule chose.
    pub(super) async fn open(&self, file: FileIndex) -> Result<(), Cause> {
        let job = &self.jobs[file];
        let (store, view) = (self.around.store.clone(), Arc::clone(&self.around.view));
        let (commit, remote) = (self.around.commit.clone(), job.file.clone());
        let (is_forced, stop) = (self.around.is_forced, self.stop.clone());
        let go_on = move || !stop.is_cancelled();
        match blocking(move || try_open(&store, view.as_ref(), &commit, &remote, is_forced, &go_on))
            .await?
        {
            Opening::Busy => self.put_off(file),
            Opening::Here(held) => {
                self.close(file, held);
                Ok(())
            }
            Opening::Small(locks) => {
                job.set_open(Some(Arc::new(OpenFile {
                    large: None,
                    _locks: locks,
                })));
                self.started(file, 0);
                self.schedule()
                    .opened(file, RangeSet::from(0..job.file.len));
                Ok(())
            }
            Opening::Large(locks, large) => {
                self.note(&large, file).await?;
                let missing = large.partial.missing();
                job.set_open(Some(Arc::new(OpenFile {
                    large: Some(large),
                    _locks: locks,
                })));
                self.started(file, job.file.len - missing.total_bytes());
                self.schedule().opened(file, missing);
                self.hand_to_keeper(file).await
            }
        }
    }

    /// Says in the folder of a partial what it will be.
    async fn note(&self, large: &Large, file: FileIndex) -> Result<(), Cause> {
        let remote = &self.jobs[file].file;
        let wanted = Wanted {
            hub: self.around.hub,
            repo: self.around.repo.clone(),
            path: remote.path.clone(),
            len: remote.len,
        };
        let partial = Arc::clone(&large.partial);
        blocking(move || {
            partial.note(&wanted);
            Ok(())
        })
        .await
    }

    fn started(&self, file: FileIndex, have_bytes: u64) {
        let job = &self.jobs[file];
        job.counters.reset(have_bytes, 0);
        self.emit(Event::Started {
            path: job.file.path.clone(),
            len: job.file.len,
            have_bytes,
            is_fetch: true,
            counters: Arc::clone(&job.counters),
        });
    }

    /// Another process has the file: other files first, and look again.
    fn put_off(&self, file: FileIndex) -> Result<(), Cause> {
        let job = &self.jobs[file];
        let mut busy_since = lock(&job.busy_since);
        let since = *busy_since.get_or_insert_with(|| {
            self.emit(Event::Waiting {
                path: Some(job.file.path.clone()),
            });
            Instant::now()
        });
        let waited = since.elapsed();
        if self
            .around
            .limits
            .lock_timeout
            .is_some_and(|timeout| waited >= timeout)
        {
            return Err(Cause::Locked {
                what: job.file.path.to_string(),
                waited,
            });
        }
        self.schedule().defer(file, self.now() + POLL);
        Ok(())
    }
}

fn try_open(
    store: &Store,
    view: &dyn RepoView,
    commit: &Commit,
    file: &RemoteFile,
    is_forced: bool,
    go_on: &dyn Fn() -> bool,
) -> Result<Opening, Cause> {
    let Some(content) = store.try_lock(file.digest)? else {
        return Ok(Opening::Busy);
    };
    let Some(view_lock) = view.try_lock(file)? else {
        return Ok(Opening::Busy);
    };
    if !is_forced && let Some(held) = here_by_now(store, view, commit, file, go_on)? {
        return Ok(Opening::Here(held));
    }
    if file.len <= SMALL_BYTES {
        return Ok(Opening::Small((content, view_lock)));
    }
    let (partial, mark) = store.partial(file.digest, file.len)?;
    if is_forced {
        partial.start_over()?;
    }
    Ok(Opening::Large(
        (content, view_lock),
        Large::new(partial, mark),
    ))
}

/// Whoever held the lock may have finished the file.
fn here_by_now(
    store: &Store,
    view: &dyn RepoView,
    commit: &Commit,
    file: &RemoteFile,
    go_on: &dyn Fn() -> bool,
) -> Result<Option<Held>, Cause> {
    if let Some(path) = store.find(file.digest, file.len)? {
        return Ok(Some(Held {
            path: path.into(),
            blob: file.digest.sha256(),
        }));
    }
    let Some(found) = view.find(commit, file)? else {
        return Ok(None);
    };
    match take_from(view, store, &found.path, file, |_| go_on()) {
        Ok(held) => Ok(Some(held)),
        Err(Cause::Corrupt { .. }) => Ok(None),
        Err(cause) => Err(cause),
    }
}

/// Hashes a file that is on this disk already and takes it into the store. Where the store cannot have
/// it (another filesystem that is read-only, say), it serves from where it is.
///
/// # Errors
/// [`Cause::Corrupt`] when it is not what was promised; [`Cause::Cancelled`] when `progress`, which is
/// told of the bytes of each step, returned false.
pub fn take_in(
    store: &Store,
    path: &Path,
    file: &RemoteFile,
    progress: impl FnMut(u64) -> bool,
) -> Result<Held, Cause> {
    take(store, path, file, true, progress)
}

/// As [`take_in`], for a file of `view`, which may want the store to have a copy.
///
/// # Errors
/// As for [`take_in`].
pub fn take_from(
    view: &dyn RepoView,
    store: &Store,
    path: &Path,
    file: &RemoteFile,
    progress: impl FnMut(u64) -> bool,
) -> Result<Held, Cause> {
    take(store, path, file, view.may_share(path), progress)
}

fn take(
    store: &Store,
    path: &Path,
    file: &RemoteFile,
    may_share: bool,
    progress: impl FnMut(u64) -> bool,
) -> Result<Held, Cause> {
    let before = fs::stamp(path)?;
    let hashed = hash_file(path, file.digest, file.len, progress)?;
    if !hashed.is_match() {
        return Err(Cause::Corrupt {
            want: hashed.want,
            got: hashed.got,
        });
    }
    let adopted = if may_share {
        store.adopt(path, hashed)
    } else {
        store.adopt_copy(path, hashed)
    };
    let held = match adopted {
        Ok(adopted) => Held {
            path: store.blob_path(adopted.id).into(),
            blob: Some(adopted.id),
        },
        Err(cause @ Cause::Io { .. }) => {
            tracing::debug!(%cause, "a proven file stays where it is");
            Held {
                path: path.into(),
                blob: Some(hashed.blob),
            }
        }
        Err(cause) => return Err(cause),
    };
    // What was hashed was an open file; what was linked is whatever has the name by then.
    if fs::stamp(path)? == before {
        return Ok(held);
    }
    store.expel(file.digest, held.blob)?;
    let source = io::Error::new(
        io::ErrorKind::ResourceBusy,
        "another program changed it meanwhile",
    );
    Err(Cause::Io {
        action: "take over",
        path: path.into(),
        source,
    })
}
