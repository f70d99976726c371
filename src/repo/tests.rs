use super::*;

#[test]
fn repo_ids() {
    let parse = |id| RepoId::parse(RepoKind::Model, id);
    assert_eq!(parse("gpt2").unwrap().owner(), None);
    assert_eq!(parse("Qwen/Qwen3-8B").unwrap().to_string(), "Qwen/Qwen3-8B");
    for bad in [
        "", "/", "a/", "/a", "a/b/c", "a--b/c", "a..b", "-a/b", "a/b.git", "a b", "é",
    ] {
        assert!(parse(bad).is_err(), "{bad}");
    }
    assert!(parse(&"a".repeat(97)).is_err());
}

#[test]
fn revisions() {
    for good in ["main", "v1.0", "refs/pr/1", "feature/x+y", &"a".repeat(40)] {
        assert!(Revision::parse(good).is_ok(), "{good}");
    }
    for bad in [
        "", "a b", "../x", "a..b", "/a", "a/", "a//b", ".hidden", "x.lock", "a\nb", "a\\b",
    ] {
        assert!(Revision::parse(bad).is_err(), "{bad}");
    }
    assert!(
        Revision::parse(&"a".repeat(40))
            .unwrap()
            .as_commit()
            .is_some()
    );
    assert!(
        Revision::parse(&"A".repeat(40))
            .unwrap()
            .as_commit()
            .is_none()
    );
}
