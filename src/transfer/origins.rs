//! Asking one origin rather than another: whom a connection asks next, what it does when that fails, and
//! when further origins are called up.
//!
//! An origin that cannot be reached or does not work has fallen, for all files; one that has not got a
//! content, or does not give it, is out for that one alone. Who asks goes on with the next, at the byte
//! where it was.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::error::{Cause, Error, Kind};
use crate::origin::{Lack, Origin};
use crate::plan::schedule::FileIndex;
use crate::report::Event;
use crate::retry::{Decision, Policy};
use crate::source::Source;
use crate::transfer::division::{Division, OriginIndex};
use crate::transfer::engine::{Engine, lock};
use crate::transfer::job::Job;
use crate::transfer::supply::Failure;

/// How often the origins are measured.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Tries of an origin where another one stands by, and the longest wait that it may ask for.
const ATTEMPTS_WITH_OTHERS: u32 = 3;
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// To spread less than this does not pay.
const SPREAD_BYTES: u64 = 32 << 20;

/// How long a transfer waits at its start for what it is to be spread over.
const SPREAD_WAIT: Duration = Duration::from_secs(3);

/// The origins of a transfer.
pub(super) struct Origins {
    all: Vec<Arc<dyn Origin>>,
    division: Mutex<Division>,
    falls: Mutex<BTreeMap<OriginIndex, Failure>>,
    /// Of whom it was said that something is wrong with single files.
    told: Mutex<BTreeSet<OriginIndex>>,
    /// Told when an origin fell.
    moved: Notify,
    /// The start of the transfer.
    began: Instant,
    /// Cancelled when there is nothing left to fetch.
    pub(super) over: CancellationToken,
}

/// How a connection is told that something about its segment changed.
#[derive(Default)]
pub(super) struct Bell {
    notify: Notify,
    is_to_leave: AtomicBool,
}

impl Bell {
    /// The segment's end moved.
    pub(super) fn ring(&self) {
        self.notify.notify_one();
    }

    /// The connection should ask another origin.
    fn send_away(&self) {
        self.is_to_leave.store(true, Ordering::Relaxed);
        self.notify.notify_one();
    }

    /// Completes when it rings.
    pub(super) async fn rung(&self) {
        self.notify.notified().await;
    }

    /// Whether the connection should ask another origin; says so once.
    pub(super) fn leaves(&self) -> bool {
        self.is_to_leave.swap(false, Ordering::Relaxed)
    }
}

/// An origin that is being asked; over when it is dropped.
pub(super) struct Picked<'a> {
    origins: &'a Origins,
    pub(super) origin: OriginIndex,
    pub(super) source: Arc<dyn Source>,
}

impl Drop for Picked<'_> {
    fn drop(&mut self) {
        let now = self.origins.began.elapsed();
        self.origins.division().land(self.origin, now);
    }
}

impl Origins {
    /// Those of a transfer of at most `limit` bytes per second.
    pub(super) fn new(all: Vec<Arc<dyn Origin>>, limit: Option<u64>, began: Instant) -> Self {
        Self {
            division: Mutex::new(Division::new(all.len(), limit)),
            all,
            falls: Mutex::default(),
            told: Mutex::default(),
            moved: Notify::new(),
            began,
            over: CancellationToken::new(),
        }
    }

    pub(super) fn division(&self) -> MutexGuard<'_, Division> {
        lock(&self.division)
    }

    /// Which of them stand, in order.
    pub(super) fn standing(&self) -> Vec<OriginIndex> {
        let division = self.division();
        (0..self.all.len())
            .filter(|&at| division.stands(at))
            .collect()
    }

    /// Completes when the origin has fallen.
    async fn fall_of(&self, origin: OriginIndex) {
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            if !self.division().stands(origin) {
                return;
            }
            moved.await;
        }
    }
}

impl Engine {
    /// Whether there is any origin but one.
    pub(super) fn has_spare(&self) -> bool {
        self.origins.all.len() > 1
    }

    /// Whom a connection asks next for this file.
    pub(super) async fn pick(&self, file: FileIndex) -> Result<Picked<'_>, Cause> {
        let job = &self.jobs[file];
        loop {
            let next = {
                let mut division = self.origins.division();
                let next = division.next(self.now(), |origin| job.supply.may(origin));
                let source = next.and_then(|origin| job.supply.source(origin));
                if let (Some(origin), Some(_)) = (next, &source) {
                    division.take_off(origin, self.now());
                }
                (next, source)
            };
            match next {
                (None, _) => {
                    if job.supply.turn(&self.origins.standing()).is_none() {
                        return Err(self.failed_everywhere(job));
                    }
                }
                (Some(origin), Some(source)) => {
                    return Ok(Picked {
                        origins: &self.origins,
                        origin,
                        source,
                    });
                }
                (Some(origin), None) => self.learn(job, origin).await?,
            }
        }
    }

    /// Finds out whether the origin has the content.
    async fn learn(&self, job: &Job, origin: OriginIndex) -> Result<(), Cause> {
        let there = &self.origins.all[origin];
        let looked = tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Cause::Cancelled),
            // Another connection has found out, in vain: to ask all over again tells nothing new.
            () = self.origins.fall_of(origin) => return Ok(()),
            looked = there.look() => looked,
        };
        match looked {
            Ok(()) => self.origins.division().note_known(origin),
            Err(Cause::Cancelled) => return Err(Cause::Cancelled),
            Err(cause) => {
                self.fell(origin, cause, |other| job.supply.may(other));
                return Ok(());
            }
        }
        let lack = match there.source(&job.file) {
            Ok(source) => {
                job.supply.put(origin, source);
                return Ok(());
            }
            Err(lack) => lack,
        };
        let words = match lack {
            Lack::Absent => "has no file with this content",
            Lack::Differs => "has another content under this name",
        };
        if lack == Lack::Differs && lock(&self.origins.told).insert(origin) {
            let (place, path) = (there.place(), &job.file.path);
            let notice = format!("{place} {words}: {path}; not taken from there");
            self.emit(Event::Notice(notice));
        }
        job.supply.fail(origin, Failure::lack(words));
        Ok(())
    }

    /// After a try failed: waits to ask the same origin again, or turns away from it (true). Gives the
    /// cause back when nobody else can be asked.
    pub(super) async fn recover(
        &self,
        file: FileIndex,
        origin: OriginIndex,
        cause: Cause,
        attempt: u32,
    ) -> Result<bool, Cause> {
        let job = &self.jobs[file];
        let may = |other| job.supply.may(other);
        let has_other = self.origins.division().has_other(origin, may);
        let mut policy = Policy::TRANSFER;
        if has_other {
            policy.attempts = ATTEMPTS_WITH_OTHERS;
        }
        match policy.next(&cause, attempt, fastrand::f64()) {
            Decision::Wait(wait) if !has_other || wait <= LONGEST_WAIT => {
                self.tell_retry(file, cause.to_string(), wait);
                self.yield_to(origin, &cause);
                tokio::select! {
                    () = self.stop.cancelled() => return Err(Cause::Cancelled),
                    () = self.origins.fall_of(origin), if has_other => {}
                    () = tokio::time::sleep(wait) => {}
                }
                return Ok(false);
            }
            _ if !self.has_spare() || !cause.is_of_origin() => return Err(cause),
            _ if cause.is_outage() => self.fell(origin, cause, may),
            _ => {
                if has_other && lock(&self.origins.told).insert(origin) {
                    self.tell_instead(origin, &cause.to_string(), may);
                }
                job.supply.fail(origin, cause.into());
            }
        }
        job.note_try(true);
        Ok(true)
    }

    /// The origin cannot be used. `may` is whom else the file may come from.
    fn fell(&self, origin: OriginIndex, cause: Cause, may: impl Fn(OriginIndex) -> bool) {
        let said = cause.to_string();
        // First the cause: whoever finds that none is left has to say why.
        lock(&self.origins.falls).insert(origin, cause.into());
        if self.origins.division().fall(origin) {
            self.tell_instead(origin, &said, may);
        }
        self.origins.moved.notify_waiters();
    }

    fn tell_instead(&self, origin: OriginIndex, cause: &str, may: impl Fn(OriginIndex) -> bool) {
        let standing = self.origins.standing();
        let other = standing.iter().find(|&&at| at != origin && may(at));
        if let Some(&other) = other {
            let [place, other] = [origin, other].map(|at| self.origins.all[at].place());
            let notice = format!("{place}: {cause}; asking {other} instead");
            self.emit(Event::Notice(notice));
        }
    }

    /// What to say when no origin is left. Wrong content weighs more than none.
    pub(super) fn failed_everywhere(&self, job: &Job) -> Cause {
        let mut falls = lock(&self.origins.falls);
        let mut failures = Vec::new();
        for (origin, there) in self.origins.all.iter().enumerate() {
            let take = |failure: &mut Failure| (failure.cause.take(), failure.words.clone());
            let of_file = job.supply.failure(origin, take);
            let found = of_file.or_else(|| falls.get_mut(&origin).map(take));
            failures.extend(found.map(|(cause, words)| (there.place().to_string(), cause, words)));
        }
        let is_wrong = |cause: &Option<Cause>| {
            let kind = cause.as_ref().map(Cause::kind);
            kind == Some(Kind::Integrity)
        };
        let first = failures.iter().position(|(_, cause, _)| is_wrong(cause));
        let first = first.or_else(|| failures.iter().position(|(_, cause, _)| cause.is_some()));
        let Some((place, Some(cause), _)) = first.map(|at| failures.remove(at)) else {
            // Another task has said it.
            return Cause::Cancelled;
        };
        if !self.has_spare() {
            return cause;
        }
        let others = failures.into_iter();
        Cause::Origins {
            place,
            cause: Box::new(cause),
            others: others
                .map(|(place, _, words)| format!("{place}: {words}"))
                .collect(),
        }
    }

    /// Measures the origins. Returns one to call up, if those in use crawl.
    pub(super) fn look_at_origins(&self) -> Option<OriginIndex> {
        let now = self.now();
        let mut division = self.origins.division();
        let called = division.look(now);
        if let Some(rate) = division.relief(now) {
            // Beside it the connections of the other one crawl.
            self.schedule().set_rate(rate);
        }
        called
    }

    /// Asks an origin what is there, and has the connections divided among all that are known.
    pub(super) async fn call_up(&self, origin: OriginIndex) -> Result<(), Error> {
        let there = &self.origins.all[origin];
        let looked = tokio::select! {
            () = self.stop.cancelled() => return Ok(()),
            () = self.origins.over.cancelled() => return Ok(()),
            looked = there.look() => looked,
        };
        if let Err(cause) = looked {
            tracing::info!(place = %there.place(), %cause, "cannot help");
            self.fell(origin, cause, |_| false);
            return Ok(());
        }
        let was_spread = {
            let mut division = self.origins.division();
            division.note_known(origin);
            std::mem::replace(&mut division.is_spread, true)
        };
        if !was_spread {
            let notice = format!("the bytes come slowly: asking {} as well", there.place());
            self.emit(Event::Notice(notice));
        }
        // What crawls is asked for again where it goes faster.
        self.bells().iter().for_each(|bell| bell.send_away());
        Ok(())
    }

    /// Makes all origins known, where they are to be used at once. Returns those that take long.
    pub(super) async fn spread_at_once(&self) -> Vec<OriginIndex> {
        let need_bytes: u64 = self.jobs.iter().map(|job| job.file.len).sum();
        if !self.around.limits.is_spread || !self.has_spare() || need_bytes < SPREAD_BYTES {
            return Vec::new();
        }
        self.origins.division().is_spread = true;
        let looks = self
            .origins
            .all
            .iter()
            .enumerate()
            .map(async |(origin, there)| {
                match tokio::time::timeout(SPREAD_WAIT, there.look()).await {
                    Ok(Ok(())) => {
                        self.origins.division().note_known(origin);
                        None
                    }
                    Ok(Err(cause)) => {
                        self.fell(origin, cause, |other| other == 0);
                        None
                    }
                    Err(_late) => Some(origin),
                }
            });
        tokio::select! {
            () = self.stop.cancelled() => Vec::new(),
            late = join_all(looks) => late.into_iter().flatten().collect(),
        }
    }
}
