//! Origins that crawl, and several at once.

use super::*;

#[test]
fn a_hub_that_crawls_is_helped() {
    const LEN: u64 = 30 * MB;
    let _turn = turn();
    let (hub, mirror) = twins(&Content::synthetic(LEN, 41), Some(15_000));
    mirror.set_shape(Origin::Cdn, Shape::default());
    let larder = Larder::at(&hub);
    let ran = larder.pulled([ID, "--fallback", &mirror.endpoint()]);
    assert_right(&larder, &hub, &ran);
    ran.says(&[&format!("slowly: asking {} as well", place(&mirror))]);
    let (slow, fast) = (hub.log().bytes_sent(), mirror.log().bytes_sent());
    assert!(fast >= LEN * 8 / 10, "{fast} bytes");
    assert!(slow + fast <= LEN + LEN / 8, "{slow} and {fast} bytes");
}

#[test]
fn a_hub_that_falls_silent_is_replaced() {
    const LEN: u64 = 30 * MB;
    let _turn = turn();
    let (hub, mirror) = twins(&Content::synthetic(LEN, 42), None);
    let stall = Fault::Stall {
        after_bytes: MB / 2,
    };
    hub.faults().always(Match::cdn(), stall);
    let larder = Larder::at(&hub);
    let pull = larder.pull([ID, "--fallback", &mirror.endpoint()]);
    // The timeout is longer than any test.
    let ran = pull.env("HF_HUB_DOWNLOAD_TIMEOUT", "1000").run();
    assert_right(&larder, &hub, &ran);
}

#[test]
fn spread_over_two_each_brings_its_share() {
    const LEN: u64 = 200 * MB;
    let _turn = turn();
    let (hub, mirror) = twins(&Content::synthetic(LEN, 43), Some(3 * MB));
    let larder = Larder::at(&hub);
    let ran = larder.pulled([ID, "--spread", "--fallback", &mirror.endpoint()]);
    assert_right(&larder, &hub, &ran);
    let (one, other) = (hub.log().bytes_sent(), mirror.log().bytes_sent());
    assert!(one >= LEN / 4 && other >= LEN / 4, "{one} and {other}");
    assert!(one + other <= LEN + LEN / 20, "{one} and {other}");
}

#[test]
fn spread_the_slower_one_brings_less() {
    const LEN: u64 = 200 * MB;
    let _turn = turn();
    let (hub, mirror) = twins(&Content::synthetic(LEN, 44), Some(3 * MB));
    let slow = Shape {
        rate: Some(MB / 5),
        ..Shape::default()
    };
    mirror.set_shape(Origin::Cdn, slow);
    let larder = Larder::at(&hub);
    let ran = larder.pulled([ID, "--spread", "--fallback", &mirror.endpoint()]);
    assert_right(&larder, &hub, &ran);
    let other = mirror.log().bytes_sent();
    assert!(other <= LEN / 8, "{other} bytes");
}

#[test]
fn there_must_be_something_to_spread_over() {
    let larder = Larder::with_endpoint("http://127.0.0.1:1");
    let ran = larder.pull([ID, "--spread"]).run().exited(2);
    ran.says(&["nothing to spread the pull over", "--fallback"]);
}
