//! The report of a verification, for people and for programs.

use std::time::Duration;

use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

use larder::redact::clean;
use larder::verify::repair::{Repaired, is_repairable};
use larder::verify::{FileOf, Finding, Problem, Report};

use crate::cli::render;

/// A repo or a file is cut to this many columns, whatever the terminal has.
const WIDEST: usize = 60;

/// A table of what is wrong, and a summary.
pub(super) fn report(report: &Report, width: Option<usize>, took: Duration) -> String {
    let mut lines = Vec::new();
    if !report.findings.is_empty() {
        lines.push(table(&report.findings, width) + "\n");
    }
    for gone in &report.gone {
        lines.push(format!(
            "{}@{} was removed from {}\n",
            gone.repo,
            gone.commit.short(),
            clean(&gone.view.root.display().to_string())
        ));
    }
    if report.newer > 0 {
        let records = render::count(report.newer, "record");
        lines.push(format!("not read: {records} of a newer larder\n"));
    }
    let unrecorded = match report.unrecorded {
        0 => String::new(),
        number => format!(", {number} of them without a record"),
    };
    let found = match report.findings.len() as u64 {
        0 => "all right".to_owned(),
        number => format!("{} wrong", render::count(number, "name")),
    };
    lines.push(format!(
        "verified {}{unrecorded} ({}) of {} in {}: {found}\n",
        render::count(report.files, "file"),
        render::size(report.bytes),
        render::count(report.commits, "commit"),
        render::duration(took)
    ));
    lines.concat()
}

fn table(findings: &[Finding], width: Option<usize>) -> String {
    let rows: Vec<[String; 4]> = findings
        .iter()
        .map(|finding| {
            let of = |show: fn(&FileOf) -> String| finding.file.as_deref().map_or("-".into(), show);
            [
                words(&finding.problem),
                of(|file| file.path.to_string()),
                of(|file| format!("{}@{}", file.repo, file.commit.short())),
                clean(&finding.path.display().to_string()),
            ]
        })
        .collect();
    let head = ["WHAT", "FILE", "REPO", "WHERE"].map(str::to_owned);
    let widest = width.map_or(WIDEST, |width| (width / 3).clamp(12, WIDEST));
    let columns: [usize; 4] = std::array::from_fn(|at| {
        let cells = rows.iter().chain([&head]).map(|row| row[at].width());
        let most = if at == 0 { usize::MAX } else { widest };
        cells.max().unwrap_or(0).min(most)
    });
    let line = |row: &[String; 4]| {
        let [what, file, repo, path] = row;
        format!(
            "{}  {}  {}  {path}\n",
            render::pad(what, columns[0]),
            render::pad(file, columns[1]),
            render::pad(repo, columns[2])
        )
    };
    [&head].into_iter().chain(&rows).map(line).collect()
}

fn words(problem: &Problem) -> String {
    match problem {
        Problem::Missing => "missing".into(),
        Problem::Dangling => "leads nowhere".into(),
        Problem::NotAFile => "no file".into(),
        Problem::Length { want, got } if got < want => {
            format!("truncated: {got} of {want} bytes")
        }
        Problem::Length { want, got } => format!("too long: {got} instead of {want} bytes"),
        Problem::Content { .. } => "changed".into(),
        Problem::Unreadable(why) => format!("unreadable: {}", clean(why)),
        Problem::Extra => "unknown file".into(),
        Problem::DamagedRecord => "damaged record".into(),
    }
}

/// What a repair did, and what is left to do.
pub(super) fn repaired(repaired: &Repaired, report: &Report) -> String {
    let mut parts = vec![
        format!("{} put right", render::count(repaired.published, "name")),
        format!("{} fetched", render::size(repaired.fetched_bytes)),
    ];
    if repaired.expelled > 0 {
        let names = render::count(repaired.expelled, "name");
        parts.push(format!("{names} in the store taken out of service"));
    }
    if repaired.copied > 0 {
        let contents = render::count(repaired.copied, "content");
        parts.push(format!("{contents} taken from a good copy"));
    }
    if repaired.forgotten > 0 {
        let files = render::count(repaired.forgotten, "file");
        parts.push(format!("{files} no longer in the store and in no view"));
    }
    let left = report
        .findings
        .iter()
        .filter(|found| !is_repairable(found))
        .count() as u64;
    let left = match left {
        0 => String::new(),
        number => format!(
            "left as it is: {}; look at the table and decide\n",
            render::count(number, "name")
        ),
    };
    format!("repaired: {}\n{left}", parts.join(", "))
}

/// The document of a verification.
pub(super) fn document(report: &Report, repaired: Option<&Repaired>) -> Value {
    let wrong: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| {
            let mut row = row(finding);
            row["is_repaired"] = json!(repaired.is_some() && is_repairable(finding));
            row
        })
        .collect();
    let gone: Vec<Value> = report
        .gone
        .iter()
        .map(|gone| {
            json!({
                "repo": gone.repo.id(),
                "kind": gone.repo.kind().as_str(),
                "commit": gone.commit.as_str(),
                "view": { "kind": gone.view.kind.as_str(), "root": gone.view.root.to_string_lossy() },
            })
        })
        .collect();
    json!({
        "commits": report.commits,
        "files": report.files,
        "bytes": report.bytes,
        "unrecorded": report.unrecorded,
        "newer_records": report.newer,
        "wrong": wrong,
        "gone": gone,
        "repaired": repaired.map(|repaired| json!({
            "published": repaired.published,
            "fetched_bytes": repaired.fetched_bytes,
            "expelled": repaired.expelled,
            "copied": repaired.copied,
            "forgotten": repaired.forgotten,
        })),
    })
}

fn row(finding: &Finding) -> Value {
    let file = finding.file.as_deref();
    let (expected, got) = match &finding.problem {
        Problem::Length { want, got } => (json!(want), json!(got)),
        Problem::Content { want, got } => (json!(want.to_string()), json!(got.to_string())),
        _ => (Value::Null, Value::Null),
    };
    json!({
        "problem": name(&finding.problem),
        "message": words(&finding.problem),
        "path": finding.path.to_string_lossy(),
        "hub": file.map(|file| file.hub.as_str()),
        "repo": file.map(|file| file.repo.id()),
        "kind": file.map(|file| file.repo.kind().as_str()),
        "commit": file.map(|file| file.commit.as_str()),
        "file": file.map(|file| file.path.as_str()),
        "expected": expected,
        "got": got,
    })
}

fn name(problem: &Problem) -> &'static str {
    match problem {
        Problem::Missing => "missing",
        Problem::Dangling => "dangling",
        Problem::NotAFile => "not_a_file",
        Problem::Length { .. } => "length",
        Problem::Content { .. } => "content",
        Problem::Unreadable(_) => "unreadable",
        Problem::Extra => "extra",
        Problem::DamagedRecord => "damaged_record",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use larder::digest::BlobId;
    use larder::repo::{Commit, HubName, RepoId, RepoKind, RepoPath};
    use larder::verify::Place;

    use super::*;

    fn finding(problem: Problem, is_known: bool) -> Finding {
        let id = BlobId::of(b"x");
        let file = FileOf {
            hub: HubName::HuggingFace,
            repo: RepoId::parse(RepoKind::Model, "org/name").unwrap(),
            commit: Commit::parse(&"c".repeat(40)).unwrap(),
            path: RepoPath::parse("model.safetensors").unwrap(),
            len: 1,
            digest: id.into(),
            blob: id,
        };
        Finding {
            problem,
            place: Place::Store(id.into()),
            path: "/store/x\x1b[2J".into(),
            file: is_known.then(|| Arc::new(file)),
            stamp: None,
        }
    }

    #[test]
    fn a_table_of_what_is_wrong_and_a_line_of_what_was_done() {
        let found = Report {
            findings: vec![
                finding(Problem::Length { want: 10, got: 4 }, true),
                finding(Problem::Extra, false),
            ],
            files: 3,
            bytes: 2_500_000,
            commits: 1,
            unrecorded: 2,
            ..Report::default()
        };
        let text = report(&found, None, Duration::from_millis(1500));
        assert_eq!(
            text,
            "WHAT                      FILE               REPO                   WHERE\n\
             truncated: 4 of 10 bytes  model.safetensors  org/name@cccccccccccc  /store/x\\u{1b}[2J\n\
             unknown file              -                  -                      /store/x\\u{1b}[2J\n\
             \n\
             verified 3 files, 2 of them without a record (2.5 MB) of 1 commit in 1.5 s: 2 names wrong\n"
        );
        let right = report(&Report::default(), None, Duration::ZERO);
        assert_eq!(
            right,
            "verified 0 files (0 B) of 0 commits in 0.0 s: all right\n"
        );
    }

    #[test]
    fn the_document_says_what_was_repaired() {
        let found = Report {
            findings: vec![
                finding(Problem::Missing, true),
                finding(Problem::Extra, false),
            ],
            ..Report::default()
        };
        let rows = |repaired| document(&found, repaired)["wrong"].clone();
        let repaired = Repaired::default();
        assert_eq!(rows(None)[0]["is_repaired"], false);
        assert_eq!(rows(Some(&repaired))[0]["is_repaired"], true);
        assert_eq!(rows(Some(&repaired))[1]["is_repaired"], false);
        assert_eq!(rows(None)[0]["file"], "model.safetensors");
        assert_eq!(rows(None)[1]["repo"], Value::Null);
    }
}
