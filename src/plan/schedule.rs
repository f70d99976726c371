//! Missing ranges → the segment that a free connection should ask for next. Pure: a state machine that
//! is told what happens and never waits.
//!
//! Large files first, their gaps in order, so that hashing keeps up with the network; whole small
//! files in between, so that connections never idle on latency. Requests are long, since hubs count
//! them; when nothing is left to hand out, the connection that would finish last gives up the part
//! that an idle one finishes sooner. A connection that crawls beside fast ones keeps almost nothing.
//!
//! Invariants, checked by the property tests: segments in flight are disjoint, and a split takes nothing
//! that has arrived, so no byte is written twice; together with what was written and what is still to
//! be handed out they are exactly the missing ranges.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::time::Duration;

use crate::plan::ranges::RangeSet;

mod flight;
mod split;

use flight::Flight;

/// Bounds that shape the segments.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Connections that ask at once.
    pub connections: u64,
    /// Files up to this length are asked for in one piece and never split.
    pub whole_bytes: u64,
    /// Segments are at least this long, as far as gaps allow.
    pub min_segment_bytes: u64,
    /// Segments are at most this long.
    pub max_segment_bytes: u64,
    /// What is left of a segment is split only when it is at least this long.
    pub min_split_bytes: u64,
}

impl Shape {
    /// The usual bounds for a number of connections.
    pub fn for_connections(connections: u16) -> Self {
        Self {
            connections: u64::from(connections.max(1)),
            whole_bytes: SMALL_BYTES,
            min_segment_bytes: 16 << 20,
            max_segment_bytes: 1 << 30,
            min_split_bytes: 4 << 20,
        }
    }
}

/// Files up to this length are asked for whole.
pub const SMALL_BYTES: u64 = 1 << 20;

/// A request should keep a connection busy for about this long.
const SEGMENT_TIME: u64 = 2;

/// All segments in flight together, where [`MAX_SEGMENTS`] allows: a file is hashed from its front, and
/// what arrives far from it has to be read again.
const WINDOW_BYTES: u64 = 512 << 20;

/// A pull is cut into at most about this many segments, whatever its size.
const MAX_SEGMENTS: u64 = 400;

/// Which file of the transfer.
pub type FileIndex = usize;

/// Names one segment in flight.
pub type SegmentId = u64;

/// A range of one file, given to one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its name.
    pub id: SegmentId,
    /// The file.
    pub file: FileIndex,
    /// The bytes to ask for.
    pub range: Range<u64>,
}

/// What a free connection should do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Open this file, then report with [`Schedule::opened`], [`Schedule::defer`] or
    /// [`Schedule::close`].
    Open(FileIndex),
    /// Ask for these bytes. `shortened` names the segment that was cut for it.
    Fetch {
        /// The segment.
        segment: Segment,
        /// The segment whose end moved, if one was split.
        shortened: Option<SegmentId>,
    },
    /// Nothing to do until something changes.
    Wait,
    /// Every file is closed.
    Finished,
}

/// Files of one size class, in the order in which they are opened.
#[derive(Debug, Default)]
struct Queue {
    /// Not looked at yet, most urgent first.
    queued: VecDeque<FileIndex>,
    /// Held by another process until then.
    deferred: Vec<(FileIndex, Duration)>,
    /// Being opened, or open, in the order of opening.
    active: Vec<FileIndex>,
    /// Of the active ones: being opened.
    opening: u64,
}

#[derive(Debug)]
struct File {
    len: u64,
    is_open: bool,
    is_behind: bool,
    to_hand_out: RangeSet,
    /// What is to be handed out before this place was taken from a connection that crawled.
    relieved_to: u64,
}

/// The state of a transfer: what is queued, handed out, and in flight. Times are since its start.
#[derive(Debug)]
pub struct Schedule {
    shape: Shape,
    files: Vec<File>,
    large: Queue,
    small: Queue,
    closed: usize,
    flights: HashMap<SegmentId, Flight>,
    next_id: SegmentId,
    total_bytes: u64,
    rate: u64,
    /// When any segment last progressed.
    progressed: Duration,
    /// The longest that a request took to bring its first bytes.
    first_bytes: Duration,
}

impl Schedule {
    /// A schedule for files of these lengths (none empty), of which `need_bytes` are missing in all.
    pub fn new(shape: Shape, lens: &[u64], need_bytes: u64) -> Self {
        let file = |&len| File {
            len,
            is_open: false,
            is_behind: false,
            to_hand_out: RangeSet::new(),
            relieved_to: 0,
        };
        let mut order: Vec<FileIndex> = (0..lens.len()).collect();
        order.sort_by_key(|&file| std::cmp::Reverse(lens[file]));
        let (large, small) = order
            .into_iter()
            .partition(|&file| lens[file] > shape.whole_bytes);
        Self {
            shape,
            files: lens.iter().map(file).collect(),
            large: Queue {
                queued: large,
                ..Queue::default()
            },
            small: Queue {
                queued: small,
                ..Queue::default()
            },
            closed: 0,
            flights: HashMap::new(),
            next_id: 0,
            total_bytes: need_bytes,
            rate: 0,
            progressed: Duration::ZERO,
            first_bytes: Duration::ZERO,
        }
    }

    /// Tells how many bytes per second one connection gets, as measured lately.
    pub fn set_rate(&mut self, bytes_per_second: u64) {
        self.rate = bytes_per_second;
    }

    /// Tells how many connections ask at once from now on.
    pub fn set_connections(&mut self, connections: u16) {
        self.shape.connections = u64::from(connections.max(1));
    }

    /// Tells whether the file's hash is so far behind that others should come first.
    pub fn set_behind(&mut self, file: FileIndex, is_behind: bool) {
        self.files[file].is_behind = is_behind;
    }

    /// What a free connection should do at time `now`.
    pub fn next(&mut self, now: Duration) -> Next {
        // A crawling connection holds up the hash of all that lies behind its segment.
        if let Some(next) = self.relieve(now).or_else(|| self.relieve_further(now)) {
            return next;
        }
        let prefers_small = self.small_in_flight() < self.small_share();
        let queues = if prefers_small {
            [true, false]
        } else {
            [false, true]
        };
        for is_small in queues {
            if let Some(next) = self.next_of(is_small, now) {
                return next;
            }
        }
        if let Some(next) = self.split(now) {
            return next;
        }
        self.rest()
    }

    /// What a connection should do that is not to ask for anything at the moment.
    pub fn rest(&self) -> Next {
        if self.closed == self.files.len() {
            Next::Finished
        } else {
            Next::Wait
        }
    }

    /// The file is open and lacks `missing`. Also tells that it has to be fetched anew.
    pub fn opened(&mut self, file: FileIndex, missing: RangeSet) {
        if !self.files[file].is_open {
            self.queue(file).opening -= 1;
        }
        let opened = &mut self.files[file];
        (opened.is_open, opened.to_hand_out, opened.relieved_to) = (true, missing, 0);
    }

    /// Somebody else has the file that was to be opened; look again at `until`.
    pub fn defer(&mut self, file: FileIndex, until: Duration) {
        let queue = self.queue(file);
        queue.opening -= 1;
        queue.active.retain(|&other| other != file);
        queue.deferred.push((file, until));
    }

    /// The file, open or being opened, is done.
    pub fn close(&mut self, file: FileIndex) {
        let was_open = std::mem::take(&mut self.files[file].is_open);
        self.files[file].to_hand_out = RangeSet::new();
        let queue = self.queue(file);
        queue.opening -= u64::from(!was_open);
        queue.active.retain(|&other| other != file);
        self.closed += 1;
    }

    /// The segment has arrived up to `cursor`. Returns where it ends by now; what arrived before that
    /// is this connection's to write, and nobody else will be asked to.
    pub fn progress(&mut self, id: SegmentId, cursor: u64, now: Duration) -> u64 {
        match self.flights.get_mut(&id) {
            Some(flight) => {
                if let Some(took) = flight.progress(cursor, now) {
                    self.progressed = now;
                    self.first_bytes = self.first_bytes.max(took);
                }
                flight.end
            }
            None => cursor,
        }
    }

    /// The segment's connection does not read until then, by our own wish: no standstill.
    pub fn hold(&mut self, id: SegmentId, until: Duration) {
        if let Some(flight) = self.flights.get_mut(&id) {
            flight.hold(until);
        }
    }

    /// The segment is asked for at another origin from now on: what it was like says nothing any more.
    pub fn begin_anew(&mut self, id: SegmentId, now: Duration) {
        if let Some(flight) = self.flights.get_mut(&id) {
            *flight = Flight::new(flight.file, &(flight.cursor..flight.end), now);
        }
    }

    /// The segment's connection is free: everything up to `cursor` is written, the rest is given back.
    pub fn release(&mut self, id: SegmentId, cursor: u64) {
        if let Some(flight) = self.flights.remove(&id)
            && cursor < flight.end
            && self.files[flight.file].is_open
        {
            self.files[flight.file]
                .to_hand_out
                .insert(cursor..flight.end);
        }
    }

    /// The earliest time at which a deferred file should be looked at again.
    pub fn wake_at(&self) -> Option<Duration> {
        let deferred = self.large.deferred.iter().chain(&self.small.deferred);
        deferred.map(|&(_, until)| until).min()
    }

    fn queue(&mut self, file: FileIndex) -> &mut Queue {
        let is_small = self.files[file].len <= self.shape.whole_bytes;
        if is_small {
            &mut self.small
        } else {
            &mut self.large
        }
    }

    fn next_of(&mut self, is_small: bool, now: Duration) -> Option<Next> {
        let queue = if is_small { &self.small } else { &self.large };
        let has_more = |&&file: &&FileIndex| !self.files[file].to_hand_out.is_empty();
        let first = queue.active.iter().find(has_more).copied();
        let keeps_up = |&&file: &&FileIndex| !self.files[file].is_behind;
        let ready = queue.active.iter().filter(has_more).find(keeps_up).copied();
        if let Some(file) = ready {
            return Some(self.hand_out(file, self.segment_bytes(file), now));
        }
        let queue = if is_small {
            &mut self.small
        } else {
            &mut self.large
        };
        let due = queue.deferred.iter().position(|&(_, until)| until <= now);
        let file = match due {
            Some(due) => queue.deferred.swap_remove(due).0,
            None => match queue.queued.pop_front() {
                Some(file) => file,
                None => {
                    return first.map(|file| self.hand_out(file, self.segment_bytes(file), now));
                }
            },
        };
        queue.active.push(file);
        queue.opening += 1;
        Some(Next::Open(file))
    }

    fn hand_out(&mut self, file: FileIndex, max: u64, now: Duration) -> Next {
        let gap = self.files[file].to_hand_out.first().unwrap_or(0..0);
        let range = gap.start..gap.end.min(gap.start.saturating_add(max));
        self.files[file].to_hand_out.remove(range.clone());
        Next::Fetch {
            segment: self.fly(file, range, now),
            shortened: None,
        }
    }

    fn fly(&mut self, file: FileIndex, range: Range<u64>, now: Duration) -> Segment {
        let id = self.next_id;
        self.next_id += 1;
        self.flights.insert(id, Flight::new(file, &range, now));
        Segment { id, file, range }
    }

    /// How long the next segment of `file` should be.
    fn segment_bytes(&self, file: FileIndex) -> u64 {
        if self.files[file].len <= self.shape.whole_bytes {
            return self.files[file].len;
        }
        let usual = self
            .rate
            .saturating_mul(SEGMENT_TIME)
            .max(self.total_bytes / MAX_SEGMENTS);
        let flying = self.flights.values().filter(|flight| flight.file == file);
        let left = self.files[file].to_hand_out.total_bytes()
            + flying.map(|flight| flight.end - flight.cursor).sum::<u64>();
        let fair = left.div_ceil(self.shape.connections);
        let usual = usual
            .min(fair)
            .min(WINDOW_BYTES / self.shape.connections)
            .max(self.total_bytes / MAX_SEGMENTS)
            .clamp(self.shape.min_segment_bytes, self.shape.max_segment_bytes);
        // All are to be done at the same time, without splits, which waste what is on its way; and
        // little is to be hashed then.
        if self.is_last(file) {
            usual.min(fair.max(self.shape.min_split_bytes))
        } else {
            usual
        }
    }

    /// Whether there is nothing to hand out but of this file.
    fn is_last(&self, file: FileIndex) -> bool {
        let mut others = self.large.active.iter().filter(|&&other| other != file);
        self.large.queued.is_empty()
            && others.all(|&other| self.files[other].to_hand_out.is_empty())
    }

    fn small_in_flight(&self) -> u64 {
        let is_small = |flight: &&Flight| self.files[flight.file].len <= self.shape.whole_bytes;
        self.flights.values().filter(is_small).count() as u64 + self.small.opening
    }

    /// Connections that small files may take while large ones wait.
    fn small_share(&self) -> u64 {
        (self.shape.connections / 4).max(1)
    }
}

#[cfg(test)]
mod tests;
