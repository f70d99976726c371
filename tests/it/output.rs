//! What is printed: the answer on stdout and nothing else there, the story on stderr.

use serde_json::{Value, json};

use crate::bin::Larder;
use crate::hub::Hub;
use crate::repos::{CONFIG, ODD, model, some_bytes, tiny, weights};
use crate::tree::{filtered, tree};

#[test]
fn without_a_terminal_there_are_lines() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    let ran = larder.pulled(["org/tiny", "weights.bin"]);
    let short = &hub.commit_of("org/tiny", "main").unwrap()[..12];
    let want = format!(
        "resolved org/tiny at {short}\n\
         1 file: 40.0 kB to fetch\n\
         verified weights.bin (40.0 kB)\n\
         pulled org/tiny at {short}: 1 file, 40.0 kB (40.0 kB fetched) in [TIME]\n"
    );
    assert_eq!(filtered(&ran.stderr, &larder, &hub), want);
    let snapshot = ".cache/huggingface/hub/models--org--tiny/snapshots";
    let commit = hub.commit_of("org/tiny", "main").unwrap();
    assert_eq!(
        filtered(&ran.stdout, &larder, &hub),
        format!("[HOME]/{snapshot}/{commit}/weights.bin\n")
    );
}

#[test]
fn what_is_here_is_said_to_be_here() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/tiny", "weights.bin"]);
    let short = &hub.commit_of("org/tiny", "main").unwrap()[..12];
    let part = larder.pulled(["org/tiny"]);
    let words = format!("{short}: 2 files, 40.0 kB (18 B fetched, 40.0 kB already here) in ");
    part.says(&[&words]);
    larder.pulled(["org/tiny"]).says(&["(all already here)"]);
}

#[test]
fn quiet_is_the_path_alone() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    for flag in ["--quiet", "-q"] {
        let ran = larder.pulled(["org/tiny", flag]);
        assert_eq!(ran.stderr, "");
        assert!(
            ran.line()
                .ends_with(&hub.commit_of("org/tiny", "main").unwrap())
        );
    }
    let failed = larder.pull(["org/other", "-q"]).run().exited(3);
    failed.says(&["error: cannot pull org/other"]);
}

#[test]
fn the_json_document_of_a_pull() {
    let hub = Hub::builder().repo(model()).start();
    let larder = Larder::at(&hub);
    let ran = larder.pulled(["org/model", "*.safetensors", "config.json", "--json"]);
    let commit = hub.commit_of("org/model", "main").unwrap();
    let (config, large) = (CONFIG.len() as u64, weights().len());
    let mut want = json!({
        "repo": "org/model",
        "kind": "model",
        "hub": "hf",
        "commit": commit,
        "path": larder.snapshot("org/model", &commit),
        "files": 3,
        "total_bytes": config + 2 * large,
        "fetched_bytes": config + large,
        "sources": [{
            "hub": "hf",
            "repo": "org/model",
            "endpoint": hub.endpoint(),
            "bytes": config + large,
        }],
        "reused_bytes": 0,
    });
    assert_eq!(ran.json(), want);
    let again = larder.pulled(["org/model", "*.safetensors", "config.json", "--json", "-q"]);
    want["fetched_bytes"] = 0.into();
    want["sources"] = json!([]);
    want["reused_bytes"] = (config + large).into();
    assert_eq!(again.json(), want);
    assert_eq!(again.stderr, "");
}

#[test]
fn a_dry_run_writes_nothing() {
    let hub = Hub::builder().repo(tiny().file(ODD, b"odd")).start();
    let larder = Larder::at(&hub);
    let ran = larder.pulled(["org/tiny", "--dry-run"]);
    let short = &hub.commit_of("org/tiny", "main").unwrap()[..12];
    let want = format!(
        "FILE                  SIZE  TO FETCH\n\
         {ODD}      3 B       3 B\n\
         config.json           18 B      18 B\n\
         weights.bin        40.0 kB   40.0 kB\n\
         \n\
         org/tiny at {short}: 3 files, 40.0 kB (40.0 kB to fetch, 0 B here)\n"
    );
    assert_eq!(ran.stdout, want);
    assert_eq!(tree(larder.home()), "");
    assert_eq!(hub.log().bytes_asked(), 0);
}

#[test]
fn a_dry_run_that_finds_no_such_file_writes_nothing() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    let call = larder.pull(["org/tiny", "no-such-file", "--dry-run"]);
    call.run().exited(3);
    assert_eq!(tree(larder.home()), "");
}

#[test]
fn a_dry_run_knows_what_is_here() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/tiny", "config.json"]);
    let before = tree(larder.home());
    let ran = larder.pulled(["org/tiny", "--dry-run", "--json"]);
    let (config, large) = (CONFIG.len() as u64, some_bytes(4).len());
    let want = json!({
        "repo": "org/tiny",
        "kind": "model",
        "hub": "hf",
        "commit": hub.commit_of("org/tiny", "main").unwrap(),
        "is_dry_run": true,
        "files": 2,
        "total_bytes": config + large,
        "have_bytes": config,
        "need_bytes": large,
        "plan": [
            { "file": "config.json", "size_bytes": config, "need_bytes": 0 },
            { "file": "weights.bin", "size_bytes": large, "need_bytes": large },
        ],
    });
    assert_eq!(ran.json(), want);
    assert_eq!(tree(larder.home()), before);
}

#[test]
fn a_failure_is_one_json_document_too() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    let ran = larder
        .pull(["org/tiny", "confg.json", "--json"])
        .run()
        .exited(3);
    let error = &ran.json()["error"];
    assert_eq!(
        (&error["kind"], &error["exit_code"]),
        (&json!("missing"), &json!(3))
    );
    assert_eq!(error["message"], "cannot pull org/tiny");
    assert_eq!(
        error["causes"],
        json!(["the repo has no file `confg.json` at this revision"])
    );
    assert_eq!(error["hint"], "did you mean config.json");
    assert_eq!(
        (&error["repo"], &error["path"]),
        (&json!("org/tiny"), &Value::Null)
    );
}

#[test]
fn events_are_json_lines() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    let ran = larder.pulled(["org/tiny", "--progress", "json"]);
    let events: Vec<Value> = ran
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let named = |name: &str| events.iter().filter(|event| event["event"] == name).count();
    assert_eq!(events.first().unwrap()["event"], "resolved");
    assert_eq!(events.last().unwrap()["event"], "finished");
    assert_eq!(
        (named("planned"), named("verified"), named("published")),
        (1, 2, 1)
    );
    assert!(
        ran.line()
            .ends_with(&hub.commit_of("org/tiny", "main").unwrap())
    );

    let failed = larder
        .pull(["org/other", "--progress", "json"])
        .run()
        .exited(3);
    let last: Value = serde_json::from_str(failed.stderr.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["event"], &last["error"]["kind"]),
        (&json!("failed"), &json!("missing"))
    );
    assert_eq!(failed.stdout, "");
}
