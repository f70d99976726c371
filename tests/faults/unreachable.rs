//! A hub that is not there at all.

use super::*;

/// Nothing of a pull from this endpoint works; says why and what to check.
fn is_unreachable(endpoint: &str, words: &str) {
    let larder = Larder::with_endpoint(endpoint);
    let ran = pull(&larder).run().exited(5);
    let what = format!("cannot pull {ID}");
    ran.says(&[
        &what,
        words,
        "hint: check the network, HTTPS_PROXY, HF_ENDPOINT",
    ]);
    // A line for each further try, unless they follow each other at once.
    assert!((1..=5).contains(&lines(&ran)), "{ran:#?}");
}

#[test]
fn a_hub_without_an_address() {
    is_unreachable(
        "http://no-such-host.invalid",
        "cannot reach no-such-host.invalid: ",
    );
}

#[test]
fn a_hub_that_refuses_connections() {
    is_unreachable(
        "http://127.0.0.1:1",
        "cannot reach 127.0.0.1:1: Connection refused",
    );
}
