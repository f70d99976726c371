//! How much is asked of the hub. Requests are a budget that many machines may share.

use crate::bin::Larder;
use crate::hub::{Content, File, Hub, Origin, Record, Repo};
use crate::repos::{CONFIG, model, other_weights, some_bytes, tiny, weights};

fn is_to_hub(record: &Record) -> bool {
    record.origin == Origin::Hub
}

/// Requests to the hub for a file, by method.
fn asked(hub: &Hub, method: &str, name: &str) -> usize {
    let path = format!("/{name}");
    hub.log()
        .count(|r| is_to_hub(r) && r.method == method && r.path.ends_with(&path))
}

#[test]
fn a_warm_pull_is_one_request() {
    let hub = Hub::builder().repo(model()).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/model"]);
    hub.log().clear();
    larder.pulled(["org/model"]);
    let asked = hub.log().requests();
    assert_eq!(asked.len(), 1, "{asked:#?}");
    assert_eq!(asked[0].path, "/api/models/org/model/revision/main");
}

#[test]
fn a_warm_pull_of_a_commit_is_no_request() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    let commit = hub.commit_of("org/tiny", "main").unwrap();
    larder.pulled([format!("org/tiny@{commit}")]);
    hub.log().clear();
    larder.pulled([format!("org/tiny@{commit}")]);
    larder.pulled([format!("org/tiny@{commit}"), "config.json".into()]);
    assert_eq!(hub.log().requests().len(), 0);
}

#[test]
fn a_cold_pull_asks_nothing_twice() {
    let mut repo = Repo::model("org/many")
        .lfs("a.safetensors", weights())
        .lfs("b.safetensors", other_weights())
        .file("empty.txt", b"");
    for number in 0..20 {
        repo = repo.file(
            &format!("f{number:02}.json"),
            format!("{number}").into_bytes(),
        );
    }
    let hub = Hub::builder().repo(repo).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/many"]);

    let twice = hub.log().duplicates();
    assert!(twice.is_empty(), "{twice:#?}");
    for number in 0..20 {
        let name = format!("f{number:02}.json");
        assert_eq!(
            (asked(&hub, "HEAD", &name), asked(&hub, "GET", &name)),
            (0, 1),
            "{name}"
        );
    }
    assert_eq!(hub.log().count(|r| r.path.ends_with("empty.txt")), 0);
    // One request of each large file says where it is, and is not counted on to carry bytes.
    for name in ["a.safetensors", "b.safetensors"] {
        let way = hub.log().select(|r| is_to_hub(r) && r.path.ends_with(name));
        assert_eq!(way.len(), 1, "{way:#?}");
    }
    // Revision, tree, 20 small files, 2 large ones.
    assert_eq!(hub.log().count(is_to_hub), 2 + 20 + 2);
    let is_whole = |r: &Record| r.origin == Origin::Cdn && r.range.is_none();
    assert_eq!(hub.log().count(is_whole), 0);
}

#[test]
fn named_files_cost_no_others() {
    let hub = Hub::builder().repo(model()).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/model", "config.json"]);
    let asked = hub.log().requests();
    assert_eq!(asked.len(), 3, "{asked:#?}");
    // Now the listing is known.
    hub.log().clear();
    larder.pulled(["org/model", "empty.txt"]);
    assert_eq!(hub.log().requests().len(), 1);
}

#[test]
fn a_content_with_two_names_is_asked_for_once() {
    let hub = Hub::builder().repo(model()).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/model"]);
    let gets = |part: &str| hub.log().count(|r| is_to_hub(r) && r.path.ends_with(part));
    assert_eq!(gets("model.safetensors") + gets("twin.safetensors"), 1);
    // The revision's own path ends otherwise; these are the two names of one small file.
    assert_eq!(gets("/config.json"), 1);
}

#[test]
fn a_long_listing_is_read_page_by_page() {
    let mut repo = Repo::model("org/pages");
    for number in 0..25 {
        repo = repo.file(&format!("d{}/f{number:02}", number % 3), b"same");
    }
    let hub = Hub::builder().repo(repo).page_size(10).start();
    let larder = Larder::at(&hub);
    let ran = larder.pulled(["org/pages", "--json"]);
    assert_eq!(ran.json()["files"], 25);
    // 25 files and 3 folders.
    assert_eq!(hub.log().count(|r| r.path.contains("/tree/")), 3);
    assert!(hub.log().duplicates().is_empty());
    assert_eq!(hub.log().count(|r| r.path.contains("/resolve/")), 1);
}

#[test]
fn a_renamed_repo_is_asked_by_its_new_name() {
    let hub = Hub::builder()
        .repo(model())
        .renamed("old/name", "org/model")
        .start();
    let larder = Larder::at(&hub);
    larder.pulled(["old/name"]);
    // Only the first request is led elsewhere.
    assert_eq!(hub.log().count(|r| r.path.contains("old/name")), 1);
}

#[test]
fn two_hundred_gigabytes_are_planned_from_the_listing() {
    let large = |digit: &str| Content::declared(40_000_000_000, digit.repeat(64));
    let repo = ["1", "2", "3", "4", "5"].iter().fold(
        Repo::model("org/huge").file("config.json", CONFIG),
        |repo, digit| {
            repo.with(File::lfs(
                format!("model-{digit}.safetensors"),
                large(digit),
            ))
        },
    );
    let hub = Hub::builder().repo(repo).start();
    let larder = Larder::at(&hub);
    let plan = larder.pulled(["org/huge", "--dry-run", "--json"]).json();
    assert_eq!(
        plan["need_bytes"],
        200_000_000_000_u64 + CONFIG.len() as u64
    );
    assert_eq!(hub.log().requests().len(), 2);
}

#[test]
fn what_does_not_fit_is_not_begun() {
    // More than any disk of a test machine has.
    let huge = Content::declared(4_000_000_000_000_000, "1".repeat(64));
    let hub = Hub::builder()
        .repo(Repo::model("org/huge").lfs("w", huge))
        .start();
    let larder = Larder::at(&hub);
    let ran = larder.pull(["org/huge"]).run().exited(7);
    ran.says(&[
        "not enough room",
        "4000000000000000 bytes needed",
        "hint: free at least",
        "--store",
    ]);
    assert_eq!(hub.log().bytes_asked(), 0);
    assert_eq!(hub.log().count(|r| r.path.contains("/resolve/")), 0);
}

#[test]
fn one_connection_asks_for_every_byte_once() {
    let hub = Hub::builder().repo(model()).start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/model", "--connections", "1"]);
    assert!(hub.log().duplicates().is_empty());
    let len = 2 * CONFIG.len() as u64 + 3 + some_bytes(3).len() + 2 * weights().len();
    let doubled = CONFIG.len() as u64 + weights().len();
    assert_eq!(hub.log().bytes_asked(), len - doubled);
}

#[test]
fn long_files_are_asked_in_few_ranges() {
    // A request per some tens of MiB, not per chunk, whatever the speed.
    let zeros = Content::repeat(0, 600_000_000);
    let hub = Hub::builder()
        .repo(Repo::model("org/long").lfs("zeros.bin", zeros))
        .start();
    let larder = Larder::at(&hub);
    larder.pulled(["org/long"]);
    let twice = hub.log().duplicates();
    assert!(twice.is_empty(), "{twice:#?}");
    let requests = hub.log().requests().len();
    assert!(requests < 80, "{requests} requests");
    assert_eq!(hub.log().count(is_to_hub), 3);
}

#[test]
fn every_request_says_who_asks_and_wants_plain_bytes() {
    let hub = Hub::builder().repo(tiny()).start();
    let larder = Larder::at(&hub);
    let call = larder
        .pull(["org/tiny"])
        .env("HF_HUB_USER_AGENT_ORIGIN", "my-app");
    call.run().succeeded();
    for record in hub.log().requests() {
        let agent = record.user_agent.unwrap_or_default();
        assert!(
            agent.starts_with("larder/") && agent.contains("my-app"),
            "{agent}"
        );
        if record.path.contains("/resolve/") || record.origin == Origin::Cdn {
            assert_eq!(
                record.accept_encoding.as_deref(),
                Some("identity"),
                "{}",
                record.path
            );
        }
        assert_eq!(record.cookie, None);
    }
    assert_eq!(hub.log().bytes_sent_by(Origin::Cdn), some_bytes(4).len());
}
