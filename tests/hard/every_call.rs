//! A kill at every single call that changes the disk, of a small pull from its first folder to its
//! last record: a content with a partial, two small ones, and the view.
//!
//! All of them take minutes: without `LARDER_EVERY_CALL=1` it is a spread of them. `scripts/soak`
//! runs all.

use std::env;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use super::crash::{an_hour_passes, machine};
use super::larder::Call;
use super::*;

/// More than a small file has, so that there is a partial.
const LEN: u64 = (1 << 20) + 400_000;

/// How a run ended that was followed.
pub(super) enum End {
    /// Killed as it entered this call.
    Killed(String),
    /// By itself, after so many calls that change the disk.
    Whole(u64),
}

/// The program that follows another one call by call.
fn kill_at() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kill_at");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/kill_at.c");
        let mut cc = Command::new("cc");
        // Another process may be building it, or running it.
        let made = program.with_extension(std::process::id().to_string());
        let built = cc.arg("-O1").arg("-o").arg(&made).arg(source).output();
        let built = built.expect("this test needs cc");
        assert!(built.status.success(), "{built:?}");
        #[expect(clippy::disallowed_methods, reason = "what a test makes need not last")]
        fs::rename(made, &program).unwrap();
        program
    })
}

/// A pull that is killed as it enters the `nth` call that changes the disk.
fn pull_up_to(larder: &Larder, nth: u64) -> End {
    let call = larder.pull([ID, "--connections", "2"]);
    let is_root = rustix::process::geteuid().is_root();
    // The one who follows stays root: it may follow anybody.
    let under = [
        "/usr/bin/setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
    ];
    let under = if is_root { &under[..] } else { &[] };
    followed(larder, &call.bound_by_permissions(), nth, under)
}

/// A run that is killed as it enters the `nth` call that changes the disk.
pub(super) fn follow(larder: &Larder, call: &Call<'_>, nth: u64) -> End {
    followed(larder, call, nth, &[])
}

fn followed(larder: &Larder, call: &Call<'_>, nth: u64, under: &[&str]) -> End {
    let report = tempfile::NamedTempFile::new().unwrap();
    let call = call.command();
    let mut command = Command::new(kill_at());
    command.arg(larder.home()).arg(nth.to_string());
    command.arg(report.path()).env_clear();
    command
        .args(under)
        .arg(call.get_program())
        .args(call.get_args());
    for (name, value) in call.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    let ran = command.output().unwrap();
    let report = fs::read_to_string(report.path()).unwrap();
    let (calls, last) = report.split_once(' ').expect("a report");
    match ran.status.code() {
        None => End::Killed(format!("call {calls}, {last}")),
        Some(0) => End::Whole(calls.parse().unwrap()),
        Some(_) => panic!("{ran:?}"),
    }
}

/// Whether there was an `nth` call to be killed at.
fn dies_at_and_goes_on(hub: &Hub, nth: u64) -> bool {
    let larder = machine(hub);
    let End::Killed(call) = pull_up_to(&larder, nth) else {
        return false;
    };
    let lies = || truth::lies(&larder, hub, &[ID]);
    assert_eq!(lies(), Vec::<String>::new(), "killed at {call}");
    an_hour_passes(&larder);
    let ran = larder.pull([ID]).bound_by_permissions().run();
    assert_eq!(ran.code, Some(0), "killed at {call}: {ran:#?}");
    assert_right(&larder, hub, ran);
    assert_eq!(lies(), Vec::<String>::new(), "some time after {call}");
    true
}

#[expect(clippy::disallowed_methods, reason = "the tests' own settings")]
pub(super) fn is_every() -> bool {
    env::var_os("LARDER_EVERY_CALL").is_some()
}

#[test]
fn a_kill_at_every_call_that_changes_the_disk_spoils_nothing() {
    let _turn = turn();
    let hub = Hub::builder()
        .repo(repo(Content::synthetic(LEN, 61)))
        .start();
    let End::Whole(all) = pull_up_to(&machine(&hub), u64::MAX) else {
        panic!("killed at no call");
    };
    assert!(all > 80, "only {all} calls change the disk");
    let step = if is_every() { 1 } else { 4 };
    // From one run to the next their number differs: as far as there is something to be killed at.
    let (next, deaths) = (AtomicU64::new(1), AtomicU64::new(0));
    thread::scope(|scope| {
        for _worker in 0..4 {
            scope.spawn(|| {
                while dies_at_and_goes_on(&hub, next.fetch_add(step, Ordering::Relaxed)) {
                    deaths.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let deaths = deaths.into_inner();
    println!("killed at {deaths} of {all} calls");
    assert!(deaths * step > all / 2, "{deaths} of {all} calls");
}
