//! A random history: pulls by larder and by `hf`, adoptions, removals by larder, by `hf` and by hand,
//! kills in the middle of pulls; after every step the disk is compared with a model of what must be
//! there, and `verify` has to find the same.
//!
//! A seed chooses everything: `LARDER_HISTORY_SEED=N` begins with it, `LARDER_HISTORY` is how many steps
//! are taken, half of them in each of two histories. `scripts/soak` takes a thousand in each.

#![cfg(target_os = "linux")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a broken promise ends a test"
)]

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};

#[path = "support/larder.rs"]
mod bin;
#[path = "history/check.rs"]
mod check;
#[path = "support/hub.rs"]
mod hub;
#[path = "history/model.rs"]
mod model;
#[path = "support/python.rs"]
mod python;
#[path = "history/read.rs"]
mod read;
#[path = "history/step.rs"]
mod step;
#[path = "history/world.rs"]
mod world;

use fastrand::Rng;
use world::World;

/// How many steps are taken unless `LARDER_HISTORY` says otherwise.
const STEPS: u64 = 240;

/// So many histories are played, one beside the other: waiting for the disk is most of them.
const HISTORIES: u64 = 2;

fn play(seed: u64, steps: u64) -> String {
    let mut random = Rng::with_seed(seed);
    let mut world = World::new(&mut random);
    let mut taken = Vec::new();
    for number in 1..=steps {
        let step = step::Step::choose(&mut random, &world);
        taken.push(format!("{number}. {step:?}"));
        let happened = catch_unwind(AssertUnwindSafe(|| {
            step.take(&mut random, &mut world);
            check::everything(&world);
        }));
        if happened.is_err() {
            let from = taken.len().saturating_sub(12);
            panic!(
                "LARDER_HISTORY_SEED={seed} LARDER_HISTORY={}: the last steps were\n{}",
                steps * HISTORIES,
                taken[from..].join("\n")
            );
        }
    }
    format!("seed {seed}: {steps} steps, {}", world.told())
}

#[expect(clippy::disallowed_methods, reason = "the tests' own settings")]
fn number(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(text.parse().expect("a number"))
}

#[test]
fn after_every_step_there_is_what_must_be_there_and_nothing_else() {
    let first = number("LARDER_HISTORY_SEED").unwrap_or(1);
    let steps = number("LARDER_HISTORY").unwrap_or(STEPS);
    std::thread::scope(|scope| {
        let histories: Vec<_> = (first..first + HISTORIES)
            .map(|seed| scope.spawn(move || play(seed, steps / HISTORIES)))
            .collect();
        let mut failed = Vec::new();
        for history in histories {
            match history.join() {
                Ok(told) => println!("{told}"),
                Err(panic) => {
                    failed.push(panic.downcast_ref::<String>().cloned().unwrap_or_default());
                }
            }
        }
        assert!(failed.is_empty(), "{}", failed.join("\n"));
    });
}
