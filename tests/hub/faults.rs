//! What the hub does wrong on request, and only then.

use super::*;

#[test]
fn faults_bend_the_body() {
    let hub = Hub::builder().repo(tiny()).start();
    let url = signed(&hub, "");
    let play = |fault| {
        hub.faults().once(Match::cdn().path("w.safetensors"), fault);
        get_range(&url, "100-199")
    };
    let right = weights().slice(100..200).unwrap();
    let half = play(cut(60, false));
    assert_eq!(
        (half.header("content-length"), &half.body[..]),
        (Some("100"), &right[..60])
    );
    assert_eq!(play(Fault::IgnoreRange).body.len() as u64, LEN);
    let shifted = play(Fault::WrongRange { shift: 50 });
    assert_eq!(
        shifted.header("content-range"),
        Some("bytes 150-249/300000")
    );
    assert_eq!(shifted.body, weights().slice(150..250).unwrap());
    let total = play(Fault::WrongTotal);
    assert_eq!(total.header("content-range"), Some("bytes 100-199/300001"));
    assert_eq!(play(Fault::ShortLength { missing: 1 }).body, right[..99]);
    assert_eq!(play(Fault::ExtraBytes { count: 3 }).body.len(), 103);
    let slice = play(Fault::SliceWith200);
    assert_eq!(
        (slice.status, slice.header("content-range"), &slice.body),
        (200, None, &right)
    );
    let lie = play(Fault::LyingContentLength { by: 5 });
    assert_eq!(
        (lie.header("content-length"), &lie.body),
        (Some("105"), &right)
    );
    let chunked = play(Fault::Chunked);
    assert_eq!(chunked.header("content-length"), None);
    assert_eq!(
        chunked.body,
        [b"64\r\n", &right[..], b"\r\n0\r\n\r\n"].concat()
    );
    assert_eq!(play(Fault::Gzip).header("content-encoding"), Some("gzip"));
    assert_eq!(play(Fault::ExpireUrl).status, 403);
    assert_eq!(play(Fault::status(503)).status, 503);
    let flip = Fault::FlipBit {
        offset_in_file: 150,
    };
    let mut flipped = play(flip).body;
    flipped[50] ^= 1;
    assert_eq!(flipped, right);
    assert_eq!(get_range(&url, "100-199").body, right);
}

#[test]
fn faults_bend_the_hub() {
    let hub = Hub::builder().repo(tiny()).start();
    let tree = format!("{}/api/models/org/tiny/tree/main", hub.endpoint());
    let play = |fault| {
        hub.faults().once(Match::hub(), fault);
        get(&tree)
    };
    let here = format!("<{tree}?again=1>; rel=\"next\"");
    let empty = play(Fault::EmptyPage);
    assert_eq!(
        (empty.header("link"), &empty.body[..]),
        (Some(&*here), &b"[]"[..])
    );
    assert_eq!(play(Fault::EndlessPages).header("link"), Some(&*here));
    let body = "{".to_owned();
    assert_eq!(play(Fault::ReplaceJson { body }).body, b"{");
    assert_eq!(play(Fault::RedirectLoop).header("location"), Some(&*tree));
    let wait = play(Fault::too_many_requests(7));
    assert_eq!((wait.status, wait.header("retry-after")), (429, Some("7")));
    hub.faults().once(Match::hub(), Fault::WrongEtag);
    let config = format!("{}/org/tiny/resolve/main/config.json", hub.endpoint());
    assert_ne!(get(&config).header("etag"), get(&config).header("etag"));
    hub.faults()
        .once(Match::hub().path("w.safetensors"), Fault::ExpireUrl);
    assert_eq!(get(&signed(&hub, "")).status, 403);
}

#[test]
fn rules_are_tried_in_order_and_used_up() {
    let hub = Hub::builder().repo(tiny()).start();
    hub.faults()
        .once(Match::hub().path("config"), Fault::status(502));
    hub.faults().add(hub::Rule {
        on: Match::any().method("GET").during(1..3),
        fault: Fault::status(503),
        times: None,
    });
    let url = format!("{}/org/tiny/resolve/main/config.json", hub.endpoint());
    let seen: Vec<u16> = (0..5).map(|_| get(&url).status).collect();
    assert_eq!(seen, [502, 200, 503, 503, 200]);
    hub.faults()
        .always(Match::cdn().offset(150), Fault::HtmlPortal);
    let url = signed(&hub, "");
    assert_eq!(get_range(&url, "0-149").status, 206);
    assert_eq!(
        get_range(&url, "150-159").header("content-type"),
        Some("text/html")
    );
}

#[test]
fn faults_break_the_connection() {
    let hub = Hub::builder().repo(tiny()).start();
    let url = signed(&hub, "");
    hub.faults().once(Match::cdn(), Fault::ResetBeforeHeaders);
    let reset = ask("GET", &url, "").err().map(|error| error.kind());
    assert_eq!(reset, Some(io::ErrorKind::ConnectionReset));
    hub.faults().once(Match::cdn(), cut(9, true));
    assert!(ask("GET", &url, "").is_err());

    hub.faults().once(Match::cdn(), Fault::EndlessBody);
    let again = url.clone();
    let endless = std::thread::spawn(move || ask("GET", &again, ""));
    let is_endless = |log: &[hub::Record]| log.iter().any(|r| r.body_bytes_sent > LEN);
    assert!(hub.log().block_until(LIMIT, is_endless));

    hub.log().clear();
    hub.faults().once(
        Match::cdn(),
        Fault::Stall {
            after_bytes: 70_000,
        },
    );
    let asking = std::thread::spawn(move || ask("GET", &url, ""));
    let is_stalled = hub.log().block_until(LIMIT, |log| {
        log.iter()
            .any(|r| r.body_bytes_sent == 70_000 && r.finished_ms.is_none())
    });
    assert!(is_stalled);
    // The end of the hub ends both.
    drop(hub);
    assert!(endless.join().is_ok());
    let part = asking.join().unwrap().unwrap();
    assert_eq!(part.body.len(), 70_000);
}
