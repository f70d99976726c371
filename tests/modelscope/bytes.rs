//! The bytes: from the site, from its CDN, and in every form of an answer to a range.

use super::*;

#[test]
fn a_model_is_pulled_whole() {
    let (hub, larder) = plain();
    let ran = larder.pulled([ms(ID)]);
    assert_whole(&larder, &hub, ID, &ran);
    let commit = hub.commit_of(ID, "main").unwrap();
    let asked = hub.log().select(|r| r.path.starts_with("/api/v1/"));
    let is_pinned = |r: &Record| r.path.ends_with("/commits") || r.query.contains(&commit);
    assert!(asked.iter().all(is_pinned), "a branch moves: {asked:#?}");
    // The row says that it is empty; an answer would say that it is missing.
    assert_eq!(hub.log().count(|r| r.query.contains("empty.txt")), 0);

    hub.log().clear();
    let again = larder.pulled([ms(ID)]);
    assert_whole(&larder, &hub, ID, &again);
    assert_eq!(hub.log().requests().len(), 1, "it is all here");
}

#[test]
fn a_large_file_of_the_site_itself_comes_in_ranges() {
    for direct in [Direct::Slice200, Direct::Slice206] {
        let (hub, larder) = start(Hub::builder().repo(repo()).large_direct(direct));
        let ran = larder.pulled([ms(ID)]);
        assert_whole(&larder, &hub, ID, &ran);
        assert_eq!(hub.log().bytes_sent_by(Origin::Cdn), 0);
        let weights = |r: &Record| r.query.contains(WEIGHTS) && r.range.is_some();
        let sent = hub.log().select(weights);
        let sent: u64 = sent.iter().map(|request| request.body_bytes_sent).sum();
        assert!(sent < LEN * 3 / 2, "{direct:?}: {sent} bytes");
    }
}

#[test]
fn a_site_that_ignores_ranges_sends_the_file_about_once() {
    let middle = Content::synthetic(9_000_000, 3);
    let repo = repo().lfs("middle.bin", middle);
    let (hub, larder) = start(Hub::builder().repo(repo).large_direct(Direct::Whole));
    let ran = larder.pulled([ms(ID)]);
    assert_whole(&larder, &hub, ID, &ran);
    let sent = |name: &str| {
        let requests = hub.log().select(|r| r.query.contains(name));
        let sent = requests.iter().map(|request| request.body_bytes_sent);
        sent.sum::<u64>()
    };
    // Besides it, what is on its way when a question is answered with a body.
    assert!(sent(WEIGHTS) < 2 * LEN, "{} bytes", sent(WEIGHTS));
    assert!(
        sent("middle.bin") < 27_000_000,
        "{} bytes",
        sent("middle.bin")
    );
}

#[test]
fn what_was_fetched_before_a_kill_is_not_fetched_again() {
    let (hub, larder) = start(Hub::builder().repo(repo()).rate(4_000_000));
    let running = larder
        .pull([ms(ID), "--connections".into(), "2".into()])
        .spawn();
    let limit = std::time::Duration::from_secs(60);
    let half = |requests: &[Record]| {
        let sent = requests.iter().filter(|r| is_bytes(r));
        sent.map(|request| request.body_bytes_sent).sum::<u64>() > LEN / 2
    };
    assert!(hub.log().block_until(limit, half), "never came to the half");
    running.kill_9();
    hub.log().clear();
    let ran = larder.pulled([ms(ID)]);
    assert_whole(&larder, &hub, ID, &ran);
    assert!(hub.log().bytes_asked() < LEN * 6 / 10);
}

#[test]
fn an_error_in_place_of_a_file_is_taken_for_what_it_says() {
    const NO_FILE: u64 = 10_990_101_007;
    for file in ["config.json", WEIGHTS] {
        let (hub, larder) = plain();
        let gone = Fault::business(200, NO_FILE, "nicht da");
        hub.faults().always(Match::hub().query(file), gone);
        let ran = larder.pull([ms(ID)]).run().exited(3);
        ran.says(&[&format!("has no file `{file}`")]);
    }
}

#[test]
fn a_load_that_passes_is_waited_out() {
    let (hub, larder) = plain();
    let calls = [
        Match::hub().path("/commits"),
        Match::hub().path("/repo/files"),
        Match::hub().query("config.json"),
        Match::hub().query(WEIGHTS),
    ];
    for call in calls {
        hub.faults().once(call, Fault::overloaded());
    }
    let ran = larder.pulled([ms(ID)]);
    ran.says(&["the hub is overloaded"]);
    assert_whole(&larder, &hub, ID, &ran);
    assert_eq!(hub.faults().played(), 4);
}
