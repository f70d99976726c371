//! The test hub keeps its promises: other tests stand on them.

#![allow(clippy::unwrap_used, reason = "a broken promise ends a test")]

use std::io::{self, Read};
use std::net::TcpStream;
use std::time::Duration;

#[path = "hub/faults.rs"]
mod faults;
#[path = "support/hub.rs"]
mod hub;
#[path = "support/raw.rs"]
mod raw;

use raw::{ask, get, get_range};

use hub::{Access, Content, Fault, File, Hub, Match, Origin, Repo};

const LEN: u64 = 300_000;
const LIMIT: Duration = Duration::from_secs(20);

fn weights() -> Content {
    Content::synthetic(LEN, 7)
}

fn tiny() -> Repo {
    Repo::model("org/tiny")
        .file("config.json", b"{}")
        .lfs("sub/w.safetensors", weights())
}

fn cut(bytes: u64, reset: bool) -> Fault {
    Fault::CutAfter { bytes, reset }
}

/// The signed URL of the large file, minted by a request with these header lines.
fn signed(hub: &Hub, extra: &str) -> String {
    let url = format!("{}/org/tiny/resolve/main/sub/w.safetensors", hub.endpoint());
    let answer = ask("HEAD", &url, extra).unwrap();
    assert_eq!(answer.status, 302);
    answer.header("location").unwrap().to_owned()
}

#[test]
fn synthetic_bytes_depend_on_the_offset_only() {
    let content = weights();
    let whole = content.slice(0..LEN).unwrap();
    for start in [0, 1, 7, 65_535, 65_536, 65_541, 131_072, LEN - 1] {
        let end = (start + 70_001).min(LEN);
        let (from, to) = (
            usize::try_from(start).unwrap(),
            usize::try_from(end).unwrap(),
        );
        assert_eq!(content.slice(start..end).unwrap(), whole[from..to]);
    }
    assert_eq!(Content::bytes(whole).sha256(), content.sha256());
    assert_ne!(Content::synthetic(LEN, 8).sha256(), content.sha256());
}

#[test]
fn large_files_come_in_ranges_from_the_cdn() {
    let hub = Hub::builder().repo(tiny()).start();
    let url = signed(&hub, "");
    assert!(url.starts_with(&hub.cdn()));
    assert_eq!(get(&url).body, weights().slice(0..LEN).unwrap());
    let slice = get_range(&url, "10-19");
    assert_eq!(slice.status, 206);
    assert_eq!(slice.header("content-range"), Some("bytes 10-19/300000"));
    assert_eq!(slice.body, weights().slice(10..20).unwrap());
    assert_eq!(
        get_range(&url, "-5").body,
        weights().slice(LEN - 5..LEN).unwrap()
    );
    let huge = Content::declared(200_000_000_000, "5".repeat(64));
    hub.commit("org/tiny", "main", [File::lfs("sub/w.safetensors", huge)]);
    let far = get_range(&signed(&hub, ""), "199999999990-");
    let told = far.header("content-range");
    assert_eq!(
        (told, far.body.len()),
        (Some("bytes 199999999990-199999999999/200000000000"), 10)
    );
    let beyond = get_range(&url, "300000-");
    assert_eq!(
        (beyond.status, beyond.header("content-range")),
        (416, Some("bytes */300000"))
    );
}

#[test]
fn large_files_can_be_on_another_server() {
    let builder = Hub::builder().repo(tiny()).bodies("http://elsewhere:1/");
    let url = signed(&builder.start(), "");
    assert_eq!(url, "http://elsewhere:1/org/tiny/sub/w.safetensors");
}

#[test]
fn signed_urls_expire_and_bind() {
    let hub = Hub::builder().repo(tiny()).bind_range(true).start();
    let bound = signed(&hub, "Range: bytes=0-9\r\n");
    assert_eq!(get_range(&bound, "0-9").status, 206);
    let other = get_range(&bound, "0-10");
    assert_eq!(other.status, 403);
    assert!(String::from_utf8_lossy(&other.body).contains("invalid range"));
    assert_eq!(get(&bound.replace("Expires=", "Expires=9")).status, 403);
    let shared = signed(&hub, "");
    assert_eq!(get_range(&shared, "5-6").status, 206);
    hub.expire_urls();
    assert_eq!(get(&shared).status, 403);
    assert_eq!(get(&signed(&hub, "")).status, 200);

    let strict = Hub::builder().repo(tiny()).shared_urls(false).start();
    let whole = signed(&strict, "");
    assert_eq!(
        (get(&whole).status, get_range(&whole, "0-9").status),
        (200, 403)
    );
    let dead = Hub::builder().repo(tiny()).url_ttl(Duration::ZERO).start();
    assert_eq!(get(&signed(&dead, "")).status, 403);
}

#[test]
fn refusals_carry_status_and_code() {
    let hub = Hub::builder()
        .repo(tiny())
        .repo(Repo::model("org/secret").private().file("a", "a"))
        .repo(Repo::model("org/gate").gated().file("a", "a"))
        .repo(Repo::dataset("org/down").disabled())
        .token(
            "in",
            Access::user("in").sees("org/secret").granted("org/gate"),
        )
        .token("out", Access::user("out"))
        .start();
    let cases = [
        ("org/none/resolve/main/a", "", 401, "RepoNotFound"),
        ("org/none/resolve/main/a", "out", 404, "RepoNotFound"),
        ("org/secret/resolve/main/a", "", 401, "RepoNotFound"),
        ("org/secret/resolve/main/a", "out", 404, "RepoNotFound"),
        ("org/secret/resolve/main/a", "in", 200, ""),
        ("org/gate/resolve/main/a", "", 401, "GatedRepo"),
        ("org/gate/resolve/main/a", "out", 403, "GatedRepo"),
        ("org/gate/resolve/main/a", "in", 200, ""),
        ("api/models/org/gate/tree/main", "", 200, ""),
        (
            "org/tiny/resolve/nope/config.json",
            "",
            404,
            "RevisionNotFound",
        ),
        ("org/tiny/resolve/main/nope", "", 404, "EntryNotFound"),
        (
            "org/tiny/resolve/main/sub%2Fw.safetensors",
            "",
            404,
            "EntryNotFound",
        ),
        ("api/datasets/org/down", "", 403, "DisabledRepo"),
        ("api/models/org/tiny", "stale", 401, ""),
    ];
    for (path, token, status, code) in cases {
        let extra = match token {
            "" => String::new(),
            token => format!("Authorization: Bearer {token}\r\n"),
        };
        let answer = ask("GET", &format!("{}/{path}", hub.endpoint()), &extra).unwrap();
        let told = answer.header("x-error-code").unwrap_or_default();
        assert_eq!((answer.status, told), (status, code), "{path} as {token:?}");
    }
}

#[test]
fn names_lead_to_commits() {
    let repo = tiny()
        .tag("v1")
        .file("config.json", "two")
        .pull_request(1)
        .file("config.json", "three");
    let hub = Hub::builder()
        .repo(repo)
        .renamed("old/tiny", "org/tiny")
        .start();
    let body = |revision: &str| {
        let path = format!("org/tiny/resolve/{revision}/config.json");
        get(&format!("{}/{path}", hub.endpoint())).body
    };
    assert_eq!(body("v1"), b"{}");
    assert_eq!(body("refs%2Fpr%2F1"), b"two");
    assert_eq!(body("main"), b"three");
    let pinned = hub.commit_of("org/tiny", "main").unwrap();
    hub.commit("org/tiny", "main", [File::git("config.json", "four")]);
    assert_eq!(body("main"), b"four");
    assert_eq!(body(&pinned), b"three");
    for (asked, leads_to) in [
        (
            "/api/models/old/tiny/refs?a=1",
            "/api/models/org/tiny/refs?a=1",
        ),
        ("/Org/Tiny/resolve/main/a", "/org/tiny/resolve/main/a"),
    ] {
        let moved = get(&format!("{}{asked}", hub.endpoint()));
        let told = (moved.status, moved.header("location"));
        assert_eq!(told, (307, Some(leads_to)));
    }
}

#[test]
fn long_trees_come_in_pages() {
    let file = Content::from("same");
    let repo = (0..20_000).fold(Repo::model("org/long"), |repo, n| {
        repo.with(File::git(format!("d{}/f{n}", n % 100), file.clone()))
    });
    let hub = Hub::builder().repo(repo).start();
    let first = "api/models/org/long/tree/main?recursive=true";
    let mut next = Some(format!("{}/{first}", hub.endpoint()));
    let mut paths = std::collections::BTreeSet::new();
    while let Some(url) = next {
        let answer = get(&url);
        let rows: Vec<serde_json::Value> = serde_json::from_slice(&answer.body).unwrap();
        paths.extend(rows.iter().map(|row| row["path"].to_string()));
        let link = answer.header("link").unwrap_or_default();
        next = link.strip_prefix('<').and_then(|link| {
            let (url, _) = link.split_once('>')?;
            Some(url.to_owned())
        });
    }
    assert_eq!(paths.len(), 20_100);
    assert_eq!(hub.log().count(|_| true), 21);
}

#[tokio::test]
async fn the_log_tells_what_was_asked() {
    let hub = Hub::builder().repo(tiny()).rate(100_000).start();
    let url = signed(&hub, "");
    let fetched = url.clone();
    let fetch = tokio::task::spawn_blocking(move || get_range(&fetched, "0-19999"));
    hub.log()
        .wait_for(|log| log.iter().any(|r| r.body_bytes_sent > 0))
        .await;
    assert_eq!(fetch.await.unwrap().body.len(), 20_000);
    tokio::task::spawn_blocking(move || get_range(&url, "0-19999"))
        .await
        .unwrap();
    hub.log()
        .wait_for(|log| log.iter().all(|r| r.finished_ms.is_some()))
        .await;
    assert_eq!(hub.log().bytes_sent_by(Origin::Cdn), 40_000);
    assert_eq!(hub.log().bytes_asked(), 40_000);
    assert_eq!(hub.log().duplicates().len(), 1);
    let last = hub.log().requests().pop().unwrap();
    assert_eq!(last.status, Some(206));
    assert_eq!(last.range.as_deref(), Some("bytes=0-19999"));
    assert_eq!(last.authorization, None);
}

#[test]
fn dropping_the_hub_frees_its_ports() {
    let hub = Hub::builder().repo(tiny()).start();
    let address = hub.endpoint().replace("http://", "");
    let mut open = TcpStream::connect(&address).unwrap();
    drop(hub);
    assert_eq!(open.read(&mut [0]).unwrap_or(0), 0);
    assert!(TcpStream::connect(&address).is_err());
}
