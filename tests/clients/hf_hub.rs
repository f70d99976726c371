//! The crate `hf-hub`: it reads what larder wrote; and why it is asked here and not used below.

use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};

use hf_hub::{HFClient, HFResult};

use crate::adopt::{assert_holds, assert_once};
use crate::bin::Larder;
use crate::hub::{Fault, Hub, Match};
use crate::repos::{self, Wanted, ZOO, fetches, files};

const WEIGHTS: &str = "model.safetensors";

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(future)
}

fn client(larder: &Larder, hub: &Hub) -> HFClient {
    let client = HFClient::builder()
        .endpoint(hub.endpoint())
        .cache_dir(larder.hub_cache());
    client.build().unwrap()
}

/// `download_file`, as programs call it.
fn get(client: &HFClient, revision: &str, path: &str, is_local: bool) -> HFResult<PathBuf> {
    let (owner, name) = ZOO.split_once('/').unwrap();
    let repo = client.model(owner, name);
    let download = repo.download_file().filename(path).revision(revision);
    run(download.local_files_only(is_local).send())
}

#[test]
fn it_finds_every_file_without_network() {
    let hub = repos::hub();
    let larder = Larder::at(&hub);
    for revision in ["main", "v1.0", "refs/pr/1"] {
        larder.pulled([ZOO, "--revision", revision]);
    }
    hub.log().clear();
    let client = client(&larder, &hub);
    for revision in ["main", "v1.0", "refs/pr/1"] {
        for file in files(&repos::zoo(), revision) {
            let path = get(&client, revision, &file.path, true).unwrap();
            assert!(fs::read(path).unwrap() == file.bytes(), "{}", file.path);
        }
    }
    assert_eq!(hub.log().count(|_| true), 0);
}

#[test]
fn it_scans_without_a_warning() {
    let hub = repos::hub();
    let larder = Larder::at(&hub);
    larder.pulled([ZOO]);
    larder.pulled([ZOO, "--revision", "v1.0"]);
    let scan = run(client(&larder, &hub).scan_cache().send()).unwrap();
    assert_eq!(scan.warnings, [""; 0]);
    let [repo] = scan.repos.as_slice() else {
        panic!("one repo was pulled: {scan:?}");
    };
    assert_eq!((repo.repo_id.as_str(), repo.repo_type), (ZOO, "model"));
    for revision in &repo.revisions {
        let [name] = revision.refs.as_slice() else {
            panic!("each commit has one name: {revision:?}");
        };
        assert_eq!(hub.commit_of(ZOO, name), Some(revision.commit_hash.clone()));
        let found = revision.files.iter().map(|file| file.file_name.clone());
        let mut found: Vec<String> = found.collect();
        found.sort();
        let wanted = files(&repos::zoo(), name).into_iter();
        assert_eq!(found, wanted.map(|file| file.path).collect::<Vec<_>>());
    }
    assert_eq!(repo.revisions.len(), 2);
}

#[test]
fn what_it_fetched_is_adopted() {
    let hub = repos::hub();
    let larder = Larder::at(&hub);
    let client = client(&larder, &hub);
    // It has Xet files by the Xet protocol only, which the test hub does not speak.
    let is_http = |file: &&Wanted| !file.path.starts_with("shard-00002");
    for file in files(&repos::zoo(), "main").iter().filter(is_http) {
        get(&client, "main", &file.path, false).unwrap();
    }
    hub.log().clear();
    larder.pulled([ZOO, "--exclude", "shard-00002*"]);
    assert_eq!(fetches(&hub), [""; 0]);
    let whole = larder.pulled([ZOO]);
    assert_holds(Path::new(whole.line()), &repos::zoo());
    assert_once(&larder);
}

/// Why it is an oracle and not the engine: an error page of the CDN becomes the blob, under the
/// digest of the right content, and the call says `Ok`. larder asks again, and mends the cache.
#[test]
fn it_takes_an_error_page_for_the_file_and_larder_does_not() {
    for code in [403, 500] {
        let hub = repos::hub();
        let larder = Larder::at(&hub);
        let weights = files(&repos::zoo(), "main");
        let weights = weights.iter().find(|file| file.path == WEIGHTS).unwrap();

        hub.faults().always(Match::cdn(), Fault::status(code));
        let theirs = get(&client(&larder, &hub), "main", WEIGHTS, false).unwrap();
        let stored = fs::read_to_string(&theirs).unwrap();
        assert!(stored.contains(&format!("<h1>{code}</h1>")), "{stored}");
        let blob = fs::canonicalize(&theirs).unwrap();
        assert_eq!(
            blob.file_name().unwrap().to_str(),
            Some(weights.etag.as_str())
        );

        hub.faults().clear();
        hub.faults().times(2, Match::cdn(), Fault::status(code));
        let ours = larder.pulled([ZOO, WEIGHTS]);
        assert_eq!(hub.faults().played(), 2);
        assert_eq!(Path::new(ours.line()), theirs);
        assert!(
            fs::read(&theirs).unwrap() == weights.bytes(),
            "larder kept the page"
        );
        assert_once(&larder);
    }
}
