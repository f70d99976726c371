//! Every fault of the hub, on the way to a large and to a small file: what may pass is waited out,
//! what stays is named, and what was fetched is not fetched again.

use std::thread;

use super::*;

const LEN: u64 = 40 * MB;
const SMALL: &str = "tokenizer/vocab.txt";

fn content() -> Content {
    Content::synthetic(LEN, 8)
}

/// A pull that gives up on silence within a second.
fn pull(larder: &Larder) -> larder::Call<'_> {
    let call = larder.pull([ID]);
    call.env("HF_HUB_DOWNLOAD_TIMEOUT", "1")
        .env("HF_HUB_ETAG_TIMEOUT", "1")
}

/// The faults that can happen to a request for bytes and may be gone at the next one.
fn passing() -> Vec<Fault> {
    vec![
        Fault::status(500),
        Fault::status(502),
        Fault::status(503),
        Fault::status(408),
        Fault::ResetBeforeHeaders,
        Fault::Silence,
        Fault::CutAfter {
            bytes: 0,
            reset: false,
        },
        Fault::CutAfter {
            bytes: 10_000,
            reset: false,
        },
        Fault::CutAfter {
            bytes: 10_000,
            reset: true,
        },
        Fault::Stall {
            after_bytes: 10_000,
        },
        Fault::FlipBit { offset_in_file: 0 },
        Fault::WrongRange { shift: 16 },
        Fault::WrongTotal,
        Fault::ShortLength { missing: 1 },
        Fault::ShortRange { missing: 1 },
        Fault::ExtraBytes { count: 1 },
        Fault::SliceWith200,
        Fault::IgnoreRange,
        Fault::Gzip,
        Fault::Chunked,
        Fault::LyingContentLength { by: 1 },
        Fault::LyingContentLength { by: -1 },
        Fault::WrongEtag,
        Fault::ExpireUrl,
        Fault::HtmlPortal,
        Fault::RedirectLoop,
        Fault::EndlessBody,
        Fault::too_many_requests(1),
    ]
}

/// Runs the cases side by side, each with a hub and a home of its own.
fn side_by_side<T: Sync>(cases: &[T], run: impl Fn(&T) + Sync) {
    for some in cases.chunks(16) {
        thread::scope(|scope| {
            for case in some {
                scope.spawn(|| run(case));
            }
        });
    }
}

#[test]
fn what_passes_ends_in_the_right_file() {
    let _turn = turn();
    let places = [
        Match::cdn().method("GET"),
        Match::hub().path("resolve").path(WEIGHTS),
        Match::hub().path(SMALL),
    ];
    let cases: Vec<(Match, Fault)> = passing()
        .into_iter()
        .flat_map(|fault| places.clone().map(|on| (on, fault.clone())))
        .collect();
    side_by_side(&cases, |(on, fault)| {
        let (hub, larder) = plain(content());
        hub.faults().once(on.clone(), fault.clone());
        let ran = pull(&larder).run();
        assert_eq!(hub.faults().played(), 1, "{fault:?}");
        assert_eq!(ran.code, Some(0), "{on:?} {fault:?}: {ran:#?}");
        assert_right(&larder, &hub, ran);
    });
}

#[test]
fn a_rate_limit_is_honoured_and_shown() {
    for on in [
        Match::hub().path("/api/"),
        Match::hub().path(SMALL),
        Match::cdn(),
    ] {
        let (hub, larder) = plain(content());
        hub.faults().once(on, Fault::too_many_requests(1));
        let ran = pull(&larder).run();
        ran.says(&["429", "We had to rate limit you"]);
        // The end of the window, a second more, and a little that differs between clients.
        let waits = ["again in 2 s", "again in 3 s"];
        assert!(
            waits.iter().any(|wait| ran.stderr.contains(wait)),
            "{ran:#?}"
        );
        assert_right(&larder, &hub, ran);
    }
}

/// Faults that stay, what they end in, and what is said.
fn lasting() -> Vec<(Match, Fault, i32, &'static str)> {
    let (cdn, api) = (Match::cdn, || Match::hub().path("/api/"));
    let resolve = || Match::hub().path("resolve");
    vec![
        (cdn(), Fault::status(503), 5, "503"),
        (cdn(), Fault::status(403), 5, "refused"),
        (cdn(), Fault::Silence, 5, "nothing arrived"),
        (cdn(), Fault::ResetBeforeHeaders, 5, "broke"),
        (cdn(), Fault::HtmlPortal, 5, "web page"),
        (cdn(), Fault::WrongTotal, 5, "makes no sense"),
        (cdn(), Fault::IgnoreRange, 5, "a whole body"),
        (
            cdn(),
            Fault::too_many_requests(4000),
            5,
            "try again in 4001 s",
        ),
        (cdn(), Fault::RedirectLoop, 5, "circle"),
        (api(), Fault::status(500), 5, "500"),
        (api(), Fault::HtmlPortal, 5, "makes no sense"),
        (api(), Fault::Silence, 5, "nothing arrived"),
        (resolve(), Fault::status(404), 5, "404"),
        (resolve(), Fault::WrongEtag, 5, "other content than listed"),
        (resolve(), Fault::HtmlPortal, 5, "not a Hugging Face hub"),
        (Match::any(), Fault::ResetBeforeHeaders, 5, "hint: "),
    ]
}

#[test]
fn what_stays_is_named_and_what_was_fetched_is_kept() {
    let _turn = turn();
    side_by_side(&lasting(), |(on, fault, code, words)| {
        let (hub, larder) = plain(content());
        hub.faults().always(on.clone(), fault.clone());
        let ran = pull(&larder).run();
        assert_eq!(ran.code, Some(*code), "{on:?} {fault:?}: {ran:#?}");
        ran.says(&["error: cannot", "caused by: ", "hint: ", words]);
        assert!(!larder.repo(ID).join("snapshots").exists());
        hub.faults().clear();
        assert_right(&larder, &hub, pull(&larder).run());
    });
}

#[test]
fn a_pull_that_failed_goes_on_where_it_was() {
    let (hub, larder) = plain(content());
    // The storage goes away when half of the file has come.
    hub.faults().times(
        u32::MAX,
        Match::cdn().during(0..8),
        Fault::CutAfter {
            bytes: LEN / 16,
            reset: false,
        },
    );
    hub.faults().always(Match::cdn(), Fault::status(503));
    pull(&larder)
        .run()
        .exited(5)
        .says(&["what was fetched is kept"]);
    let before = hub.log().bytes_sent();
    hub.faults().clear();
    assert_right(&larder, &hub, pull(&larder).run());
    let more = hub.log().bytes_sent() - before;
    assert!(more < LEN * 5 / 8, "{more} bytes after {before}");
}

#[test]
fn a_drip_does_not_hold_up_the_others() {
    const LEN: u64 = 200 * MB;
    let _turn = turn();
    let shape = hub::Shape {
        rate: Some(10 * MB),
        ..hub::Shape::default()
    };
    let builder = Hub::builder().shape(Origin::Cdn, shape);
    let hub = builder.repo(repo(Content::synthetic(LEN, 9))).start();
    let drip = Fault::Drip {
        bytes_per_second: 20_000,
        after_bytes: MB,
    };
    hub.faults().once(Match::cdn().offset(0), drip);
    let larder = Larder::at(&hub);
    assert_right(&larder, &hub, larder.pull([ID]).run());
    let dripped = hub.log().select(|request| request.fault == Some("Drip"));
    assert!(sent(&dripped) < LEN / 100, "{} bytes", sent(&dripped));
    assert!(hub.log().bytes_sent() < LEN + LEN / 20);
}

#[test]
fn a_connection_that_falls_silent_is_relieved() {
    let _turn = turn();
    let (hub, larder) = plain(content());
    hub.faults().times(
        3,
        Match::cdn().method("GET"),
        Fault::Stall { after_bytes: MB },
    );
    // Nothing but the other connections can end these: the timeout is longer than any test.
    let call = larder.pull([ID]).env("HF_HUB_DOWNLOAD_TIMEOUT", "1000");
    assert_right(&larder, &hub, call.run());
    assert_eq!(hub.faults().played(), 3);
}
