//! Who is not of the group reads, and writes nothing.

use std::path::Path;

use crate::bin::Ran;
use crate::hub::Hub;
use crate::team::{CONFIG, ID, Team, Who, add, fetches, repo, run, skipped, weights};
use crate::tree::{read, tree};

#[track_caller]
fn assert_reads(team: &Team, hub: &Hub, who: Who) {
    let before = tree(&team.store());
    hub.log().clear();
    let (local, links) = (team.home(who).join("dir"), team.home(who).join("links"));
    let (local, links) = (local.to_str().unwrap(), links.to_str().unwrap());
    let into: [&[&str]; 4] = [
        &[ID],
        &[ID, "--local-dir", local],
        &[ID, "--local-dir", links, "--link", "symlink"],
        &[ID, "--offline"],
    ];
    for args in into {
        let pulled = team.pull(who, "022", args).run().succeeded();
        assert_eq!(read(Path::new(pulled.line()).join("config.json")), CONFIG);
    }
    let link = std::fs::read_link(Path::new(links).join("model.safetensors"));
    assert_eq!(link.unwrap(), team.blob(&weights()));
    assert_eq!(fetches(hub), 0);
    assert_eq!(tree(&team.store()), before);
}

#[track_caller]
fn refused(ran: Ran) {
    ran.exited(7).says(&["cannot"]);
}

#[test]
fn who_is_not_of_the_group_reads_what_is_there() {
    let hub = Hub::builder().repo(repo()).start();
    let Some(team) = Team::at(&hub) else { return };
    team.pull(Who::Ann, "077", &[ID]).run().succeeded();
    assert_reads(&team, &hub, Who::Eve);
    add(&hub, "new.txt", b"new");
    let before = tree(&team.store());
    refused(team.pull(Who::Eve, "022", &[ID]).run());
    assert_eq!(tree(&team.store()), before);
}

#[test]
fn a_store_for_the_group_alone_shows_others_nothing() {
    let hub = Hub::builder().repo(repo()).start();
    let Some(team) = Team::at(&hub) else { return };
    team.share(&team.store(), 0o2770);
    team.pull(Who::Ann, "022", &[ID]).run().succeeded();
    team.pull(Who::Ben, "022", &[ID]).run().succeeded();
    team.assert_shared(&team.store());
    refused(team.pull(Who::Eve, "022", &[ID]).run());
}

#[test]
fn a_read_only_mount_serves_consumers() {
    let hub = Hub::builder().repo(repo()).start();
    let Some(team) = Team::at(&hub) else { return };
    team.pull(Who::Ann, "077", &[ID]).run().succeeded();
    let store = team.store();
    let at = store.to_str().unwrap();
    let bound = std::process::Command::new("mount")
        .args(["--bind", at, at])
        .status();
    if !bound.is_ok_and(|status| status.success()) {
        skipped("this machine mounts nothing");
        return;
    }
    let _mounted = Mounted(&store);
    run("mount", &["-o", "remount,bind,ro", at]);
    for who in [Who::Ben, Who::Eve] {
        assert_reads(&team, &hub, who);
    }
}

struct Mounted<'a>(&'a Path);

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let ended = std::process::Command::new("umount").arg(self.0).status();
        assert!(
            ended.is_ok_and(|status| status.success()),
            "it stays mounted"
        );
    }
}
