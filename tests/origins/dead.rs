//! The hub dies, or gives no bytes.

use super::*;

const LEN: u64 = 200 * MB;
const RATE: Option<u64> = Some(10 * MB);

#[test]
fn a_hub_that_dies_in_the_middle_is_replaced() {
    let _turn = turn();
    let weights = Content::synthetic(LEN, 1);
    let (hub, mirror) = twins(&weights, RATE);
    let larder = Larder::at(&hub);
    let (log, first, second) = (hub.log().clone(), place(&hub), place(&mirror));
    // What is on its way on each when the hub dies is lost, whatever the length of the file.
    let pull = larder.pull([ID, "--json", "--connections", "8"]);
    let pull = pull.and(["--fallback", &mirror.endpoint()]);
    let running = pull.spawn();
    wait_for_bytes(&log, LEN / 3);
    drop(hub);
    let ran = running.wait();
    assert_right(&larder, &mirror, &ran);
    ran.says(&[
        &format!("{first}: "),
        &format!("asking {second} instead"),
        &format!("of it from {second}"),
    ]);
    let most = LEN + LEN / 50;
    let sent = log.bytes_sent() + mirror.log().bytes_sent();
    let asked = really_asked(&log) + really_asked(mirror.log());
    assert!(sent <= most && asked <= most, "{sent} sent, {asked} asked");

    let document = ran.json();
    let sources = document["sources"].as_array().unwrap();
    let bytes: Vec<u64> = sources
        .iter()
        .map(|s| s["bytes"].as_u64().unwrap())
        .collect();
    assert_eq!(sources[1]["endpoint"], mirror.endpoint());
    assert_eq!(
        (&sources[1]["hub"], &sources[1]["repo"]),
        (&"hf".into(), &ID.into())
    );
    assert!(bytes[0] >= LEN / 4 && bytes[1] >= LEN / 2, "{bytes:?}");
    assert_eq!(bytes.iter().sum::<u64>(), document["fetched_bytes"]);
    assert_eq!(document["fetched_bytes"], document["total_bytes"]);
}

#[test]
fn a_kill_in_the_middle_of_a_mixed_file_costs_little() {
    let _turn = turn();
    let weights = Content::synthetic(LEN, 2);
    let (hub, mirror) = twins(&weights, Some(4 * MB));
    let larder = Larder::at(&hub);
    let log = hub.log().clone();
    let pull = larder.pull([ID, "--connections", "8"]);
    let pull = pull.and(["--fallback", &mirror.endpoint()]);
    let running = pull.spawn();
    wait_for_bytes(&log, LEN / 3);
    drop(hub);
    wait_for_bytes(mirror.log(), LEN / 3);
    let ran = running.kill_9();
    assert_eq!(ran.code, None, "it ended before it was killed: {ran:#?}");
    assert_right(&larder, &mirror, &pull.run());
    let sent = log.bytes_sent() + mirror.log().bytes_sent();
    assert!(sent <= LEN + LEN / 25, "{sent} bytes were sent");
}

#[test]
fn a_fallback_is_not_asked_while_all_is_well() {
    let (hub, mirror) = twins(&Content::synthetic(20 * MB, 3), None);
    let larder = Larder::at(&hub);
    let ran = larder.pulled([ID, "--fallback", &mirror.endpoint()]);
    assert_right(&larder, &hub, &ran);
    assert_eq!(mirror.log().requests().len(), 0);
    assert!(!ran.stderr.contains("of it from"), "{ran:#?}");
}

#[test]
fn small_files_come_from_a_fallback_too() {
    let (hub, mirror) = twins(&Content::synthetic(2 * MB, 4), None);
    hub.faults()
        .always(Match::hub().path("/resolve/"), Fault::ResetBeforeHeaders);
    let larder = Larder::at(&hub);
    let ran = larder.pulled([ID, "--fallback", &mirror.endpoint()]);
    assert_right(&larder, &mirror, &ran);
    let moved = format!("asking {} instead", place(&mirror));
    assert_eq!(ran.stderr.matches(&moved).count(), 1, "{ran:#?}");
}

#[test]
fn a_fallback_that_is_dead_too_is_asked_by_one_for_all() {
    let weights = Content::synthetic(80 * MB, 9);
    let (hub, good) = twins(&weights, None);
    breaks_off(&hub);
    // So slow to refuse that every connection waits to hear it.
    let dead = Hub::builder().latency(Duration::from_secs(1)).start();
    dead.faults().always(Match::hub(), Fault::status(403));
    let larder = Larder::at(&hub);
    let pull = larder.pull([ID, "--connections", "8", "--fallback", &dead.endpoint()]);
    let ran = pull.and(["--fallback", &good.endpoint()]).run();
    assert_right(&larder, &good, &ran);
    let asked = dead.log().requests().len();
    assert!((1..=3).contains(&asked), "{asked} requests");
}

#[test]
fn a_hub_that_asks_to_wait_is_replaced() {
    let (hub, mirror) = twins(&Content::synthetic(2 * MB, 8), None);
    let files = Match::hub().path("/resolve/");
    hub.faults().always(files, Fault::too_many_requests(200));
    let larder = Larder::at(&hub);
    let ran = larder.pulled([ID, "--fallback", &mirror.endpoint()]);
    assert_right(&larder, &mirror, &ran);
    ran.says(&[&format!("asking {} instead", place(&mirror))]);
}

#[test]
fn when_both_are_dead_both_are_named() {
    let (hub, mirror) = twins(&Content::synthetic(2 * MB, 5), None);
    breaks_off(&hub);
    breaks_off(&mirror);
    let larder = Larder::at(&hub);
    let ran = larder.pull([ID, "--fallback", &mirror.endpoint()]).run();
    let ran = ran.exited(5);
    let last = ran.stderr.split("error: ").last().unwrap();
    for named in [place(&hub), place(&mirror)] {
        assert!(last.contains(&format!("{named}: ")), "{ran:#?}");
    }
    ran.says(&["run the same command again"]);
    assert_unpublished(&larder);
}

#[test]
fn the_config_file_names_fallbacks() {
    let (hub, mirror) = twins(&Content::synthetic(2 * MB, 6), None);
    breaks_off(&hub);
    let larder = Larder::at(&hub);
    let file = larder.path("larder.toml");
    let (own, every) = (mirror.endpoint(), hub.endpoint());
    let text = format!("[fallback]\n'*' = ['{every}']\n'{ID}' = ['{own}']\n");
    fs::write(&file, text).unwrap();
    let ran = larder.pull([ID]).env("LARDER_CONFIG", &file).run();
    assert_right(&larder, &mirror, &ran);
    let env = larder.args(["env"]).env("LARDER_CONFIG", &file).run();
    assert!(env.stdout.contains(&own), "{env:#?}");
}

#[test]
fn a_fallback_is_shown_no_token_but_its_own() {
    const TOKEN: &str = "hf_0123456789abcdefghijklmnopqrstuvwx";
    let (hub, mirror) = twins(&Content::synthetic(2 * MB, 7), None);
    hub.allow(TOKEN, Access::user("ann"));
    breaks_off(&hub);
    let larder = Larder::at(&hub);
    let pull = larder.pull([ID, "--fallback", &mirror.endpoint()]);
    assert_right(&larder, &mirror, &pull.env("HF_TOKEN", TOKEN).run());
    let with_token = |log: &Log| log.count(|request| request.authorization.is_some());
    assert!(with_token(hub.log()) > 0);
    assert_eq!(with_token(mirror.log()), 0);
}
