//! The official client and larder at work on one repo at the same time, in both layouts.

use std::thread;
use std::time::Duration;

use crate::bin::Larder;
use crate::hub::{Hub, Origin, Shape};
use crate::modelscope::Version::{Now, Old};
use crate::modelscope::{Official, Version, answer};
use crate::{MODEL, assert_holds, fetches, hub, ms};

const LIMIT: Duration = Duration::from_secs(60);
const LAYOUTS: [(Version, &str); 2] = [(Now, "current"), (Old, "legacy")];

/// A hub so slow that whoever begins second begins in the middle.
fn slow_hub() -> Hub {
    let hub = hub();
    let shape = Shape {
        rate: Some(1 << 20),
        ..Shape::default()
    };
    hub.set_shape(Origin::Cdn, shape);
    hub
}

/// Blocks until larder, or somebody else, fetches the weights.
#[track_caller]
fn wait_for(hub: &Hub, is_larder: bool) {
    let is_here = hub.log().block_until(LIMIT, |records| {
        records.iter().any(|record| {
            let agent = record.user_agent.as_deref().unwrap_or_default();
            record.origin == Origin::Cdn
                && agent.starts_with("larder/") == is_larder
                && record.body_bytes_sent > 0
        })
    });
    assert!(is_here, "nobody fetched anything");
}

/// Both find all of it, and have nothing left to fetch.
#[track_caller]
fn assert_settled(larder: &Larder, hub: &Hub, version: Version, layout: &str) {
    let opened = Official::snapshot(larder, version, &[MODEL]).offline();
    assert_holds(answer(&opened.succeeded()), hub, MODEL);
    hub.log().clear();
    let pulled = larder.pulled([&ms(MODEL), "--layout", layout]);
    assert_holds(pulled.line(), hub, MODEL);
    assert_eq!(fetches(hub), [""; 0], "{version:?}");
    larder.args(["verify"]).run().succeeded();
}

#[test]
fn the_client_begins() {
    for (version, layout) in LAYOUTS {
        let hub = slow_hub();
        let larder = Larder::at(&hub);
        thread::scope(|scope| {
            let theirs = scope.spawn(|| Official::snapshot(&larder, version, &[MODEL]).succeeded());
            wait_for(&hub, false);
            let ours = larder.pulled([&ms(MODEL), "--layout", layout]);
            assert_holds(ours.line(), &hub, MODEL);
            assert_holds(answer(&theirs.join().unwrap()), &hub, MODEL);
        });
        assert_settled(&larder, &hub, version, layout);
    }
}

#[test]
fn larder_begins() {
    for (version, layout) in LAYOUTS {
        let hub = slow_hub();
        let larder = Larder::at(&hub);
        let ours = larder.pull([&ms(MODEL), "--layout", layout]).spawn();
        wait_for(&hub, true);
        let theirs = Official::snapshot(&larder, version, &[MODEL]).succeeded();
        assert_holds(answer(&theirs), &hub, MODEL);
        assert_holds(ours.wait().succeeded().line(), &hub, MODEL);
        assert_settled(&larder, &hub, version, layout);
    }
}
