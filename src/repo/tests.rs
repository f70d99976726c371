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

#[test]
fn repo_paths() {
    for good in [
        "config.json",
        "a b/c#d%e?é+&.txt",
        ".gitattributes",
        ".github/x",
        "a/..b",
        "xy:z",
    ] {
        assert!(RepoPath::parse(good).is_ok(), "{good}");
    }
    assert_eq!(RepoPath::parse("a/C:x").is_err(), cfg!(windows));
    assert!(has_drive("C:x") && has_drive("c:") && !has_drive("1:x") && !has_drive("xy:z"));
    let long = "x".repeat(256);
    for bad in [
        "",
        "/a",
        "a//b",
        "a/",
        ".",
        "..",
        "a/../b",
        "a\\b",
        "a\0b",
        "a\nb",
        &long,
        ".git",
        "a/.Git/config",
    ] {
        assert!(RepoPath::parse(bad).is_err(), "{bad}");
    }
}
