//! `larder show`: what is known of one repo, without a request.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::bin::{Larder, Ran};
use crate::hub::{Hub, Repo};
use crate::repos::{some_bytes, tiny, weights};

const CARD: &[u8] =
    b"---\nlicense: apache-2.0\nbase_model: org/base\npipeline_tag: text-generation\n\
extra_gated_prompt: please\n---\n# Model\n";

fn show(larder: &Larder, args: &[&str]) -> Ran {
    larder.args(["show"]).and(args).run()
}

#[track_caller]
fn document(larder: &Larder, args: &[&str]) -> Value {
    show(larder, &[args, &["--json"]].concat())
        .succeeded()
        .json()
}

fn safetensors(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}

fn gguf() -> Vec<u8> {
    let text = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();
    let mut bytes = b"GGUF\x03\0\0\0".to_vec();
    bytes.extend(1_u64.to_le_bytes());
    bytes.extend(3_u64.to_le_bytes());
    bytes.extend(
        [
            text("general.architecture"),
            8_u32.to_le_bytes().to_vec(),
            text("llama"),
        ]
        .concat(),
    );
    for (key, number) in [
        ("general.file_type", 15_u32),
        ("llama.context_length", 8192),
    ] {
        bytes.extend(
            [
                text(key),
                4_u32.to_le_bytes().to_vec(),
                number.to_le_bytes().to_vec(),
            ]
            .concat(),
        );
    }
    bytes.extend(text("token_embd.weight"));
    bytes.extend(
        [
            2_u32.to_le_bytes(),
            64_u32.to_le_bytes(),
            [0; 4],
            32_u32.to_le_bytes(),
            [0; 4],
        ]
        .concat(),
    );
    bytes.extend([12_u32.to_le_bytes(), [0; 4], [0; 4]].concat());
    bytes
}

/// Weights in both formats, a card, and something that is not what its name says.
fn model() -> Repo {
    let part = |from: usize| {
        let shape = if from == 0 { "[2,3]" } else { "[5]" };
        let len = if from == 0 { 12 } else { 10 };
        let header =
            format!(r#"{{"w{from}":{{"dtype":"BF16","shape":{shape},"data_offsets":[0,{len}]}}}}"#);
        safetensors(&header, len)
    };
    Repo::model("org/shown")
        .file("README.md", CARD)
        .lfs("model-00001-of-00002.safetensors", part(0))
        .lfs("model-00002-of-00002.safetensors", part(1))
        .lfs("model-Q4_K_M.gguf", gguf())
        .lfs("page.safetensors", b"<html>not found</html>".to_vec())
        .lfs("shared.bin", some_bytes(4))
}

#[test]
fn everything_that_is_known() {
    let hub = Hub::builder().repo(model()).repo(tiny()).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/shown"]);
    larder.pulled(["org/tiny"]);
    hub.log().clear();
    let commit = hub.commit_of("org/shown", "main").unwrap();
    let page = show(&larder, &["org/shown"]).succeeded();
    let stdout = &page.stdout;
    for line in [
        "org/shown (hf)",
        &format!("  commit      {commit}"),
        "  revision    main",
        "  pulled      just now",
        "  licence     apache-2.0",
        "  gated       yes, by its card",
        "  made from   org/base",
        "  weights     model.safetensors: 11 parameters, BF16, 2 shards",
        "  weights     model-Q4_K_M.gguf: 2.04 k parameters, Q4_K",
        "              llama, Q4_K_M, context 8192",
        "  weights     page.safetensors: it claims a header of more than 100 MB",
        &format!(
            "  in hf       {}",
            larder.snapshot("org/shown", &commit).display()
        ),
        "  shares      1 content, 40.0 kB with org/tiny",
    ] {
        assert!(
            stdout.lines().any(|shown| shown == line),
            "{line:?} is not in {stdout}"
        );
    }
    assert!(stdout.contains(&some_bytes(4).sha256()[..16]), "{stdout}");
    assert_eq!(page.stderr, "");
    assert_eq!(hub.log().requests().len(), 0);
}

#[test]
fn the_same_for_programs() {
    let hub = Hub::builder().repo(model()).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/shown"]);
    let shown = document(&larder, &["org/shown"]);
    assert_eq!(shown["repo"], "org/shown");
    assert_eq!(shown["revisions"], json!(["main"]));
    assert_eq!(shown["card"]["license"], "apache-2.0");
    assert_eq!(shown["card"]["is_gated"], true);
    assert_eq!(shown["weights"][0]["gguf"]["quantisation"], "Q4_K_M");
    assert_eq!(shown["weights"][1]["types"], json!({ "BF16": 11 }));
    assert_eq!(
        shown["weights"][2]["unreadable"][0]["file"],
        "page.safetensors"
    );
    assert_eq!(shown["views"][0]["state"], "shown");
    assert_eq!(shown["files"].as_array().unwrap().len(), 6);
    assert_eq!(shown["size_bytes"], shown["unique_bytes"]);
    let file = &shown["files"][5];
    assert_eq!(file["sha256"], some_bytes(4).sha256());
    assert_eq!(
        (&file["state"], &file["size_bytes"]),
        (&json!("here"), &json!(40_004))
    );
}

#[test]
fn what_became_of_each_file() {
    let hub = Hub::builder()
        .repo(
            tiny()
                .lfs("other.bin", some_bytes(5))
                .lfs("third.bin", some_bytes(7)),
        )
        .start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/tiny", "--exclude", "third.bin"]);
    let states = || {
        let shown = document(&larder, &["org/tiny"]);
        let files = shown["files"].as_array().unwrap().iter();
        files
            .map(|file| file["state"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(states(), ["here", "here", "not pulled", "here"]);
    let [weights, other] = [4, 5].map(|seed| larder.blob(some_bytes(seed).sha256()));
    fs::set_permissions(&weights, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(&weights, vec![0; 40_004]).unwrap();
    fs::remove_file(&other).unwrap();
    assert_eq!(
        states(),
        ["here", "here", "not pulled", "changed"],
        "the cache still has it"
    );
    fs::remove_dir_all(larder.repo("org/tiny")).unwrap();
    assert_eq!(states(), ["here", "missing", "not pulled", "changed"]);
}

#[test]
fn revisions_and_commits() {
    let repo = tiny().tag("v1").lfs("more.bin", weights());
    let hub = Hub::builder().repo(repo).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/tiny@v1"]);
    let v1 = hub.commit_of("org/tiny", "v1").unwrap();
    assert_eq!(
        document(&larder, &["org/tiny"])["commit"],
        v1,
        "there is no other"
    );
    larder.pulled(["org/tiny"]);
    let main = hub.commit_of("org/tiny", "main").unwrap();
    for (reference, commit) in [
        ("org/tiny".to_owned(), &main),
        ("org/tiny@v1".to_owned(), &v1),
        (format!("org/tiny@{v1}"), &v1),
        (format!("org/tiny@{}", &v1[..9]), &v1),
    ] {
        assert_eq!(
            document(&larder, &[&reference])["commit"],
            **commit,
            "{reference}"
        );
    }
}

#[test]
fn what_is_not_there_is_said_with_words() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/tiny"]);
    let typo = show(&larder, &["org/tyni"]).exited(3);
    typo.says(&[
        "cannot show org/tyni",
        "org/tyni is not in the store",
        "did you mean org/tiny",
    ]);
    let revision = show(&larder, &["org/tiny@v9"]).exited(3);
    revision.says(&["revision `v9` of org/tiny is not in the store", "main"]);
    show(&larder, &["far/away"])
        .exited(3)
        .says(&["`larder ls` lists what is there"]);
    show(&larder, &["org/tiny:Q4_K_M"])
        .exited(2)
        .says(&["names a part of a repo"]);
    let json = show(&larder, &["org/tyni", "--json"]).exited(3);
    assert_eq!(json.json()["error"]["kind"], "missing");
    // Another client's is told apart.
    let snapshot = larder.snapshot("other/model", &"5".repeat(40));
    fs::create_dir_all(&snapshot).unwrap();
    fs::write(snapshot.join("f"), "x").unwrap();
    let other = show(&larder, &["other/model"]).exited(3);
    other.says(&[
        "other/model is not in the store",
        "another program keeps it in",
        "`larder adopt`",
    ]);
}
