//! `larder verify`: each revision has a folder of its own, and is put right in it.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::*;

/// Other bytes of the same length, in a file of its own.
fn damage(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    bytes[7] ^= 1;
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Other bytes in all names of a file.
fn rot(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    bytes[7] ^= 1;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(path, bytes).unwrap();
}

/// `problem path` of everything that is wrong in the cache.
fn wrong(larder: &Larder) -> Vec<String> {
    let document = larder.args(["verify", "--json"]).run().json();
    let rows = document["wrong"].as_array().unwrap().iter();
    let shown = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap().to_owned();
    let cache = larder.path(".cache/modelscope/models");
    let rows = rows.filter_map(|row| {
        let path = PathBuf::from(shown(row, "path"));
        let below = path.strip_prefix(&cache).ok()?;
        Some(format!("{} {}", shown(row, "problem"), below.display()))
    });
    let mut rows: Vec<String> = rows.collect();
    rows.sort();
    rows
}

#[test]
fn every_revision_is_looked_at_and_put_right_where_it_is() {
    let (hub, larder) = start(Hub::builder().repo(repo().tag("v1.0")));
    let folders = [ms(ID), ms(&format!("{ID}@v1.0"))]
        .map(|reference| PathBuf::from(larder.pulled([reference]).line()));
    assert_ne!(folders[0], folders[1]);
    assert_eq!(wrong(&larder), [""; 0]);
    // One is damaged in one revision, another is gone in the other, and the weights rot in all.
    damage(&folders[1].join("config.json"));
    fs::remove_file(folders[0].join("config.json")).unwrap();
    rot(&folders[0].join(WEIGHTS));
    let repo_folder = ID.replace('/', "--");
    let at = |revision: &str, path: &str| format!("{repo_folder}/snapshots/{revision}/{path}");
    let mut expected = vec![
        format!("content {}", at("master", WEIGHTS)),
        format!("content {}", at("v1.0", "config.json")),
        format!("content {}", at("v1.0", WEIGHTS)),
        format!("missing {}", at("master", "config.json")),
    ];
    expected.sort();
    assert_eq!(wrong(&larder), expected);
    larder.args(["verify", "--repair"]).run().succeeded();
    assert_eq!(wrong(&larder), [""; 0]);
    for folder in &folders {
        for (path, content) in hub.files(ID, "main") {
            let there = Content::disk(folder.join(&path)).unwrap();
            assert_eq!(there.sha256(), content.sha256(), "{path}");
        }
    }
    // Nothing came into being beside them.
    let above = folders[0].parent().unwrap();
    assert_eq!(fs::read_dir(above).unwrap().count(), 2);
}

#[test]
fn what_a_branch_showed_before_is_not_missed() {
    let (hub, larder) = start(Hub::builder().repo(repo()));
    larder.pulled([ms(ID)]);
    hub.edit(ID, |repo| repo.file("config.json", b"{\"is_new\": true}"));
    larder.pulled([ms(ID)]);
    let ran = larder.args(["verify"]).run().succeeded();
    assert!(!ran.stdout.contains("was removed"), "{}", ran.stdout);
    assert_eq!(wrong(&larder), [""; 0]);
}

#[test]
fn a_folder_with_one_file_is_not_taken_for_a_damaged_one() {
    let (_hub, larder) = start(Hub::builder().repo(repo().tag("v1.0")));
    let one = larder.pulled([&ms(&format!("{ID}@v1.0")), "config.json"]);
    assert!(Path::new(one.line()).ends_with("v1.0/config.json"));
    let all = PathBuf::from(larder.pulled([ms(ID)]).line());
    assert_eq!(wrong(&larder), [""; 0]);
    // In the one that has all, a file is missed although the other folder has it too.
    fs::remove_file(all.join("config.json")).unwrap();
    let repo_folder = ID.replace('/', "--");
    let gone = format!("missing {repo_folder}/snapshots/master/config.json");
    assert_eq!(wrong(&larder), [gone]);
    larder.args(["verify", "--repair"]).run().succeeded();
    assert_eq!(wrong(&larder), [""; 0]);
}

/// The older layout has one folder for a repo, whatever name leads to it.
#[test]
fn a_folder_of_the_older_layout_is_put_right_as_well() {
    let (hub, larder) = start(Hub::builder().repo(repo()));
    let pulled = larder.pulled([&ms(ID), "--layout", "legacy"]);
    let folder = PathBuf::from(pulled.line());
    assert!(folder.starts_with(larder.path(".cache/modelscope/hub")));
    larder.args(["verify"]).run().succeeded();
    damage(&folder.join("config.json"));
    rot(&folder.join(WEIGHTS));
    let ran = larder.args(["verify"]).run().exited(6);
    for path in ["config.json", WEIGHTS] {
        let there = folder.join(path).display().to_string();
        assert!(ran.stdout.contains(&there), "{path}: {}", ran.stdout);
    }
    fs::remove_file(folder.join(WEIGHTS)).unwrap();
    larder.args(["verify", "--repair"]).run().succeeded();
    larder.args(["verify"]).run().succeeded();
    for (path, content) in hub.files(ID, "main") {
        let there = Content::disk(folder.join(&path)).unwrap();
        assert_eq!(there.sha256(), content.sha256(), "{path}");
    }
    hub.log().clear();
    larder.pulled([&ms(ID), "--layout", "legacy"]);
    assert_eq!(hub.log().count(is_bytes), 0);
}
