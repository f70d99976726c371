//! Several processes at work on the same: one fetches, the others wait for it or take over.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use fs2::FileExt;

use super::*;

const LEN: u64 = 100 * MB;
const BUSY: &str = "waiting for another process that works on model.safetensors";

/// A hub so slow that nobody is done before the others have begun.
fn slow(repos: impl IntoIterator<Item = Repo>) -> Hub {
    let shape = hub::Shape {
        rate: Some(5 * MB),
        ..hub::Shape::default()
    };
    let builder = Hub::builder().shape(Origin::Cdn, shape);
    repos.into_iter().fold(builder, hub::Builder::repo).start()
}

#[test]
fn eight_at_once_fetch_once() {
    let _turn = turn();
    let hub = slow([repo(Content::synthetic(LEN, 21))]);
    let larder = Larder::at(&hub);
    let running: Vec<_> = (0..8).map(|_| larder.pull([ID]).spawn()).collect();
    for ran in running {
        assert_right(&larder, &hub, ran.wait());
    }
    let sent = hub.log().bytes_sent();
    assert!(sent <= LEN + LEN / 10, "{sent} bytes were sent");
}

#[test]
fn repos_that_overlap_share_what_they_have_in_common() {
    let _turn = turn();
    let parts: Vec<Content> = (31..34)
        .map(|seed| Content::synthetic(LEN / 4, seed))
        .collect();
    let of = |id: &str, parts: &[Content]| {
        let files = parts.iter().enumerate();
        files.fold(Repo::model(id), |repo, (number, part)| {
            repo.lfs(&format!("part-{number}.bin"), part.clone())
        })
    };
    let hub = slow([of("org/one", &parts[..2]), of("org/two", &parts[1..])]);
    let larder = Larder::at(&hub);
    let running = ["org/one", "org/two"].map(|id| (id, larder.pull([id]).spawn()));
    for (id, running) in running {
        let snapshot = PathBuf::from(running.wait().succeeded().line());
        for (path, content) in hub.files(id, "main") {
            assert_eq!(sha256(&snapshot.join(path)), content.sha256());
        }
    }
    let sent = hub.log().bytes_sent();
    assert!(sent <= LEN * 3 / 4 + LEN / 20, "{sent} bytes were sent");
    assert_eq!(leftovers(&larder), Vec::<PathBuf>::new());
}

#[test]
fn what_two_pulled_of_one_commit_is_recorded() {
    let _turn = turn();
    let names = ["a.json", "b.json", "c.json"];
    let repo = names.iter().fold(Repo::model(ID), |repo, name| {
        repo.file(name, format!("{name} of the model"))
    });
    let hub = Hub::builder().repo(repo).start();
    let larder = Larder::at(&hub);
    larder.pull([ID, names[0]]).run().succeeded();
    // Both have read the record by the time that one of them changes it.
    let lock = larder
        .store()
        .join("locks/repos/hf/models/org/model/publish.lock");
    let lock = fs::File::options().write(true).open(&lock).unwrap();
    FileExt::lock_exclusive(&lock).unwrap();
    let running = ["b.json", "c.json"].map(|name| larder.pull([ID, name]).spawn());
    for pull in &running {
        pull.wait_until_it_says("waiting for another process that works on this repo");
    }
    FileExt::unlock(&lock).unwrap();
    for pull in running {
        pull.wait().succeeded();
    }
    // What has no name left is known from the record alone.
    fs::remove_dir_all(larder.hub_cache()).unwrap();
    let listed = larder.args(["ls", "--json"]).run().succeeded().json();
    assert_eq!(listed[0]["revisions"][0]["files"], 3, "{listed}");
}

#[test]
fn who_waits_takes_over_from_who_dies() {
    let _turn = turn();
    let hub = slow([repo(Content::synthetic(LEN, 22))]);
    let larder = Larder::at(&hub);
    // What is on its way to the one that dies is lost, for each of its connections.
    let few = [ID, "--connections", "4"];
    let first = larder.pull(few).spawn();
    wait_for_bytes(hub.log(), LEN / 10);
    let second = larder.pull(few).spawn();
    second.wait_until_it_says(BUSY);
    wait_for_bytes(hub.log(), LEN / 2);
    first.kill_9();
    assert_right(&larder, &hub, second.wait());
    let sent = hub.log().bytes_sent();
    assert!(sent <= LEN + LEN / 10, "{sent} bytes were sent");
}

/// A process that holds a lock until it is dropped.
struct Holder(Child);

impl Holder {
    fn of(path: &Path) -> Self {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut flock = Command::new("flock");
        flock.arg(path).args(["sh", "-c", "echo held; cat"]);
        let pipes = flock.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = pipes.spawn().expect("this test needs flock");
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        assert_eq!(line, "held\n");
        Self(child)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        // It reads to the end of its input.
        drop(self.0.stdin.take());
        drop(self.0.wait());
    }
}

fn lock_of_hf(larder: &Larder, content: &Content) -> PathBuf {
    let name = format!(".locks/models--org--model/{}.lock", content.sha256());
    larder.hub_cache().join(name)
}

#[test]
fn a_lock_of_another_client_is_waited_for() {
    let content = Content::synthetic(5 * MB, 23);
    let (hub, larder) = plain(content.clone());
    let holder = Holder::of(&lock_of_hf(&larder, &content));
    let running = larder.pull([ID]).spawn();
    running.wait_until_it_says(BUSY);
    assert_eq!(hub.log().bytes_sent_by(Origin::Cdn), 0);
    drop(holder);
    assert_right(&larder, &hub, running.wait());
}

#[test]
fn a_lock_that_is_held_for_too_long_is_named() {
    let content = Content::synthetic(5 * MB, 24);
    let (hub, larder) = plain(content.clone());
    let publish = larder
        .store()
        .join("locks/repos/hf/models/org/model/publish.lock");
    let store = larder.store().join("locks/store.lock");
    for (path, what) in [
        (lock_of_hf(&larder, &content), WEIGHTS),
        (store, "the store"),
        (publish, ID),
    ] {
        let _holder = Holder::of(&path);
        let ran = larder.pull([ID, "--lock-timeout", "1"]).run().exited(8);
        ran.says(&["another process has held", what, "--lock-timeout"]);
    }
    assert_right(&larder, &hub, larder.pull([ID]).run());
}
