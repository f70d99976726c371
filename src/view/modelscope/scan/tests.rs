use std::os::unix::fs::symlink;

use super::*;

fn put(root: &Path, path: &str, content: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// `repo @ revision: files`, a line each.
fn lines(scan: &Scan) -> Vec<String> {
    let line = |snapshot: &Snapshot| {
        let revision = snapshot.revision.as_ref().map_or("?", Revision::as_str);
        let files: Vec<&str> = snapshot
            .files
            .iter()
            .map(|file| file.path.as_str())
            .collect();
        let mark = if snapshot.is_name_certain {
            ""
        } else {
            " (guessed)"
        };
        format!("{}{mark} @ {revision}: {}", snapshot.repo, files.join(" "))
    };
    scan.snapshots.iter().map(line).collect()
}

#[test]
fn the_newest_layout() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    put(
        root,
        "models/acme--tiny.v1/snapshots/master/config.json",
        b"{}",
    );
    put(root, "models/acme--tiny.v1/snapshots/master/d/w.bin", b"w");
    put(
        root,
        "models/acme--tiny.v1/snapshots/master/d/w2.bin.incomplete",
        b"w",
    );
    put(
        root,
        "models/acme--tiny.v1/snapshots/feat/x/config.json",
        b"{}",
    );
    put(root, "datasets/acme--corpus/snapshots/v1.0/data.csv", b"1");
    put(root, ".lock/file_x.lock", b"");
    put(root, "models/..--x/snapshots/master/f", b"1");
    let scan = scan(root).unwrap();
    assert_eq!(
        lines(&scan),
        [
            "acme/tiny.v1 @ feat/x: config.json",
            "acme/tiny.v1 @ master: config.json d/w.bin",
            "datasets/acme/corpus @ v1.0: data.csv",
        ]
    );
    assert_eq!(scan.odd, [root.join("models/..--x")]);
}

#[test]
fn older_layouts_and_their_names() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let rows = [index::Row {
        path: "config.json".into(),
        revision: "a".repeat(40),
    }];
    for folder in [
        "hub/models/acme/a___b",
        "hub/acme/c___d",
        "models/acme/plain",
    ] {
        put(root, &format!("{folder}/.msc"), &index::write(&rows));
        put(root, &format!("{folder}/config.json"), b"{}");
        put(root, &format!("{folder}/later.json"), b"{}");
    }
    put(
        root,
        "hub/models/acme/a___b/.mv",
        b"Revision:v1.0,CreatedAt:1",
    );
    symlink(
        root.join("hub/models/acme/a___b"),
        root.join("hub/models/acme/a.b"),
    )
    .unwrap();
    put(root, "models/acme/no-index/config.json", b"{}");
    let scan = scan(root).unwrap();
    assert_eq!(
        lines(&scan),
        [
            "acme/a.b @ v1.0: config.json later.json",
            "acme/c.d (guessed) @ ?: config.json later.json",
            "acme/plain @ ?: config.json later.json",
        ]
    );
    let changed: Vec<_> = scan.snapshots[0]
        .files
        .iter()
        .map(|file| file.changed_by.as_ref().map(Commit::as_str))
        .collect();
    assert_eq!(changed, [Some("a".repeat(40).as_str()), None]);
}

#[test]
fn links_are_followed_inside_the_cache_only() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("cache");
    put(&root, "models/a--b/snapshots/master/f", b"1");
    put(&root, "blobs/x", b"22");
    put(dir.path(), "secret", b"333");
    let snapshot = root.join("models/a--b/snapshots/master");
    symlink(root.join("blobs/x"), snapshot.join("inside")).unwrap();
    symlink(dir.path().join("secret"), snapshot.join("outside")).unwrap();
    symlink(dir.path(), snapshot.join("folder")).unwrap();
    let scan = scan(&root).unwrap();
    assert_eq!(lines(&scan), ["a/b @ master: f inside"]);
    assert_eq!(scan.snapshots[0].files[1].stamp.len, 2);
    assert_eq!(
        scan.odd,
        [snapshot.join("folder"), snapshot.join("outside")]
    );
}

#[test]
fn a_cache_that_is_not_there_holds_nothing() {
    assert_eq!(scan(Path::new("/nowhere/at/all")).unwrap(), Scan::default());
}

/// A link to a folder that has it would double what is found at every level.
#[test]
fn links_to_folders_are_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    put(root, "models/acme--tiny/snapshots/master/w", b"w");
    let snapshots = root.join("models/acme--tiny/snapshots");
    for name in ["a", "b", "master/c"] {
        symlink(&snapshots, snapshots.join(name)).unwrap();
    }
    symlink(root.join("models"), root.join("models/acme--loop")).unwrap();
    assert_eq!(lines(&scan(root).unwrap()), ["acme/tiny @ master: w"]);
}
