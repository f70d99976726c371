//! The tree that `larder pull ms:…` leaves is the one that the newest client leaves.

use crate::bin::Larder;
use crate::disk::{Picture, difference, picture};
use crate::modelscope::Official;
use crate::modelscope::Version::Now;
use crate::{DATA, MODEL, cache, hub, ms};

/// Without the mode of a model's files: larder's may not be written, being the store's own.
fn settled(picture: Picture) -> Picture {
    let settle = |(name, what): (String, String)| {
        let is_content = name.contains("/snapshots/") && what.starts_with("file ");
        let what = match what.splitn(3, ' ').nth(2) {
            Some(content) if is_content => content.to_owned(),
            _ => what,
        };
        (name, what)
    };
    picture.into_iter().map(settle).collect()
}

#[track_caller]
fn assert_same(pulls: &[&str], downloads: &[&[&str]]) {
    let hub = hub();
    let (ours, theirs) = (Larder::at(&hub), Larder::at(&hub));
    for pull in pulls {
        ours.pulled([ms(pull)]);
    }
    for download in downloads {
        Official::snapshot(&theirs, Now, download).succeeded();
    }
    let [theirs, ours] = [&theirs, &ours].map(|home| settled(picture(&cache(home))));
    assert!(theirs.len() > 5);
    let difference = difference(&theirs, &ours);
    assert!(difference.is_empty(), "{}", difference.join("\n"));
}

#[test]
fn of_a_model() {
    assert_same(&[MODEL], &[&[MODEL]]);
}

#[test]
fn of_a_dataset() {
    assert_same(&[DATA], &[&["acme/corpus", "--dataset"]]);
}

#[test]
fn of_several_revisions() {
    let model = |revision| format!("{MODEL}@{revision}");
    assert_same(
        &[MODEL, &model("v1.0"), &model("feat/x")],
        &[
            &[MODEL],
            &[MODEL, "--revision", "v1.0"],
            &[MODEL, "--revision", "feat/x"],
        ],
    );
}
