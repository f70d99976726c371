//! A cache that the client filled costs no byte of a file.

use crate::bin::Larder;
use crate::modelscope::Official;
use crate::modelscope::Version::{Now, Old};
use crate::{DATA, MODEL, assert_holds, fetches, hub, ms};

#[test]
fn by_the_newest_client() {
    let hub = hub();
    let larder = Larder::at(&hub);
    Official::snapshot(&larder, Now, &[MODEL]).succeeded();
    Official::snapshot(&larder, Now, &["acme/corpus", "--dataset"]).succeeded();
    hub.log().clear();
    for name in [MODEL, DATA] {
        let pulled = larder.pulled([ms(name)]);
        assert_holds(pulled.line(), &hub, name);
    }
    // Another revision of the same files.
    let tag = larder.pulled([ms("acme/tiny.v1-5B@v1.0")]);
    assert_holds(tag.line(), &hub, MODEL);
    assert_eq!(fetches(&hub), [""; 0]);
}

#[test]
fn by_the_older_client() {
    let hub = hub();
    for layout in ["current", "legacy"] {
        let larder = Larder::at(&hub);
        Official::snapshot(&larder, Old, &[MODEL]).succeeded();
        hub.log().clear();
        let pulled = larder.pulled([&ms(MODEL), "--layout", layout]);
        assert_holds(pulled.line(), &hub, MODEL);
        assert_eq!(fetches(&hub), [""; 0], "{layout}");
        let is_told = pulled.stderr.contains("left by an older client");
        assert_eq!(is_told, layout == "current", "{}", pulled.stderr);
    }
}

#[test]
fn where_both_share_the_root() {
    let hub = hub();
    let larder = Larder::at(&hub);
    let root = larder.path("ms");
    let root = root.to_str().unwrap();
    let old = Official::snapshot(&larder, Old, &[MODEL]);
    old.env("MODELSCOPE_CACHE", root).succeeded();
    hub.log().clear();
    for layout in ["current", "legacy"] {
        let pull = larder.pull([&ms(MODEL), "--layout", layout]);
        let pulled = pull.env("MODELSCOPE_CACHE", root).run().succeeded();
        assert_holds(pulled.line(), &hub, MODEL);
    }
    assert_eq!(fetches(&hub), [""; 0]);
}
