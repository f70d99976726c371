//! Ctrl-C and SIGTERM: an orderly end, and a way to go on.

use rustix::process::Signal;

use super::*;

const LEN: u64 = 60 * MB;

/// A hub that sends large files slowly enough to be interrupted.
fn slow() -> Hub {
    let shape = hub::Shape {
        rate: Some(2 * MB),
        ..hub::Shape::default()
    };
    let builder = Hub::builder().shape(Origin::Cdn, shape);
    builder.repo(repo(Content::synthetic(LEN, 5))).start()
}

fn full_speed(hub: &Hub) {
    hub.set_shape(Origin::Cdn, hub::Shape::default());
}

/// Interrupts a pull half way, then goes on with the command that it names.
fn goes_on_after(signal: Signal) {
    let hub = slow();
    let larder = Larder::at(&hub);
    let running = larder.pull([ID, "--connections", "4"]).spawn();
    wait_for_bytes(hub.log(), LEN / 2);
    running.signal(signal);
    let ran = running.wait().exited(130);
    ran.says(&["interrupted", "larder pull org/model --connections 4"]);
    assert_eq!(ran.stdout, "");
    assert!(!larder.repo(ID).join("snapshots").exists());

    full_speed(&hub);
    let before = hub.log().bytes_sent();
    let ran = larder.pull([ID, "--connections", "4"]).run();
    assert_right(&larder, &hub, ran);
    let more = hub.log().bytes_sent() - before;
    assert!(
        more <= LEN - before + 2 * MB,
        "{before} and then {more} bytes"
    );
}

#[test]
fn an_interrupt_says_how_to_go_on() {
    goes_on_after(Signal::INT);
}

#[test]
fn a_termination_says_how_to_go_on() {
    goes_on_after(Signal::TERM);
}

#[test]
fn a_second_interrupt_ends_it_at_once() {
    let hub = slow();
    let larder = Larder::at(&hub);
    let running = larder.pull([ID]).spawn();
    wait_for_bytes(hub.log(), LEN / 4);
    running.interrupt();
    running.interrupt();
    assert_eq!(running.wait().code, Some(130));
    full_speed(&hub);
    assert_right(&larder, &hub, larder.pull([ID]).run());
    assert!(hub.log().bytes_sent() <= LEN + 4 * MB);
}

/// Arguments, and what makes the pull wait.
type Wait = (&'static [&'static str], fn(&Hub));

#[test]
fn an_interrupt_ends_waits_of_every_kind() {
    let waits: [Wait; 4] = [
        // For bytes, of which hardly any may come.
        (&["--limit-rate", "1K"], |_hub| {}),
        // Before the next try.
        (&[], |hub| {
            let on = Match::cdn().method("GET");
            hub.faults().always(on, Fault::too_many_requests(100));
        }),
        // For an answer of the storage.
        (&[], |hub| hub.faults().always(Match::cdn(), Fault::Silence)),
        // For an answer of the hub.
        (&[], |hub| {
            let on = Match::hub().path("resolve");
            hub.faults().always(on, Fault::Silence);
        }),
    ];
    for (number, (args, prepare)) in waits.into_iter().enumerate() {
        let hub = slow();
        prepare(&hub);
        let larder = Larder::at(&hub);
        let running = larder.pull([ID]).and(args).spawn();
        let large = |r: &Record| r.path.contains(WEIGHTS);
        assert!(
            hub.log()
                .block_until(LIMIT, |requests| requests.iter().any(large))
        );
        match number {
            0 => wait_for_bytes(hub.log(), MB),
            1 => running.wait_until_it_says("trying model.safetensors again in 1"),
            _ => {}
        }
        running.interrupt();
        running.wait().exited(130);
    }
}

#[test]
fn an_interrupt_ends_the_hashing_of_what_is_here() {
    const LEN: u64 = 20_000 * MB;
    let weights = Content::declared(LEN, "5".repeat(64));
    let (_hub, larder) = plain(weights.clone());
    let blobs = larder.repo(ID).join("blobs");
    fs::create_dir_all(&blobs).unwrap();
    let blob = blobs.join(weights.sha256());
    fs::File::create(&blob).unwrap().set_len(LEN).unwrap();
    let running = larder.pull([ID]).spawn();
    running.wait_until_it_says("here to check");
    running.interrupt();
    running.wait().exited(130);
    assert_eq!(fs::metadata(blob).unwrap().len(), LEN);
}
