//! Redirects to where nothing good comes from.

use super::*;
use crate::front::Front;

/// Another host, which answers everything with a login page.
static PORTAL: LazyLock<Hub> = LazyLock::new(|| {
    let hub = Hub::builder().start();
    hub.faults().always(Match::any(), Fault::HtmlPortal);
    hub
});

/// The same by TLS, with a certificate that nobody vouches for.
static STRANGER: LazyLock<Front> = LazyLock::new(|| Front::tls(PORTAL.address(Origin::Hub)));

fn to(base: impl std::fmt::Display) -> Fault {
    let url = format!("{base}/login");
    Fault::RedirectTo { url }
}

pub(super) const ROWS: &[Row] = &[
    row(
        "redirects in a circle",
        || Fault::RedirectLoop,
        &[(ALL, Fails(5, "redirects in a circle"))],
    ),
    row(
        "a redirect to the login page of another host",
        || to(PORTAL.endpoint()),
        &[
            (API, Fails(5, "a web page instead of JSON")),
            (RESOLVE, Fails(5, "it is not a Hugging Face hub")),
            (CDN, Fails(5, "a web page instead of a range")),
        ],
    ),
    row(
        "a host that has no address",
        || to("http://no-such-host.invalid"),
        &[(ALL, Fails(5, "cannot reach no-such-host.invalid: "))],
    ),
    row(
        "a host that refuses the connection",
        || to("http://127.0.0.1:1"),
        &[(ALL, Fails(5, "cannot reach 127.0.0.1:1: "))],
    ),
    row(
        "a certificate that nobody vouches for",
        || to(format!("https://{}", STRANGER.address())),
        &[(ALL, Fails(5, "certificate"))],
    ),
];
