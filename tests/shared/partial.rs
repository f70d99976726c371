//! Two users and one unfinished file.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use crate::hub::{Hub, Origin, Shape};
use crate::team::{ID, LEN, Team, Who, repo, weights};
use crate::tree::read;

const LIMIT: Duration = Duration::from_secs(60);

fn slow_hub() -> Hub {
    let shape = Shape {
        rate: Some(1 << 20),
        ..Shape::default()
    };
    Hub::builder()
        .shape(Origin::Cdn, shape)
        .repo(repo())
        .start()
}

fn wait_for_bytes(hub: &Hub, bytes: u64) {
    let has = hub.log().block_until(LIMIT, |records| {
        records
            .iter()
            .map(|record| record.body_bytes_sent)
            .sum::<u64>()
            >= bytes
    });
    assert!(has, "{bytes} bytes never came");
}

/// Kills Ann's pull half-way.
fn half(hub: &Hub, team: &Team, umask: &str) {
    let running = team.pull(Who::Ann, umask, &[ID]).spawn();
    wait_for_bytes(hub, LEN / 2);
    // setpriv and the shell have become the program itself.
    running.kill_9();
}

#[track_caller]
fn ends_right(hub: &Hub, team: &Team, umask: &str) {
    let pulled = team.pull(Who::Ben, umask, &[ID]).run().succeeded();
    let file = read(Path::new(pulled.line()).join("model.safetensors"));
    assert!(file == weights().slice(0..LEN).unwrap());
    let sent = hub.log().bytes_sent();
    assert!(sent < LEN + LEN / 4, "{sent} bytes");
    team.assert_shared(&team.store());
}

#[test]
fn one_user_goes_on_with_the_unfinished_file_of_another() {
    for (first, second) in [("077", "022"), ("022", "077")] {
        let hub = slow_hub();
        let Some(team) = Team::at(&hub) else { return };
        half(&hub, &team, first);
        team.assert_shared(&team.store());
        ends_right(&hub, &team, second);
    }
}

#[test]
fn what_another_user_has_made_read_only_is_no_end() {
    let hub = slow_hub();
    let Some(team) = Team::at(&hub) else { return };
    half(&hub, &team, "022");
    // As a kill between the last check and the rename leaves it.
    let partial = team.store().join("partial").join(weights().sha256());
    fs::set_permissions(partial.join("data"), fs::Permissions::from_mode(0o444)).unwrap();
    ends_right(&hub, &team, "022");
}

#[test]
fn two_users_at_once_fetch_once() {
    let hub = slow_hub();
    let Some(team) = Team::at(&hub) else { return };
    let first = team.pull(Who::Ann, "077", &[ID]).spawn();
    wait_for_bytes(&hub, LEN / 4);
    let second = team.pull(Who::Ben, "077", &[ID]).spawn();
    second.wait_until_it_says("waiting for another process that works on model.safetensors");
    first.wait().succeeded();
    second.wait().succeeded();
    let sent = hub.log().bytes_sent();
    assert!(sent < LEN + LEN / 4, "{sent} bytes");
    team.assert_shared(&team.store());
}
