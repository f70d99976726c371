//! Waits that a hub asks for.

use super::table::Place;
use super::*;

#[test]
fn a_rate_limit_is_honoured_and_shown() {
    for place in [Place::Revision, Place::Small, Place::Storage] {
        let (hub, larder) = plain();
        hub.faults()
            .once(place.requests(), Fault::too_many_requests(1));
        let ran = pull(&larder).run();
        ran.says(&["429", "We had to rate limit you"]);
        // The end of the window, a second more, and a little that differs between clients.
        let waits = ["again in 2 s", "again in 3 s"];
        assert!(
            waits.iter().any(|wait| ran.stderr.contains(wait)),
            "{ran:#?}"
        );
        assert_right(&larder, &hub, &ran);
    }
}

#[test]
fn a_wait_of_more_than_five_minutes_is_told_instead_of_kept() {
    for place in [Place::Revision, Place::Small, Place::Storage] {
        let (hub, larder) = plain();
        hub.faults()
            .always(place.requests(), Fault::too_many_requests(4000));
        let ran = pull(&larder).run().exited(5);
        ran.says(&["limits the rate of requests", "try again in 4001 s"]);
        hub.faults().clear();
        assert_right(&larder, &hub, &pull(&larder).run());
    }
}
