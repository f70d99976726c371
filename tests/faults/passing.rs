//! Faults that are gone at the next try.

use super::table::{Place, cases_of};
use super::*;

/// A pull that waits no longer for a silent server than it must, and never for a busy machine.
fn call<'a>(larder: &'a Larder, case: &Case) -> Call<'a> {
    if case.row.is_silent {
        within(case.site.pull(larder), "3")
    } else {
        case.site.pull(larder)
    }
}

#[test]
fn what_passes_ends_in_the_right_file() {
    passes_in_the_right_file(Site::HuggingFace);
}

#[test]
fn what_passes_on_modelscope_ends_in_the_right_file() {
    passes_in_the_right_file(Site::ModelScope);
}

fn passes_in_the_right_file(site: Site) {
    let _turn = turn();
    side_by_side(6, &cases_of(site), |case| {
        let (hub, larder) = plain();
        hub.faults().once(case.requests(), (case.row.fault)());
        // One connection, so that what is sent twice is sent for no other reason.
        let ran = call(&larder, case).and(["--connections", "1"]).run();
        assert_eq!(hub.faults().played(), 1);
        assert_right_of(site, &larder, &hub, &ran);
        assert!(lines(&ran) <= 1, "{ran:#?}");
        let again = sent(&hub, |_| true) - total(&hub);
        assert!(again <= case.row.again.bytes(), "{again} bytes again");
    });
}

#[test]
fn what_passes_is_one_line_however_many_connections_meet_it() {
    passes_in_one_line(Site::HuggingFace);
}

#[test]
fn what_passes_on_modelscope_is_one_line_however_many_connections_meet_it() {
    passes_in_one_line(Site::ModelScope);
}

fn passes_in_one_line(site: Site) {
    let _turn = turn();
    let mut cases = cases_of(site);
    cases.retain(|case| matches!(case.place, Place::Door | Place::Storage));
    side_by_side(6, &cases, |case| {
        let (hub, larder) = plain();
        hub.faults().once(case.requests(), (case.row.fault)());
        let ran = call(&larder, case).run();
        assert_eq!(hub.faults().played(), 1);
        assert_right_of(site, &larder, &hub, &ran);
        assert!(lines(&ran) <= 1, "{ran:#?}");
    });
}
