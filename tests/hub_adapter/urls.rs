//! Signed URLs: shared, replaced when they expire, given up where they serve one range only.

use super::*;

#[tokio::test]
async fn an_expired_url_is_replaced_by_one_request() {
    let t = plain();
    let source = t.large().await;
    assert_reads(source.as_ref(), 0..KIB).await;
    t.hub.expire_urls();
    t.hub.log().clear();
    let ranges = (1..5).map(|n| n * KIB..(n + 1) * KIB);
    let reads = ranges.map(|range| assert_reads(source.as_ref(), range));
    futures_util::future::join_all(reads).await;
    assert_eq!(
        t.hub.log().count(|r| r.origin == Origin::Hub),
        1,
        "{:?}",
        t.asked()
    );
}

#[tokio::test]
async fn a_url_that_was_never_good_is_replaced() {
    let t = plain();
    let source = t.large().await;
    t.hub
        .faults()
        .once(Match::hub().method("HEAD"), Fault::ExpireUrl);
    assert_reads(source.as_ref(), 0..KIB).await;
    assert_eq!(t.asked(), ["hub HEAD", "cdn GET", "hub HEAD", "cdn GET"]);
}

#[tokio::test]
async fn urls_that_serve_one_range_are_learnt_with_few_requests() {
    let builder = Hub::builder()
        .repo(tiny())
        .bind_range(true)
        .shared_urls(false);
    let t = setup(builder.start(), None);
    let source = t.large().await;
    let ranges = (0..8).map(|n| n * KIB..(n + 1) * KIB);
    let reads = ranges.map(|range| assert_reads(source.as_ref(), range));
    futures_util::future::join_all(reads).await;
    let refused = t.hub.log().count(|r| r.status == Some(403));
    assert_eq!(
        (refused, t.asked().len()),
        (2, 4 + 2 * 8),
        "{:?}",
        t.asked()
    );
}

#[tokio::test]
async fn a_url_that_is_refused_whatever_is_done_has_expired() {
    let t = plain();
    let source = t.large().await;
    t.hub.faults().always(Match::cdn(), Fault::ExpireUrl);
    let cause = read(source.as_ref(), 0..KIB).await.unwrap_err();
    assert!(
        matches!(&cause, Cause::Expired(http) if http.status == 403),
        "{cause}"
    );
    assert!(cause.to_string().contains("Request has expired"), "{cause}");
    assert!(!cause.to_string().contains("Signature"), "{cause}");
    t.hub.faults().clear();
    t.hub.log().clear();
    assert_reads(source.as_ref(), 0..KIB).await;
    assert_eq!(
        t.asked(),
        ["hub HEAD", "cdn GET"],
        "nothing wrong was learnt"
    );
}

/// As a mirror that signs URLs under its own name.
#[tokio::test]
async fn an_expired_url_of_the_hub_itself_is_replaced() {
    let repo = tiny().file("large.bin", content());
    let t = setup(Hub::builder().repo(repo).resolve_cache(true).start(), None);
    let source = t.source(ID, "large.bin").await;
    assert_reads(source.as_ref(), 0..KIB).await;
    let signed = Match::hub().method("GET").path("resolve-cache");
    t.hub.faults().once(signed.clone(), Fault::status(403));
    assert_reads(source.as_ref(), KIB..2 * KIB).await;
    t.hub.faults().always(signed, Fault::status(403));
    let cause = read(source.as_ref(), 0..KIB).await.unwrap_err();
    assert!(
        !matches!(cause, Cause::Expired(_)),
        "the door decides: {cause}"
    );
}
