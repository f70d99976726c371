//! A kill at every single call that changes the disk, of a small pull from its first folder to its
//! last record: a content with a partial, two small ones, and the view.
//!
//! All of them take minutes: without `LARDER_EVERY_CALL=1` it is a spread of them. `scripts/soak`
//! runs all.

use std::env;
use std::os::unix::fs::MetadataExt;
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

/// What of the contents on this disk nobody can open by a name: everything unfinished, blobs of the cache
/// to which no snapshot leads, and blobs of the store that neither a snapshot nor a record has.
fn unreachable(larder: &Larder) -> Vec<PathBuf> {
    let cache = larder.repo(ID);
    let names = files_below(&cache.join("snapshots"));
    let shown: Vec<u64> = names.iter().map(|name| inode(name)).collect();
    let is_recorded = !files_below(&larder.store().join("manifests")).is_empty();
    let mut left = files_below(&larder.store().join("partial"));
    // A note that was being written goes with the next pull.
    let aside = files_below(&cache.join(".larder")).into_iter();
    left.extend(aside.filter(|made| fs::metadata(made).unwrap().nlink() > 1));
    let blobs = files_below(&cache.join("blobs")).into_iter();
    left.extend(blobs.filter(|blob| !shown.contains(&inode(blob))));
    let blobs = files_below(&larder.store().join("blobs")).into_iter();
    left.extend(blobs.filter(|blob| !is_recorded && !shown.contains(&inode(blob))));
    left
}

fn inode(path: &Path) -> u64 {
    fs::metadata(path).unwrap().ino()
}

fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.symlink_metadata().unwrap().is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// Whether there was an `nth` call to be killed at.
fn dies_at_and_is_pruned(hub: &Hub, nth: u64) -> bool {
    let larder = machine(hub);
    let End::Killed(call) = pull_up_to(&larder, nth) else {
        return false;
    };
    let prune = ["prune", "--yes", "--partials-older-than", "0"];
    let ran = larder.args(prune).bound_by_permissions().run();
    assert_eq!(ran.code, Some(0), "killed at {call}: {ran:#?}");
    let left = unreachable(&larder);
    assert_eq!(left, Vec::<PathBuf>::new(), "killed at {call}: {ran:#?}");
    if !files_below(&larder.store().join("manifests")).is_empty() {
        let names = files_below(&larder.repo(ID).join("snapshots"));
        assert!(!names.is_empty(), "what is on record went: {call}");
        assert_eq!(truth::lies(&larder, hub, &[ID]), Vec::<String>::new());
    }
    true
}

#[expect(clippy::disallowed_methods, reason = "the tests' own settings")]
pub(super) fn is_every() -> bool {
    env::var_os("LARDER_EVERY_CALL").is_some()
}

#[test]
fn a_kill_at_every_call_that_changes_the_disk_spoils_nothing() {
    println!("{}", at_every_call(4, dies_at_and_goes_on));
}

#[test]
fn what_a_kill_at_any_call_leaves_is_pruned() {
    println!("{}", at_every_call(8, dies_at_and_is_pruned));
}

/// Has pulls killed at every call that changes the disk, or at one of so many. Tells how many.
fn at_every_call(spread: u64, dies_at: fn(&Hub, u64) -> bool) -> String {
    let _turn = turn();
    let hub = Hub::builder()
        .repo(repo(Content::synthetic(LEN, 61)))
        .start();
    let End::Whole(all) = pull_up_to(&machine(&hub), u64::MAX) else {
        panic!("killed at no call");
    };
    assert!(all > 80, "only {all} calls change the disk");
    let step = if is_every() { 1 } else { spread };
    // From one run to the next their number differs: as far as there is something to be killed at.
    let (next, deaths) = (AtomicU64::new(1), AtomicU64::new(0));
    thread::scope(|scope| {
        for _worker in 0..4 {
            scope.spawn(|| {
                while dies_at(&hub, next.fetch_add(step, Ordering::Relaxed)) {
                    deaths.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let deaths = deaths.into_inner();
    assert!(deaths * step > all / 2, "{deaths} of {all} calls");
    format!("killed at {deaths} of {all} calls")
}
