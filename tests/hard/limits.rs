//! Bounds: memory whatever the size, and a disk that is full or becomes so.

use std::io::{BufRead as _, BufReader, PipeReader, PipeWriter, Read as _, Write as _, pipe};
use std::process::{Command, Stdio};

use fs2::FileExt;
use rustix::fs::{OFlags, fcntl_setfl};

use super::*;

/// The most memory of its own that a process may have had, in KiB: 64 MiB are promised, of which the
/// code of a release build takes less than ten.
const MOST_KIB: u64 = 54 << 10;

/// The most memory that a process has had, in KiB, without the pages of its binary: without
/// optimisation those are three times as many as what is installed has.
fn peak_kib(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let value = |name: &str| -> u64 {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
        number.unwrap().parse().unwrap()
    };
    value("VmHWM:") - value("RssFile:")
}

#[test]
fn memory_does_not_grow_with_the_file() {
    const LEN: u64 = 1 << 30;
    let _turn = turn();
    let weights = Content::repeat(0, LEN);
    for connections in ["16", "64"] {
        let (_hub, larder) = plain(weights.clone());
        // Held back before it publishes, so that there is a moment to look at it.
        let lock = larder
            .store()
            .join("locks/repos/hf/models/org/model/publish.lock");
        fs::create_dir_all(lock.parent().unwrap()).unwrap();
        let lock = fs::File::create(lock).unwrap();
        FileExt::lock_exclusive(&lock).unwrap();
        let running = larder.pull([ID, "--connections", connections]).spawn();
        running.wait_until_it_says("waiting for another process that works on this repo");
        let peak = peak_kib(running.id());
        FileExt::unlock(&lock).unwrap();
        running.wait().succeeded();
        assert!(peak < MOST_KIB, "{peak} KiB with {connections} connections");
    }
}

#[test]
fn memory_does_not_grow_much_with_the_listing() {
    let repo = (1..=20_000).fold(Repo::model(ID), |repo, n| {
        let name = format!("model-{n:05}-of-20000.safetensors");
        repo.lfs(&name, Content::declared(50 * MB, format!("{n:064x}")))
    });
    let hub = Hub::builder().repo(repo).start();
    let larder = Larder::at(&hub);
    let mut plan = larder.pull([ID, "--dry-run", "--json"]).command();
    let mut running = plan.stdout(Stdio::piped()).spawn().unwrap();
    // It speaks when it has planned, and waits until somebody listens.
    let mut stdout = running.stdout.take().unwrap();
    let mut answer = vec![0];
    stdout.read_exact(&mut answer).unwrap();
    let peak = peak_kib(running.id());
    stdout.read_to_end(&mut answer).unwrap();
    assert!(running.wait().unwrap().success());
    let plan: serde_json::Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(plan["need_bytes"], 20_000 * 50 * MB);
    assert!(peak < MOST_KIB, "{peak} KiB");
}

/// A pipe that is full: who writes to it waits until somebody reads.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = pipe().unwrap();
    fcntl_setfl(&writer, OFlags::NONBLOCK).unwrap();
    while writer.write(&[b' '; 4096]).is_ok() {}
    fcntl_setfl(&writer, OFlags::empty()).unwrap();
    (reader, writer)
}

/// The most memory that a whole run has had: it says what it did before it answers, and waits there.
fn peak_of(mut call: Command) -> u64 {
    let (mut answers, stdout) = full_pipe();
    let mut running = call.stdout(stdout).spawn().unwrap();
    // Its own end of the pipe, so that the answer ends with the run.
    drop(call);
    let says = BufReader::new(running.stderr.take().unwrap()).lines();
    let said: Vec<String> = says
        .map(Result::unwrap)
        .take_while(|line| !line.starts_with("pulled "))
        .collect();
    assert!(running.try_wait().unwrap().is_none(), "{said:?}");
    let peak = peak_kib(running.id());
    std::io::copy(&mut answers, &mut std::io::sink()).unwrap();
    assert!(running.wait().unwrap().success());
    peak
}

#[test]
fn memory_does_not_grow_much_with_the_number_of_files() {
    const COUNT: usize = 20_000;
    let _turn = turn();
    let repo = (0..COUNT).fold(Repo::model(ID), |repo, n| {
        let path = format!("part-{:03}/{n:05}.json", n / 100);
        repo.file(&path, format!("{n:64}"))
    });
    let hub = Hub::builder().repo(repo).start();
    let larder = Larder::at(&hub);
    for what in ["cold", "warm"] {
        let peak = peak_of(larder.pull([ID]).command());
        assert!(peak < MOST_KIB, "{peak} KiB, {what}");
    }
}

/// Runs `script` with a small disk of its own in place of the caches; `$LARDER` pulls.
pub(super) fn on_a_disk_of(size: &str, larder: &Larder, script: &str) -> Command {
    let call = larder.pull([ID]).command();
    let mount = format!(
        "set -e; mkdir -p $HOME/.cache; mount -t tmpfs -o size={size} none $HOME/.cache; set +e; \
         pull() {{ \"$LARDER\" pull {ID}; echo \"exit $?\"; }}\n{script}"
    );
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &mount]);
    command.env_clear().env("LARDER", call.get_program());
    for (name, value) in call.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

pub(super) fn texts(output: &std::process::Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_pull_that_does_not_fit_is_not_begun() {
    let (hub, larder) = plain(Content::synthetic(40 * MB, 41));
    let (stdout, stderr) = texts(&on_a_disk_of("10m", &larder, "pull").output().unwrap());
    assert_eq!(stdout, "exit 7\n", "{stderr}");
    assert!(
        stderr.contains("not enough room on the disk of"),
        "{stderr}"
    );
    assert!(stderr.contains("40025019 bytes needed"), "{stderr}");
    assert!(stderr.contains("hint: free at least "), "{stderr}");
    assert_eq!(hub.log().bytes_sent_by(Origin::Cdn), 0);
}

#[test]
fn a_disk_that_fills_up_in_the_middle_is_no_loss() {
    const LEN: u64 = 40 * MB;
    let shape = hub::Shape {
        rate: Some(2 * MB),
        ..hub::Shape::default()
    };
    let weights = Content::synthetic(LEN, 42);
    let builder = Hub::builder().shape(Origin::Cdn, shape);
    let hub = builder.repo(repo(weights.clone())).start();
    let larder = Larder::at(&hub);
    let script = "pull & read line; head -c 100000000 /dev/zero > $HOME/.cache/filler; wait\n\
        ls $HOME/.cache/larder/blobs/sha256/*/* | wc -l; rm $HOME/.cache/filler; pull\n\
        cat $HOME/.cache/huggingface/hub/models--org--model/snapshots/*/model.safetensors | sha256sum";
    let mut running = on_a_disk_of("60m", &larder, script).spawn().unwrap();
    wait_for_bytes(hub.log(), LEN / 2);
    running.stdin.take().unwrap().write_all(b"now\n").unwrap();
    let (stdout, stderr) = texts(&running.wait_with_output().unwrap());
    let lines: Vec<&str> = stdout.lines().collect();
    assert_eq!(lines[..2], ["exit 7", "2"], "{stdout}{stderr}");
    assert!(stderr.contains("no space left on device"), "{stderr}");
    assert!(stderr.contains("what was fetched is kept"), "{stderr}");
    assert!(stdout.contains("exit 0"), "{stdout}{stderr}");
    assert!(stdout.contains(weights.sha256()), "{stdout}{stderr}");
    let sent = hub.log().bytes_sent();
    assert!(sent < LEN + LEN / 5, "{sent} bytes were sent");
}
