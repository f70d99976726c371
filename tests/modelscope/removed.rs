//! `larder rm` where a revision has one folder for all that it ever was.

use super::*;

fn moved() -> (Hub, Larder) {
    let (hub, larder) = plain();
    larder.pulled([ms(ID)]);
    hub.edit(ID, |repo| {
        repo.without("empty.txt")
            .without(WEIGHTS)
            .file("config.json", b"{\"is_new\": true}")
            .file("new.txt", b"new")
    });
    larder.pulled([ms(ID)]);
    (hub, larder)
}

fn unique(larder: &Larder) -> serde_json::Value {
    larder.args(["ls", "--json"]).run().succeeded().json()[0]["unique_bytes"].clone()
}

#[test]
fn what_a_branch_left_in_its_folder_goes_with_its_repo() {
    let (_hub, larder) = moved();
    let folder = larder.modelscope(ID, "master");
    assert!(folder.join(WEIGHTS).exists() && folder.join("new.txt").exists());
    fs::write(folder.join("mine.txt"), "mine").unwrap();
    let listed = unique(&larder);
    let ran = larder.args(["rm", &ms(ID), "--yes", "--json"]).run();
    let json = ran.succeeded().json();
    assert_eq!(json["freed_bytes"], listed);
    assert_eq!(json["held_contents"], 0);
    assert_eq!(json["foreign"], serde_json::json!([]));
    let left: Vec<_> = fs::read_dir(&folder).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(folder.join("mine.txt").exists());
}

#[test]
fn what_a_branch_left_behind_goes_and_what_it_shows_stays() {
    for layout in [&[][..], &["--layout", "legacy"]] {
        let (hub, larder) = plain();
        let old = hub.commit_of(ID, "main").unwrap();
        let pull = || larder.pull([&ms(ID)]).and(layout).run().succeeded();
        let folder = pull().line().to_owned();
        let folder = Path::new(&folder);
        let kept = fs::read(folder.join("sub dir/n\u{e4}me #1+%&?.txt")).unwrap();
        hub.edit(ID, |repo| {
            repo.without(WEIGHTS)
                .file("config.json", b"{\"is_new\": true}")
        });
        pull();
        let name = format!("{}@{old}", ms(ID));
        let ran = larder.args(["rm", &name, "--yes", "--json"]).run();
        let json = ran.succeeded().json();
        assert_eq!(json["foreign"], serde_json::json!([]));
        assert!(!folder.join(WEIGHTS).exists());
        let there = fs::read(folder.join("sub dir/n\u{e4}me #1+%&?.txt")).unwrap();
        assert_eq!(there, kept);
        for (path, content) in hub.files(ID, "main") {
            let there = Content::disk(folder.join(&path)).unwrap();
            assert_eq!(there.sha256(), content.sha256(), "{path}");
        }
        assert!(json["freed_bytes"].as_u64().unwrap() >= LEN, "{json}");
    }
}
