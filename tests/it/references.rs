//! What is no reference is refused at once, in words of its own, and no hub is asked.

use crate::bin::Larder;
use crate::hub::Hub;
use crate::repos::tiny;
use crate::tree::tree;

#[test]
fn refusals_say_what_to_type_and_send_nothing() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    for (text, words) in [
        ("ms:gpt2", "names no owner"),
        (
            "https://modelscope.cn/studios/o/n",
            "points at `studios`, which is not a repo",
        ),
        ("spaces/org/app", "not spaces"),
        ("https://huggingface.co/spaces/org/app", "not spaces"),
        ("./model", "looks like a path on this machine"),
        ("/models/x", "looks like a path on this machine"),
        ("~/models/x", "looks like a path on this machine"),
        ("..", "looks like a path on this machine"),
        (r"C:\models\x", "looks like a path on this machine"),
        ("ollama:llama3", "is not a hub that larder knows"),
        (
            "https://example.com/org/name",
            "is not a hub that larder knows",
        ),
        ("s3://bucket/key", "does not pull from `s3://` URLs"),
        ("org/na me", "is not a repo id"),
        ("org/name/extra/file.bin", "more than one slash"),
        ("org/name@", "is not a revision"),
        ("org/name@../x", "is not a revision"),
        ("org/name:a/b", "is not a quantisation"),
        ("", "the reference is empty"),
        ("?!", "is not a repo id"),
    ] {
        let ran = larder.pull([text]).run().exited(2);
        ran.says(&["error: cannot understand `", words, "\n  hint: "]);
        assert_eq!(ran.stdout, "", "{text}");
    }
    assert_eq!(hub.log().requests().len(), 0);
    assert_eq!(tree(larder.home()), "");
}

#[test]
fn a_refusal_is_a_json_document_too() {
    let hub = Hub::builder().start();
    let larder = Larder::at(&hub);
    let ran = larder.pull(["ms:name", "--json"]).run().exited(2);
    let error = &ran.json()["error"];
    assert_eq!(error["kind"], "usage");
    assert_eq!(error["exit_code"], 2);
    assert_eq!(error["message"], "cannot understand `ms:name`");
    assert!(error["hint"].as_str().unwrap().contains("ms:owner/name"));
    assert_eq!(ran.stderr, "");
}

#[test]
fn contradictions_are_refused() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    let two = larder
        .pull(["org/tiny@v1", "--revision", "v2"])
        .run()
        .exited(2);
    two.says(&[
        "names the revision `v1` and --revision names `v2`",
        "hint: give the revision once",
    ]);
    assert_eq!(hub.log().requests().len(), 0);
    let both = larder
        .pull(["org/tiny", "config.json", "--exclude", "*.json"])
        .run()
        .exited(2);
    both.says(&[
        "`config.json` is asked for and left out by `*.json`",
        "hint: ",
    ]);
    let nothing = larder.pull(["org/tiny", "--exclude", "*"]).run().exited(3);
    nothing.says(&["no file of the repo matches `--exclude *`"]);
}

#[test]
fn secrets_of_a_pasted_url_are_not_repeated() {
    let hub = Hub::builder().start();
    let larder = Larder::at(&hub);
    for json in [&[][..], &["--json"]] {
        let url = "https://me:hf_s3cr3t@example.com/o/n?sig=hf_s3cr3t";
        let ran = larder.pull([url]).and(json).run().exited(2);
        assert!(!ran.stdout.contains("s3cr3t"), "{ran:?}");
        assert!(!ran.stderr.contains("s3cr3t"), "{ran:?}");
    }
}
