//! Ranges of files: exactly what was asked for, or an error.

use super::*;

#[tokio::test]
async fn small_files_cost_one_request_at_the_hub() {
    let t = plain();
    let source = t.source(ID, "sub dir/a+b#c.txt").await;
    assert_eq!(read(source.as_ref(), 0..4).await.unwrap(), b"text");
    assert_eq!(t.asked(), ["hub GET"]);
    assert_eq!(t.hub.log().requests()[0].range, None);
    assert_eq!(read(source.as_ref(), 1..3).await.unwrap(), b"ex");
    let source = t.source(ID, "small.bin").await;
    let part = read(source.as_ref(), KIB..3 * KIB).await.unwrap();
    assert_eq!(
        part,
        Content::synthetic(100 * KIB, 3)
            .slice(KIB..3 * KIB)
            .unwrap()
    );
    assert_eq!(t.asked(), ["hub GET", "cdn GET"]);
}

#[tokio::test]
async fn small_files_may_be_kept_elsewhere_on_the_hub() {
    let builder = Hub::builder()
        .repo(tiny())
        .resolve_cache(true)
        .absolute_redirects(true);
    let t = setup(builder.start(), None);
    let source = t.source(ID, "config.json").await;
    assert_eq!(read(source.as_ref(), 0..7).await.unwrap(), b"{\"a\":1}");
}

#[tokio::test]
async fn ranges_of_a_large_file_share_one_url() {
    let t = plain();
    let source = t.large().await;
    let ranges = (0..8).map(|n| n * LEN / 8..(n * LEN / 8 + 64 * KIB));
    let reads = ranges.map(|range| assert_reads(source.as_ref(), range));
    futures_util::future::join_all(reads).await;
    assert_eq!(t.hub.log().count(|r| r.origin == Origin::Hub), 1);
    assert_eq!(t.asked().len(), 9);
    assert_reads(source.as_ref(), LEN - 1..LEN).await;
    assert_reads(source.as_ref(), 0..LEN).await;
}

#[tokio::test]
async fn answers_about_other_ranges_or_files_are_refused() {
    let cdn = || Match::cdn().method("GET");
    let head = || Match::hub().method("HEAD");
    for (on, fault, words) in [
        (cdn(), Fault::WrongRange { shift: 5 }, "instead of"),
        (cdn(), Fault::WrongTotal, "instead of"),
        (cdn(), Fault::IgnoreRange, "a whole body"),
        (cdn(), Fault::SliceWith200, "a whole body"),
        (cdn(), Fault::ShortRange { missing: 1 }, "instead of"),
        (cdn(), Fault::ShortLength { missing: 1 }, "instead of"),
        (cdn(), Fault::ExtraBytes { count: 1 }, "instead of"),
        (cdn(), Fault::Gzip, "gzip"),
        (cdn(), Fault::HtmlPortal, "a web page"),
        (head(), Fault::WrongEtag, "other content"),
        (head(), Fault::WrongTotal, "are listed"),
    ] {
        let t = plain();
        let source = t.large().await;
        t.hub.faults().once(on, fault);
        assert_bad(read(source.as_ref(), KIB..2 * KIB).await, words);
        assert_reads(source.as_ref(), KIB..2 * KIB).await;
    }
}

#[tokio::test]
async fn bodies_that_end_early_or_fall_silent() {
    let t = plain();
    let source = t.large().await;
    assert_reads(source.as_ref(), 0..KIB).await;
    let range = || 0..256 * KIB;
    let once = |fault| t.hub.faults().once(Match::cdn(), fault);
    once(Fault::CutAfter {
        bytes: 1000,
        reset: false,
    });
    let cause = read(source.as_ref(), range()).await.unwrap_err();
    assert!(
        matches!(
            cause,
            Cause::Short {
                got: 1000,
                want: 262_144,
                ..
            }
        ),
        "{cause:?}"
    );
    once(Fault::CutAfter {
        bytes: 1000,
        reset: true,
    });
    let cause = read(source.as_ref(), range()).await.unwrap_err();
    assert!(matches!(cause, Cause::Broken { .. }), "{cause:?}");
    once(Fault::Stall {
        after_bytes: 100_000,
    });
    let cause = read(source.as_ref(), range()).await.unwrap_err();
    assert!(matches!(cause, Cause::Stalled { .. }), "{cause:?}");
    once(Fault::Stall { after_bytes: 1000 });
    let cause = read(source.as_ref(), range()).await.unwrap_err();
    assert!(
        matches!(cause, Cause::Trickled { bytes: 1000, .. }),
        "{cause:?}"
    );
    once(Fault::Drip {
        bytes_per_second: 5,
        after_bytes: 100_000,
    });
    let cause = read(source.as_ref(), range()).await.unwrap_err();
    assert!(matches!(cause, Cause::Trickled { .. }), "{cause:?}");
    once(Fault::Silence);
    let cause = read(source.as_ref(), range()).await.unwrap_err();
    assert!(matches!(cause, Cause::Stalled { .. }), "{cause:?}");
    once(Fault::Chunked);
    assert_reads(source.as_ref(), range()).await;
    once(Fault::EndlessBody);
    assert_bad(
        read(source.as_ref(), range()).await,
        "more than the 262144 bytes",
    );
    assert_reads(source.as_ref(), range()).await;
}

#[tokio::test]
async fn a_dropped_body_ends_its_connection() {
    let t = plain();
    let source = t.large().await;
    let mut body = source.open(0..LEN).await.unwrap();
    body.next().await.unwrap().unwrap();
    drop(body);
    let is_over = |r: &hub::Record| r.finished_ms.is_some();
    t.hub
        .log()
        .wait_for(|requests| requests.iter().all(is_over))
        .await;
    assert!(t.hub.log().bytes_sent_by(Origin::Cdn) < LEN);
}

#[tokio::test]
async fn files_of_a_new_commit_are_not_taken_for_those_of_the_old() {
    let t = plain();
    let (old, files) = t.list(ID).await.unwrap();
    t.hub
        .commit(ID, "main", [File::git("config.json", b"{\"a\":2}")]);
    let new = t.resolve(ID, "main").await.unwrap().commit;
    assert_ne!(old, new);
    let source = t.adapter.source(&model(ID), &new, &files[0]);
    assert_bad(read(source.as_ref(), 0..7).await, "other content");
}
