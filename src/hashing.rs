//! Hashing many files of this disk at once: one worker per processor, the largest file first, so that
//! no processor is left alone with a large one at the end.
//!
//! It knows files and digests, and not what they are for: who asks compares, and acts.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::digest::{BlobId, Digest, GitOid};
use crate::error::Cause;
use crate::fs::{self, Stamp};
use crate::repo::RepoPath;
use crate::report::{Event, FileCounters, Sink};
use crate::store::blob::hash_file;
use crate::store::lock::wait_for;
use crate::store::{Store, Writing};

/// A file to hash.
#[derive(Clone, Debug)]
pub struct Job {
    /// The file itself, not a link.
    pub path: PathBuf,
    /// What it is called in the story that is told meanwhile.
    pub name: RepoPath,
    /// Its length when it was looked at.
    pub len: u64,
    /// A digest that it should have; one of git's asks for git's hash as well.
    pub want: Option<Digest>,
}

/// What a file turned out to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sums {
    /// SHA-256.
    pub blob: BlobId,
    /// Git's id, where it was asked for.
    pub git: Option<GitOid>,
    /// What the file looked like before it was hashed, and after.
    pub stamp: Stamp,
}

impl Sums {
    /// Whether this is content of that digest; not where git's id is needed and was not asked for.
    pub fn is(&self, digest: Digest) -> bool {
        match digest {
            Digest::Sha256(id) => self.blob == id,
            Digest::Git(oid) => self.git == Some(oid),
        }
    }

    /// The digest of the content, in the algorithm of `like`.
    pub fn in_terms_of(&self, like: Digest) -> Digest {
        match (like, self.git) {
            (Digest::Git(_), Some(oid)) => Digest::Git(oid),
            _ => Digest::Sha256(self.blob),
        }
    }
}

/// Who is told of the work, what ends it, and how long it waits for others.
#[derive(Clone)]
pub struct Around {
    /// Who is told.
    pub sink: Arc<dyn Sink>,
    /// Cancelled when the user wants to stop.
    pub stop: CancellationToken,
    /// How long to wait for another process.
    pub lock_timeout: Option<Duration>,
}

impl Around {
    /// Leave to write to the store; waits while another process cleans it.
    ///
    /// # Errors
    /// When the store cannot be written, or the time is over.
    pub async fn leave_to_write(&self, store: &Store) -> Result<Writing, Cause> {
        let tell = || {
            self.sink.emit(Event::Notice(
                "another process is cleaning the store: waiting".to_owned(),
            ));
        };
        let (timeout, stop) = (self.lock_timeout, &self.stop);
        wait_for(|| store.prepare(), "the store", timeout, stop, tell).await
    }
}

/// Hashes every file and hands each result to `done` as soon as it is there, with the place of its job
/// in `jobs`. `done` runs on this thread, one result at a time.
///
/// # Errors
/// [`Cause::Cancelled`] when it was stopped; what `done` fails with, which ends the work.
pub fn hash_all(
    jobs: Vec<Job>,
    around: &Around,
    mut done: impl FnMut(usize, Result<Sums, Cause>) -> Result<(), Cause>,
) -> Result<(), Cause> {
    let stop = around.stop.child_token();
    let workers = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(jobs.len());
    let mut queue: Vec<(usize, Job)> = jobs.into_iter().enumerate().collect();
    queue.sort_by_key(|(_, job)| std::cmp::Reverse(job.len));
    let queue = Mutex::new(VecDeque::from(queue));
    std::thread::scope(|scope| {
        let (results, received) = mpsc::channel();
        for _worker in 0..workers {
            let results = results.clone();
            let (queue, stop, sink) = (&queue, &stop, around.sink.as_ref());
            scope.spawn(move || work(queue, &results, sink, stop));
        }
        drop(results);
        let mut outcome = Ok(());
        for (at, result) in received {
            if outcome.is_ok() {
                outcome = done(at, result);
            }
            if outcome.is_err() {
                stop.cancel();
            }
        }
        outcome
    })?;
    if stop.is_cancelled() {
        return Err(Cause::Cancelled);
    }
    Ok(())
}

type Answer = (usize, Result<Sums, Cause>);

fn work(
    queue: &Mutex<VecDeque<(usize, Job)>>,
    results: &Sender<Answer>,
    sink: &dyn Sink,
    stop: &CancellationToken,
) {
    let next = || {
        let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.pop_front()
    };
    while let Some((at, job)) = next() {
        let sums = hash(&job, sink, stop);
        let is_over = stop.is_cancelled() || matches!(sums, Err(Cause::Cancelled));
        if is_over || results.send((at, sums)).is_err() {
            break;
        }
    }
}

fn hash(job: &Job, sink: &dyn Sink, stop: &CancellationToken) -> Result<Sums, Cause> {
    let counters = Arc::new(FileCounters::default());
    counters.reset(job.len, 0);
    sink.emit(Event::Started {
        path: job.name.clone(),
        len: job.len,
        have_bytes: job.len,
        is_fetch: false,
        counters: Arc::clone(&counters),
    });
    let git = job.want.filter(|want| matches!(want, Digest::Git(_)));
    // Any SHA-256 asks for a SHA-256.
    let want = git.unwrap_or(Digest::Sha256(BlobId::of(b"")));
    let before = fs::stamp(&job.path)?;
    let hashed = hash_file(&job.path, want, before.len, |bytes| {
        counters.add_verified(bytes);
        !stop.is_cancelled()
    })?;
    if fs::stamp(&job.path)? != before {
        return Err(changed(&job.path));
    }
    Ok(Sums {
        blob: hashed.blob,
        git: match hashed.got {
            Digest::Git(oid) => Some(oid),
            Digest::Sha256(_) => None,
        },
        stamp: before,
    })
}

/// The error for a file that somebody wrote to or replaced while it was being looked at.
pub(crate) fn changed(path: &Path) -> Cause {
    Cause::Io {
        action: "hash",
        path: path.to_owned(),
        source: io::Error::new(
            io::ErrorKind::ResourceBusy,
            "another program changed it meanwhile",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Silent;

    fn around() -> Around {
        Around {
            sink: Arc::new(Silent),
            stop: CancellationToken::new(),
            lock_timeout: None,
        }
    }

    fn jobs(dir: &Path, contents: &[&str], want: Option<Digest>) -> Vec<Job> {
        let job = |(at, content): (usize, &&str)| {
            let name = format!("f{at}");
            std::fs::write(dir.join(&name), content).unwrap();
            Job {
                path: dir.join(&name),
                name: RepoPath::parse(&name).unwrap(),
                len: content.len() as u64,
                want,
            }
        };
        contents.iter().enumerate().map(job).collect()
    }

    #[test]
    fn each_file_gets_its_own_sums() {
        let dir = tempfile::tempdir().unwrap();
        let contents = ["", "a", "bbb", "bb"];
        for want in [None, Some(Digest::Git(GitOid::of(b"")))] {
            let mut seen = vec![None; contents.len()];
            hash_all(jobs(dir.path(), &contents, want), &around(), |at, sums| {
                seen[at] = Some(sums?);
                Ok(())
            })
            .unwrap();
            for (content, sums) in contents.iter().zip(seen) {
                let sums = sums.unwrap();
                assert!(sums.is(BlobId::of(content.as_bytes()).into()));
                let git = GitOid::of(content.as_bytes());
                assert_eq!(sums.is(git.into()), want.is_some());
            }
        }
    }

    #[test]
    fn a_file_that_is_gone_fails_alone() {
        let dir = tempfile::tempdir().unwrap();
        let mut jobs = jobs(dir.path(), &["a", "b"], None);
        std::fs::remove_file(dir.path().join("f0")).unwrap();
        jobs[0].len = 100;
        let mut good = Vec::new();
        hash_all(jobs, &around(), |at, sums| {
            good.extend(sums.is_ok().then_some(at));
            Ok(())
        })
        .unwrap();
        assert_eq!(good, [1]);
    }

    #[test]
    fn it_ends_when_asked_and_with_the_first_failure_of_who_asked() {
        let dir = tempfile::tempdir().unwrap();
        let stopped = around();
        stopped.stop.cancel();
        let result = hash_all(jobs(dir.path(), &["a"], None), &stopped, |_, _| Ok(()));
        assert!(matches!(result, Err(Cause::Cancelled)));
        let refuse = |_, _| Err(Cause::Bug("no".into()));
        let result = hash_all(jobs(dir.path(), &["a", "b"], None), &around(), refuse);
        assert!(matches!(result, Err(Cause::Bug(_))));
    }
}
