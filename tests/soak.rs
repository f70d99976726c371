//! Random schedules of faults: pulls that meet a hub that misbehaves, a disk that fails, kills, and each
//! other. After every one of them no name stands for wrong bytes; after the last, clean pull there is
//! nothing but what the hub has.
//!
//! A seed chooses everything: `LARDER_SOAK_SEED=N LARDER_SOAK=1` plays one schedule again.
//! `LARDER_SOAK` is how many are played; `scripts/soak` plays two thousand.

#![cfg(target_os = "linux")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a broken promise ends a test"
)]

use std::any::Any;
use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

#[path = "soak/act.rs"]
mod act;
#[path = "soak/end.rs"]
mod end;
#[path = "support/hub.rs"]
mod hub;
#[path = "support/larder.rs"]
mod larder;
#[path = "soak/shape.rs"]
mod shape;
#[path = "support/truth.rs"]
mod truth;

use fastrand::Rng;
use larder::Larder;

/// How many schedules are played unless `LARDER_SOAK` says otherwise.
const SCHEDULES: u64 = 200;

/// After so many a long run says how far it is.
const TELL_EVERY: u64 = 100;

/// Waiting is most of what they do.
const AT_ONCE: usize = 4;

/// One schedule, from an empty home to a clean end.
fn play(seed: u64) {
    let mut random = Rng::with_seed(seed);
    let shape = shape::Shape::choose(&mut random);
    let hub = shape.hub(&mut random);
    let larder = Larder::at(&hub);
    for act in act::choose(&mut random, &shape) {
        act.play(&hub, &larder);
        let lies = truth::lies(&larder, &hub, &shape.ids());
        assert_eq!(lies, Vec::<String>::new(), "after {act:?}");
    }
    hub.faults().clear();
    for id in shape.ids() {
        end::pull_clean(&larder, &hub, id);
    }
    end::assert_tidy(&larder, &hub, &shape.ids());
}

#[expect(clippy::disallowed_methods, reason = "the tests' own settings")]
fn number(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(text.parse().expect("a number"))
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
    text.unwrap_or_default()
}

#[test]
fn whatever_happens_the_next_clean_pull_is_right_and_leaves_nothing() {
    let first = number("LARDER_SOAK_SEED").unwrap_or(1);
    let count = number("LARDER_SOAK").unwrap_or(SCHEDULES);
    let next = AtomicU64::new(first);
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _worker in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        break;
                    }
                    if seed > first && (seed - first).is_multiple_of(TELL_EVERY) {
                        println!("{} of {count} schedules begun", seed - first);
                    }
                    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| play(seed))) {
                        let words = words(panic.as_ref());
                        let text = format!("LARDER_SOAK_SEED={seed} LARDER_SOAK=1: {words}");
                        eprintln!("{text}");
                        failures.lock().unwrap().push(text);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    println!(
        "{count} schedules from seed {first}, {} failed",
        failures.len()
    );
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
