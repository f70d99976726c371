//! Work on many things by several threads: looking waits for the disk, and reading for the processor.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// More threads than these wait for each other in the filesystem.
const MOST_THREADS: usize = 8;

/// Shares for each thread: some things take longer than others, and who is done early takes one more.
const SHARES_EACH: usize = 8;

/// Items that one thread makes something of at a time, so that what takes what is made has it soon.
const BATCH: usize = 16;

/// What `make` makes of each share of `items`, in their order.
pub(crate) fn shares<T: Sync, R: Send>(items: &[T], make: impl Fn(&[T]) -> R + Sync) -> Vec<R> {
    let share = items.len().div_ceil(threads() * SHARES_EACH).max(1);
    let mut all = Vec::new();
    let take = |_: &[T], made| all.push(made);
    chunks_in_order(items, share, make, take);
    all
}

/// Gives what `make` makes of each item to `take`, in their order, while others are being made.
pub(crate) fn in_order<T: Sync, R: Send>(
    items: &[T],
    make: impl Fn(&T) -> R + Sync,
    mut take: impl FnMut(&T, R),
) {
    let make = |batch: &[T]| batch.iter().map(&make).collect();
    let take = |batch: &[T], made: Vec<R>| {
        let both = batch.iter().zip(made);
        both.for_each(|(item, made)| take(item, made));
    };
    chunks_in_order(items, BATCH, make, take);
}

fn chunks_in_order<T: Sync, R: Send>(
    items: &[T],
    len: usize,
    make: impl Fn(&[T]) -> R + Sync,
    mut take: impl FnMut(&[T], R),
) {
    let chunks: Vec<&[T]> = items.chunks(len).collect();
    let next = AtomicUsize::new(0);
    let work = |made: mpsc::Sender<(usize, R)>| {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(chunk) = chunks.get(index) else {
                return;
            };
            if made.send((index, make(chunk))).is_err() {
                return;
            }
        }
    };
    thread::scope(|scope| {
        let (sender, chunks_made) = mpsc::channel();
        for _ in 0..threads().min(chunks.len()) {
            let (work, sender) = (&work, sender.clone());
            scope.spawn(move || work(sender));
        }
        drop(sender);
        let mut waiting = BTreeMap::new();
        let mut turn = 0;
        for (index, made) in chunks_made {
            waiting.insert(index, made);
            while let Some(made) = waiting.remove(&turn) {
                take(chunks[turn], made);
                turn += 1;
            }
        }
    });
}

fn threads() -> usize {
    let available = thread::available_parallelism().map_or(1, NonZero::get);
    available.min(MOST_THREADS)
}

/// Does two things at once.
pub(crate) fn both<A, B: Send>(a: impl FnOnce() -> A, b: impl FnOnce() -> B + Send) -> (A, B) {
    thread::scope(|scope| {
        let b = scope.spawn(b);
        let a = a();
        (a, b.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_is_taken_in_order_and_whole() {
        for count in [0, 1, 15, 16, 17, 1000] {
            let items: Vec<usize> = (0..count).collect();
            let mut taken = Vec::new();
            in_order(
                &items,
                |item| item * 2,
                |item, made| taken.push((*item, made)),
            );
            let want: Vec<_> = items.iter().map(|item| (*item, item * 2)).collect();
            assert_eq!(taken, want);
        }
    }

    #[test]
    fn shares_are_whole_and_in_order() {
        for count in [0, 1, 2, 7, 100] {
            let items: Vec<usize> = (0..count).collect();
            assert_eq!(shares(&items, <[usize]>::to_vec).concat(), items);
        }
    }
}
