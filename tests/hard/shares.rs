//! Filesystems whose locks or clocks are not to be trusted: shares without `flock`, shares on which it
//! keeps nobody out, times that jump.

use std::time::SystemTime;

use rustix::process::{Pid, Signal, kill_process};

use super::*;

const LEN: u64 = 20 * MB;
const NO_LOCKS: [&str; 3] = [
    "flock:error=ENOLCK",
    "flock:error=EOPNOTSUPP",
    // A lock for writers, on a file that is open to read.
    "flock:error=EBADF",
];
/// Every lock is granted, and keeps nobody out.
const EMPTY_LOCKS: &str = "flock:retval=0";

fn slow() -> (Hub, Larder) {
    let shape = hub::Shape {
        rate: Some(MB),
        ..hub::Shape::default()
    };
    let builder = Hub::builder().shape(Origin::Cdn, shape);
    let hub = builder.repo(repo(Content::synthetic(LEN, 71))).start();
    let larder = Larder::at(&hub);
    (hub, larder)
}

/// A pull on a filesystem with such locks.
fn pull<'a>(larder: &'a Larder, locks: &str) -> larder::Call<'a> {
    let inject = format!("--inject={locks}");
    larder
        .pull([ID])
        .under(["strace", "-f", "-qq", "-o", "/dev/null", &inject])
}

/// As on another machine of the share: another name, and pids of its own.
fn pull_elsewhere(larder: &Larder) -> larder::Call<'_> {
    let inject = format!("--inject={EMPTY_LOCKS}");
    let call = larder
        .pull([ID])
        .under(["strace", "-f", "-qq", "-o", "/dev/null", &inject]);
    call.under([
        "unshare",
        "--user",
        "--map-root-user",
        "--uts",
        "--pid",
        "--fork",
        "--mount-proc",
        "sh",
        "-c",
        "hostname elsewhere && exec \"$0\" \"$@\"",
    ])
}

fn partials(larder: &Larder) -> usize {
    children(&larder.store().join("partial")).len()
}

/// Waits until a large file is asked for once more than so far: its partial is open then.
fn wait_for_another(hub: &Hub, since: usize) {
    let is_asked = |requests: &[Record]| {
        let large = requests.iter().filter(|r| r.origin == Origin::Cdn);
        large.count() > since
    };
    assert!(hub.log().block_until(LIMIT, is_asked));
}

fn asked(hub: &Hub) -> usize {
    hub.log().count(|request| request.origin == Origin::Cdn)
}

/// Two pulls at once, neither of which can lock the other out: each has a partial of its own.
fn both_end_right(hub: &Hub, larder: &Larder, first: &larder::Call, second: &larder::Call) {
    let first = first.spawn();
    wait_for_bytes(hub.log(), LEN / 4);
    // Held, so that it cannot be done before the second one has begun.
    first.signal(Signal::STOP);
    let since = asked(hub);
    let second = second.spawn();
    wait_for_another(hub, since);
    let count = partials(larder);
    first.signal(Signal::CONT);
    let (first, second) = (first.wait(), second.wait());
    assert_eq!(count, 2, "{first:#?} {second:#?}");
    assert_right(larder, hub, first);
    assert_right(larder, hub, second);
    assert_eq!(truth::lies(larder, hub, &[ID]), Vec::<String>::new());
    assert!(hub.log().bytes_sent() < 2 * LEN + LEN / 5);
}

#[test]
fn two_at_once_on_a_filesystem_without_locks() {
    let _turn = turn();
    for locks in NO_LOCKS {
        let (hub, larder) = slow();
        both_end_right(&hub, &larder, &pull(&larder, locks), &pull(&larder, locks));
    }
}

#[test]
fn two_at_once_where_locks_keep_nobody_out() {
    let _turn = turn();
    let (hub, larder) = slow();
    let call = pull(&larder, EMPTY_LOCKS);
    both_end_right(&hub, &larder, &call, &call);
}

#[test]
fn two_machines_at_once_on_one_share() {
    let _turn = turn();
    let (hub, larder) = slow();
    let (here, there) = (pull(&larder, EMPTY_LOCKS), pull_elsewhere(&larder));
    both_end_right(&hub, &larder, &here, &there);
}

#[test]
fn where_locks_keep_nobody_out_a_publication_is_let_be() {
    let _turn = turn();
    let (hub, larder) = plain(Content::synthetic(2 * MB, 72));
    let inject = "--inject=symlink,symlinkat:delay_enter=2000000:when=1";
    let first = larder.pull([ID]);
    let empty = format!("--inject={EMPTY_LOCKS}");
    let first = first.under(["strace", "-f", "-qq", "-o", "/dev/null", &empty, inject]);
    let first = first.spawn();
    let private = larder.repo(ID).join(".larder");
    while children(&private).is_empty() {
        assert!(!first.has_ended(), "{}", first.stderr());
    }
    first.signal(Signal::STOP);
    let second = pull(&larder, EMPTY_LOCKS).run().succeeded();
    first.signal(Signal::CONT);
    let first = first.wait();
    assert_eq!(first.stdout, second.stdout, "{first:#?}");
    assert_right(&larder, &hub, first);
}

/// Kills the process that strace runs; strace ends with it.
fn kill_traced(running: larder::Running) {
    let id = running.id();
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
    let child = children.split_whitespace().next().unwrap().parse().unwrap();
    kill_process(Pid::from_raw(child).unwrap(), Signal::KILL).unwrap();
    assert_eq!(running.wait().code, None);
}

#[test]
fn without_locks_too_the_next_pull_goes_on_where_a_kill_left_it() {
    let _turn = turn();
    for locks in [NO_LOCKS[0], EMPTY_LOCKS] {
        let (hub, larder) = slow();
        let running = pull(&larder, locks).spawn();
        wait_for_bytes(hub.log(), LEN / 2);
        kill_traced(running);
        assert_right(&larder, &hub, pull(&larder, locks).run());
        let sent = hub.log().bytes_sent();
        assert!(sent < LEN + LEN / 5, "{sent} bytes with {locks}");
    }
}

/// Moves the times of everything in the home, as a jump of the clock makes them look.
fn jump(larder: &Larder, by: i64) {
    let step = Duration::from_secs(by.unsigned_abs());
    for path in entries(larder.home()) {
        let there = fs::symlink_metadata(&path).unwrap();
        if there.is_symlink() {
            continue;
        }
        let now: SystemTime = there.modified().unwrap();
        let then = if by < 0 { now - step } else { now + step };
        fs::File::open(path).unwrap().set_modified(then).unwrap();
    }
}

const YEARS: i64 = 10 * 365 * 24 * 3600;

#[test]
fn a_clock_that_jumps_between_pulls_costs_no_bytes() {
    let _turn = turn();
    for by in [-YEARS, YEARS] {
        let (hub, larder) = slow();
        let running = larder.pull([ID]).spawn();
        wait_for_bytes(hub.log(), LEN / 2);
        running.kill_9();
        jump(&larder, by);
        assert_right(&larder, &hub, larder.pull([ID]).run());
        let sent = hub.log().bytes_sent();
        assert!(sent < LEN + LEN / 5, "{sent} bytes");
        // What has another time than was recorded is hashed, and not fetched.
        jump(&larder, by);
        let ran = larder.pull([ID]).run();
        ran.says(&["here to check"]);
        assert_right(&larder, &hub, ran);
        assert!(hub.log().bytes_sent() < sent + 10_000);
    }
}

#[test]
fn a_clock_that_jumps_during_a_pull_takes_nothing_from_it() {
    let _turn = turn();
    for by in [-YEARS, YEARS] {
        let (hub, larder) = slow();
        let first = larder.pull([ID]).spawn();
        wait_for_bytes(hub.log(), LEN / 4);
        jump(&larder, by);
        // Whoever comes now looks for what is old and belongs to nobody.
        let second = larder.pull([ID]).spawn();
        second.wait_until_it_says("waiting for another process that works on model.safetensors");
        assert_right(&larder, &hub, first.wait());
        assert_right(&larder, &hub, second.wait());
        let sent = hub.log().bytes_sent();
        assert!(sent < LEN + LEN / 5, "{sent} bytes");
    }
}
