//! What larder pulled is opened by the client, offline, and asked for by nobody again.

use std::fs;

use crate::bin::Larder;
use crate::hub::{File, Hub, Repo};
use crate::modelscope::Version::{Now, Old};
use crate::modelscope::{Official, answer};
use crate::{DATA, MODEL, WEIGHTS, assert_holds, fetches, hub, model, ms};

#[test]
fn by_the_newest_client() {
    let hub = hub();
    let larder = Larder::at(&hub);
    for (name, args) in [
        (ms(MODEL), &[MODEL][..]),
        (
            ms("acme/tiny.v1-5B@feat/x"),
            &[MODEL, "--revision", "feat/x"],
        ),
        (ms("acme/tiny.v1-5B@v1.0"), &[MODEL, "--revision", "v1.0"]),
        (ms(DATA), &["acme/corpus", "--dataset"]),
    ] {
        let pulled = larder.pulled([name]);
        let opened = Official::snapshot(&larder, Now, args).offline().succeeded();
        assert_eq!(answer(&opened), pulled.line());
    }
    assert_holds(larder.modelscope(MODEL, "feat/x"), &hub, MODEL);
}

#[test]
fn by_the_commit() {
    let hub = hub();
    let larder = Larder::at(&hub);
    let commit = hub.commit_of(MODEL, "main").unwrap();
    let pulled = larder.pulled([format!("ms:{MODEL}@{commit}")]);
    let args = [MODEL, "--revision", &commit];
    let opened = Official::snapshot(&larder, Now, &args)
        .offline()
        .succeeded();
    assert_eq!(answer(&opened), pulled.line());
    assert_holds(answer(&opened), &hub, MODEL);
}

#[test]
fn a_single_file() {
    let hub = hub();
    let larder = Larder::at(&hub);
    let pulled = larder.pulled([&ms(MODEL), WEIGHTS]);
    let args = ["file", MODEL, WEIGHTS, "--revision", "master"];
    let opened = Official::new(&larder, Now, &args).offline().succeeded();
    assert_eq!(answer(&opened), pulled.line());
}

#[test]
fn nothing_is_asked_again() {
    let hub = hub();
    let larder = Larder::at(&hub);
    larder.pulled([ms(MODEL)]);
    larder.pulled([ms(DATA)]);
    hub.log().clear();
    Official::snapshot(&larder, Now, &[MODEL]).succeeded();
    Official::snapshot(&larder, Now, &["acme/corpus", "--dataset"]).succeeded();
    assert_eq!(fetches(&hub), [""; 0]);
}

#[test]
fn after_the_branch_has_moved() {
    let hub = hub();
    let larder = Larder::at(&hub);
    larder.pulled([ms(MODEL)]);
    let moved = model().commit("main", [File::git("config.json", b"{}\n".as_slice())]);
    let later = Hub::builder().repo(moved).start();
    let pull = larder.pull([ms(MODEL)]);
    let endpoint = later.endpoint();
    pull.env("MODELSCOPE_ENDPOINT", &endpoint).run().succeeded();
    assert_holds(larder.modelscope(MODEL, "master"), &later, MODEL);
    later.log().clear();
    let client = Official::snapshot(&larder, Now, &[MODEL]).at(&endpoint);
    client.succeeded();
    assert_eq!(fetches(&later), [""; 0]);
}

/// An engine that computes the folder by itself finds it: a new one in either layout, an older one
/// in the older.
#[test]
fn by_engines_that_compute_the_folder() {
    let hub = hub();
    for layout in ["current", "legacy"] {
        let larder = Larder::at(&hub);
        larder.pulled([&ms(MODEL), "--layout", layout]);
        let version = if layout == "legacy" { Old } else { Now };
        let found = Official::new(&larder, version, &["engine", MODEL]).succeeded();
        assert_holds(answer(&found), &hub, MODEL);
        let client = Official::snapshot(&larder, version, &[MODEL]).offline();
        let told = client.succeeded();
        let real = |path: &str| fs::canonicalize(path).unwrap();
        assert_eq!(real(answer(&found)), real(answer(&told)));
    }
}

#[test]
fn files_and_folders_of_one_name_in_two_repos_stay_apart() {
    let one = Repo::model("a/b").file("config.json", b"1");
    let two = Repo::model("a/b.c").file("config.json", b"2");
    let hub = Hub::builder().repo(one).repo(two).start();
    let larder = Larder::at(&hub);
    for name in ["a/b", "a/b.c"] {
        larder.pulled([ms(name)]);
        let opened = Official::snapshot(&larder, Now, &[name])
            .offline()
            .succeeded();
        assert_holds(answer(&opened), &hub, name);
    }
}

#[test]
fn the_clients_own_checks_pass() {
    let hub = hub();
    let larder = Larder::at(&hub);
    larder.pulled([ms(MODEL)]);
    larder.pulled([ms("acme/tiny.v1-5B@v1.0")]);
    let verify = [
        "cli",
        "--run",
        "cache",
        "verify",
        MODEL,
        "--revision",
        "v1.0",
    ];
    let strict = ["--fail-on-missing-files", "--fail-on-extra-files"];
    Official::new(&larder, Now, &[&verify[..], &strict].concat()).succeeded();
    let scan = Official::new(&larder, Now, &["cli", "--run", "scan-cache"]).succeeded();
    for word in [MODEL, "master", "v1.0"] {
        assert!(scan.stdout.contains(word), "{}", scan.stdout);
    }
}
