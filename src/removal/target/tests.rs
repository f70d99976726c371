use url::Url;

use super::*;
use crate::error::Kind;
use crate::removal::Removal;
use crate::removal::testing::{held, stock};

/// `main` and `v1` at the second commit of `org/a`, the first one left behind; `org/b` shares a content.
fn some() -> Stock {
    let mut first = held("org/a", 'c', &[1, 2], &[]);
    first.recorded.manifest.revisions = [Revision::parse("main").unwrap()].into();
    let second = held("org/a", 'd', &[2, 3, 4], &["main", "v1"]);
    let other = held("org/b", 'e', &[4, 5], &["main"]);
    stock(vec![first, second, other], &[])
}

fn marked(texts: &[&str], selection: &Selection) -> Result<Vec<(usize, Part)>, Cause> {
    let endpoint = Url::parse("https://huggingface.co").unwrap();
    let (stock, mut marks) = (some(), Marks::default());
    for text in texts {
        let reference = Reference::parse(text, &endpoint).unwrap();
        Wish::new(reference, selection.clone()).mark(&stock, &mut marks)?;
    }
    let commits = marks.commits.into_iter();
    Ok(commits.map(|(index, (part, _))| (index, part)).collect())
}

fn files(names: &[&str]) -> Selection {
    Selection {
        names: names.iter().map(ToString::to_string).collect(),
        ..Selection::default()
    }
}

#[test]
fn a_repo_is_all_its_commits_and_a_commit_is_whole() {
    let all = marked(&["org/a"], &Selection::default()).unwrap();
    assert_eq!(all, [(0, Part::whole()), (1, Part::whole())]);
    let id = "c".repeat(40);
    for id in [&id, &id[..12], &id[..7]] {
        let text = format!("org/a@{id}");
        assert_eq!(
            marked(&[&text], &Selection::default()).unwrap(),
            [(0, Part::whole())]
        );
    }
}

#[test]
fn a_name_is_what_it_leads_to_and_goes_alone() {
    let by_name = |names: &[&str]| Part {
        revisions: names.iter().map(|n| Revision::parse(n).unwrap()).collect(),
        ..Part::default()
    };
    let everything = Selection::default();
    assert_eq!(
        marked(&["org/a@v1"], &everything).unwrap(),
        [(1, by_name(&["v1"]))]
    );
    let both = marked(&["org/a@v1", "org/a@main"], &everything).unwrap();
    assert_eq!(both, [(1, by_name(&["v1", "main"]))]);
    let (stock, mut marks) = (some(), Marks::default());
    marks.add(1, by_name(&["v1", "main"]), Why::Asked);
    assert!(Removal::new(&stock, &marks).commits[0].is_whole);
}

#[test]
fn files_are_found_in_any_commit_and_not_taken_from_another_name() {
    let [two, four] = ["f2", "f4"].map(|path| RepoPath::parse(path).unwrap());
    let part = |path: &RepoPath| Part {
        files: [path.clone()].into(),
        ..Part::default()
    };
    let found = marked(&["org/a"], &files(&["f2"])).unwrap();
    assert_eq!(found, [(0, part(&two)), (1, part(&two))]);
    let found = marked(&["org/a"], &files(&["f4"])).unwrap();
    assert_eq!(found, [(1, part(&four))]);
    let refused = marked(&["org/a@v1"], &files(&["f4"])).unwrap_err();
    assert_eq!(refused.kind(), Kind::Usage);
    assert!(refused.to_string().contains("also `main`"), "{refused}");
    assert!(refused.hint().unwrap().contains("org/a@dddddddddddd"));
    assert!(marked(&["org/b@main"], &files(&["f4"])).is_ok());
}

#[test]
fn what_is_not_there_is_told_with_what_is() {
    for (text, selection, hint) in [
        ("org/bb", Selection::default(), "org/b"),
        ("org/a@v2", Selection::default(), "v1"),
        ("org/a@cccccc", Selection::default(), "cccccccccccc"),
        ("org/b", files(&["f6"]), "f4"),
    ] {
        let missing = marked(&[text], &selection).unwrap_err();
        assert_eq!(missing.kind(), Kind::Missing, "{text}");
        assert!(
            missing.hint().unwrap().contains(hint),
            "{text}: {missing:?}"
        );
    }
}

#[test]
fn a_branch_is_meant_before_a_commit_that_begins_like_it() {
    let mut stock = some();
    let name = Revision::parse("ccccccc").unwrap();
    stock.commits[1].names.insert(name.clone());
    let endpoint = Url::parse("https://huggingface.co").unwrap();
    let reference = Reference::parse("org/a@ccccccc", &endpoint).unwrap();
    let mut marks = Marks::default();
    let wish = Wish::new(reference, Selection::default());
    wish.mark(&stock, &mut marks).unwrap();
    let part = Part {
        revisions: [name].into(),
        ..Part::default()
    };
    assert_eq!(marks.commits, [(1, (part, Why::Asked))].into());
}
