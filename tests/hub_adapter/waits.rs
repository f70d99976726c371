//! Failures that pass, failures that stay, and every wait that has to end.

use super::*;

#[tokio::test]
async fn questions_are_asked_again_and_waits_are_kept() {
    let t = plain();
    t.hub
        .faults()
        .once(Match::hub().path("/revision/"), Fault::too_many_requests(0));
    t.hub
        .faults()
        .once(Match::hub().path("/revision/"), Fault::status(502));
    t.hub
        .faults()
        .once(Match::hub().path("/tree/"), Fault::ResetBeforeHeaders);
    let start = std::time::Instant::now();
    t.list(ID).await.unwrap();
    assert!(
        start.elapsed() >= Duration::from_secs(1),
        "t=0 means one second"
    );
    let heard = t.heard.0.lock().unwrap().clone();
    assert_eq!(heard.len(), 3, "{heard:?}");
    assert!(heard[0].contains("We had to rate limit you"), "{heard:?}");
}

#[tokio::test]
async fn a_long_wait_is_told_instead_of_kept() {
    let t = plain();
    t.hub
        .faults()
        .once(Match::hub(), Fault::too_many_requests(3600));
    let cause = t.resolve(ID, "main").await.unwrap_err();
    let Cause::RateLimited(http) = cause else {
        panic!("{cause}")
    };
    assert_eq!(http.retry_after, Some(Duration::from_secs(3601)));
}

#[tokio::test]
async fn what_is_not_a_hub_is_called_that() {
    let t = plain();
    t.hub.faults().always(Match::hub(), Fault::HtmlPortal);
    let cause = t.resolve(ID, "main").await.unwrap_err();
    assert!(
        cause.to_string().contains("a web page instead of JSON"),
        "{cause}"
    );
    assert_eq!(t.asked().len(), 3);
    t.hub.faults().clear();
    let large = t.large().await;
    t.hub.faults().always(Match::hub(), Fault::HtmlPortal);
    assert_bad(read(large.as_ref(), 0..KIB).await, "not a Hugging Face hub");
}

#[tokio::test]
async fn json_has_an_end() {
    let t = plain();
    t.hub.faults().always(Match::hub(), Fault::EndlessBody);
    let cause = t.resolve(ID, "main").await.unwrap_err();
    assert!(
        matches!(cause, Cause::BadAnswer { .. } | Cause::Stalled { .. }),
        "{cause}"
    );
}

#[tokio::test]
async fn redirects_have_an_end() {
    let t = plain();
    t.hub.faults().always(Match::hub(), Fault::RedirectLoop);
    let cause = t.resolve(ID, "main").await.unwrap_err();
    assert!(cause.to_string().contains("circle"), "{cause}");
}

#[tokio::test]
async fn stopping_ends_every_wait() {
    let t = plain();
    let source = t.large().await;
    t.hub.faults().always(Match::any(), Fault::Silence);
    let (read, ()) = tokio::join!(read(source.as_ref(), 0..KIB), async { t.stop.cancel() });
    assert!(matches!(read, Err(Cause::Cancelled)));
    assert!(matches!(t.resolve(ID, "main").await, Err(Cause::Cancelled)));
}

#[tokio::test]
async fn no_hub_at_all_is_named_and_tried_again() {
    let t = plain();
    let endpoint = Endpoint::parse("http://127.0.0.1:1").unwrap();
    let sink = Arc::clone(&t.heard) as Arc<dyn Sink>;
    let mut config = Config::new(endpoint, sink, t.stop.clone());
    config.policy = Policy {
        base: Duration::from_millis(1),
        ..Policy::API
    };
    let adapter = HuggingFace::new(config);
    let cause = adapter
        .resolve(&model(ID), &Revision::parse("main").unwrap())
        .await
        .unwrap_err();
    let Cause::Unreachable { host, .. } = &cause else {
        panic!("{cause}")
    };
    assert_eq!(host, "127.0.0.1:1");
    assert_eq!(t.heard.0.lock().unwrap().len(), 5);
}

#[tokio::test]
async fn who_waited_for_the_same_answer_says_the_same() {
    let t = plain();
    let source = t.large().await;
    let url = "http://127.0.0.1:1/gone".to_owned();
    let fault = Fault::RedirectTo { url };
    t.hub.faults().always(Match::hub().path(LARGE), fault);
    let reads = (0..4).map(|n| read(source.as_ref(), n * KIB..(n + 1) * KIB));
    for read in futures_util::future::join_all(reads).await {
        let cause = read.unwrap_err();
        assert!(
            matches!(&cause, Cause::Unreachable { host, .. } if host == "127.0.0.1:1"),
            "{cause}"
        );
        assert!(cause.to_string().contains("refused"), "{cause}");
    }
    assert_eq!(t.asked(), ["hub HEAD"]);
}
