//! `--layout legacy`: what `modelscope` 1.37 and older open, and newer ones too.

use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::bin::Larder;
use crate::modelscope::Version::{Now, Old};
use crate::modelscope::{Official, answer};
use crate::{DATA, MODEL, WEIGHTS, assert_holds, cache, fetches, hub, ms};

#[test]
fn both_clients_open_it_offline() {
    let hub = hub();
    let larder = Larder::at(&hub);
    let pulled = larder.pulled([&ms(MODEL), "--layout", "legacy"]);
    let folder = cache(&larder).join("hub/models/acme/tiny___v1-5B");
    assert_eq!(pulled.line(), folder.to_str().unwrap());
    let old = Official::snapshot(&larder, Old, &[MODEL])
        .offline()
        .succeeded();
    assert_eq!(answer(&old), pulled.line());
    let now = Official::snapshot(&larder, Now, &[MODEL])
        .offline()
        .succeeded();
    assert_holds(answer(&now), &hub, MODEL);
    let link = cache(&larder).join("hub/models/acme/tiny.v1-5B");
    assert_holds(link, &hub, MODEL);
}

#[test]
fn and_ask_for_nothing_online() {
    let hub = hub();
    let larder = Larder::at(&hub);
    larder.pulled([&ms(MODEL), "--layout", "legacy"]);
    for version in [Old, Now] {
        hub.log().clear();
        Official::snapshot(&larder, version, &[MODEL]).succeeded();
        assert_eq!(fetches(&hub), [""; 0], "{version:?}");
    }
}

#[test]
fn a_dataset() {
    let hub = hub();
    let larder = Larder::at(&hub);
    let pulled = larder.pulled([&ms(DATA), "--layout", "legacy"]);
    let args = ["acme/corpus", "--dataset"];
    let old = Official::snapshot(&larder, Old, &args)
        .offline()
        .succeeded();
    assert_eq!(answer(&old), pulled.line());
    assert_holds(answer(&old), &hub, DATA);
}

#[test]
fn the_older_client_goes_on_with_its_index() {
    let hub = hub();
    let larder = Larder::at(&hub);
    larder.pulled([&ms(MODEL), "config.json", "--layout", "legacy"]);
    hub.log().clear();
    Official::snapshot(&larder, Old, &[MODEL]).succeeded();
    let asked = fetches(&hub);
    assert!(
        !asked.iter().any(|line| line.contains("config.json")),
        "{asked:#?}"
    );
    hub.log().clear();
    let pulled = larder.pulled([&ms(MODEL), "--layout", "legacy"]);
    assert_eq!(fetches(&hub), [""; 0]);
    assert_holds(pulled.line(), &hub, MODEL);
    // The client's own copy is the store's now.
    let weights = fs::metadata(larder.path(pulled.line()).join(WEIGHTS)).unwrap();
    assert!(weights.nlink() > 1);
}

#[test]
fn the_layout_is_for_modelscope_alone() {
    let hub = hub();
    let larder = Larder::at(&hub);
    let ran = larder.pull([MODEL, "--layout", "legacy"]).run();
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("--layout"), "{}", ran.stderr);
}
