//! What one user has pulled costs the next one nothing.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

use crate::hub::{Content, Hub, Repo};
use crate::team::{CONFIG, ID, Team, Who, entries, fetches, repo, run, skipped, weights};
use crate::tree::{inode, read};

const UMASKS: [&str; 3] = ["022", "077", "000"];

fn bytes(content: &Content) -> Vec<u8> {
    content.slice(0..content.len()).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn the_second_user_fetches_nothing() {
    let hub = Hub::builder().repo(repo()).start();
    let Some(team) = Team::at(&hub) else { return };
    for (first, second) in [
        ("022", "077"),
        ("077", "022"),
        ("077", "077"),
        ("000", "022"),
    ] {
        for who in [Who::Ann, Who::Ben] {
            drop(fs::remove_dir_all(team.home(who).join(".cache")));
        }
        fs::remove_dir_all(team.store()).unwrap();
        team.share(&team.store(), 0o2775);
        team.pull(Who::Ann, first, &[ID]).run().succeeded();
        team.assert_shared(&team.store());
        hub.log().clear();
        let pulled = team.pull(Who::Ben, second, &[ID]).run().succeeded();
        assert_eq!(fetches(&hub), 0, "umasks {first} and {second}");
        let snapshot = Path::new(pulled.line());
        assert_eq!(read(snapshot.join("model.safetensors")), bytes(&weights()));
        assert_eq!(read(snapshot.join("config.json")), CONFIG);
        team.assert_shared(&team.store());
        assert_is_private(&team.home(Who::Ben).join(".cache"), second);
        // Linking another user's file is refused on most systems: said once, and not again.
        let again = team.pull(Who::Ben, second, &[ID]).run().succeeded();
        assert!(!again.stderr.contains("were copied"), "{}", again.stderr);
        assert!(!again.stderr.contains("to check"), "{}", again.stderr);
        let back = team.pull(Who::Ann, first, &[ID]).run().succeeded();
        assert!(!back.stderr.contains("to check"), "{}", back.stderr);
    }
}

/// Checks that the store's permissions did not come into a user's own cache.
#[track_caller]
fn assert_is_private(cache: &Path, umask: &str) {
    let umask = u32::from_str_radix(umask, 8).unwrap();
    for path in entries(cache) {
        let there = fs::symlink_metadata(&path).unwrap();
        if there.is_dir() {
            assert_eq!(there.mode() & umask, 0, "{}", path.display());
        }
        if !there.is_symlink() {
            assert_eq!(there.mode() & 0o002, 0, "{}", path.display());
        }
    }
}

#[test]
fn each_user_goes_on_with_what_the_other_began() {
    let other = Repo::model("team/other")
        .file("config.json", CONFIG)
        .lfs("copy.safetensors", weights());
    let hub = Hub::builder().repo(repo()).repo(other).start();
    let Some(team) = Team::at(&hub) else { return };
    let everybody = [Who::Ann, Who::Ben].into_iter().cycle();
    for (turn, (umask, who)) in UMASKS.iter().cycle().zip(everybody).take(6).enumerate() {
        crate::team::add(&hub, "note.txt", format!("note {turn}").as_bytes());
        let repo = if turn % 2 == 0 { ID } else { "team/other" };
        for repo in [repo, ID] {
            team.pull(who, umask, &[repo]).run().succeeded();
        }
        team.assert_shared(&team.store());
    }
    // The weights came once, for both repos and both users.
    assert!(hub.log().bytes_sent() < weights().len() * 3 / 2);
    let store: Vec<_> = entries(&team.store().join("blobs"))
        .into_iter()
        .filter(|path| fs::metadata(path).unwrap().len() == weights().len())
        .collect();
    assert_eq!(store, [team.blob(&weights())]);
}

#[test]
fn a_cache_that_the_group_shares_holds_every_file_once() {
    let hub = Hub::builder().repo(repo()).start();
    let Some(team) = Team::at(&hub) else { return };
    let pull = |who, umask| {
        let call = team
            .pull(who, umask, &[ID])
            .env("HF_HUB_CACHE", team.cache());
        call.run().succeeded()
    };
    let first = pull(Who::Ann, "077");
    hub.log().clear();
    let second = pull(Who::Ben, "077");
    assert_eq!((first.line(), fetches(&hub)), (second.line(), 0));
    assert!(!second.stderr.contains("were copied"), "{}", second.stderr);
    let file = Path::new(second.line()).join("model.safetensors");
    assert_eq!(inode(file), inode(team.blob(&weights())));
    crate::team::add(&hub, "new.txt", b"new");
    let third = pull(Who::Ben, "022");
    assert_eq!(read(Path::new(third.line()).join("new.txt")), b"new");
    for root in [team.store(), team.cache()] {
        team.assert_shared(&root);
    }
}

#[test]
fn what_another_user_may_write_is_copied_into_the_store() {
    let hub = Hub::builder().repo(repo()).start();
    let Some(team) = Team::at(&hub) else { return };
    // As another client leaves it in a cache of the group: Ben's file, for all of the group to write.
    let call = team.pull(Who::Ben, "002", &[ID]);
    let call = call.env("HF_HUB_CACHE", team.cache());
    call.run().succeeded();
    fs::remove_dir_all(team.store()).unwrap();
    team.share(&team.store(), 0o2775);
    let blob = team
        .cache()
        .join("models--team--model/blobs")
        .join(weights().sha256());
    fs::set_permissions(&blob, fs::Permissions::from_mode(0o664)).unwrap();
    chown(&blob, Some(team.uid(Who::Ben)), Some(team.gid)).unwrap();
    let bens = inode(&blob);
    hub.log().clear();
    let call = team.pull(Who::Ann, "002", &[ID]);
    call.env("HF_HUB_CACHE", team.cache()).run().succeeded();
    assert_eq!(fetches(&hub), 0);
    let stored = team.blob(&weights());
    assert_eq!(mode(&stored), 0o444);
    assert_eq!(fs::metadata(&stored).unwrap().uid(), team.uid(Who::Ann));
    assert_ne!(inode(&stored), bens);
    // And the cache has the store's from then on.
    assert_eq!(inode(&stored), inode(&blob));
    team.assert_shared(&team.store());
}

#[test]
fn a_default_acl_shares_as_well() {
    let hub = Hub::builder().repo(repo()).start();
    let Some(team) = Team::at(&hub) else { return };
    if !Path::new("/usr/bin/setfacl").exists() && !Path::new("/bin/setfacl").exists() {
        skipped("no setfacl");
        return;
    }
    let store = team.larder.path("team/acl");
    fs::create_dir(&store).unwrap();
    fs::set_permissions(&store, fs::Permissions::from_mode(0o755)).unwrap();
    // As the page says, and without the set-group-id bit.
    let page = include_str!("../../docs/shared-store.md");
    let line = page.lines().find(|line| line.starts_with("setfacl"));
    let line = line.expect("the page has the ACL");
    let line = line
        .replace("g:models:", &format!("g:{}:", team.gid))
        .replace("/srv/models", store.to_str().unwrap());
    run("sh", &["-c", &line]);
    let pull = |who, umask| {
        let call = team.pull(who, umask, &[ID]);
        call.env("LARDER_HOME", &store).run().succeeded()
    };
    pull(Who::Ann, "077");
    hub.log().clear();
    pull(Who::Ben, "077");
    assert_eq!(fetches(&hub), 0);
    crate::team::add(&hub, "new.txt", b"new");
    pull(Who::Ben, "022");
    pull(Who::Ann, "022");
    for path in entries(&store) {
        let there = fs::symlink_metadata(&path).unwrap();
        assert_eq!(there.mode() & 0o002, 0, "{}", path.display());
    }
}

#[test]
fn what_another_user_shows_in_a_place_of_their_own_hinders_nobody() {
    let hub = Hub::builder()
        .repo(repo())
        .repo(Repo::model("team/other").file("config.json", CONFIG))
        .start();
    let Some(team) = Team::at(&hub) else { return };
    let links = team.home(Who::Ben).join("links");
    let to = ["--link", "symlink", "--local-dir", links.to_str().unwrap()];
    let args = [&[ID][..], &to].concat();
    team.pull(Who::Ben, "002", &args).run().succeeded();
    team.pull(Who::Ben, "002", &["team/other"])
        .run()
        .succeeded();
    for (who, id) in [(Who::Ann, ID), (Who::Ann, "team/other")] {
        team.pull(who, "002", &[id]).run().succeeded();
    }
    fs::set_permissions(team.home(Who::Ben), fs::Permissions::from_mode(0o700)).unwrap();
    let ann = |args: &[&str]| {
        team.by(Who::Ann, "002", team.larder.args(args))
            .run()
            .succeeded()
    };
    ann(&["prune", "--yes"]).says(&["nothing to prune"]);
    let ran = ann(&["rm", "--yes", ID, "team/other"]);
    ran.says(&[
        "cannot be changed by this user",
        "team/model@",
        "stays in the store",
    ]);
    assert!(ran.stdout.contains("removed 1 commit"), "{ran:?}");
    let shown = fs::read(links.join("model.safetensors"));
    assert_eq!(shown.unwrap(), bytes(&weights()));
}
