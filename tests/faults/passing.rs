//! Faults that are gone at the next try.

use super::table::{Place, cases};
use super::*;

/// A pull that waits no longer for a silent server than it must, and never for a busy machine.
fn call<'a>(larder: &'a Larder, case: &Case) -> Call<'a> {
    if case.row.is_silent {
        pull_within(larder, "3")
    } else {
        pull(larder)
    }
}

#[test]
fn what_passes_ends_in_the_right_file() {
    let _turn = turn();
    side_by_side(6, &cases(), |case| {
        let (hub, larder) = plain();
        hub.faults().once(case.place.requests(), (case.row.fault)());
        // One connection, so that what is sent twice is sent for no other reason.
        let ran = call(&larder, case).and(["--connections", "1"]).run();
        assert_eq!(hub.faults().played(), 1);
        assert_right(&larder, &hub, &ran);
        assert!(lines(&ran) <= 1, "{ran:#?}");
        let again = sent(&hub, |_| true) - total(&hub);
        assert!(again <= case.row.again.bytes(), "{again} bytes again");
    });
}

#[test]
fn what_passes_is_one_line_however_many_connections_meet_it() {
    let _turn = turn();
    let mut cases = cases();
    cases.retain(|case| matches!(case.place, Place::Door | Place::Storage));
    side_by_side(6, &cases, |case| {
        let (hub, larder) = plain();
        hub.faults().once(case.place.requests(), (case.row.fault)());
        let ran = call(&larder, case).run();
        assert_eq!(hub.faults().played(), 1);
        assert_right(&larder, &hub, &ran);
        assert!(lines(&ran) <= 1, "{ran:#?}");
    });
}
