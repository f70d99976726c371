//! What is not a plain first publication: no links, odd names, things in the way, many at once.

use std::sync::Arc;

use super::*;

#[test]
fn without_links_the_snapshot_holds_the_files() {
    let place = Place::new(false);
    let files = place.small_repo();
    let published = place.publish(&files).unwrap();
    assert_eq!(published.placed.hardlinks, files.len());
    assert_eq!(
        fs::read_dir(place.repo.folder().join("blobs"))
            .unwrap()
            .count(),
        0
    );
    for (file, store) in &files {
        assert_eq!(inode(&place.entry(file)), inode(store));
        assert!(place.repo.is_linked(&commit(), file));
    }
    fs::remove_file(place.entry(&files[0].0)).unwrap();
    fs::write(place.entry(&files[0].0), "[]").unwrap();
    place.publish(&files).unwrap();
    assert_eq!(fs::read(place.entry(&files[0].0)).unwrap(), b"{}");
    assert!(place.is_tidy());
}

#[test]
fn what_cannot_be_named_is_refused_and_leaves_no_snapshot() {
    let place = Place::new(true);
    let is_hostile = |files: &[_]| {
        place
            .publish(files)
            .is_err_and(|kind| kind == Kind::Integrity)
    };
    let (one, two) = (
        place.stored("a", b"1", false),
        place.stored("a", b"2", false),
    );
    assert!(is_hostile(&[one.clone(), two]), "twice");
    assert!(
        is_hostile(&[one.clone(), place.stored("a/b", b"2", false)]),
        "file and folder"
    );
    let mut wrong = one;
    Arc::make_mut(&mut wrong.0).len = 17;
    assert!(place.publish(&[wrong]).is_err(), "length");
    assert!(!place.repo.snapshot_dir(&commit()).exists());
    assert!(!place.repo.folder().join("refs/main").exists());
    assert!(place.is_tidy());
}

#[test]
fn names_that_differ_in_case_are_two_files_or_refused() {
    let place = Place::new(true);
    let twins = ["README.md", "Straße/a", "readme.md", "straße/a"];
    let files = twins.map(|name| place.stored(name, name.as_bytes(), false));
    fs::write(place.dir.path().join("case"), "").unwrap();
    let is_case_blind = place.dir.path().join("CASE").exists();
    // A new snapshot, then one in which a name is missing.
    for _time in 0..2 {
        match place.publish(&files) {
            Ok(_) => assert!(!is_case_blind),
            Err(kind) => assert!(is_case_blind && kind == Kind::Integrity),
        }
        fs::create_dir_all(place.repo.snapshot_dir(&commit())).unwrap();
        fs::remove_file(place.entry(&files[0].0)).ok();
    }
    if place.publish(&files).is_ok() {
        let read = |file| fs::read_to_string(place.entry(file)).unwrap();
        assert_eq!(
            files.each_ref().map(|(file, _)| read(file)),
            twins.map(str::to_owned)
        );
    }
}

#[test]
fn things_in_the_way_are_errors() {
    let place = Place::new(true);
    let files = place.small_repo();
    let snapshot = place.repo.snapshot_dir(&commit());
    fs::create_dir_all(place.repo.folder().join("snapshots")).unwrap();
    fs::write(&snapshot, "file").unwrap();
    assert_eq!(place.publish(&files).unwrap_err(), Kind::Disk);
    fs::remove_file(&snapshot).unwrap();

    let outside = place.dir.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::create_dir(&snapshot).unwrap();
    symlink(&outside, snapshot.join("onnx")).unwrap();
    assert_eq!(place.publish(&files).unwrap_err(), Kind::Disk);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
}

#[test]
fn a_commit_gets_no_ref_and_a_short_hash_does() {
    let place = Place::new(true);
    let files = place.small_repo();
    for revision in [
        Revision::parse(COMMIT).unwrap(),
        Revision::parse(&COMMIT[..7]).unwrap(),
    ] {
        let (commit, revision) = (&commit(), Some(&revision));
        let publication = Publication {
            commit,
            revision,
            listing: &[],
            files: &files,
        };
        place.repo.publish(&publication).unwrap();
    }
    let refs = fs::read_dir(place.repo.folder().join("refs")).unwrap();
    let names: Vec<_> = refs.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, [&COMMIT[..7]]);
}

#[test]
fn several_may_publish_at_once() {
    let place = Place::new(true);
    let files = place.small_repo();
    std::thread::scope(|scope| {
        for _process in 0..4 {
            scope.spawn(|| place.publish(&files).unwrap());
        }
    });
    assert!(
        files
            .iter()
            .all(|(file, _)| place.repo.is_linked(&commit(), file))
    );
    assert!(place.is_tidy());
}

#[test]
fn thousands_of_files() {
    let place = Place::new(true);
    let name = |n: usize| format!("part-{}/{}/file-{n:05}.bin", n % 7, n % 53);
    let file = |n: usize| place.stored(&name(n), n.to_string().as_bytes(), n.is_multiple_of(2));
    let files: Vec<_> = (0..5000).map(file).collect();
    assert_eq!(place.publish(&files).unwrap().placed.hardlinks, 5000);
    assert!(
        files
            .iter()
            .all(|(file, _)| place.repo.is_linked(&commit(), file))
    );
    assert_eq!(place.publish(&files).unwrap().placed, Placements::default());
}

#[test]
fn missing_files_are_noted_once() {
    let place = Place::new(true);
    let path = RepoPath::parse("sub/adapter_config.json").unwrap();
    for _time in 0..2 {
        place.repo.note_missing(&commit(), &path).unwrap();
    }
    let marker = format!(".no_exist/{COMMIT}/sub/adapter_config.json");
    assert_eq!(fs::read(place.repo.folder().join(marker)).unwrap(), b"");
}
