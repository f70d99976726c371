//! Signed URLs that are particular, and a file that is replaced while it is fetched.

use super::table::Place;
use super::*;

#[test]
fn a_url_that_refuses_every_range_but_its_own_costs_no_line() {
    let builder = Hub::builder().repo(repo()).bind_range(true);
    let hub = builder.shared_urls(false).start();
    let larder = Larder::at(&hub);
    let ran = pull(&larder).run();
    assert_right(&larder, &hub, &ran);
    assert_eq!(lines(&ran), 0, "{ran:#?}");
    assert!(hub.log().count(|request| request.status == Some(403)) > 0);
}

/// A hub whose storage breaks off after some megabytes and takes the URL for expired, and which then
/// says so many times that the file is another one.
fn replaced_in_the_middle(times: u64) -> (Hub, Larder) {
    let (hub, larder) = plain();
    let cut = Fault::CutAfter {
        bytes: 3 * MB,
        reset: false,
    };
    hub.faults().times(2, Match::cdn(), cut);
    hub.faults().times(2, Match::cdn(), Fault::ExpireUrl);
    let later = Place::Door.requests().during(1..1 + times);
    hub.faults().always(later, Fault::WrongEtag);
    (hub, larder)
}

#[test]
fn an_etag_that_changes_in_the_middle_is_not_believed_at_once() {
    let (hub, larder) = replaced_in_the_middle(1);
    let ran = pull(&larder).and(["--connections", "1"]).run();
    assert_right(&larder, &hub, &ran);
    ran.says(&["other content than listed"]);
    let again = sent(&hub, |_| true) - total(&hub);
    assert!(again <= ON_ITS_WAY, "{again} bytes again");
}

#[test]
fn an_etag_that_stays_changed_is_an_error_and_what_was_fetched_is_kept() {
    let (hub, larder) = replaced_in_the_middle(1000);
    let call = pull(&larder).and(["--connections", "1"]);
    let ran = call.run().exited(5);
    ran.says(&[
        "cannot fetch model.safetensors",
        "other content than listed",
    ]);
    let before = hub.log().bytes_sent_by(Origin::Cdn);
    assert!(before > 5 * MB, "it was in the middle");
    hub.faults().clear();
    hub.log().clear();
    assert_right(&larder, &hub, &pull(&larder).run());
    let again = before + covered(&hub.log().requests()) - LEN;
    assert!(again <= ON_ITS_WAY, "{again} bytes again");
}
