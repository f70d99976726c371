use proptest::prelude::*;

use super::*;
use crate::removal::testing::{blob, held, revision, stock};

/// What the records name after a removal, computed anew from what stays of each.
fn named_after(stock: &Stock, removal: &Removal) -> BTreeSet<BlobId> {
    let mut named = BTreeSet::new();
    for held in &stock.commits {
        let going = removal.commits.iter().find(|g| g.key() == held.key());
        let rest = going.map_or_else(|| Some(held.manifest().clone()), Going::rest);
        let files = rest.into_iter().flat_map(|rest| rest.files);
        named.extend(files.filter_map(|file| file.blob));
    }
    named
}

type Commits = Vec<(usize, Vec<u8>, Vec<&'static str>, bool)>;

fn commits() -> impl Strategy<Value = Commits> {
    let names = proptest::sample::subsequence(vec!["main", "v1", "v2"], 0..=3);
    let files = proptest::collection::btree_set(1..9_u8, 0..5);
    let files = files.prop_map(|files| files.into_iter().collect());
    proptest::collection::vec((0..3_usize, files, names, any::<bool>()), 1..8)
}

/// A mark for each commit: nothing, all of it, some names, some files.
fn parts() -> impl Strategy<Value = Vec<Option<Part>>> {
    let names = proptest::sample::subsequence(vec!["main", "v1", "v2"], 0..=3);
    let files = proptest::collection::btree_set(1..9_u8, 0..4);
    let part = (any::<bool>(), names, files).prop_map(|(is_whole, names, files)| Part {
        is_whole,
        revisions: names.into_iter().map(revision).collect(),
        files: files
            .into_iter()
            .map(|n| RepoPath::parse(&format!("f{n}")).unwrap())
            .collect(),
    });
    proptest::collection::vec(proptest::option::of(part), 8)
}

fn made(commits: Commits, parts: Vec<Option<Part>>) -> (Stock, Marks) {
    let digits = "0123456789".chars();
    let commits = commits.into_iter().zip(digits);
    let commits = commits.map(|((repo, files, names, is_pinned), digit)| {
        let repo = ["org/a", "org/b", "org/c"][repo];
        let mut held = held(repo, digit, &files, &names);
        held.recorded.manifest.is_pinned = is_pinned;
        held
    });
    let stock = stock(commits.collect(), &[(20, 1), (21, 2)]);
    let mut marks = Marks::default();
    for (index, part) in parts.into_iter().enumerate() {
        if let Some(part) = part.filter(|_| index < stock.commits.len()) {
            marks.add(index, part, Why::Asked);
        }
    }
    (stock, marks)
}

proptest! {
    #[test]
    fn nothing_goes_that_is_needed_and_nothing_stays_that_is_not(
        commits in commits(), parts in parts(), takes_unclaimed in any::<bool>()
    ) {
        let (stock, mut marks) = made(commits, parts);
        if takes_unclaimed {
            marks.blobs = [blob(20)].into();
        }
        let removal = Removal::new(&stock, &marks);
        let named = named_after(&stock, &removal);
        for id in removal.blobs.keys() {
            prop_assert!(!named.contains(id), "a needed content goes");
        }
        let was_named: BTreeSet<BlobId> = stock.commits.iter()
            .flat_map(|held| held.manifest().files.iter().filter_map(|file| file.blob))
            .collect();
        for id in was_named.difference(&named) {
            prop_assert!(removal.blobs.contains_key(id), "an unneeded content stays");
        }
        prop_assert_eq!(removal.blobs.contains_key(&blob(20)), takes_unclaimed);
        prop_assert!(!removal.blobs.contains_key(&blob(21)), "nobody marked it");
    }

    #[test]
    fn what_is_not_marked_is_not_touched(commits in commits(), parts in parts()) {
        let (stock, marks) = made(commits, parts);
        let removal = Removal::new(&stock, &marks);
        for (index, held) in stock.commits.iter().enumerate() {
            let going = removal.commits.iter().find(|going| going.key() == held.key());
            prop_assert_eq!(going.is_some(), marks.commits.contains_key(&index));
            let (Some(going), Some((part, _))) = (going, marks.commits.get(&index)) else { continue };
            if going.is_whole {
                prop_assert!(part.is_whole || !part.revisions.is_empty() || !part.files.is_empty());
            } else {
                let rest = going.rest().unwrap();
                prop_assert!(going.files.is_subset(&part.files));
                let kept = rest.files.iter().filter(|file| file.blob.is_some()).count();
                prop_assert_eq!(kept + going.files.len(), held.pulled().count());
            }
        }
    }

    #[test]
    fn a_name_takes_its_commit_along_only_when_nothing_else_leads_there(
        commits in commits(), name in proptest::sample::select(vec!["main", "v1"])
    ) {
        let (stock, _) = made(commits, Vec::new());
        let mut marks = Marks::default();
        let part = Part { revisions: [revision(name)].into(), ..Part::default() };
        marks.add(0, part, Why::Asked);
        let removal = Removal::new(&stock, &marks);
        let held = &stock.commits[0];
        let others = held.names.iter().any(|other| *other != revision(name));
        let is_kept = others || held.manifest().is_pinned;
        prop_assert_eq!(removal.commits[0].is_whole, !is_kept);
        prop_assert_eq!(removal.commits[0].files.is_empty(), is_kept || held.pulled().count() == 0);
    }
}

#[test]
fn nothing_goes_beyond_what_was_agreed_to() {
    let marked = |stock: &Stock| {
        let mut marks = Marks::default();
        let part = Part {
            revisions: [revision("v1")].into(),
            ..Part::default()
        };
        marks.add(0, part, Why::Asked);
        marks.add(1, Part::whole(), Why::Asked);
        marks.blobs = stock.unclaimed.keys().copied().collect();
        marks
    };
    let before = |names: &[&str], files: &[u8]| {
        let commits = vec![
            held("org/a", '1', &[1], names),
            held("org/b", '2', files, &["main"]),
        ];
        stock(commits, &[(20, 1)])
    };
    let shown = before(&["main", "v1"], &[2, 3]);
    let agreed = Removal::new(&shown, &marked(&shown));
    // Less may go than was shown.
    let now = before(&["main", "v1"], &[2]);
    let mut marks = marked(&now);
    assert!(marks.keep_only(&now, &agreed).is_empty());
    assert_eq!((marks.commits.len(), marks.blobs.len()), (2, 1));
    // The other branch went meanwhile, and a pull added a file.
    let mut now = before(&["v1"], &[2, 3, 4]);
    now.unclaimed
        .insert(blob(21), crate::removal::testing::at(1));
    let mut marks = marked(&now);
    assert_eq!(marks.keep_only(&now, &agreed).len(), 2);
    assert!(marks.commits.is_empty());
    assert_eq!(marks.blobs, [blob(20)].into());
}

#[test]
fn what_goes_is_not_kept_for_a_pull() {
    let mut commit = held("org/a", '1', &[1, 2], &["main"]);
    let file = &mut commit.recorded.manifest.files[0];
    let (missing, kept) = (file.remote.digest, Digest::Sha256(blob(3)));
    (file.blob, file.stamps) = (None, Stamps::default());
    let mut stock = stock(vec![commit], &[]);
    let unfinished = |digest: Digest| Unfinished {
        digest: Some(digest),
        path: digest.to_string().into(),
        disk_bytes: 7,
        changed: SystemTime::UNIX_EPOCH,
        is_owned: false,
        wanted: None,
    };
    stock.unfinished = vec![unfinished(missing), unfinished(kept)];
    let mut marks = Marks::default();
    let young = |marks: &Marks| Removal::new(&stock, marks).young.unfinished;
    assert_eq!(young(&marks), 2);
    marks.add(0, Part::whole(), Why::Unseen);
    assert_eq!(young(&marks), 1);
}
