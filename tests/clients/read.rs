//! Clients open what larder wrote, offline and online.

use serde_json::{Map, Value, json};

use crate::bin::Larder;
use crate::hub::{Hub, Repo};
use crate::python::Client;
use crate::repos::{self, BARE, DATA, MINILM, ZOO, fetches, files};

/// The files of a revision as the scripts take them: path to etag.
fn etags(repo: &Repo, revision: &str) -> String {
    let pairs = files(repo, revision).into_iter();
    let pairs: Map<String, Value> = pairs.map(|file| (file.path, json!(file.etag))).collect();
    Value::Object(pairs).to_string()
}

/// Opens a revision with every call of `huggingface_hub` that reads, without network.
#[track_caller]
fn assert_opens(larder: &Larder, [id, kind, revision]: [&str; 3], etags: &str) {
    let script = Client::script(larder, "open.py", [id, kind, revision, etags]);
    script.offline().run().succeeded();
}

#[test]
fn every_call_that_reads_finds_every_file() {
    let hub = repos::hub();
    let larder = Larder::at(&hub);
    for revision in ["main", "v1.0", "refs/pr/1"] {
        larder.pulled([ZOO, "--revision", revision]);
    }
    larder.pulled([DATA]);
    larder.pulled([BARE]);
    let commit = hub.commit_of(ZOO, "main").unwrap();
    for revision in ["main", "v1.0", "refs/pr/1", &commit] {
        let of_zoo = etags(&repos::zoo(), revision);
        assert_opens(&larder, [ZOO, "model", revision], &of_zoo);
    }
    let of_data = etags(&repos::data(), "main");
    assert_opens(&larder, ["acme/data", "dataset", "main"], &of_data);
    let of_bare = etags(&repos::bare(), "main");
    assert_opens(&larder, [BARE, "model", "main"], &of_bare);
}

#[test]
fn hf_lists_and_verifies_them() {
    let hub = repos::hub();
    let larder = Larder::at(&hub);
    larder.pulled([ZOO]);
    larder.pulled([DATA]);

    let listed = Client::hf(&larder, ["cache", "ls", "--json", "--sort", "name"]);
    let listed = listed.run().succeeded();
    let ids: Vec<Value> = listed
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["id"].clone())
        .collect();
    assert_eq!(ids, ["dataset/acme/data", "model/acme/zoo"]);
    assert!(!listed.stderr.contains("arning"), "{listed:#?}");

    let strict = ["--fail-on-missing-files", "--fail-on-extra-files"];
    let verify = |args: &[&str]| {
        Client::hf(
            &larder,
            ["cache", "verify"].iter().chain(args).chain(&strict),
        )
    };
    verify(&[ZOO]).run().succeeded();
    verify(&["acme/data", "--type", "dataset"])
        .run()
        .succeeded();
}

#[test]
fn a_warm_hf_download_fetches_nothing() {
    let hub = repos::hub();
    let larder = Larder::at(&hub);
    let ours = larder.pulled([ZOO]);
    for args in [
        &[ZOO][..],
        &[ZOO, "config.json", "README.md"],
        &[ZOO, "--include", "*.bin"],
    ] {
        hub.log().clear();
        let download = ["download", "-q"].iter().chain(args);
        let theirs = Client::hf(&larder, download).run().succeeded();
        assert_eq!(theirs.line(), ours.line());
        assert_eq!(fetches(&hub), [""; 0]);
    }
    hub.log().clear();
    Client::hf(&larder, ["download", "-q", ZOO])
        .offline()
        .run()
        .succeeded();
    assert_eq!(hub.log().count(|_| true), 0);
}

#[test]
fn a_name_that_larder_did_not_find_is_known_to_be_missing() {
    let hub = repos::hub();
    let larder = Larder::at(&hub);
    larder.pulled([ZOO, "config.json"]);
    larder.pull([ZOO, "adapter_config.json"]).run().exited(3);
    let missing = Client::script(&larder, "missing.py", [ZOO, "adapter_config.json"]);
    missing.offline().run().succeeded();
}

#[test]
fn transformers_opens_a_real_model_offline() {
    let hub = Hub::builder().start();
    let larder = Larder::at(&hub);
    hub.add_repo(repos::minilm(&larder));
    larder.pulled([MINILM]);
    hub.log().clear();
    let tokens = Client::script(&larder, "auto_tokenizer.py", [MINILM])
        .offline()
        .run();
    assert_eq!(
        tokens.succeeded().line(),
        "bert [CLS] a la ##rder keeps one copy of every byte . [SEP]"
    );
    assert_eq!(hub.log().count(|_| true), 0);
}
