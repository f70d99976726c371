//! Names that are passed over at first, and what must not be.

use super::*;

#[test]
fn what_stands_in_the_place_of_a_link_is_counted_if_it_was_proven() {
    // Not the first file: what is seen of a commit is told by one name of it.
    for is_copy in [false, true] {
        let home = home(true);
        fill(&home);
        let part = home.cache.repo(&repo("org/a"));
        let kept = part.blob_path(row("g", "own of a").digest);
        let link = part.snapshot_dir(&commit('a')).join("h");
        fs::remove_file(&link).unwrap();
        if is_copy {
            fs::copy(&kept, &link).unwrap();
            let mut record = home.store.census().unwrap().commits.remove(0);
            record.manifest.files[2].stamps.extend(stamp(&link));
            home.store.record(&record.repo, &record.manifest).unwrap();
        } else {
            fs::hard_link(&kept, &link).unwrap();
        }
        let freed = home.take().repos[0].unique_bytes;
        assert_eq!(freed, if is_copy { 16 } else { 8 }, "{is_copy}");
        let before = home.bytes();
        home.remove(0);
        assert_eq!(before - home.bytes(), freed, "{is_copy}");
    }
}

/// A link that leads to itself: nobody can look through it, whoever they are.
fn close(folder: &Path) {
    fs::remove_dir_all(folder).unwrap();
    std::os::unix::fs::symlink(folder.file_name().unwrap(), folder).unwrap();
}

#[test]
fn a_view_with_a_folder_that_is_closed_is_away() {
    let home = home(true);
    fill(&home);
    let snapshot = home.cache.repo(&repo("org/b")).snapshot_dir(&commit('c'));
    close(&snapshot.join("d"));
    let commit = &home.take().repos[1].commits[1];
    assert_eq!(commit.views[0].presence, Presence::Away);
    assert_eq!(commit.unique_bytes, 0, "nobody can withdraw what is there");
}

#[test]
fn names_in_a_view_that_is_away_are_not_found_by_way_of_another() {
    let one = home(true);
    let files = [
        ("a", "a first"),
        ("b", "then another"),
        ("d/e", "in a folder"),
    ];
    one.pull("org/a", 'a', &files);
    let mut first = one.store.census().unwrap().commits.remove(0);
    // The same in a cache without links.
    let root = one.dir.path().join("other");
    let other = Home {
        dir: tempfile::tempdir().unwrap(),
        store: Store::open(one.store.root()).unwrap(),
        cache: HfCache::new(root, false),
    };
    other.pull("org/a", 'a', &files);
    let second = one.store.census().unwrap().commits.remove(0);
    let both = first.manifest.files.iter_mut().zip(second.manifest.files);
    both.for_each(|(file, again)| file.stamps.extend(again.stamps.iter()));
    first.manifest.views.extend(second.manifest.views);
    one.store.record(&first.repo, &first.manifest).unwrap();
    let all = one.take().repos[0].unique_bytes;
    assert_eq!(all, 7 + 12 + 11);

    close(
        &other
            .cache
            .repo(&repo("org/a"))
            .snapshot_dir(&commit('a'))
            .join("d"),
    );
    let commit = &one.take().repos[0].commits[0];
    let presences: Vec<_> = commit.views.iter().map(|sight| sight.presence).collect();
    assert!(presences.contains(&Presence::Away), "{presences:?}");
    // The one in the folder went from there with its folder.
    assert_eq!(commit.unique_bytes, 11);
}
