use larder::pull::PlannedFile;
use larder::repo::{Commit, RepoId, RepoKind, RepoPath};
use larder::report::Place;

use super::*;

fn repo() -> RepoId {
    RepoId::parse(RepoKind::Model, "sentence-transformers/all-MiniLM-L6-v2").unwrap()
}

fn commit() -> Commit {
    Commit::parse("1110a243fdf4706b3f48f1d95db1a4f5529b4d41").unwrap()
}

fn summary(fetched_bytes: u64, reused_bytes: u64) -> Summary {
    Summary {
        repo: repo(),
        commit: commit(),
        path: "/c/snapshots/1110".into(),
        files: 12,
        total_bytes: fetched_bytes + reused_bytes,
        fetched_bytes,
        sources: [share("a.example", false, fetched_bytes)]
            .into_iter()
            .filter(|share| share.bytes > 0)
            .collect(),
        reused_bytes,
    }
}

fn share(host: &str, is_fallback: bool, bytes: u64) -> Share {
    Share {
        place: Place {
            hub: HubName::HuggingFace,
            repo: repo(),
            endpoint: format!("https://{host}"),
        },
        is_fallback,
        bytes,
    }
}

#[test]
fn sizes() {
    let cases = [
        (0, "0 B"),
        (612, "612 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (600_000, "600 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (90_868_376, "90.9 MB"),
        (99_949_999, "99.9 MB"),
        (99_950_000, "100 MB"),
        (16_381_516_888, "16.4 GB"),
        (u64::MAX, "18447 PB"),
    ];
    for (bytes, text) in cases {
        assert_eq!(size(bytes), text, "{bytes}");
    }
    assert_eq!(size_of(100_000_000, 4_900_000_000), "0.1 / 4.9 GB");
}

#[test]
fn durations() {
    let cases = [
        (0, "0.0 s"),
        (2100, "2.1 s"),
        (45_900, "45 s"),
        (187_000, "3m 07s"),
        (7_500_000, "2h 05m"),
    ];
    for (millis, text) in cases {
        assert_eq!(duration(Duration::from_millis(millis)), text);
    }
}

#[test]
fn times_left() {
    assert_eq!(time_left(Duration::from_millis(1500)), "2 s");
    assert_eq!(time_left(Duration::from_secs(92)), "1m 32s");
}

#[test]
fn a_hundred_percent_is_all() {
    assert_eq!(percent(999, 1000), "99%");
    assert_eq!(percent(1000, 1000), "100%");
    assert_eq!(percent(0, 0), "100%");
}

#[test]
fn names_are_cut_by_columns() {
    assert_eq!(
        fit("model-00001-of-00005.safetensors", 20),
        "…f-00005.safetensors"
    );
    assert_eq!(fit("模型文件.bin", 9), "…文件.bin");
    assert_eq!(fit("short", 5), "short");
    assert_eq!(
        (fit("abc", 1), fit("abc", 0)),
        ("…".to_owned(), String::new())
    );
    assert_eq!(pad("模", 4), "模  ");
}

#[test]
fn summaries() {
    let took = Duration::from_millis(2100);
    let lead = "pulled sentence-transformers/all-MiniLM-L6-v2 at 1110a243fdf4: 12 files, ";
    let text = |fetched, reused| {
        let text = pulled(&summary(fetched, reused), took);
        text.strip_prefix(lead).map(str::to_owned).unwrap_or(text)
    };
    assert_eq!(
        text(90_868_376, 612_000),
        "91.5 MB (90.9 MB fetched, 612 kB already here) in 2.1 s"
    );
    assert_eq!(text(90_868_376, 0), "90.9 MB (90.9 MB fetched) in 2.1 s");
    assert_eq!(text(0, 90_868_376), "90.9 MB (all already here) in 2.1 s");
}

#[test]
fn what_a_fallback_gave_is_in_the_summary() {
    let mut summary = summary(5_000_000, 0);
    summary.sources.push(share("m.example:80", true, 2_000_000));
    let text = pulled(&summary, Duration::from_secs(3));
    let part = "(5.0 MB fetched, 2.0 MB of it from \
                hf:sentence-transformers/all-MiniLM-L6-v2 at m.example:80)";
    assert!(text.contains(part), "{text}");
}

#[test]
fn the_document_of_a_pull() {
    assert_eq!(
        pulled_json(&summary(5, 7), HubName::HuggingFace),
        json!({
            "repo": "sentence-transformers/all-MiniLM-L6-v2",
            "kind": "model",
            "hub": "hf",
            "commit": "1110a243fdf4706b3f48f1d95db1a4f5529b4d41",
            "path": "/c/snapshots/1110",
            "files": 12,
            "total_bytes": 12,
            "fetched_bytes": 5,
            "sources": [{
                "hub": "hf",
                "repo": "sentence-transformers/all-MiniLM-L6-v2",
                "endpoint": "https://a.example",
                "bytes": 5,
            }],
            "reused_bytes": 7,
        })
    );
}

fn dry_run() -> DryRun {
    let file = |path, len, need_bytes| PlannedFile {
        path: RepoPath::parse(path).unwrap(),
        len,
        need_bytes,
    };
    DryRun {
        repo: repo(),
        commit: commit(),
        files: vec![
            file("config.json", 612, 0),
            file("onnx/model_qint8_avx512_vnni.onnx", 23_046_789, 23_046_789),
        ],
        have_bytes: 612,
        need_bytes: 23_046_789,
    }
}

#[test]
fn a_dry_run() {
    assert_eq!(
        planned(&dry_run(), None),
        "FILE                                  SIZE  TO FETCH\n\
         config.json                          612 B         -\n\
         onnx/model_qint8_avx512_vnni.onnx  23.0 MB   23.0 MB\n\
         \n\
         sentence-transformers/all-MiniLM-L6-v2 at 1110a243fdf4: 2 files, 23.0 MB \
         (23.0 MB to fetch, 612 B here)\n"
    );
    let json = planned_json(&dry_run(), HubName::HuggingFace);
    assert_eq!(
        (&json["files"], &json["total_bytes"]),
        (&json!(2), &json!(23_047_401))
    );
    assert_eq!(json["plan"][0]["need_bytes"], 0);
}

#[test]
fn a_table_fits_the_terminal() {
    let text = planned(&dry_run(), Some(40));
    let table = text.split("\n\n").next().unwrap();
    assert_eq!(
        table,
        "FILE                      SIZE  TO FETCH\n\
         config.json              612 B         -\n\
         …nt8_avx512_vnni.onnx  23.0 MB   23.0 MB"
    );
}
