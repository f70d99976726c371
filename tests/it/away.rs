//! `rm` and `prune` where a folder that showed something is not there.

use std::fs;

use crate::bin::Larder;
use crate::rm::{hub, rm, shared};

#[test]
fn a_view_on_a_disk_that_is_not_there_keeps_what_it_shows() {
    let hub = hub();
    let larder = Larder::at(&hub);
    let disk = larder.path("disk");
    fs::create_dir_all(&disk).unwrap();
    let cache = disk.join("hub");
    larder.pulled(["org/two", "--cache-dir", cache.to_str().unwrap()]);
    #[expect(clippy::disallowed_methods, reason = "a disk that is taken away")]
    fs::rename(&disk, larder.path("away")).unwrap();
    let is_kept = || {
        let dry = larder.args(["prune", "--dry-run"]).run().succeeded();
        dry.says(&["nothing to prune"]);
    };
    is_kept();
    // What is left of a disk that is not mounted is the folder where it was.
    fs::create_dir_all(&disk).unwrap();
    is_kept();
    fs::create_dir_all(&cache).unwrap();
    is_kept();
    let ran = rm(&larder, &["org/two"]).succeeded();
    ran.says(&["is not there now: what it shows stays"]);
    assert!(larder.path("away/hub/models--org--two/refs/main").exists());
}

#[test]
fn what_a_folder_may_show_by_links_stays_while_the_folder_is_away() {
    let hub = hub();
    let larder = Larder::at(&hub);
    fs::create_dir(larder.path("disk")).unwrap();
    larder.pulled(["org/two", "--local-dir", "disk/dir", "--link", "symlink"]);
    larder.pulled(["org/two"]);
    let away = || {
        #[expect(clippy::disallowed_methods, reason = "a disk that is taken away")]
        fs::rename(larder.path("disk"), larder.path("away")).unwrap();
    };
    away();
    for _time in 0..2 {
        let ran = rm(&larder, &["org/two"]).succeeded();
        ran.says(&["stays in the store: a folder that cannot be reached"]);
        assert!(ran.stdout.contains("removed nothing"), "{ran:?}");
    }
    assert!(!larder.repo("org/two").exists());
    let shown = fs::read(larder.path("away/dir/shared.bin")).unwrap();
    assert_eq!(shown.len() as u64, shared().len());
    larder.args(["prune", "--yes"]).run().succeeded();
    assert!(fs::read(larder.path("away/dir/shared.bin")).is_ok());
    // A folder that is there again, and one that is gone for good.
    fs::remove_dir_all(larder.path("away")).unwrap();
    fs::create_dir_all(larder.path("disk/other")).unwrap();
    let ran = rm(&larder, &["org/two"]).succeeded();
    assert!(ran.stdout.contains("removed 1 commit"), "{ran:?}");
}

/// A disk that is not mounted leaves the same: an empty folder.
#[test]
fn of_a_cache_that_is_empty_it_says_why_nothing_goes() {
    let hub = hub();
    let larder = Larder::at(&hub);
    larder.pulled(["org/two"]);
    fs::remove_dir_all(larder.hub_cache()).unwrap();
    let left = format!(
        "{} is not there now, or empty",
        larder.hub_cache().display()
    );
    let prune = || larder.args(["prune", "--yes"]).run().succeeded();
    let pruned = prune();
    pruned.says(&[&left, "`larder rm`", "nothing to prune"]);
    let blob = larder.blob(shared().sha256());
    assert!(blob.exists());
    rm(&larder, &["org/two"]).succeeded();
    assert!(!prune().stderr.contains("not there now"));
    assert!(!blob.exists());
}
