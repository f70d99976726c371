//! A kill at each step that makes something visible: `strace` kills the process as it enters the call.
//!
//! Runs as a user whom permissions bind, since those are part of what a step leaves behind.

use std::ffi::OsStr;
use std::os::unix::fs::chown;
use std::process::Command;
use std::time::SystemTime;

use super::*;

const LEN: u64 = 5 * MB;
const NOBODY: u32 = 65534;

/// Calls that touch a path; strace looks at the first path that a call names.
struct Step {
    calls: &'static str,
    path: fn(&Larder, &Hub) -> PathBuf,
}

fn step(calls: &'static str, path: fn(&Larder, &Hub) -> PathBuf) -> Step {
    Step { calls, path }
}

fn content() -> Content {
    Content::synthetic(LEN, 6)
}

fn partial(larder: &Larder) -> PathBuf {
    larder.store().join("partial").join(content().sha256())
}

fn commit(hub: &Hub) -> String {
    hub.commit_of(ID, "main").unwrap()
}

/// The steps from the first file of the store to the last record.
fn steps() -> Vec<Step> {
    const RENAME: &str = "rename,renameat,renameat2";
    const SYNC: &str = "fsync,fdatasync";
    const REMOVE: &str = "unlink,unlinkat,rmdir";
    const OPEN: &str = "open,openat";
    const WRITE: &str = "pwrite64,pwritev,pwritev2";
    vec![
        step(RENAME, |larder, _| larder.store().join("VERSION")),
        step(OPEN, |larder, _| partial(larder).join("data")),
        step(OPEN, |larder, _| partial(larder).join("journal")),
        step("ftruncate", |larder, _| partial(larder).join("data")),
        step(WRITE, |larder, _| partial(larder).join("journal")),
        step(WRITE, |larder, _| partial(larder).join("data")),
        step(SYNC, |larder, _| partial(larder).join("data")),
        step("chmod,fchmodat", |larder, _| partial(larder).join("data")),
        step(RENAME, |larder, _| partial(larder).join("data")),
        step(SYNC, |larder, _| folder(&larder.blob(content().sha256()))),
        step(REMOVE, |larder, _| partial(larder)),
        step("link,linkat", |larder, _| larder.blob(content().sha256())),
        step(SYNC, |larder, _| larder.repo(ID).join("blobs")),
        step(SYNC, |larder, _| larder.repo(ID).join("snapshots")),
        step(SYNC, |larder, _| larder.repo(ID).join("refs")),
        step(SYNC, |larder, _| larder.repo(ID).join("trees")),
        step(OPEN, |larder, _| larder.hub_cache().join("CACHEDIR.TAG")),
        step(RENAME, |larder, hub| {
            let name = format!("manifests/hf/models/{ID}/{}.json", commit(hub));
            larder.store().join(name)
        }),
        step(RENAME, |larder, _| {
            let name = format!("refs/hf/models/{ID}/main");
            larder.store().join(name)
        }),
    ]
}

fn folder(path: &Path) -> PathBuf {
    path.parent().unwrap().to_owned()
}

/// Temporary files of the store go when they have stood for an hour: let them be as old.
pub(super) fn an_hour_passes(larder: &Larder) {
    for path in children(&larder.store().join("partial")) {
        if path.is_file() {
            let file = fs::File::open(path).unwrap();
            let long_ago = SystemTime::now() - Duration::from_secs(2 * 3600);
            file.set_modified(long_ago).unwrap();
        }
    }
}

/// A machine whose home belongs to the user whom permissions bind.
pub(super) fn machine(hub: &Hub) -> Larder {
    let larder = Larder::at(hub);
    if rustix::process::geteuid().is_root() {
        chown(larder.home(), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    larder
}

/// Runs a pull that dies where `inject` says; whether it came to that.
fn dies_at(larder: &Larder, inject: &[&OsStr]) -> bool {
    let call = larder.pull([ID]).bound_by_permissions().command();
    let mut strace = Command::new("strace");
    if rustix::process::geteuid().is_root() {
        strace.args(["-u", "nobody"]);
    }
    strace.args(["-f", "-qq", "-o", "/dev/null"]).args(inject);
    strace.arg(call.get_program()).args(call.get_args());
    strace.env_clear().current_dir(larder.home());
    for (name, value) in call.get_envs() {
        strace.env(name, value.unwrap_or_default());
    }
    let ran = strace.output().expect("these tests need strace");
    // strace dies of what its process died of.
    assert!(matches!(ran.status.code(), None | Some(0)), "{ran:?}");
    ran.status.code().is_none()
}

/// The next pull makes everything right, with so many bytes at most.
fn goes_on(larder: &Larder, hub: &Hub, bytes: u64, at: &str) {
    an_hour_passes(larder);
    let before = hub.log().bytes_sent();
    assert_right(larder, hub, larder.pull([ID]).bound_by_permissions().run());
    let more = hub.log().bytes_sent() - before;
    assert!(more <= bytes, "{more} more bytes after a kill at {at}");
}

#[test]
fn a_kill_at_any_step_leaves_nothing_wrong_and_nothing_behind() {
    let _turn = turn();
    let hub = Hub::builder().repo(repo(content())).start();
    let mut is_whole = false;
    for step in steps() {
        let larder = machine(&hub);
        let path = (step.path)(&larder, &hub);
        let at = format!("{} of {}", step.calls, path.display());
        let inject = format!("--inject={}:signal=KILL:when=1", step.calls);
        let is_dead = dies_at(&larder, &["-P".as_ref(), path.as_ref(), inject.as_ref()]);
        assert!(is_dead, "not killed at {at}");
        // Once all of it was written, none of it is fetched again.
        is_whole |= step.calls.contains("fdatasync");
        goes_on(&larder, &hub, if is_whole { 100_000 } else { 2 * LEN }, &at);
    }
}

#[test]
fn a_kill_at_any_rename_leaves_nothing_wrong_and_nothing_behind() {
    let _turn = turn();
    let hub = Hub::builder().repo(repo(content())).start();
    let mut kills = 0;
    for nth in 1.. {
        let larder = machine(&hub);
        let inject = format!("--inject=/^rename:signal=KILL:when={nth}");
        if !dies_at(&larder, &[inject.as_ref()]) {
            break;
        }
        kills += 1;
        goes_on(&larder, &hub, 2 * LEN, &format!("rename {nth}"));
    }
    assert!(kills >= 3, "{kills} kills");
}
