//! Answers that are not what was asked for.

use super::*;

const GZIP: &str = "bytes coded as gzip, unasked";
const NOT_ASKED: &str = "instead of";
const NONSENSE: &str = "makes no sense";
const OTHER: &str = "other content than listed";

pub(super) const ROWS: &[Row] = &[
    row(
        "206 with another range",
        || Fault::WrongRange { shift: 16 },
        &[(CDN, Fails(5, NOT_ASKED))],
    ),
    row(
        "206 with a wrong total",
        || Fault::WrongTotal,
        &[(CDN, Fails(5, NOT_ASKED))],
    ),
    row(
        "another size than listed",
        || Fault::WrongTotal,
        &[(&[Door], Fails(5, "are listed"))],
    ),
    row(
        "206 with less than was asked for",
        || Fault::ShortRange { missing: 1 },
        &[(CDN, Fails(5, NOT_ASKED))],
    ),
    row(
        "206 with more than was asked for",
        || Fault::LongRange { more: 1 },
        &[(CDN, Fails(5, NOT_ASKED))],
    ),
    row(
        "200 with the whole file instead of a range",
        || Fault::IgnoreRange,
        &[(CDN, Fails(5, "a whole body instead of a range"))],
    ),
    row(
        "the right slice with status 200",
        || Fault::SliceWith200,
        &[(CDN, Fails(5, "a whole body instead of a range"))],
    ),
    row(
        "gzip where the plain bytes were asked for",
        || Fault::Gzip,
        &[
            (API, Fails(5, GZIP)),
            (&[Small], Fails(5, "are listed")),
            (CDN, Fails(5, GZIP)),
        ],
    ),
    row(
        "chunks without a length",
        || Fault::Chunked,
        &[(BODIES, Right)],
    ),
    row(
        "a `Content-Length` that promises too much",
        || Fault::LyingContentLength { by: 1 },
        &[
            (API, Fails(5, "the connection to")),
            (&[Small], Fails(5, "are listed")),
            (CDN, Fails(5, NOT_ASKED)),
        ],
    ),
    row(
        "a `Content-Length` that promises too little",
        || Fault::LyingContentLength { by: -1 },
        &[
            (API, Fails(5, NONSENSE)),
            (&[Small], Fails(5, "are listed")),
            (CDN, Fails(5, NOT_ASKED)),
        ],
    ),
    row(
        "a body that ends early, with a length to match",
        || Fault::ShortLength { missing: 1 },
        &[
            (API, Fails(5, NONSENSE)),
            (&[Small], Fails(5, "are listed")),
            (CDN, Fails(5, NOT_ASKED)),
        ],
    ),
    row(
        "a body that is too long, with a length to match",
        || Fault::ExtraBytes { count: 1 },
        &[
            (API, Fails(5, NONSENSE)),
            (&[Small], Fails(5, "are listed")),
            (CDN, Fails(5, NOT_ASKED)),
        ],
    ),
    row(
        "another etag",
        || Fault::WrongEtag,
        &[(RESOLVE, Fails(5, OTHER)), (CDN, Right)],
    ),
    row(
        "one wrong bit in a small file",
        || Fault::FlipBit { offset_in_file: 0 },
        &[(&[Small], Fails(6, "checksum mismatch"))],
    )
    .costs_the_file(),
    row(
        "one wrong bit in a large file",
        || Fault::FlipBit {
            offset_in_file: LEN - 1,
        },
        &[(CDN, Fails(6, "checksum mismatch"))],
    )
    .costs_the_file(),
    row(
        "the page of a captive portal, with status 200",
        || Fault::HtmlPortal,
        &[
            (API, Fails(5, "a web page instead of JSON")),
            (RESOLVE, Fails(5, "it is not a Hugging Face hub")),
            (CDN, Fails(5, "a web page instead of a range")),
        ],
    ),
    row(
        "a body without end",
        || Fault::EndlessBody,
        &[
            (API, Fails(5, "more than 64 MiB of JSON")),
            (FILES, Fails(5, "more than the")),
        ],
    )
    .costs_the_file(),
];
