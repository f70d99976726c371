//! `larder prune`: what nothing needs goes, and nothing else.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::bin::{Larder, Ran};
use crate::hub::{Content, File, Hub, Origin, Repo};
use crate::tree::tree;

const MB: u64 = 1_000_000;
const DAY: Duration = Duration::from_secs(86_400);

fn repo(id: &str, seed: u64) -> Repo {
    Repo::model(id)
        .file("config.json", format!("{{\"seed\": {seed}}}\n"))
        .lfs("weights.bin", Content::synthetic(2 * MB, seed))
}

fn hub() -> Hub {
    Hub::builder()
        .repo(repo("org/one", 81))
        .repo(repo("org/two", 82))
        .start()
}

fn prune(larder: &Larder, args: &[&str]) -> Ran {
    larder.args(["prune", "--yes"]).and(args).run().succeeded()
}

fn is_there(larder: &Larder, hub: &Hub, id: &str) -> bool {
    let files = hub.files(id, "main");
    let snapshot = larder.snapshot(id, &hub.commit_of(id, "main").unwrap());
    let there: Vec<bool> = files
        .iter()
        .flat_map(|(path, content)| {
            [
                larder.blob(content.sha256()).exists(),
                snapshot.join(path).exists(),
            ]
        })
        .collect();
    assert!(
        there.iter().all(|one| *one == there[0]),
        "half of {id}: {there:?}"
    );
    there[0]
}

/// The last use of everything that was pulled of a repo.
fn used(larder: &Larder, id: &str, ago: Duration) {
    let records = larder.store().join("manifests/hf/models").join(id);
    for record in fs::read_dir(records).unwrap() {
        let file = fs::File::options()
            .append(true)
            .open(record.unwrap().path());
        file.unwrap().set_modified(SystemTime::now() - ago).unwrap();
    }
}

#[test]
fn where_everything_is_needed_nothing_goes() {
    let hub = hub();
    let larder = Larder::at(&hub);
    prune(&larder, &[]).says(&["nothing to prune"]);
    assert_eq!(tree(larder.home()), "");
    larder.pulled(["org/one"]);
    let before = tree(larder.home());
    prune(&larder, &[]).says(&["nothing to prune"]);
    assert_eq!(tree(larder.home()), before);
}

#[test]
fn what_a_branch_left_behind_goes_unless_it_was_asked_for_by_its_id() {
    for is_pinned in [false, true] {
        let hub = hub();
        let larder = Larder::at(&hub);
        larder.pulled(["org/one"]);
        let first = hub.commit_of("org/one", "main").unwrap();
        if is_pinned {
            larder.pulled([&format!("org/one@{first}")]);
        }
        hub.commit(
            "org/one",
            "main",
            [File::git("config.json", "{\"new\": 1}\n")],
        );
        larder.pulled(["org/one"]);
        let ran = prune(&larder, &[]);
        assert_eq!(larder.snapshot("org/one", &first).exists(), is_pinned);
        assert_eq!(ran.stdout.contains("detached"), !is_pinned, "{ran:?}");
        assert!(is_there(&larder, &hub, "org/one"));
        assert_eq!(
            ran.stdout.contains("removed 1 commit: 13 B freed"),
            !is_pinned,
            "{ran:?}"
        );
    }
}

#[test]
fn what_a_folder_shows_is_not_left_behind_by_its_branch() {
    let hub = hub();
    let larder = Larder::at(&hub);
    larder.pulled(["org/one", "--local-dir", "dir"]);
    let old = fs::read(larder.path("dir/config.json")).unwrap();
    let new = File::git("config.json", "{\"new\": 1}\n");
    hub.commit("org/one", "main", [new]);
    larder.pulled(["org/one"]);
    prune(&larder, &[]).says(&["nothing to prune"]);
    assert_eq!(fs::read(larder.path("dir/config.json")).unwrap(), old);
    // It is when the folder has moved on as well.
    larder.pulled(["org/one", "--local-dir", "dir"]);
    let ran = prune(&larder, &[]);
    assert!(ran.stdout.contains("detached"), "{ran:?}");
    let there = fs::read(larder.path("dir/config.json")).unwrap();
    assert_eq!(there, b"{\"new\": 1}\n");
    larder.pulled(["org/one", "--offline", "--local-dir", "dir"]);
}

#[test]
fn what_was_removed_with_another_tool_goes_from_the_store() {
    let hub = hub();
    let larder = Larder::at(&hub);
    larder.pulled(["org/one"]);
    larder.pulled(["org/two"]);
    fs::remove_dir_all(larder.repo("org/one")).unwrap();
    let ran = prune(&larder, &[]);
    assert!(ran.stdout.contains("in no view"), "{ran:?}");
    assert!(ran.stdout.contains("2.0 MB freed"), "{ran:?}");
    assert!(!is_there(&larder, &hub, "org/one") && is_there(&larder, &hub, "org/two"));
    // One name of it is enough to be needed.
    let snapshot = larder.snapshot("org/two", &hub.commit_of("org/two", "main").unwrap());
    fs::remove_file(snapshot.join("config.json")).unwrap();
    prune(&larder, &[]).says(&["nothing to prune"]);
    larder.pulled(["org/two", "--offline"]);
}

#[test]
fn what_was_not_used_for_long_goes_on_request() {
    let hub = hub();
    let larder = Larder::at(&hub);
    larder.pulled(["org/one"]);
    larder.pulled(["org/two"]);
    used(&larder, "org/one", 40 * DAY);
    used(&larder, "org/two", 40 * DAY);
    // A pull that finds everything here is a use.
    larder.pulled(["org/two"]);
    prune(&larder, &["--unused-for", "41d"]).says(&["nothing to prune"]);
    let ran = prune(&larder, &["--unused-for", "30d"]);
    assert!(ran.stdout.contains("unused"), "{ran:?}");
    assert!(!is_there(&larder, &hub, "org/one") && is_there(&larder, &hub, "org/two"));
}

#[test]
fn room_is_made_from_what_was_used_least() {
    let hub = hub();
    let larder = Larder::at(&hub);
    larder.pulled(["org/one"]);
    larder.pulled(["org/two"]);
    used(&larder, "org/two", 2 * DAY);
    prune(&larder, &["--keep", "5MB"]).says(&["nothing to prune"]);
    let ran = prune(&larder, &["--keep", "3MB"]);
    assert!(ran.stdout.contains("to make room"), "{ran:?}");
    assert!(is_there(&larder, &hub, "org/one") && !is_there(&larder, &hub, "org/two"));
    let json = larder
        .args(["prune", "--yes", "--json", "--keep", "1kB"])
        .run();
    let json = json.succeeded().json();
    assert_eq!(json["freed_bytes"], 2 * MB + 13);
    assert_eq!(json["commits"][0]["why"], "to make room");
    assert!(!is_there(&larder, &hub, "org/one"));
}

/// A hub of which a pull can be cut short.
fn slow() -> Hub {
    let shape = crate::hub::Shape {
        rate: Some(MB),
        ..crate::hub::Shape::default()
    };
    Hub::builder()
        .repo(repo("org/one", 81))
        .shape(Origin::Cdn, shape)
        .start()
}

/// A pull that was killed when it had one content and a part of the other.
fn killed(hub: &Hub) -> Larder {
    let larder = Larder::at(hub);
    let running = larder.pull(["org/one", "--connections", "1"]).spawn();
    let enough = |requests: &[crate::hub::Record]| {
        requests.iter().map(|one| one.body_bytes_sent).sum::<u64>() > MB
    };
    assert!(hub.log().block_until(60 * Duration::from_secs(1), enough));
    running.kill_9();
    larder
}

#[test]
fn what_an_interrupted_pull_left_goes_after_a_week() {
    let hub = slow();
    let larder = killed(&hub);
    let before = tree(larder.home());
    prune(&larder, &[]).says(&[
        "1 unfinished file (",
        ") kept for pulls that go on; `--partials-older-than 0` removes them",
        "nothing to prune",
    ]);
    assert_eq!(tree(larder.home()), before);
    a_week_passes(&larder.store());
    let ran = prune(&larder, &[]);
    assert!(ran.stdout.contains("left behind"), "{ran:?}");
    assert_eq!(tree(&larder.store().join("partial")), "");
    assert_eq!(files(&larder.store().join("blobs")), 0);
    larder.pulled(["org/one"]);
    assert!(is_there(&larder, &hub, "org/one"));
}

#[test]
fn a_first_pull_that_was_interrupted_is_known_by_its_repo_and_goes_with_it() {
    let hub = slow();
    let larder = killed(&hub);
    let rows = larder.args(["ls", "--json"]).run().succeeded().json();
    let row = &rows[0];
    let name = (&row["hub"], &row["repo"], &row["file"]);
    assert_eq!(
        name,
        (&"hf".into(), &"org/one".into(), &"weights.bin".into())
    );
    assert_eq!(row["file_bytes"], 2 * MB);
    let rm = |args: &[&str]| larder.args(["rm", "org/one"]).and(args).run();
    let promised = rm(&["--dry-run", "--json"]).succeeded().json();
    assert_eq!(promised["unfinished_files"], 1);
    let ran = rm(&["--yes", "--json"]).succeeded().json();
    assert_eq!(ran["freed_bytes"], promised["freed_bytes"]);
    assert_eq!(tree(&larder.store().join("partial")), "");
    rm(&["--yes"]).exited(3);
}

#[test]
fn what_is_unfinished_goes_at_once_on_request() {
    let hub = slow();
    let larder = killed(&hub);
    let ran = prune(&larder, &["--partials-older-than", "0"]);
    assert!(!ran.stderr.contains("kept"), "{ran:?}");
    assert_eq!(tree(&larder.store().join("partial")), "");
    assert_eq!(files(&larder.store().join("blobs")), 0);
}

fn files(dir: &Path) -> usize {
    let text = tree(dir);
    text.lines().filter(|line| !line.ends_with('/')).count()
}

fn a_week_passes(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            a_week_passes(&path);
        }
        let opened = fs::File::open(&path).unwrap();
        opened.set_modified(SystemTime::now() - 8 * DAY).unwrap();
    }
}

#[test]
fn while_a_record_is_damaged_what_none_names_stays() {
    let hub = hub();
    let larder = Larder::at(&hub);
    // Links lead to the contents, and nothing but the record tells.
    larder.pulled(["org/one", "--local-dir", "dir", "--link", "symlink"]);
    let records = larder.store().join("manifests/hf/models/org/one");
    for record in fs::read_dir(&records).unwrap() {
        fs::write(record.unwrap().path(), "{").unwrap();
    }
    for _time in 0..2 {
        let ran = prune(&larder, &["--partials-older-than", "0"]);
        ran.says(&["is damaged: what no record names stays", "nothing to prune"]);
    }
    assert!(fs::metadata(larder.path("dir/weights.bin")).is_ok());
    hub.log().clear();
    larder.pulled(["org/one"]);
    assert_eq!(hub.log().bytes_sent_by(Origin::Cdn), 0);
    assert!(is_there(&larder, &hub, "org/one"));
    let ran = prune(&larder, &[]);
    assert!(!ran.stderr.contains("damaged"), "{ran:?}");
}
