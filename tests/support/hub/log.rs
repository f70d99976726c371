//! What was asked of the hub, and how many bytes were written in return.

use std::collections::HashSet;
use std::fs::File;
use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::http::Request;
use super::range;
pub use super::record::{Origin, Record};
use super::reply::Reply;

/// The log of both origins; clones share it.
#[derive(Clone)]
pub struct Log(Arc<Shared>);

struct Shared {
    started: Instant,
    book: Mutex<Book>,
    changed: Condvar,
    notify: Notify,
}

#[derive(Default)]
struct Book {
    next: u64,
    records: Vec<Record>,
    sink: Option<File>,
}

impl Log {
    pub(super) fn new(sink: Option<File>) -> Self {
        let book = Book {
            sink,
            ..Book::default()
        };
        Self(Arc::new(Shared {
            started: Instant::now(),
            book: Mutex::new(book),
            changed: Condvar::new(),
            notify: Notify::new(),
        }))
    }

    /// All requests so far, in order of arrival.
    pub fn requests(&self) -> Vec<Record> {
        self.book().records.clone()
    }

    /// The requests that `wanted` picks.
    pub fn select(&self, wanted: impl Fn(&Record) -> bool) -> Vec<Record> {
        let book = self.book();
        book.records.iter().filter(|r| wanted(r)).cloned().collect()
    }

    /// How many requests `wanted` picks.
    pub fn count(&self, wanted: impl Fn(&Record) -> bool) -> usize {
        self.book().records.iter().filter(|r| wanted(r)).count()
    }

    /// Body bytes written to sockets by both origins.
    pub fn bytes_sent(&self) -> u64 {
        self.sum(|record| record.body_bytes_sent)
    }

    /// Body bytes written to sockets by one origin.
    pub fn bytes_sent_by(&self, origin: Origin) -> u64 {
        self.sum(|record| {
            if record.origin == origin {
                record.body_bytes_sent
            } else {
                0
            }
        })
    }

    /// File bytes that were asked for.
    pub fn bytes_asked(&self) -> u64 {
        self.sum(|record| record.asked_bytes.unwrap_or_default())
    }

    /// Requests that repeat an earlier one: same origin, method, path and range.
    pub fn duplicates(&self) -> Vec<Record> {
        let mut seen = HashSet::new();
        let book = self.book();
        let repeated = book.records.iter().filter(|r| {
            // The query of a signed URL differs each time.
            let query = if r.origin == Origin::Hub {
                &r.query
            } else {
                ""
            };
            !seen.insert((r.origin, &r.method, &r.raw_path, query, &r.range))
        });
        repeated.cloned().collect()
    }

    /// Forgets everything; requests still being answered are not recorded again.
    pub fn clear(&self) {
        self.book().records.clear();
    }

    /// Waits until `reached` holds of the requests so far; it must not ask the log itself.
    pub async fn wait_for(&self, reached: impl Fn(&[Record]) -> bool) {
        loop {
            let mut changed = std::pin::pin!(self.0.notify.notified());
            changed.as_mut().enable();
            if reached(&self.book().records) {
                return;
            }
            changed.await;
        }
    }

    /// Blocks until `reached` holds of the requests so far; whether it did within `limit`.
    pub fn block_until(&self, limit: Duration, reached: impl Fn(&[Record]) -> bool) -> bool {
        let waiting = |book: &mut Book| !reached(&book.records);
        let waited = self
            .0
            .changed
            .wait_timeout_while(self.book(), limit, waiting);
        let (book, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        drop(book);
        !timeout.timed_out()
    }

    pub(super) fn begin(&self, origin: Origin, connection: u64, request: &Request) -> Entry {
        let mut book = self.book();
        let seq = book.next;
        book.next += 1;
        let record = Record::new(seq, origin, connection, request, self.now_ms());
        book.records.push(record);
        drop(book);
        self.tell();
        Entry {
            log: self.clone(),
            seq,
        }
    }

    fn sum(&self, bytes: impl Fn(&Record) -> u64) -> u64 {
        self.book().records.iter().map(bytes).sum()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.0.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn tell(&self) {
        self.0.changed.notify_all();
        self.0.notify.notify_waiters();
    }
}

/// The record of a request in progress; dropping it finishes the record.
pub(super) struct Entry {
    log: Log,
    pub(super) seq: u64,
}

impl Entry {
    /// Notes what is about to be sent.
    pub(super) fn answer(&self, request: &Request, reply: &Reply, fault: Option<&'static str>) {
        let closed = range::closed_len(request.header("range"));
        let file_len = reply.file_len.filter(|_| request.method == "GET");
        self.edit(|record| {
            record.fault = fault;
            if let Some(len) = file_len {
                let rest = len.saturating_sub(record.offset());
                record.asked_bytes = Some(closed.unwrap_or(rest).min(rest));
            }
        });
    }

    /// Notes that the head was written.
    pub(super) fn status(&self, status: u16) {
        self.edit(|record| record.status = Some(status));
    }

    /// Notes that the socket took so many more body bytes.
    pub(super) fn sent(&self, bytes: u64) {
        self.edit(|record| record.body_bytes_sent += bytes);
    }

    fn edit(&self, change: impl FnOnce(&mut Record)) {
        let mut book = self.log.book();
        if let Some(record) = find(&mut book.records, self.seq) {
            change(record);
        }
        drop(book);
        self.log.tell();
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let now = self.log.now_ms();
        let mut book = self.log.book();
        let Book { records, sink, .. } = &mut *book;
        if let Some(record) = find(records, self.seq) {
            record.finished_ms = Some(now);
            if let (Some(sink), Ok(line)) = (sink, serde_json::to_string(record)) {
                // A full disk must not end the hub; the reader of the log sees it cut off.
                drop(writeln!(sink, "{line}"));
            }
        }
        drop(book);
        self.log.tell();
    }
}

/// Records are in order of `seq`, whatever was cleared before them.
fn find(records: &mut [Record], seq: u64) -> Option<&mut Record> {
    let place = records.binary_search_by_key(&seq, |r| r.seq).ok()?;
    records.get_mut(place)
}
