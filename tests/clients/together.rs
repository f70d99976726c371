//! `hf download` and `larder pull` of one repo at the same time.

use std::path::Path;
use std::time::Duration;

use crate::adopt::{assert_holds, assert_once};
use crate::bin::Larder;
use crate::hub::{Hub, Origin, Shape};
use crate::python::Client;
use crate::repos::{self, ZOO};

const LIMIT: Duration = Duration::from_secs(60);

/// A hub so slow that whoever begins second begins in the middle.
fn slow_hub() -> Hub {
    let hub = repos::hub();
    let rate = Some(1 << 20);
    hub.set_shape(
        Origin::Cdn,
        Shape {
            rate,
            ..Shape::default()
        },
    );
    hub
}

/// Blocks until a client whose user agent has these words fetches large files.
#[track_caller]
fn wait_for(hub: &Hub, client: &str) {
    let is_here = hub.log().block_until(LIMIT, |records| {
        records.iter().any(|record| {
            let agent = record.user_agent.as_deref().unwrap_or_default();
            record.origin == Origin::Cdn && agent.contains(client) && record.body_bytes_sent > 0
        })
    });
    assert!(is_here, "{client} never fetched anything");
}

#[track_caller]
fn assert_right(larder: &Larder, snapshot: &Path) {
    assert_holds(snapshot, &repos::zoo());
    let verify = [
        "cache",
        "verify",
        ZOO,
        "--fail-on-missing-files",
        "--fail-on-extra-files",
    ];
    Client::hf(larder, verify).run().succeeded();
    // Nothing of either is left over, and the next pull finds everything right.
    let scan = Client::hf(larder, ["cache", "ls", "--show-warnings"])
        .run()
        .succeeded();
    assert!(!scan.stderr.contains("arning"), "{scan:#?}");
    larder.pulled([ZOO, "--offline"]);
    assert_once(larder);
}

#[test]
fn hf_begins() {
    let hub = slow_hub();
    let larder = Larder::at(&hub);
    let theirs = Client::hf(&larder, ["download", "-q", ZOO]).spawn();
    wait_for(&hub, "hf_hub");
    let ours = larder.pulled([ZOO]);
    assert_eq!(theirs.wait().succeeded().line(), ours.line());
    assert_right(&larder, Path::new(ours.line()));
}

#[test]
fn larder_begins() {
    let hub = slow_hub();
    let larder = Larder::at(&hub);
    let ours = larder.pull([ZOO]).spawn();
    wait_for(&hub, "larder");
    let theirs = Client::hf(&larder, ["download", "-q", ZOO])
        .run()
        .succeeded();
    let ours = ours.wait().succeeded();
    assert_eq!(theirs.line(), ours.line());
    assert_right(&larder, Path::new(ours.line()));
}
