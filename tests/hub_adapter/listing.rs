//! Revisions and trees: what is asked, and what is refused.

use super::*;

#[tokio::test]
async fn a_revision_becomes_a_commit_and_its_files() {
    let t = plain();
    let found = t.resolve(ID, "main").await.unwrap();
    assert_eq!(
        Some(found.commit.as_str().to_owned()),
        t.hub.commit_of(ID, "main")
    );
    assert!(!found.is_gated);
    let files = t.adapter.list(&model(ID), &found.commit).await.unwrap();
    let names: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(
        names,
        ["config.json", "small.bin", "sub dir/a+b#c.txt", LARGE]
    );
    assert_eq!(
        (files[3].len, files[3].etag()),
        (LEN, content().sha256().to_owned())
    );
    assert_eq!(t.asked().len(), 2);
    for request in t.hub.log().requests() {
        assert_eq!(request.accept_encoding.as_deref(), Some("identity"));
        assert!(request.user_agent.unwrap().starts_with("larder/"));
    }
}

#[tokio::test]
async fn all_pages_are_read_and_empty_ones_passed_over() {
    let repo = (0..25).fold(Repo::model(ID), |repo, n| {
        repo.file(&format!("d{n}/f"), b"x")
    });
    let t = setup(Hub::builder().repo(repo).page_size(7).start(), None);
    t.hub
        .faults()
        .once(Match::hub().path("/tree/").nth(2), Fault::EmptyPage);
    assert_eq!(t.list(ID).await.unwrap().1.len(), 25);
}

#[tokio::test]
async fn pages_without_end_are_noticed() {
    let t = plain();
    t.hub
        .faults()
        .always(Match::hub().path("/tree/"), Fault::EndlessPages);
    let cause = t.list(ID).await.unwrap_err();
    assert!(
        matches!(cause, Cause::Hostile { .. } | Cause::BadAnswer { .. }),
        "{cause}"
    );
    assert!(t.asked().len() < 10);
}

#[tokio::test]
async fn a_next_page_elsewhere_is_not_asked_for() {
    let t = setup(
        Hub::builder()
            .repo(tiny())
            .token("hf_t", Access::user("a"))
            .start(),
        Some("hf_t"),
    );
    let headers = vec![(
        "Link".to_owned(),
        format!("<{}/next>; rel=\"next\"", t.hub.cdn()),
    )];
    let fault = Fault::Status {
        code: 200,
        headers,
        body: "[]".to_owned(),
    };
    t.hub.faults().always(Match::hub().path("/tree/"), fault);
    assert!(matches!(t.list(ID).await, Err(Cause::BadAnswer { .. })));
    assert_eq!(t.hub.log().count(|r| r.origin == Origin::Cdn), 0);
}

#[tokio::test]
async fn names_that_leave_the_folder_are_refused_and_not_asked_for_again() {
    let oid = "5f3c0e1d2b4a69788796a5b4c3d2e1f00f1e2d3c";
    let t = plain();
    let body = format!(r#"[{{"type":"file","path":"../x","oid":"{oid}","size":1}}]"#);
    t.hub
        .faults()
        .always(Match::hub().path("/tree/"), Fault::ReplaceJson { body });
    assert!(matches!(t.list(ID).await, Err(Cause::Hostile { .. })));
    assert_eq!(t.asked().len(), 2);
}

#[tokio::test]
async fn a_renamed_repo_is_followed_once() {
    for is_absolute in [false, true] {
        let builder = Hub::builder().repo(tiny()).renamed("old/name", ID);
        let t = setup(builder.absolute_redirects(is_absolute).start(), None);
        let found = t.resolve("old/name", "main").await.unwrap();
        assert_eq!(found.canonical.as_deref(), Some(ID));
        let source = t.source("old/name", "small.bin").await;
        assert_eq!(
            read(source.as_ref(), 0..100 * KIB).await.unwrap().len(),
            100 << 10
        );
        assert_eq!(t.asked(), ["hub GET", "cdn GET"]);
    }
}

#[tokio::test]
async fn a_renamed_repo_is_followed_without_asking_for_a_revision_first() {
    let hub = Hub::builder().repo(tiny()).renamed("old/name", ID).start();
    let t = setup(hub, None);
    let commit = Commit::parse(&t.hub.commit_of(ID, "main").unwrap()).unwrap();
    let files = t.adapter.list(&model("old/name"), &commit).await.unwrap();
    let file = files
        .iter()
        .find(|file| file.path.as_str() == LARGE)
        .unwrap();
    let source = t.adapter.source(&model("old/name"), &commit, file);
    assert_reads(source.as_ref(), KIB..2 * KIB).await;
}
