//! Where larder and the reference client differ, each asked the same: the README quotes these.
//!
//! What is said of `hf` here holds for 2.4.0 over plain HTTP. A newer one that does better breaks
//! these tests, and then the README has to change.

use std::fs;
use std::path::Path;
use std::time::Duration;

use larder::digest::BlobId;

use crate::bin::Larder;
use crate::disk::inodes;
use crate::hub::{Content, Fault, Hub, Match, Origin, Repo, Shape};
use crate::python::Client;
use crate::repos::fetches;

const ID: &str = "acme/weights";
const TWIN: &str = "acme/finetune";
const FILE: &str = "model.safetensors";
const MIB: u64 = 1 << 20;
const LEN: u64 = 24 * MIB;
const LIMIT: Duration = Duration::from_secs(60);

fn content() -> Content {
    Content::synthetic(LEN, 11)
}

fn hub() -> Hub {
    let repo = |id| Repo::model(id).lfs(FILE, content());
    Hub::builder().repo(repo(ID)).repo(repo(TWIN)).start()
}

/// File bytes that were sent for a download whose first try ends, by `kill -9`, near the half.
fn sent_in_spite_of_a_kill(start: impl Fn(&Larder) -> Kill, again: impl Fn(&Larder)) -> u64 {
    let hub = hub();
    let larder = Larder::at(&hub);
    let slow = Shape {
        rate: Some(4 * MIB),
        ..Shape::default()
    };
    hub.set_shape(Origin::Cdn, slow);
    let kill = start(&larder);
    let is_half = hub.log().block_until(LIMIT, |records| {
        records.iter().map(|r| r.body_bytes_sent).sum::<u64>() > LEN / 2
    });
    assert!(is_half, "it never came to the half");
    kill();
    hub.set_shape(Origin::Cdn, Shape::default());
    again(&larder);
    hub.log().bytes_sent_by(Origin::Cdn)
}

type Kill = Box<dyn FnOnce()>;

#[test]
fn after_a_kill_larder_goes_on_and_hf_begins_again() {
    let ours = sent_in_spite_of_a_kill(
        |larder| {
            let running = larder.pull([ID]).spawn();
            Box::new(|| drop(running.kill_9()))
        },
        |larder| drop(larder.pulled([ID])),
    );
    assert!(ours < LEN + 4 * MIB, "{ours} bytes of {LEN}");

    let theirs = sent_in_spite_of_a_kill(
        |larder| {
            let running = Client::hf(larder, ["download", ID]).spawn();
            Box::new(|| running.kill_9())
        },
        |larder| drop(Client::hf(larder, ["download", ID]).run().succeeded()),
    );
    assert!(theirs > LEN + LEN / 3, "{theirs} bytes of {LEN}");
}

#[test]
fn a_flipped_bit_is_found_by_larder_and_published_by_hf() {
    let hub = hub();
    let (ours, theirs) = (Larder::at(&hub), Larder::at(&hub));
    let flip = Fault::FlipBit {
        offset_in_file: LEN / 3,
    };
    let is_right = |path: &str| {
        let path = Path::new(path.trim_end());
        fs::read(path).unwrap() == content().slice(0..LEN).unwrap()
    };

    hub.faults().once(Match::cdn(), flip.clone());
    let downloaded = Client::hf(&theirs, ["download", "-q", ID, FILE]).run();
    assert!(!is_right(&downloaded.succeeded().stdout));
    assert_eq!(hub.faults().played(), 1);

    hub.faults().clear();
    // Whichever request brings that byte.
    hub.faults().once(Match::cdn().offset(LEN / 3), flip);
    let pulled = ours.pulled([ID, FILE]);
    assert!(is_right(&pulled.stdout));
    assert_eq!(hub.faults().played(), 1);
}

#[test]
fn the_same_weights_in_two_repos_are_kept_once_by_larder_and_twice_by_hf() {
    let hub = hub();
    let (ours, theirs) = (Larder::at(&hub), Larder::at(&hub));
    let copies = |larder: &Larder| {
        let sha256: BlobId = content().sha256().parse().unwrap();
        inodes(&[&larder.hub_cache()])[&sha256].len()
    };

    ours.pulled([ID]);
    hub.log().clear();
    ours.pulled([TWIN]);
    assert_eq!(fetches(&hub), [""; 0]);
    assert_eq!(copies(&ours), 1);

    for id in [ID, TWIN] {
        Client::hf(&theirs, ["download", id]).run().succeeded();
    }
    assert_eq!(copies(&theirs), 2);
}
