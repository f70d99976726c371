//! Death at any moment costs little and spoils nothing.

use super::*;

const LEN: u64 = 500 * MB;
const RATE: u64 = 10 * MB;
const KILLS: u64 = 6;
const CONNECTIONS: &str = "8";

/// A hub that sends large files at a steady rate on every connection.
fn paced() -> hub::Builder {
    let shape = hub::Shape {
        rate: Some(RATE),
        ..hub::Shape::default()
    };
    Hub::builder().shape(Origin::Cdn, shape)
}

/// Pulls with a kill at each of [`KILLS`] moments, which `seed` chooses, then to the end. `between` is
/// told of each kill.
fn killed_again_and_again(hub: &Hub, seed: u64, between: impl Fn()) {
    let larder = Larder::at(hub);
    let mut random = fastrand::Rng::with_seed(seed);
    let step = LEN / (KILLS + 1);
    for kill in 0..KILLS {
        let running = larder.pull([ID, "--connections", CONNECTIONS]).spawn();
        wait_for_bytes(hub.log(), kill * step + random.u64(step / 8..step));
        let ran = running.kill_9();
        assert_eq!(ran.code, None, "it ended before it was killed: {ran:#?}");
        between();
    }
    let last = larder.pull([ID, "--connections", CONNECTIONS]).run();
    assert_right(&larder, hub, last);
    let (sent, asked) = (hub.log().bytes_sent(), really_asked(hub.log()));
    let most = LEN + LEN / 20;
    assert!(
        sent <= most && asked <= most,
        "{sent} bytes were sent and {asked} asked for with seed {seed}"
    );
}

/// File bytes that were asked for and could be had: a request that a kill or a split ended counts as
/// far as it came.
fn really_asked(log: &Log) -> u64 {
    let requests = log.requests();
    let files = requests.iter().filter_map(|request| {
        let asked = request.asked_bytes?;
        Some(asked.min(request.body_bytes_sent))
    });
    files.sum()
}

#[test]
fn six_kills_cost_little() {
    let _turn = turn();
    let hub = paced().repo(repo(Content::synthetic(LEN, 1))).start();
    killed_again_and_again(&hub, 11, || {});
}

#[test]
fn six_kills_and_urls_that_expire_each_time_cost_little() {
    let _turn = turn();
    let hub = paced().repo(repo(Content::synthetic(LEN, 2))).start();
    killed_again_and_again(&hub, 12, || hub.expire_urls());
}

#[test]
fn six_kills_and_urls_of_one_range_cost_little() {
    let _turn = turn();
    let builder = paced().bind_range(true).shared_urls(false);
    let hub = builder.repo(repo(Content::synthetic(LEN, 3))).start();
    killed_again_and_again(&hub, 13, || {});
}

#[test]
fn urls_that_expire_in_the_middle_cost_nothing() {
    // So long that what is in the sockets when the last segments are split does not count.
    let _turn = turn();
    let hub = paced().repo(repo(Content::synthetic(LEN, 4))).start();
    let larder = Larder::at(&hub);
    let running = larder.pull([ID, "--connections", CONNECTIONS]).spawn();
    for moment in 1..6 {
        wait_for_bytes(hub.log(), moment * LEN / 6);
        hub.expire_urls();
    }
    assert_right(&larder, &hub, running.wait());
    let sent = hub.log().bytes_sent();
    assert!(sent <= LEN + LEN / 50, "{sent} bytes were sent");
}
