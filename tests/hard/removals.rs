//! Pulls, `rm` and `prune` at the same time, and removals that are killed.

use std::collections::BTreeSet;

use super::*;
use crate::every_call::{End, follow, is_every};

/// Two repos with a content in common, of so many bytes.
fn two(len: u64, rate: Option<u64>) -> Hub {
    let of = |id: &str, seed| {
        Repo::model(id)
            .file("config.json", format!("{{\"seed\": {seed}}}\n"))
            .lfs("own.bin", Content::synthetic(len + MB, seed))
            .lfs("shared.bin", Content::synthetic(len, 90))
    };
    let shape = hub::Shape {
        rate,
        ..hub::Shape::default()
    };
    let builder = Hub::builder().shape(Origin::Cdn, shape);
    builder
        .repo(of("org/one", 91))
        .repo(of("org/two", 92))
        .start()
}

const IDS: [&str; 2] = ["org/one", "org/two"];

/// It ended right or with one of these codes, and not by a defect.
#[track_caller]
fn assert_clear(ran: &Ran, codes: &[i32]) {
    let is_clear = ran.code.is_some_and(|code| codes.contains(&code));
    let is_defect = ["panicked", "should not"]
        .iter()
        .any(|word| ran.stderr.contains(word));
    assert!(is_clear && !is_defect, "{ran:#?}");
}

#[test]
fn pulls_and_removals_at_once_end_right_or_say_why() {
    let _turn = turn();
    let hub = two(2 * MB, Some(20 * MB));
    let larder = Larder::at(&hub);
    for _round in 0..4 {
        let removals = [
            &["rm", "--yes", "org/one"][..],
            &["rm", "--yes", "org/two", "--file", "shared.bin"],
            &["prune", "--yes", "--partials-older-than", "0"],
            &["prune", "--yes", "--keep", "1MB"],
        ];
        let pulls: Vec<_> = (0..4)
            .map(|number| larder.pull([IDS[number % 2]]).spawn())
            .collect();
        let removals: Vec<_> = removals
            .iter()
            .map(|args| larder.args(*args).spawn())
            .collect();
        for running in pulls {
            assert_clear(&running.wait(), &[0]);
        }
        for running in removals {
            // What was there when it was shown may be gone when it is its turn.
            assert_clear(&running.wait(), &[0, 3]);
        }
        assert_eq!(truth::lies(&larder, &hub, &IDS), Vec::<String>::new());
    }
    for id in IDS {
        let ran = larder.pull([id]).run().succeeded();
        assert_holds(Path::new(ran.line()), &hub, id);
    }
    larder
        .args(["rm", "--yes", IDS[0], IDS[1]])
        .run()
        .succeeded();
    assert_empty(&larder);
}

/// Nothing is left but what marks the two folders, and locks.
#[track_caller]
fn assert_empty(larder: &Larder) {
    let name = |path: &Path| {
        path.strip_prefix(larder.home())
            .unwrap()
            .display()
            .to_string()
    };
    let is_lock = |path: &PathBuf| {
        path.components()
            .any(|part| part.as_os_str() == "locks" || part.as_os_str() == ".locks")
    };
    let all = truth::files(&larder.path(".cache"));
    let left: BTreeSet<String> = all
        .iter()
        .filter(|path| !is_lock(path))
        .map(|path| name(path))
        .collect();
    let tags = [
        ".cache/huggingface/hub/CACHEDIR.TAG",
        ".cache/larder/CACHEDIR.TAG",
        ".cache/larder/VERSION",
    ];
    assert_eq!(left, tags.map(str::to_owned).into());
}

#[test]
fn a_removal_waits_for_a_pull_and_says_so() {
    let _turn = turn();
    let hub = Hub::builder()
        .repo(repo(Content::synthetic(20 * MB, 93)))
        .rate(MB / 2)
        .start();
    let larder = Larder::at(&hub);
    larder.pulled([ID, "config.json"]);
    let pull = larder.pull([ID, "--connections", "1"]).spawn();
    wait_for_bytes(hub.log(), MB / 4);
    let short = larder
        .args(["rm", "--yes", ID, "--lock-timeout", "1"])
        .run();
    short
        .exited(8)
        .says(&["another process has held the store", "--lock-timeout"]);
    let removal = larder.args(["rm", "--yes", ID]).spawn();
    removal.wait_until_it_says("another process uses the store: waiting");
    // So slow that it would go on for long.
    pull.kill_9();
    removal.wait().succeeded();
    assert!(!larder.repo(ID).exists());
}

/// A machine that has both repos.
fn full(hub: &Hub) -> Larder {
    let larder = Larder::at(hub);
    for id in IDS {
        larder.pulled([id]);
    }
    larder
}

#[test]
fn a_removal_that_is_killed_at_every_call_is_finished_by_the_next() {
    let _turn = turn();
    let hub = two(1000, None);
    // The repo that was pulled first is the least recently used one.
    let makes_room = ["prune", "--yes", "--keep", "1.1MB"];
    for args in [&["rm", "--yes", "org/one"][..], &makes_room] {
        let step = if is_every() { 1 } else { 4 };
        let mut deaths = 0;
        while dies_and_is_finished(&hub, args, 1 + deaths * step) {
            deaths += 1;
        }
        println!("killed at {deaths} calls of {args:?}");
        assert!(deaths * step > 30, "killed at {deaths} calls only");
    }
}

/// Whether there was an `nth` call to be killed at.
fn dies_and_is_finished(hub: &Hub, args: &[&str], nth: u64) -> bool {
    let larder = full(hub);
    let End::Killed(call) = follow(&larder, &larder.args(args), nth) else {
        return false;
    };
    assert_eq!(truth::lies(&larder, hub, &IDS), [""; 0], "killed at {call}");
    let other = larder.snapshot("org/two", &hub.commit_of("org/two", "main").unwrap());
    assert_holds(&other, hub, "org/two");
    match nth % 3 {
        // It had removed the record, which goes last, or finds it again.
        0 => assert_clear(&larder.args(args).run(), &[0, 3]),
        1 => swept(&larder),
        _ => {
            let ran = larder.pull(["org/one"]).run().succeeded();
            assert_holds(Path::new(ran.line()), hub, "org/one");
        }
    }
    assert_clear(&larder.args(["rm", "--yes", "org/one"]).run(), &[0, 3]);
    larder.args(["rm", "--yes", "org/two"]).run().succeeded();
    swept(&larder);
    assert_empty(&larder);
    true
}

/// A snapshot holds the files of `main`.
#[track_caller]
fn assert_holds(snapshot: &Path, hub: &Hub, id: &str) {
    for (path, content) in hub.files(id, "main") {
        assert_eq!(sha256(&snapshot.join(path)), content.sha256(), "{id}");
    }
}

/// A mark that was being written when the kill came is a temporary file: prune takes it.
fn swept(larder: &Larder) {
    larder
        .args(["prune", "--yes", "--partials-older-than", "0"])
        .run()
        .succeeded();
}
