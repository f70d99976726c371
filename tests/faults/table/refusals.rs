//! Answers that refuse: for a while, or because a URL is too old.

use super::*;

/// 429 with these headers.
fn too_many(headers: &[(&str, &str)]) -> Fault {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Fault::Status {
        code: 429,
        headers: headers.iter().map(owned).collect(),
        body: "slow down".into(),
    }
}

const LIMITED: &str = "limits the rate of requests: 429";
const REFUSED: &str = "the download URL was refused";

pub(super) const ROWS: &[Row] = &[
    row(
        "500 with a page",
        || Fault::status(500),
        &[(ALL, Fails(5, "answered 500"))],
    ),
    row(
        "502 with a page",
        || Fault::status(502),
        &[(ALL, Fails(5, "answered 502"))],
    ),
    row(
        "503 with a page",
        || Fault::status(503),
        &[(ALL, Fails(5, "answered 503"))],
    ),
    row(
        "504 with a page",
        || Fault::status(504),
        &[(ALL, Fails(5, "answered 504"))],
    ),
    row(
        "408",
        || Fault::status(408),
        &[(ALL, Fails(5, "answered 408"))],
    ),
    row(
        "429 with `Retry-After` in seconds",
        || too_many(&[("Retry-After", "1")]),
        &[(ALL, Fails(5, LIMITED))],
    ),
    row(
        "429 with `Retry-After` as a date",
        || {
            let then = std::time::SystemTime::now() + Duration::from_secs(2);
            too_many(&[("Retry-After", &httpdate::fmt_http_date(then))])
        },
        &[(ALL, Fails(5, LIMITED))],
    ),
    row(
        "429 with `RateLimit`",
        || too_many(&[("RateLimit", "\"resolvers\";r=0;t=1")]),
        &[(ALL, Fails(5, LIMITED))],
    ),
    row(
        "403 for an expired URL",
        || Fault::ExpireUrl,
        &[(CDN, Fails(5, REFUSED))],
    ),
    row(
        "404 for an expired URL",
        || Fault::status(404),
        &[(CDN, Fails(5, REFUSED))],
    ),
    row(
        "410 for an expired URL",
        || Fault::status(410),
        &[(CDN, Fails(5, REFUSED))],
    ),
    row(
        "401 for an expired URL",
        || Fault::status(401),
        &[(CDN, Fails(5, REFUSED))],
    ),
    row(
        "the hub names a URL that has expired",
        || Fault::ExpireUrl,
        &[(&[Door], Fails(5, REFUSED))],
    ),
];
