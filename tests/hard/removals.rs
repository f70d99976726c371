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
        for (path, content) in hub.files(id, "main") {
            assert_eq!(sha256(&Path::new(ran.line()).join(path)), content.sha256());
        }
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
        .rate(5 * MB)
        .start();
    let larder = Larder::at(&hub);
    larder.pulled([ID, "config.json"]);
    let pull = larder.pull([ID, "--connections", "1"]).spawn();
    wait_for_bytes(hub.log(), MB);
    let short = larder
        .args(["rm", "--yes", ID, "--lock-timeout", "1"])
        .run();
    short
        .exited(8)
        .says(&["another process has held the store", "--lock-timeout"]);
    let removal = larder.args(["rm", "--yes", ID]).spawn();
    removal.wait_until_it_says("another process uses the store: waiting");
    pull.wait().succeeded();
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
    let args = ["rm", "--yes", "org/one"];
    let step = if is_every() { 1 } else { 3 };
    let mut nth = 1;
    let mut deaths = 0;
    loop {
        let larder = full(&hub);
        let End::Killed(call) = follow(&larder, &larder.args(args), nth) else {
            break;
        };
        let lies = || truth::lies(&larder, &hub, &IDS);
        assert_eq!(lies(), Vec::<String>::new(), "killed at {call}");
        for (path, content) in hub.files("org/two", "main") {
            let there = larder.snapshot("org/two", &hub.commit_of("org/two", "main").unwrap());
            assert_eq!(
                sha256(&there.join(path)),
                content.sha256(),
                "killed at {call}"
            );
        }
        match deaths % 3 {
            0 => {
                // Whatever it had removed, the record it goes by goes last.
                let again = larder.args(args).run();
                assert_clear(&again, &[0, 3]);
            }
            1 => {
                let again = larder
                    .args(["prune", "--yes", "--partials-older-than", "0"])
                    .run();
                again.succeeded();
                // Killed before the first name was gone it has not begun.
                assert_clear(&larder.args(args).run(), &[0, 3]);
            }
            _ => {
                let ran = larder.pull(["org/one"]).run().succeeded();
                for (path, content) in hub.files("org/one", "main") {
                    assert_eq!(sha256(&Path::new(ran.line()).join(path)), content.sha256());
                }
                larder.args(args).run().succeeded();
            }
        }
        let tidy = larder.args(["rm", "--yes", "org/two"]).run();
        tidy.succeeded();
        swept(&larder);
        assert_empty(&larder);
        deaths += 1;
        nth += step;
    }
    println!("killed at {deaths} calls");
    assert!(deaths * step > 30, "killed at {deaths} calls only");
}

/// A mark that was being written when the kill came is a temporary file: prune takes it.
fn swept(larder: &Larder) {
    larder
        .args(["prune", "--yes", "--partials-older-than", "0"])
        .run()
        .succeeded();
}
