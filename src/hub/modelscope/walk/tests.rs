//! The walk against a site that is a set of paths, whatever their shape.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// What the site answers: folders as rows, cut without a word.
fn answer(paths: &BTreeSet<String>, question: &Question) -> Listed {
    let prefix = match &question.root {
        Some(root) => format!("{root}/"),
        None => String::new(),
    };
    let mut rows = BTreeSet::new();
    for path in paths.iter().filter(|path| path.starts_with(&prefix)) {
        let slashes = path.match_indices('/').map(|(at, _)| at);
        let folders = slashes.filter(|at| *at >= prefix.len());
        rows.extend(folders.map(|at| (path[..at].to_owned(), true)));
        rows.insert((path.clone(), false));
    }
    let is_direct = |path: &str| question.is_recursive || !path[prefix.len()..].contains('/');
    let rows = rows.into_iter().filter(|(path, _)| is_direct(path));
    let rows = rows.take(CUT_ROWS).map(|(path, is_folder)| {
        let kind = if is_folder { "tree" } else { "blob" };
        let row = json!({ "Path": path, "Type": kind, "Size": 0, "Sha256": "" });
        serde_json::from_value(row).unwrap()
    });
    Listed(rows.collect())
}

fn walk(paths: &BTreeSet<String>) -> Result<Vec<String>, Cause> {
    let mut walk = Walk::new();
    loop {
        let questions = walk.questions();
        if questions.is_empty() {
            let files = walk.finish().into_iter();
            return Ok(files.map(|file| file.path.as_str().to_owned()).collect());
        }
        for question in questions {
            walk.answer(&question, answer(paths, &question))?.unwrap();
        }
    }
}

fn paths(names: impl IntoIterator<Item = String>) -> BTreeSet<String> {
    names.into_iter().collect()
}

#[test]
fn more_files_than_one_answer_holds_are_all_found() {
    let nested = paths((0..7500).map(|n| format!("a/{}/{}/{n}", n % 5, n % 3)));
    assert_eq!(walk(&nested).unwrap().len(), 7500);
    // Exactly as many rows as an answer holds: it may have been cut.
    let edge = paths((0..CUT_ROWS - 1).map(|n| format!("a/{n}")));
    assert_eq!(walk(&edge).unwrap().len(), CUT_ROWS - 1);
}

#[test]
fn a_folder_with_too_many_children_is_named() {
    for (prefix, name) in [("", ""), ("data/raw/", "data/raw")] {
        let flat = paths((0..3200).map(|n| format!("{prefix}{n}")));
        assert!(matches!(walk(&flat), Err(Cause::Unlistable { folder, .. }) if folder == name));
    }
}

#[test]
fn a_site_that_ignores_the_folder_is_found_out() {
    let all = paths((0..7500).map(|n| format!("{}/{n}", n % 4)));
    let mut walk = Walk::new();
    let whole = walk.questions().remove(0);
    walk.answer(&whole, answer(&all, &whole)).unwrap().unwrap();
    let top = walk.questions().remove(0);
    walk.answer(&top, answer(&all, &top)).unwrap().unwrap();
    let folder = walk.questions().remove(0);
    let ignoring = Listed(answer(&all, &top).0);
    let what = walk.answer(&folder, ignoring).unwrap().unwrap_err();
    assert!(what.contains("as a part of"), "{what}");
}

#[test]
fn rows_that_contradict_each_other_are_refused() {
    let row = |size: u64| {
        let row = json!({ "Path": "a", "Size": size, "Sha256": "" });
        Listed(vec![serde_json::from_value(row).unwrap()])
    };
    let mut walk = Walk::new();
    assert_eq!(walk.page(row(1)).unwrap(), Ok(true));
    assert_eq!(walk.page(row(1)).unwrap(), Ok(false));
    assert!(walk.page(row(2)).unwrap().is_err());
}

#[test]
fn unsafe_names_are_refused() {
    for name in ["../x", "/x", "a\\b", ".git/config"] {
        let row = json!({ "Path": name, "Size": 1 });
        let listed = Listed(vec![serde_json::from_value(row).unwrap()]);
        let refused = Walk::new().page(listed);
        assert!(matches!(refused, Err(Cause::Hostile { .. })), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_walk_finds_what_is_there(
        names in proptest::collection::vec("[ab]{1,2}(/[abc]{1,2}){0,3}", 0..60),
        flat in 0_usize..2900,
    ) {
        let mut all = paths(names.into_iter().map(|name| format!("{name}/f")));
        all.extend((0..flat).map(|n| format!("many/{n}")));
        all.extend((0..flat).map(|n| format!("more/x/{n}")));
        let found = walk(&all).unwrap();
        prop_assert_eq!(paths(found), all);
    }
}

#[test]
fn names_of_folders_count_as_well() {
    let mut walk = Walk {
        seen_bytes: 2 * MAX_NAME_BYTES - 7,
        ..Walk::new()
    };
    let mut page = |name: &str| {
        let row = serde_json::from_value(json!({ "Path": name, "Type": "tree" })).unwrap();
        walk.page(Listed(vec![row])).unwrap()
    };
    assert_eq!(page("seven77"), Ok(true));
    assert_eq!(page("seven77"), Ok(false), "it is known");
    assert!(page("a").unwrap_err().contains("MiB of names"));
}
