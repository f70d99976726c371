//! Listings that the site cuts, and rows that leave out what proves a file.

use super::*;

/// A repo with so many empty files.
fn many(count: usize, path: impl Fn(usize) -> String) -> Repo {
    let files = (0..count).map(path);
    files.fold(Repo::model(ID), |repo, path| repo.file(&path, b""))
}

#[test]
fn seven_thousand_files_in_nested_folders_arrive_whole() {
    let repo = many(7500, |n| format!("data/{}/{}/{n}.txt", n % 5, n % 4));
    let (hub, larder) = start(Hub::builder().repo(repo.file("README.md", b"#\n")));
    let ran = larder.pulled([ms(ID)]);
    assert_whole(&larder, &hub, ID, &ran);
    let listings = hub.log().count(|r| r.path.ends_with("/repo/files"));
    assert!((3..20).contains(&listings), "{listings} listings");
}

#[test]
fn a_folder_that_the_site_cannot_list_is_named() {
    let (hub, larder) = start(Hub::builder().repo(many(3200, |n| format!("raw/{n}.txt"))));
    let ran = larder.pull([ms(ID)]).run().exited(5);
    ran.says(&["at most 3000 entries", "`raw`", "nobody can know the rest"]);
    assert!(!larder.modelscope(ID, "master").exists());
    assert_eq!(hub.log().count(is_bytes), 0);
}

#[test]
fn a_dataset_comes_by_pages() {
    for page_cap in [usize::MAX, 70] {
        let files = (0..230).map(|n| format!("part/{n}.txt"));
        let data = Repo::dataset("org/data");
        let data = files.fold(data, |data, path| data.file(&path, path.as_str()));
        let (hub, larder) = start(Hub::builder().repo(data).page_cap(page_cap));
        let ran = larder.pulled(["ms:datasets/org/data"]);
        assert_whole(&larder, &hub, "datasets/org/data", &ran);
    }
}

#[test]
fn digests_in_capitals_are_digests() {
    let (hub, larder) = start(Hub::builder().repo(repo()).digests(Digests::Upper));
    let ran = larder.pulled([ms(ID)]);
    assert_whole(&larder, &hub, ID, &ran);
}

#[test]
fn a_digest_that_no_row_tells_is_asked_for_once() {
    let (hub, larder) = start(Hub::builder().repo(repo()).digests(Digests::Linked));
    let ran = larder.pulled([ms(ID)]);
    assert_whole(&larder, &hub, ID, &ran);
    // One byte for its sake, and one to learn where the file is.
    let bytes = |r: &Record| r.query.contains(WEIGHTS) && r.range.as_deref() == Some("bytes=0-0");
    assert_eq!(hub.log().count(|r| r.origin == Origin::Hub && bytes(r)), 2);
}

#[test]
fn who_refuses_the_digest_of_one_file_stops_no_other() {
    let builder = |digests| Hub::builder().repo(repo()).digests(digests);
    let (hub, larder) = start(builder(Digests::Distant));
    // As often as it is asked.
    hub.faults().times(6, Match::cdn(), Fault::status(503));
    let ran = larder.pulled([ms(ID), "--exclude".into(), WEIGHTS.into()]);
    ran.says(&["model.safetensors: its checksum is not known", "503"]);
    hub.faults().always(Match::cdn(), Fault::status(403));
    let ran = larder.pull([ms(ID)]).run().exited(6);
    ran.says(&["tells no checksum of `model.safetensors`"]);
    hub.faults().clear();
    let ran = larder.pulled([ms(ID)]);
    assert_whole(&larder, &hub, ID, &ran);

    // Where the hub itself tells it, nobody else is asked.
    let (hub, larder) = start(builder(Digests::Linked));
    larder.pulled([ms(ID), "config.json".into()]);
    assert_eq!(hub.log().count(|r| r.origin == Origin::Cdn), 0);
}

#[test]
fn what_nothing_proves_is_refused_by_name_and_can_be_left_out() {
    let builder = || Hub::builder().repo(repo()).digests(Digests::Missing);
    let (hub, larder) = start(builder());
    let ran = larder.pull([ms(ID)]).run().exited(6);
    ran.says(&[
        "tells no checksum of `config.json` (and 1 more)",
        "--exclude 'config.json'",
    ]);
    assert!(!larder.modelscope(ID, "master").exists());
    let sent = hub.log().bytes_sent_by(Origin::Cdn);
    assert_eq!(sent, 0, "nothing is fetched that cannot be published");

    let (_hub, larder) = start(builder());
    larder.pulled([ms(ID), WEIGHTS.into()]);
    // What was recorded of the listing does not make them provable.
    larder.pull([ms(ID), "--offline".into()]).run().exited(6);
}

#[test]
fn a_digest_that_was_not_told_is_asked_for_again_until_it_is() {
    let missing = Hub::builder().repo(repo()).digests(Digests::Missing);
    let (missing, larder) = start(missing);
    larder.pulled([ms(ID), WEIGHTS.into()]);
    let told = Hub::builder().repo(repo()).start();
    let at_told = || {
        let call = larder.pull([ms(ID)]);
        call.env("MODELSCOPE_ENDPOINT", told.endpoint()).run()
    };
    let ran = at_told().succeeded();
    assert_whole(&larder, &told, ID, &ran);
    let listings = |hub: &Hub| hub.log().count(|r| r.path.ends_with("/repo/files"));
    at_told().succeeded();
    assert_eq!(listings(&told), 1);
    missing.log().clear();
    larder.pulled([ms(ID)]);
    assert_eq!(listings(&missing), 0, "what was told once is known");
}

#[test]
fn a_listing_of_nothing_is_not_a_repo_of_nothing() {
    for body in [
        r#"{"Code":200,"Success":true,"Data":{"Files":null}}"#,
        r#"{"Code":200,"Success":true,"Data":{"Files":[]}}"#,
        r#"{"Code":500,"Success":false,"Message":"kaputt"}"#,
    ] {
        let (hub, larder) = plain();
        let body = body.to_owned();
        let nothing = Fault::ReplaceJson { body };
        hub.faults()
            .always(Match::hub().path("/repo/files"), nothing);
        larder.pull([ms(ID)]).run().exited(5);
        assert!(!larder.modelscope(ID, "master").exists());
    }
}
