//! What others need, or this user may not change: nothing of it is promised, and nothing of it goes.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;

use serde_json::Value;

use crate::bin::{Larder, Ran};
use crate::hub::{Content, Hub, Origin, Repo, Shape};
use crate::tree::tree;

const MB: u64 = 1_000_000;
const NOBODY: u32 = 65534;
const ID: &str = "org/a";

fn own() -> Content {
    Content::synthetic(3 * MB, 92)
}

/// A repo with one more file in `main` than in `v1`.
fn hub() -> Hub {
    let repo = Repo::model(ID)
        .lfs("sub/own.bin", own())
        .tag("v1")
        .lfs("top.bin", Content::synthetic(MB, 93))
        .branch("main");
    Hub::builder().repo(repo).start()
}

/// A machine of a user whom permissions bind.
struct Machine {
    hub: Hub,
    larder: Larder,
}

impl Machine {
    fn new() -> Self {
        let hub = hub();
        let larder = Larder::at(&hub);
        if is_root() {
            chown(larder.home(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        Self { hub, larder }
    }

    fn run(&self, args: &[&str]) -> Ran {
        self.larder.args(args).bound_by_permissions().run()
    }

    fn pull(&self, args: &[&str]) {
        self.run(&[&["pull", ID], args].concat()).succeeded();
    }

    fn commit(&self, revision: &str) -> String {
        self.hub.commit_of(ID, revision).unwrap()
    }

    /// The folder of a revision's snapshot, and below.
    fn snapshot(&self, below: &str) -> std::path::PathBuf {
        let (revision, below) = below.split_once('/').unwrap_or((below, ""));
        self.larder.snapshot(ID, &self.commit(revision)).join(below)
    }

    /// What `ls` says that the commit of `main` frees.
    fn listed(&self) -> u64 {
        let rows = self.run(&["ls", "--json"]).succeeded().json();
        let rows: Vec<Value> = rows.as_array().unwrap().clone();
        let of_repo = rows.iter().filter(|row| row["is_in_store"] == true);
        let commits = of_repo.flat_map(|row| row["revisions"].as_array().unwrap());
        let main = self.commit("main");
        let mut commits = commits.filter(|row| row["commit"] == main.as_str());
        commits.next().unwrap()["unique_bytes"].as_u64().unwrap()
    }

    /// Removes the commit of `main`, having made sure that what is listed, what is promised and what
    /// becomes free are one.
    #[track_caller]
    fn frees(&self, bytes: u64) -> Ran {
        let reference = format!("{ID}@{}", self.commit("main"));
        let dry = self.run(&["rm", &reference, "--dry-run", "--json"]);
        let dry = dry.succeeded().json()["freed_bytes"].as_u64().unwrap();
        let listed = self.listed();
        let ran = self.run(&["rm", &reference, "--yes", "--json"]).succeeded();
        let freed = ran.json()["freed_bytes"].as_u64().unwrap();
        assert_eq!((listed, dry, freed), (bytes, bytes, bytes), "{ran:#?}");
        ran
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

const STAYS: &str = "cannot be changed by this user: what it shows stays";

#[test]
fn what_may_not_be_removed_is_promised_by_nobody() {
    // The folder that is closed, below the snapshot of the commit that goes or beside it.
    for (closed, mode) in [
        ("main/sub", 0o555),
        ("main/sub", 0o111),
        ("main", 0o555),
        ("v1/sub", 0o000),
        ("main/../../blobs", 0o555),
        ("main/../../refs", 0o555),
    ] {
        let machine = Machine::new();
        machine.pull(&["--revision", "v1"]);
        machine.pull(&[]);
        let dir = machine.snapshot(closed);
        let cache = machine.larder.hub_cache();
        let before = tree(&cache);
        set_mode(&dir, mode);
        machine.frees(0).says(&[STAYS]);
        set_mode(&dir, 0o755);
        assert_eq!(tree(&cache), before, "{closed} {mode:o}");
    }
}

#[test]
fn what_nothing_of_the_commit_is_in_may_be_closed() {
    for closed in ["trees", ".no_exist", "refs"] {
        let machine = Machine::new();
        machine.pull(&["--revision", &machine.commit("main")]);
        let dir = machine.larder.repo(ID).join(closed);
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("theirs"), "").unwrap();
        set_mode(&dir, 0o555);
        machine.frees(4 * MB);
        set_mode(&dir, 0o755);
    }
}

#[test]
fn in_a_folder_where_only_owners_remove_the_owner_counts() {
    if !is_root() {
        return;
    }
    for is_ours in [true, false] {
        let machine = Machine::new();
        machine.pull(&[]);
        let blobs = machine.larder.repo(ID).join("blobs");
        chown(&blobs, Some(0), Some(0)).unwrap();
        set_mode(&blobs, 0o1777);
        if is_ours {
            machine.frees(4 * MB);
            continue;
        }
        let blob = blobs.join(own().sha256());
        chown(&blob, Some(0), Some(0)).unwrap();
        let before = tree(&machine.larder.hub_cache());
        machine.frees(0).says(&[STAYS]);
        assert_eq!(tree(&machine.larder.hub_cache()), before);
    }
}

/// Another user's client noted a branch for what was pulled by its id.
#[test]
fn a_ref_that_cannot_be_removed_keeps_what_it_leads_to() {
    let machine = Machine::new();
    let commit = machine.commit("main");
    machine.pull(&["--revision", &commit]);
    let refs = machine.larder.repo(ID).join("refs");
    fs::create_dir_all(&refs).unwrap();
    fs::write(refs.join("main"), &commit).unwrap();
    set_mode(&refs, 0o555);
    machine.frees(0).says(&[STAYS]);
    set_mode(&refs, 0o755);
}

#[test]
fn a_blob_comes_back_where_no_private_folder_can_be_made() {
    let machine = Machine::new();
    machine.pull(&[]);
    let repo = machine.larder.repo(ID);
    let blob = repo.join("blobs").join(own().sha256());
    fs::remove_file(&blob).unwrap();
    set_mode(&repo, 0o555);
    machine.pull(&[]);
    set_mode(&repo, 0o755);
    assert_eq!(fs::metadata(blob).unwrap().len(), 3 * MB);
}

#[test]
fn what_a_closed_folder_may_lead_to_stays_in_the_store() {
    for link in ["copy", "symlink"] {
        let machine = Machine::new();
        machine.pull(&[]);
        machine.pull(&["--local-dir", "dir", "--link", link]);
        let dir = machine.larder.path("dir");
        let before = tree(&dir);
        set_mode(&dir, 0o555);
        let prune = ["prune", "--keep", "1MB", "--yes"];
        machine.run(&prune).succeeded().says(&["nothing to prune"]);
        machine.frees(0).says(&[STAYS]);
        set_mode(&dir, 0o755);
        assert_eq!(tree(&dir), before);
        assert_eq!(fs::metadata(dir.join("sub/own.bin")).unwrap().len(), 3 * MB);
    }
}

#[test]
fn a_name_alone_goes_whatever_cannot_be_read() {
    let machine = Machine::new();
    machine.pull(&["--revision", &machine.commit("main")]);
    machine.pull(&[]);
    let dir = machine.larder.snapshot(ID, &"e".repeat(40));
    fs::create_dir(&dir).unwrap();
    set_mode(&dir, 0o000);
    machine.run(&["rm", "org/a@main", "--yes"]).succeeded();
    set_mode(&dir, 0o755);
    assert!(!machine.larder.repo(ID).join("refs/main").exists());
    assert!(machine.snapshot("main/sub/own.bin").exists());
}

/// As programs do that replace equal files by links.
#[test]
fn what_another_repo_leads_to_by_links_of_its_own_stays() {
    let moves = [
        "",
        ".cache/huggingface",
        ".cache/huggingface/hub/models--org--a",
    ];
    for (is_folder, moved) in [false, true]
        .into_iter()
        .flat_map(|one| moves.map(|to| (one, to)))
    {
        let machine = Machine::new();
        machine.pull(&[]);
        let blob = own().sha256().to_owned();
        let other = machine.larder.repo("org/b");
        let snapshot = machine.larder.snapshot("org/b", &"b".repeat(40));
        fs::create_dir_all(&snapshot).unwrap();
        if is_folder {
            symlink("../models--org--a/blobs", other.join("blobs")).unwrap();
        } else {
            fs::create_dir(other.join("blobs")).unwrap();
            let target = format!("../../models--org--a/blobs/{blob}");
            symlink(target, other.join("blobs").join(&blob)).unwrap();
        }
        symlink(format!("../../blobs/{blob}"), snapshot.join("f")).unwrap();
        if !moved.is_empty() {
            let (from, to) = (machine.larder.path(moved), machine.larder.path("moved"));
            let ran = std::process::Command::new("mv").args([&from, &to]).status();
            assert!(ran.unwrap().success());
            symlink(&to, &from).unwrap();
            if moved.ends_with("org--a") {
                // Links that went up and down again lead nowhere by now: those of the repo stay whole.
                let theirs = machine.larder.snapshot(ID, &"b".repeat(40));
                fs::create_dir_all(&theirs).unwrap();
                symlink(format!("../../blobs/{blob}"), theirs.join("f")).unwrap();
            }
        }
        machine.frees(MB);
        assert_eq!(fs::metadata(snapshot.join("f")).unwrap().len(), 3 * MB);
    }
}

/// Before version 0.23, `hf` filled folders with links to blobs to which no snapshot leads.
#[test]
fn what_lay_in_the_cache_before_stays_when_a_pull_is_cut_short() {
    let shape = Shape {
        rate: Some(MB),
        ..Shape::default()
    };
    let repo = Repo::model(ID)
        .lfs("top.bin", Content::synthetic(3 * MB, 93))
        .lfs("sub/own.bin", own());
    let hub = Hub::builder().repo(repo).shape(Origin::Cdn, shape).start();
    let larder = Larder::at(&hub);
    let blob = larder.repo(ID).join("blobs").join(own().sha256());
    fs::create_dir_all(blob.parent().unwrap()).unwrap();
    fs::write(&blob, own().slice(0..own().len()).unwrap()).unwrap();
    symlink(&blob, larder.path("theirs.bin")).unwrap();
    let running = larder.pull([ID]).spawn();
    let begun = |requests: &[crate::hub::Record]| {
        requests.iter().map(|one| one.body_bytes_sent).sum::<u64>() > MB
    };
    let minute = std::time::Duration::from_secs(60);
    assert!(hub.log().block_until(minute, begun));
    running.kill_9();
    assert!(larder.blob(own().sha256()).exists(), "taken in by then");
    let prune = ["prune", "--yes", "--partials-older-than", "0"];
    larder.args(prune).run().succeeded();
    assert_eq!(
        fs::metadata(larder.path("theirs.bin")).unwrap().len(),
        3 * MB
    );
}
