//! What the tasks of one transfer share: the schedule, the jobs, the counts.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use crate::digest::Digest;
use crate::error::{Cause, Error};
use crate::hub::RemoteFile;
use crate::plan::schedule::{FileIndex, Next, Schedule, SegmentId, Shape};
use crate::report::Event;
use crate::transfer::division::OriginIndex;
use crate::transfer::job::Job;
use crate::transfer::meter::{Meter, Written};
use crate::transfer::origins::{Bell, Origins};
use crate::transfer::small::Handover;
use crate::transfer::throttle::Throttle;
use crate::transfer::{Fetched, Held, Surroundings};

/// Bytes that may wait in memory to be written, over all connections. Each has at most one piece more,
/// which it was just handed.
const HELD_BYTES: usize = 16 << 20;

pub(super) struct Engine {
    pub(super) around: Surroundings,
    pub(super) jobs: Vec<Job>,
    pub(super) origins: Origins,
    pub(super) stop: CancellationToken,
    pub(super) throttle: Throttle,
    /// A permit for each received byte that waits to be written.
    pub(super) room: Arc<Semaphore>,
    /// Told when a connection that waits should look at the schedule again.
    pub(super) changed: Notify,
    /// Told when a connection that rests should look again.
    pub(super) paced: Notify,
    /// Where small files go that have arrived.
    pub(super) handover: Handover,
    opened: mpsc::Sender<FileIndex>,
    schedule: Mutex<Schedule>,
    bells: Mutex<HashMap<SegmentId, Arc<Bell>>>,
    fetched: AtomicU64,
    held: Mutex<HashMap<Digest, Held>>,
    began: Instant,
    meter: Mutex<Meter>,
}

impl Engine {
    pub(super) fn new(
        around: Surroundings,
        wants: Vec<Arc<RemoteFile>>,
        stop: CancellationToken,
        opened: mpsc::Sender<FileIndex>,
        handover: Handover,
    ) -> Self {
        let lens: Vec<u64> = wants.iter().map(|file| file.len).collect();
        let connections = around.limits.connections.max(1);
        let meter = Meter::new(connections);
        let shape = Shape::for_connections(meter.connections());
        let began = Instant::now();
        Self {
            schedule: Mutex::new(Schedule::new(shape, &lens, lens.iter().sum())),
            jobs: wants.into_iter().map(Job::new).collect(),
            origins: Origins::new(around.origins.clone(), around.limits.rate, began),
            stop,
            throttle: Throttle::new(around.limits.rate),
            room: Arc::new(Semaphore::new(HELD_BYTES)),
            changed: Notify::new(),
            paced: Notify::new(),
            handover,
            opened,
            bells: Mutex::default(),
            fetched: AtomicU64::new(0),
            held: Mutex::default(),
            began,
            meter: Mutex::new(meter),
            around,
        }
    }

    pub(super) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    pub(super) fn schedule(&self) -> MutexGuard<'_, Schedule> {
        lock(&self.schedule)
    }

    pub(super) fn emit(&self, event: Event) {
        self.around.sink.emit(event);
    }

    /// The cause as an error about a file of this transfer.
    pub(super) fn error(&self, file: FileIndex, cause: Cause) -> Error {
        cause.on_file("fetch", &self.jobs[file].file.path, &self.around.repo)
    }

    /// Has a keeper started for a file that was opened.
    pub(super) async fn hand_to_keeper(&self, file: FileIndex) -> Result<(), Cause> {
        self.opened
            .send(file)
            .await
            .map_err(|_closed| Cause::Cancelled)
    }

    /// The content is in the store: everybody may forget the file.
    pub(super) fn close(&self, file: FileIndex, held: Held) {
        let job = &self.jobs[file];
        lock(&self.held).insert(job.file.digest, held);
        let is_over = {
            let mut schedule = self.schedule();
            schedule.close(file);
            schedule.rest() == Next::Finished
        };
        job.set_open(None);
        job.supply.close();
        self.changed.notify_waiters();
        if is_over {
            self.origins.over.cancel();
            self.paced.notify_waiters();
        }
        let (path, len) = (job.file.path.clone(), job.file.len);
        self.emit(Event::Verified { path, len });
    }

    /// Registers a segment in flight; the returned bell rings when its end was moved.
    pub(super) fn take_off(&self, id: SegmentId) -> Arc<Bell> {
        Arc::clone(lock(&self.bells).entry(id).or_default())
    }

    /// The bells of all segments in flight.
    pub(super) fn bells(&self) -> Vec<Arc<Bell>> {
        lock(&self.bells).values().cloned().collect()
    }

    /// The segment's end was moved: its connection should look.
    pub(super) fn ring(&self, id: SegmentId) {
        if let Some(bell) = lock(&self.bells).get(&id) {
            bell.ring();
        }
    }

    /// The segment is over, written up to `cursor`.
    pub(super) fn land(&self, id: SegmentId, cursor: u64) {
        lock(&self.bells).remove(&id);
        self.schedule().release(id, cursor);
        self.changed.notify_waiters();
    }

    /// Counts bytes that `origin` brought and that were written, in pieces of at most `piece_bytes`; what
    /// that tells of the rate sets the pace.
    pub(super) fn count(&self, origin: OriginIndex, bytes: u64, piece_bytes: u64) {
        self.fetched.fetch_add(bytes, Ordering::Relaxed);
        self.origins.division().count(origin, bytes);
        let written = Written {
            bytes,
            piece_bytes,
            flying: lock(&self.bells).len(),
        };
        let Some(measured) = lock(&self.meter).count(written, self.now()) else {
            return;
        };
        // When connections are idle, those at work are the slow ones: no measure for the others.
        let is_even = self.origins.division().relief(self.now()).is_none();
        if measured.is_busy && is_even {
            self.schedule().set_rate(measured.rate);
        }
        if let Some(connections) = measured.changed {
            self.schedule().set_connections(connections);
            tracing::info!(connections, rate = measured.rate, "pace");
            self.paced.notify_waiters();
        }
    }

    /// Bytes per second of late, of all connections.
    pub(super) fn rate(&self) -> u64 {
        lock(&self.meter).rate()
    }

    /// Connections that may be in use.
    pub(super) fn allowed(&self) -> u16 {
        lock(&self.meter).connections()
    }

    /// The origin asks for less; where others are in use they may take over.
    pub(super) fn yield_to(&self, origin: OriginIndex, cause: &Cause) {
        if !cause.is_push_back() {
            return;
        }
        let mut division = self.origins.division();
        if division.is_spread {
            division.push_back(origin, self.now());
        } else {
            let connections = lock(&self.meter).push_back(self.now());
            self.schedule().set_connections(connections);
            tracing::info!(connections, %cause, "pace");
        }
    }

    /// What came of the transfer.
    pub(super) fn fetched(&self) -> Fetched {
        Fetched {
            held: std::mem::take(&mut lock(&self.held)),
            fetched_bytes: self.fetched.load(Ordering::Relaxed),
            origin_bytes: self.origins.division().bytes(),
        }
    }
}

/// What these locks protect is consistent after every statement, so a panic elsewhere spoils nothing.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
