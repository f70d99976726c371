//! A disk that fails, fills up, may not be written or changes under a pull: it is named, nothing wrong
//! gets a name, and what was finished is not fetched again.
//!
//! Faults that no healthy disk has are put in by `strace`, between the process and the system.

use std::os::unix::fs::{PermissionsExt, chown, symlink};

use super::limits::{on_a_disk_of, texts};
use super::*;

const LEN: u64 = 20 * MB;
const WRITE: &str = "pwrite64,pwritev,pwritev2";
const SMALL: &str = "tokenizer/vocab.txt";
const SYNC: &str = "fsync,fdatasync";

fn content() -> Content {
    Content::synthetic(LEN, 51)
}

/// A hub whose large file takes a moment.
fn steady() -> (Hub, Larder) {
    let hub = slow_hub(repo(content()), 2 * MB);
    let larder = Larder::at(&hub);
    (hub, larder)
}

fn slow_hub(repo: Repo, rate: u64) -> Hub {
    let shape = hub::Shape {
        rate: Some(rate),
        ..hub::Shape::default()
    };
    Hub::builder().shape(Origin::Cdn, shape).repo(repo).start()
}

fn partial(larder: &Larder) -> PathBuf {
    larder.store().join("partial").join(content().sha256())
}

/// A pull whose calls go wrong where `inject` says, if they are about `path`.
fn pull_with(larder: &Larder, path: Option<&Path>, inject: &str) -> Ran {
    let mut strace = vec!["strace".into(), "-f".into(), "-qq".into()];
    strace.extend(["-o".into(), "/dev/null".into()]);
    if let Some(path) = path {
        strace.extend(["-P".to_owned(), path.display().to_string()]);
    }
    strace.push(format!("--inject={inject}"));
    larder.pull([ID]).under(strace).run()
}

/// The next pull makes it right; returns how many body bytes that took.
fn goes_on(larder: &Larder, hub: &Hub) -> u64 {
    hub.set_shape(Origin::Cdn, hub::Shape::default());
    hub.log().clear();
    assert_right(larder, hub, larder.pull([ID]).run());
    hub.log().bytes_sent()
}

/// Bytes that the next pull would ask for.
fn missing(larder: &Larder) -> u64 {
    let plan = larder.pull([ID, "--dry-run", "--json"]).run().succeeded();
    plan.json()["need_bytes"].as_u64().unwrap()
}

fn was_asked(hub: &Hub, path: &str) -> bool {
    hub.log().count(|request| request.path.contains(path)) > 0
}

fn assert_no_lies(larder: &Larder, hub: &Hub, at: &str) {
    assert_eq!(
        truth::lies(larder, hub, &[ID]),
        Vec::<String>::new(),
        "{at}"
    );
}

#[test]
fn a_quota_that_is_reached_says_how_much_is_missing() {
    let _turn = turn();
    let (hub, larder) = steady();
    let data = partial(&larder).join("data");
    let inject = format!("{WRITE}:error=EDQUOT:when=6+");
    let ran = pull_with(&larder, Some(&data), &inject).exited(7);
    let (_, words) = ran.stderr.split_once("disk quota exceeded; ").unwrap();
    let told: u64 = words.split(' ').next().unwrap().parse().unwrap();
    assert!((1..LEN).contains(&told), "{ran:#?}");
    assert_eq!(told, missing(&larder));
    ran.says(&[
        &format!("cannot write {}: disk quota exceeded", data.display()),
        "bytes are still to come, the disk has",
        &format!("hint: free at least {told} bytes of your quota"),
        "what was fetched is kept",
    ]);
    goes_on(&larder, &hub);
}

#[test]
fn a_disk_that_fails_in_the_middle_is_named_and_what_it_took_is_kept() {
    let _turn = turn();
    // Also what a filesystem does that finds itself damaged: from then on it is read-only.
    for (error, words, hint) in [
        ("EIO", "input/output error", "the disk itself failed"),
        (
            "EROFS",
            "read-only file system",
            "the disk is mounted read-only",
        ),
    ] {
        let (hub, larder) = steady();
        let data = partial(&larder).join("data");
        let inject = format!("{WRITE}:error={error}:when=6+");
        let ran = pull_with(&larder, Some(&data), &inject).exited(7);
        ran.says(&[
            &format!("error: cannot fetch {WEIGHTS} of {ID}"),
            &format!("cannot write {}: {words}", data.display()),
            &format!("hint: {hint}"),
        ]);
        assert_no_lies(&larder, &hub, error);
        let missing = missing(&larder);
        assert!(missing < LEN, "{missing} bytes after {error}");
        goes_on(&larder, &hub);
    }
}

#[test]
fn what_a_failed_sync_left_is_not_believed() {
    let _turn = turn();
    // The weights come so slowly that the small files are there long before the sync fails.
    let (hub, larder) = steady();
    let data = partial(&larder).join("data");
    let inject = format!("{SYNC}:error=EIO:when=1");
    let ran = pull_with(&larder, Some(&data), &inject).exited(7);
    ran.says(&[
        &format!("cannot sync {}: input/output error", data.display()),
        "hint: the disk itself failed",
    ]);
    assert_no_lies(&larder, &hub, "EIO");
    // All of it came after the last sync that was good; the small files had syncs of their own.
    let again = goes_on(&larder, &hub);
    assert!((LEN..2 * LEN).contains(&again), "{again} bytes");
    assert!(!was_asked(&hub, SMALL));
}

/// Calls that change a disk, but for two that have to do with more than disks: `open` and `write`.
const CHANGES: &[(&str, &str)] = &[
    (WRITE, "EIO"),
    ("ftruncate", "EIO"),
    (SYNC, "EIO"),
    ("fchmod,fchmodat,chmod", "EPERM"),
    ("rename,renameat,renameat2", "EIO"),
    ("link,linkat", "EMLINK"),
    ("symlink,symlinkat", "ENOSPC"),
    ("mkdir,mkdirat", "ENOSPC"),
    ("unlink,unlinkat,rmdir", "EBUSY"),
];

#[test]
fn a_disk_that_fails_once_at_any_call_spoils_nothing() {
    const LEN: u64 = 3 * MB;
    let _turn = turn();
    let hub = Hub::builder()
        .repo(repo(Content::synthetic(LEN, 52)))
        .start();
    for (calls, error) in CHANGES {
        // Each thread counts its own calls.
        for nth in [1, 2, 4, 7] {
            let larder = Larder::at(&hub);
            let at = format!("{error} of {calls}, number {nth}");
            let inject = format!("{calls}:error={error}:when={nth}");
            let ran = pull_with(&larder, None, &inject);
            match ran.code {
                Some(0) => {}
                Some(7) => drop(ran.says(&["error: cannot", "caused by: ", "hint: "])),
                _ => panic!("{at}: {ran:#?}"),
            }
            assert_no_lies(&larder, &hub, &at);
            let next = larder.pull([ID]).run();
            assert_eq!(next.code, Some(0), "{at}: {ran:#?}, then {next:#?}");
            assert_no_lies(&larder, &hub, &at);
        }
    }
}

#[test]
fn a_disk_that_is_read_only_is_named() {
    let (hub, larder) = plain(content());
    let script = "mount -o remount,ro $HOME/.cache; pull";
    let (stdout, stderr) = texts(&on_a_disk_of("60m", &larder, script).output().unwrap());
    assert_eq!(stdout, "exit 7\n", "{stderr}");
    for words in [
        format!(
            "cannot create the folder {}",
            larder.path(".cache").display()
        ),
        "read-only file system".to_owned(),
        "hint: the disk is mounted read-only; choose others with --store".to_owned(),
    ] {
        assert!(stderr.contains(&words), "{stderr}");
    }
    assert_eq!(hub.log().bytes_sent_by(Origin::Cdn), 0);
}

/// Makes a folder that the user whom permissions bind may look into and not write.
fn closed_folder(path: &Path) {
    fs::create_dir_all(path).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o555)).unwrap();
}

#[test]
fn a_folder_that_may_not_be_written_is_named() {
    const NOBODY: u32 = 65534;
    for (folder, most) in [
        ("closed/store", 2 * LEN),
        (".cache/huggingface/hub", 10_000),
    ] {
        let (hub, larder) = plain(content());
        if rustix::process::geteuid().is_root() {
            for dir in ["", ".cache", ".cache/huggingface"] {
                fs::create_dir_all(larder.path(dir)).unwrap();
                chown(larder.path(dir), Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
        let folder = larder.path(folder);
        closed_folder(&folder);
        let pull = || larder.pull([ID]).bound_by_permissions();
        let pull = || {
            if folder.ends_with("store") {
                pull().and(["--store".as_ref(), folder.as_os_str()])
            } else {
                pull()
            }
        };
        let ran = pull().run().exited(7);
        ran.says(&[
            &format!("cannot create the folder {}", folder.display()),
            "permission denied",
            "hint: check who owns the folder, or choose others with --store and HF_HUB_CACHE",
        ]);
        // What is in the store by then is not asked for again.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
        hub.log().clear();
        pull().run().succeeded();
        let sent = hub.log().bytes_sent();
        assert!(sent < most, "{sent} bytes after {}", folder.display());
    }
}

#[test]
fn what_is_removed_during_a_pull_is_made_again_or_named() {
    let _turn = turn();
    for (folder, code) in [
        (".cache/huggingface", 0),
        (".cache/larder/partial", 7),
        (".cache/larder/blobs", 7),
        (".cache/larder", 7),
        (".cache", 7),
    ] {
        let (hub, larder) = steady();
        let running = larder.pull([ID]).spawn();
        wait_for_bytes(hub.log(), LEN / 2);
        // A folder to which something is added meanwhile stays.
        while fs::remove_dir_all(larder.path(folder)).is_err() {}
        let ran = running.wait();
        assert_eq!(ran.code, Some(code), "{folder}: {ran:#?}");
        if code == 7 {
            ran.says(&[
                ID,
                "no such file or directory",
                "hint: another program removed it meanwhile",
            ]);
        }
        assert_no_lies(&larder, &hub, folder);
        goes_on(&larder, &hub);
    }
}

/// A folder of somebody else's, whose files bear names of larder's.
fn victims(larder: &Larder) -> PathBuf {
    let dir = larder.home().join("larder-of-nobody");
    fs::create_dir_all(&dir).unwrap();
    for name in ["file", "data", "journal", "owner", "main", "config.json"] {
        fs::write(dir.join(name), "precious").unwrap();
    }
    dir
}

#[test]
fn nothing_is_written_through_a_link_that_somebody_planted() {
    let weights = Content::synthetic(3 * MB, 53);
    let hub = Hub::builder().repo(repo(weights.clone())).start();
    let commit = hub.commit_of(ID, "main").unwrap();
    let sha = weights.sha256();
    let repo = ".cache/huggingface/hub/models--org--model";
    let planted = [
        (format!(".cache/larder/partial/{sha}/data"), "file"),
        (format!(".cache/larder/partial/{sha}/journal"), "file"),
        (format!(".cache/larder/partial/{sha}/journal.new"), "file"),
        (format!(".cache/larder/partial/{sha}/owner"), "file"),
        (format!(".cache/larder/partial/{sha}"), ""),
        (
            format!(".cache/larder/blobs/sha256/{}/{sha}", &sha[..2]),
            "file",
        ),
        (".cache/larder/locks/store.lock".into(), "file"),
        (".cache/larder/refs/hf/models/org/model/main".into(), "file"),
        (
            format!(".cache/larder/manifests/hf/models/org/model/{commit}.json"),
            "file",
        ),
        (format!("{repo}/blobs/{sha}"), "file"),
        (format!("{repo}/refs/main"), "file"),
        (format!("{repo}/trees/{commit}.json"), "file"),
        (format!("{repo}/snapshots/{commit}/config.json"), "file"),
        (format!("{repo}/snapshots/{commit}/config.json"), ""),
        (format!("{repo}/snapshots/{commit}/tokenizer"), ""),
        (format!("{repo}/snapshots/{commit}"), ""),
        (format!("{repo}/.larder"), ""),
        (
            format!(".cache/huggingface/hub/.locks/models--org--model/{sha}.lock"),
            "file",
        ),
        (".cache/huggingface/hub/CACHEDIR.TAG".into(), "file"),
    ];
    for (link, to) in planted {
        let larder = Larder::at(&hub);
        let victims = victims(&larder);
        let path = larder.path(&link);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(victims.join(to), &path).unwrap();
        let ran = larder.pull([ID]).run();
        match ran.code {
            Some(0) => {}
            Some(7) => drop(ran.says(&["error: cannot", &link, "hint: "])),
            _ => panic!("{link}: {ran:#?}"),
        }
        for name in fs::read_dir(&victims).unwrap() {
            let path = name.unwrap().path();
            assert_eq!(
                fs::read(&path).unwrap(),
                b"precious",
                "{link}: {}",
                path.display()
            );
        }
        assert_eq!(fs::read_dir(&victims).unwrap().count(), 6, "{link}");
        fs::remove_file(&path).ok();
        assert_eq!(larder.pull([ID]).run().code, Some(0), "{link}");
        assert_no_lies(&larder, &hub, &link);
    }
}
