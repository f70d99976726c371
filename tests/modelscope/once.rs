//! One model, two hubs: what came from one is not fetched from the other.

use super::*;

fn bytes_of_files(hub: &Hub) -> u64 {
    let requests = hub.log().select(|r| {
        r.origin == Origin::Cdn || r.path.ends_with("/repo") || r.path.contains("/resolve/")
    });
    requests.iter().map(|request| request.body_bytes_sent).sum()
}

fn is_one_file(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let of = |path: &Path| fs::metadata(path).unwrap();
    (of(one).dev(), of(one).ino()) == (of(other).dev(), of(other).ino())
}

#[test]
fn what_one_hub_gave_costs_no_byte_from_the_other() {
    let (hub, larder) = plain();
    let first = larder.pulled([ID]);
    hub.log().clear();
    let second = larder.pulled([ms(ID)]);
    assert_whole(&larder, &hub, ID, &second);
    assert_eq!(
        bytes_of_files(&hub),
        0,
        "ModelScope tells SHA-256 of every file"
    );
    let both = [first.line(), second.line()].map(|folder| Path::new(folder).join(WEIGHTS));
    assert!(is_one_file(&both[0], &both[1]), "one copy for both");
}

#[test]
fn and_the_other_way_round() {
    let (hub, larder) = plain();
    let first = larder.pulled([ms(ID)]);
    hub.log().clear();
    let second = larder.pulled([ID]);
    let asked = hub.log().select(|r| r.path.contains(WEIGHTS));
    assert!(asked.is_empty(), "{asked:#?}");
    // Hugging Face tells another digest of small files; nothing else was fetched.
    assert!(bytes_of_files(&hub) < 1000);
    let both = [first.line(), second.line()].map(|folder| Path::new(folder).join(WEIGHTS));
    assert!(is_one_file(&both[0], &both[1]), "one copy for both");
}

#[test]
fn what_was_interrupted_from_one_hub_goes_on_from_the_other() {
    let (hub, larder) = start(Hub::builder().repo(repo()).rate(4_000_000));
    let running = larder.pull([ID, "--connections", "2"]).spawn();
    let limit = std::time::Duration::from_secs(60);
    let half = |requests: &[Record]| {
        let sent = requests.iter().map(|request| request.body_bytes_sent);
        sent.sum::<u64>() > LEN / 2
    };
    assert!(hub.log().block_until(limit, half), "never came to the half");
    running.kill_9();
    hub.log().clear();
    let ran = larder.pulled([ms(ID)]);
    assert_whole(&larder, &hub, ID, &ran);
    assert!(hub.log().bytes_asked() < LEN * 6 / 10);
}
