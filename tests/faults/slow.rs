//! Connections that crawl or stand still, beside fast ones and alone.

use super::*;

/// A hub with a storage that takes seconds for the file.
fn busy(len: u64) -> Hub {
    let shape = Shape {
        rate: Some(2 * MB),
        ..Shape::default()
    };
    let builder = Hub::builder().shape(Origin::Cdn, shape);
    builder.repo(repo_of(Content::synthetic(len, 9))).start()
}

/// One connection of several crawls from its second megabyte on; only the others can help.
fn crawls_beside_fast_ones(bytes_per_second: u64) {
    const LEN: u64 = 60 * MB;
    let _turn = turn();
    let hub = busy(LEN);
    let drip = Fault::Drip {
        bytes_per_second,
        after_bytes: MB,
    };
    hub.faults().once(Match::cdn().offset(0), drip);
    let larder = Larder::at(&hub);
    let ran = larder
        .pull([ID])
        .env("HF_HUB_DOWNLOAD_TIMEOUT", "1000")
        .run();
    assert_right(&larder, &hub, &ran);
    assert_eq!(lines(&ran), 0, "{ran:#?}");
    let dripped = sent(&hub, |request| request.fault == Some("Drip"));
    assert!(dripped < LEN / 20, "{dripped} bytes");
}

#[test]
fn a_drip_does_not_hold_up_the_others() {
    crawls_beside_fast_ones(20_000);
}

#[test]
fn a_byte_a_second_does_not_hold_up_the_others() {
    crawls_beside_fast_ones(1);
}

#[test]
fn a_drip_alone_is_waited_for() {
    // One segment, whose end comes at the speed of a bad link: for longer than silence may last.
    const LEN: u64 = 1_200_000;
    let hub = Hub::builder()
        .repo(repo_of(Content::synthetic(LEN, 9)))
        .start();
    let drip = Fault::Drip {
        bytes_per_second: 20_000,
        after_bytes: LEN - 80_000,
    };
    hub.faults().always(Match::cdn(), drip);
    let larder = Larder::at(&hub);
    let ran = pull_within(&larder, "2").run();
    assert_right(&larder, &hub, &ran);
    assert_eq!(lines(&ran), 0, "{ran:#?}");
    assert_eq!(hub.log().bytes_sent_by(Origin::Cdn), LEN);
}

#[test]
fn a_connection_that_falls_silent_is_relieved() {
    let _turn = turn();
    let (hub, larder) = plain();
    hub.faults().times(
        2,
        Match::cdn().method("GET"),
        Fault::Stall { after_bytes: MB },
    );
    // Nothing but the other connections can end these: the timeout is longer than any test.
    let call = larder.pull([ID]).env("HF_HUB_DOWNLOAD_TIMEOUT", "1000");
    assert_right(&larder, &hub, &call.run());
    assert_eq!(hub.faults().played(), 2);
}
