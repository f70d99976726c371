//! What happens in a schedule: pulls that end in one way or another.

use std::time::Duration;

use fastrand::Rng;

use super::hub::Hub;
use super::larder::{Call, Larder, Ran, Running};
use super::shape::Shape;

/// One pull, or two at once.
#[derive(Debug)]
pub(crate) struct Act {
    id: &'static str,
    connections: &'static str,
    is_forced: bool,
    are_urls_expired: bool,
    fate: Fate,
    /// What another pull meets meanwhile.
    beside: Option<(&'static str, Fate)>,
}

/// How a pull ends, if it does not come to its end before.
#[derive(Clone, Debug)]
enum Fate {
    /// By itself.
    Left,
    /// By a kill when the hub has sent so many bytes more.
    Killed(u64),
    /// By Ctrl-C, likewise.
    Interrupted(u64),
    /// By what `strace` does to its calls.
    Traced(String),
}

pub(crate) fn choose(random: &mut Rng, shape: &Shape) -> Vec<Act> {
    let ids = shape.ids();
    let acts = random.u8(1..4);
    let act = |_number| Act {
        id: ids[random.usize(..ids.len())],
        connections: ["1", "2", "8", "16"][random.usize(..4)],
        is_forced: random.u8(..10) == 0,
        are_urls_expired: random.u8(..8) == 0,
        fate: fate(random, shape),
        beside: (random.u8(..4) == 0)
            .then(|| (ids[random.usize(..ids.len())], fate(random, shape))),
    };
    (0..acts).map(act).collect()
}

fn fate(random: &mut Rng, shape: &Shape) -> Fate {
    let bytes = random.u64(..=shape.bytes());
    match random.u8(..8) {
        0 => Fate::Left,
        1..=3 => Fate::Killed(bytes),
        4 => Fate::Interrupted(bytes),
        _ => Fate::Traced(injection(random)),
    }
}

/// A kill at some call, or calls that fail once or from then on.
fn injection(random: &mut Rng) -> String {
    const CALLS: [&str; 9] = [
        "pwrite64,pwritev,pwritev2",
        "ftruncate",
        "fsync,fdatasync",
        "fchmod,fchmodat,chmod",
        "rename,renameat,renameat2",
        "link,linkat",
        "symlink,symlinkat",
        "mkdir,mkdirat",
        "unlink,unlinkat,rmdir",
    ];
    const ERRORS: [&str; 5] = ["ENOSPC", "EIO", "EDQUOT", "EROFS", "EACCES"];
    let calls = CALLS[random.usize(..CALLS.len())];
    // Early ones more often: there are fewer of most.
    let most = random.u32(2..30);
    let nth = random.u32(1..most);
    match random.u8(..4) {
        0 | 1 => format!("{calls}:signal=KILL:when={nth}"),
        2 => {
            let error = ERRORS[random.usize(..ERRORS.len())];
            let onwards = if random.bool() { "+" } else { "" };
            format!("{calls}:error={error}:when={nth}{onwards}")
        }
        _ => ["flock:error=ENOLCK", "flock:retval=0"][random.usize(..2)].to_owned(),
    }
}

impl Act {
    pub(crate) fn play(&self, hub: &Hub, larder: &Larder) {
        if self.are_urls_expired {
            hub.expire_urls();
        }
        let call = || self.call(larder, self.id, &self.fate);
        let second = self.beside.as_ref();
        let second = second.map(|(id, fate)| (self.call(larder, id, fate).spawn(), fate));
        let ran = self.fate.meet(hub, call().spawn());
        check(self, &ran);
        if let Some((running, fate)) = second {
            check(self, &fate.meet(hub, running));
        }
    }

    fn call<'a>(&self, larder: &'a Larder, id: &str, fate: &Fate) -> Call<'a> {
        let mut call = larder.pull([id, "--connections", self.connections]);
        if self.is_forced {
            call = call.and(["--force"]);
        }
        if let Fate::Traced(injection) = fate {
            let inject = format!("--inject={injection}");
            call = call.under(["strace", "-f", "-qq", "-o", "/dev/null", &inject]);
        }
        call.env("HF_HUB_DOWNLOAD_TIMEOUT", "1")
            .env("HF_HUB_ETAG_TIMEOUT", "1")
    }
}

impl Fate {
    fn meet(&self, hub: &Hub, running: Running) -> Ran {
        match self {
            Self::Killed(bytes) => {
                wait(hub, &running, *bytes);
                running.kill_9()
            }
            Self::Interrupted(bytes) => {
                wait(hub, &running, *bytes);
                if !running.has_ended() {
                    running.interrupt();
                }
                running.wait()
            }
            Self::Left | Self::Traced(_) => running.wait(),
        }
    }
}

/// Waits until the hub has sent so many bytes more, or the process has ended.
fn wait(hub: &Hub, running: &Running, bytes: u64) {
    const STEP: Duration = Duration::from_millis(20);
    let due = hub.log().bytes_sent() + bytes;
    while !running.has_ended() {
        let sent = |requests: &[super::hub::Record]| -> u64 {
            requests.iter().map(|request| request.body_bytes_sent).sum()
        };
        if hub
            .log()
            .block_until(STEP, |requests| sent(requests) >= due)
        {
            return;
        }
    }
}

/// It ended as a contract says, or by a signal, and not by a defect.
#[track_caller]
fn check(act: &Act, ran: &Ran) {
    let is_right = matches!(ran.code, None | Some(0 | 4..=8 | 130));
    let is_defect = ["panicked", "should not", "report this with"]
        .iter()
        .any(|words| ran.stderr.contains(words));
    assert!(is_right && !is_defect, "{act:?}: {ran:#?}");
}
