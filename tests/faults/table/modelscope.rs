//! The same faults on ModelScope: where its requests go, and the few places where it says less.

use super::*;

/// The requests of a kind.
pub(super) fn requests(place: Place) -> Match {
    match place {
        Revision => Match::hub().path("/commits"),
        Listing => Match::hub().path("/repo/files"),
        Door => Match::hub().query(WEIGHTS),
        Small => Match::hub().query(SMALL),
        Storage => Match::cdn(),
    }
}

/// What comes of a fault that stays. Only the words differ, but for a wrong length on the way to a
/// file: no answer on the way tells one.
pub(super) fn stays(case: &Case) -> Stays {
    let instead = "instead of";
    match (case.stays, case.place) {
        (Fails(_, "are listed"), Door) => Right,
        (Fails(code, "are listed"), _) if case.row.name.starts_with("gzip") => {
            Fails(code, "bytes coded as gzip, unasked")
        }
        (Fails(code, "are listed"), _) => Fails(code, instead),
        // Nothing marks an answer as the hub's: what it is not has to tell.
        (Fails(code, "it is not a Hugging Face hub"), _) => Fails(code, "a web page instead of"),
        (stays, _) => stays,
    }
}
