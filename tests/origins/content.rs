//! What an origin has: the same content under another name, another content under the same one, none, or
//! wrong bytes. Only the digest counts.

use super::*;

const OTHER: &str = "other/weights";

fn weights() -> Content {
    Content::synthetic(20 * MB, 21)
}

/// A hub that gives no byte of [`WEIGHTS`], and one that has `repo`.
fn pair(repo_there: Repo) -> (Hub, Hub) {
    let hub = Hub::builder().repo(repo(&weights())).start();
    breaks_off(&hub);
    (hub, Hub::builder().repo(repo_there).start())
}

#[test]
fn a_content_is_found_under_another_name_and_commit() {
    let there = Repo::model(ID)
        .file("README.md", "a copy\n")
        .lfs("old/weights.bin", weights());
    let (hub, mirror) = pair(there);
    let larder = Larder::at(&hub);
    let ran = larder.pulled([ID, "--fallback", &mirror.endpoint()]);
    assert_right(&larder, &hub, &ran);
    assert_eq!(mirror.log().bytes_sent_by(Origin::Cdn), 20 * MB);
}

#[test]
fn another_repo_stands_in_for_one_that_refuses_its_bytes() {
    let copy = Repo::model(OTHER)
        .file("config.json", b"{\"hidden_size\": 8}\n")
        .file("words.txt", "word\n".repeat(5000))
        .lfs("weights.bin", weights());
    let hub = Hub::builder().repo(repo(&weights())).repo(copy).start();
    let refused = Match::hub().path("/org/model/resolve/");
    hub.faults().always(refused, Fault::status(403));
    let larder = Larder::at(&hub);
    let ran = larder.pulled([ID, "--json", "--fallback", OTHER]);
    assert_right(&larder, &hub, &ran);
    // One refusal for each content, said once.
    ran.says(&["asking hf:other/weights at "]);
    assert_eq!(ran.stderr.matches("instead").count(), 1, "{ran:#?}");
    assert_eq!(ran.json()["sources"].as_array().unwrap().len(), 1);
    assert_eq!(ran.json()["sources"][0]["repo"], OTHER);
}

#[test]
fn another_content_under_the_same_name_is_no_source() {
    let (hub, mirror) = pair(repo(&Content::synthetic(20 * MB, 22)));
    let larder = Larder::at(&hub);
    let ran = larder.pull([ID, "--fallback", &mirror.endpoint()]).run();
    let ran = ran.exited(5);
    let lacks = format!("{} has another content under this name", place(&mirror));
    assert_eq!(ran.stderr.matches(&lacks).count(), 1, "{ran:#?}");
    ran.says(&[&format!("{}: has another content", place(&mirror))]);
    assert_eq!(mirror.log().bytes_sent_by(Origin::Cdn), 0);
    assert_unpublished(&larder);
}

#[test]
fn a_fallback_without_the_file_is_named() {
    let (hub, mirror) = pair(Repo::model(ID).file("README.md", "empty\n"));
    let larder = Larder::at(&hub);
    let ran = larder.pull([ID, "--fallback", &mirror.endpoint()]).run();
    let lacks = format!("{}: has no file with this content", place(&mirror));
    ran.exited(5).says(&[&lacks, &format!("{}: ", place(&hub))]);
}

#[test]
fn a_fallback_that_does_not_have_the_repo_is_named() {
    let (hub, mirror) = pair(Repo::model("org/unrelated"));
    let larder = Larder::at(&hub);
    let ran = larder.pull([ID, "--fallback", &mirror.endpoint()]).run();
    let lacks = format!("{}: the hub has no such repo", place(&mirror));
    ran.exited(5).says(&[&lacks]);
}

#[test]
fn wrong_bytes_of_a_fallback_get_no_name() {
    let (hub, mirror) = pair(repo(&weights()));
    let flip = Fault::FlipBit {
        offset_in_file: 7 * MB,
    };
    mirror.faults().always(Match::cdn(), flip);
    let larder = Larder::at(&hub);
    let ran = larder.pull([ID, "--fallback", &mirror.endpoint()]).run();
    let wrong = format!("{}: checksum mismatch", place(&mirror));
    ran.exited(6).says(&[&wrong]);
    assert_unpublished(&larder);
    assert!(!larder.blob(weights().sha256()).exists());
}

#[test]
fn who_lies_is_replaced() {
    let (hub, mirror) = twins(&weights(), None);
    for origin in [Match::cdn(), Match::hub().path("/resolve/")] {
        let flip = Fault::FlipBit { offset_in_file: 3 };
        hub.faults().always(origin.method("GET"), flip);
    }
    let larder = Larder::at(&hub);
    let ran = larder.pulled([ID, "--fallback", &mirror.endpoint()]);
    assert_right(&larder, &mirror, &ran);
    ran.says(&["checksum mismatch"]);
}

#[test]
fn who_lies_and_who_has_nothing_are_both_replaced() {
    let (hub, good) = twins(&weights(), None);
    for origin in [Match::cdn(), Match::hub().path("/resolve/")] {
        let flip = Fault::FlipBit { offset_in_file: 3 };
        hub.faults().always(origin.method("GET"), flip);
    }
    let none = Hub::builder()
        .repo(Repo::model(ID).file("README.md", "empty\n"))
        .start();
    let larder = Larder::at(&hub);
    let pull = larder.pull([ID, "--fallback", &none.endpoint()]);
    let ran = pull.and(["--fallback", &good.endpoint()]).run();
    assert_right(&larder, &good, &ran);
    ran.says(&["checksum mismatch"]);
}

#[test]
fn after_wrong_bytes_of_two_origins_all_come_from_one() {
    let _turn = turn();
    let large = Content::synthetic(80 * MB, 23);
    let (hub, mirror) = twins(&large, Some(4 * MB));
    let flips: Vec<u64> = (0..16).map(|part| part * 5 * MB).collect();
    for offset_in_file in flips {
        let flip = Fault::FlipBit { offset_in_file };
        mirror
            .faults()
            .always(Match::cdn().offset(offset_in_file), flip);
    }
    let larder = Larder::at(&hub);
    let ran = larder.pulled([ID, "--spread", "--fallback", &mirror.endpoint()]);
    assert_right(&larder, &hub, &ran);
    ran.says(&["checksum mismatch"]);
    let of_hub = hub.log().bytes_sent_by(Origin::Cdn);
    assert!(of_hub >= 80 * MB, "{of_hub} bytes");
}

#[test]
fn the_asked_revision_is_no_fallback_of_another_one() {
    let (hub, _mirror) = twins(&Content::synthetic(MB, 45), None);
    let larder = Larder::at(&hub);
    let commit = hub.commit_of(ID, "main").unwrap();
    let other = format!("{ID}@{commit}");
    let ran = larder.pulled([ID, "--fallback", &other]);
    assert_right(&larder, &hub, &ran);
    assert!(!ran.stderr.contains("of it from"), "{ran:#?}");
}
