//! Connections that break, fall silent or crawl.

use super::*;

const NOTHING: &str = "nothing arrived from";

pub(super) const ROWS: &[Row] = &[
    row(
        "the connection is reset before an answer",
        || Fault::ResetBeforeHeaders,
        &[(ALL, Fails(5, "the connection to"))],
    ),
    row(
        "the connection is reset in the middle of a body",
        || Fault::CutAfter {
            bytes: 100,
            reset: true,
        },
        &[(BODIES, Fails(5, "the connection to"))],
    ),
    row(
        "the connection ends in the middle of a body",
        || Fault::CutAfter {
            bytes: 100,
            reset: false,
        },
        &[
            (API, Fails(5, "the connection to")),
            (FILES, Fails(5, "sent 100 of")),
        ],
    ),
    row(
        "the connection is reset at the end of a body",
        || Fault::CutAfter {
            bytes: u64::MAX,
            reset: true,
        },
        &[(BODIES, Right)],
    ),
    row(
        "the connection ends at the end of a body",
        || Fault::CutAfter {
            bytes: u64::MAX,
            reset: false,
        },
        &[(BODIES, Right)],
    ),
    row(
        "silence instead of an answer",
        || Fault::Silence,
        &[(ALL, Fails(5, NOTHING))],
    )
    .ends_by_timeout(),
    row(
        "silence in place of a body",
        || Fault::Stall { after_bytes: 0 },
        &[(BODIES, Fails(5, NOTHING))],
    )
    .ends_by_timeout(),
    row(
        "silence in the middle of a body",
        || Fault::Stall { after_bytes: 100 },
        &[(BODIES, Fails(5, "sent only 100 B in"))],
    )
    .ends_by_timeout(),
    row(
        "one byte a second",
        || Fault::Drip {
            bytes_per_second: 1,
            after_bytes: 0,
        },
        &[(BODIES, Fails(5, "sent only"))],
    )
    .ends_by_timeout(),
    row(
        "20 kB/s",
        || Fault::Drip {
            bytes_per_second: 20_000,
            after_bytes: 0,
        },
        &[(&[Revision, Listing, Small], Right)],
    ),
];
