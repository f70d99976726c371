//! Who sees the token, and what each refusal is called.

use super::*;

#[tokio::test]
async fn the_token_stays_on_the_hub() {
    let hub = Hub::builder()
        .repo(tiny())
        .token("hf_t", Access::user("a"))
        .start();
    let t = setup(hub, Some("hf_t\n"));
    let source = t.large().await;
    assert_reads(source.as_ref(), 0..KIB).await;
    let small = t.source(ID, "small.bin").await;
    read(small.as_ref(), 0..KIB).await.unwrap();
    assert_eq!(t.tokens_seen_by(Origin::Cdn), 0);
    let bare = t
        .hub
        .log()
        .count(|r| r.origin == Origin::Hub && r.authorization.is_none());
    assert_eq!(bare, 0);
    assert_eq!(t.hub.log().count(|r| r.cookie.is_some()), 0);
}

#[tokio::test]
async fn a_redirect_elsewhere_takes_no_token_along() {
    let hub = Hub::builder()
        .repo(tiny())
        .token("hf_t", Access::user("a"))
        .start();
    let t = setup(hub, Some("hf_t"));
    let fault = Fault::RedirectTo {
        url: format!("{}/api/models/x", t.hub.cdn()),
    };
    t.hub
        .faults()
        .always(Match::hub().path("/revision/"), fault);
    // It refuses, but has no say on who may see the repo.
    let cause = t.resolve(ID, "main").await.unwrap_err();
    assert!(
        matches!(&cause, Cause::Http(http) if http.status == 403),
        "{cause}"
    );
    assert!(t.hub.log().count(|r| r.origin == Origin::Cdn) > 0);
    assert_eq!(t.tokens_seen_by(Origin::Cdn), 0);
}

#[tokio::test]
async fn a_gated_repo_needs_a_token_with_a_grant() {
    let builder = || {
        let granted = Access::user("a").granted(ID);
        let tokens = Hub::builder()
            .token("hf_yes", granted)
            .token("hf_no", Access::user("b"));
        tokens.repo(tiny().gated()).start()
    };
    for (token, want) in [(None, false), (Some("hf_no"), true)] {
        let t = setup(builder(), token);
        assert!(t.resolve(ID, "main").await.unwrap().is_gated);
        for path in [LARGE, "config.json"] {
            let source = t.source(ID, path).await;
            let cause = read(source.as_ref(), 0..1).await.unwrap_err();
            let Cause::Gated { page, has_token } = cause else {
                panic!("{cause}")
            };
            assert_eq!(has_token, want);
            assert_eq!(page.as_str(), format!("{}/{ID}", t.hub.endpoint()));
        }
    }
    let t = setup(builder(), Some("hf_yes"));
    assert_reads(t.large().await.as_ref(), 0..KIB).await;
}

#[tokio::test]
async fn what_is_missing_is_told_apart() {
    let hub = Hub::builder()
        .repo(tiny())
        .repo(Repo::model("org/gone").disabled());
    let hub = hub.repo(Repo::model("org/secret").file("a", b"a").private());
    let t = setup(hub.start(), None);
    let cause = t.resolve(ID, "v9").await.unwrap_err();
    assert!(matches!(cause, Cause::RevisionNotFound { revision } if revision == "v9"));
    let cause = t.resolve("org/secret", "main").await.unwrap_err();
    assert!(matches!(
        cause,
        Cause::RepoNotFound {
            has_token: false,
            ..
        }
    ));
    let cause = t.resolve("org/gone", "main").await.unwrap_err();
    assert!(matches!(cause, Cause::Disabled));
    let (commit, mut files) = t.list(ID).await.unwrap();
    files[0].path = larder::repo::RepoPath::parse("no such file").unwrap();
    let source = t.adapter.source(&model(ID), &commit, &files[0]);
    let cause = read(source.as_ref(), 0..1).await.unwrap_err();
    assert!(matches!(cause, Cause::FileNotFound { path, .. } if path == "no such file"));
    assert!(
        t.heard.0.lock().unwrap().is_empty(),
        "none of these is worth another try"
    );
}

#[tokio::test]
async fn a_wrong_token_is_called_one() {
    let t = setup(Hub::builder().repo(tiny()).start(), Some("hf_wrong"));
    let cause = t.resolve(ID, "main").await.unwrap_err();
    assert!(matches!(cause, Cause::BadToken { origin } if origin == "HF_TOKEN"));
}
