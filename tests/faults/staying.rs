//! Faults that stay: the error, and the next pull, which goes on.

use super::table::{Again, Place, Stays, cases_of};
use super::*;

/// Bytes that are here before anything goes wrong.
const BEFORE: u64 = 6 * MB;

/// Pulls until some of the weights are here, and is interrupted; how many bytes of them were sent.
fn begin(site: Site, hub: &Hub, larder: &Larder) -> u64 {
    // So slow that little waits in the socket of a process that has no turn for a while.
    let rate = Some(2 * MB);
    let slow = Shape {
        rate,
        ..Shape::default()
    };
    hub.set_shape(Origin::Cdn, slow);
    // One connection, so that little is on its way at the end.
    let running = site.pull(larder).and(["--connections", "1"]).spawn();
    let bytes = |requests: &[Record]| requests.iter().map(|r| r.body_bytes_sent).sum::<u64>();
    let reached = |requests: &[Record]| bytes(requests) >= BEFORE;
    assert!(hub.log().block_until(LIMIT, reached), "nothing arrives");
    running.interrupt();
    running.wait().exited(130);
    hub.set_shape(Origin::Cdn, Shape::default());
    let before = hub.log().bytes_sent_by(Origin::Cdn);
    hub.log().clear();
    before
}

#[test]
fn what_stays_is_named_and_what_was_fetched_is_kept() {
    stays(Site::HuggingFace);
}

#[test]
fn what_stays_on_modelscope_is_named_and_what_was_fetched_is_kept() {
    stays(Site::ModelScope);
}

fn stays(site: Site) {
    let _turn = turn();
    side_by_side(32, &cases_of(site), |case| {
        let (hub, larder) = plain();
        let before = match case.place {
            // What is here already is not asked for again.
            Place::Listing | Place::Small => 0,
            _ => begin(site, &hub, &larder),
        };
        hub.faults().always(case.requests(), (case.row.fault)());
        let call = if case.row.is_silent {
            within(site.pull(&larder), "1")
        } else {
            site.pull(&larder)
        };
        let ran = call.run();
        assert!(hub.faults().played() > 0, "never asked");
        if let Stays::Fails(code, words) = case.stays {
            let ran = ran.exited(code);
            ran.says(&["error: cannot ", "caused by: ", "hint: ", words]);
            assert!(!site.folder(&larder, &hub).exists());
            hub.faults().clear();
            hub.log().clear();
            assert_right_of(site, &larder, &hub, &site.pull(&larder).run());
        } else {
            assert_right_of(site, &larder, &hub, &ran);
        }
        // Where wrong bytes were taken for right ones, nobody can say which: nothing is kept.
        if case.row.again == Again::OnItsWay {
            let again = (before + covered(&hub.log().requests())).saturating_sub(LEN);
            assert!(again <= ON_ITS_WAY, "{again} bytes again");
        }
    });
}
