//! Work on many things by several threads: looking waits for the disk, and reading for the processor.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::thread;

/// More threads than these wait for each other in the filesystem.
const MOST_THREADS: usize = 8;

/// What `make` makes of each share of `items`, in their order. Shares are as even as their numbers.
pub(crate) fn shares<T: Sync, R: Send>(items: &[T], make: impl Fn(&[T]) -> R + Sync) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let share = items.len().div_ceil(threads.min(MOST_THREADS)).max(1);
    let make = &make;
    thread::scope(|scope| {
        let mut shares = items.chunks(share);
        let first = shares.next();
        let others: Vec<_> = shares
            .map(|share| scope.spawn(move || make(share)))
            .collect();
        let mut all: Vec<R> = first.into_iter().map(make).collect();
        for other in others {
            all.push(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        all
    })
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
    fn shares_are_whole_and_in_order() {
        for count in [0, 1, 2, 7, 100] {
            let items: Vec<usize> = (0..count).collect();
            assert_eq!(shares(&items, <[usize]>::to_vec).concat(), items);
        }
    }
}
