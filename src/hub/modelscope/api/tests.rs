//! Envelopes and rows as servers have been seen to send them.

use super::*;

fn listed(body: &str) -> Result<Vec<String>, String> {
    match open::<Listed>(body.as_bytes())? {
        Answered::Data(Listed(rows)) => rows
            .iter()
            .map(|row| row.path().map(str::to_owned))
            .collect(),
        Answered::Failure => Err("failure".to_owned()),
    }
}

fn told(row: &str) -> Result<Told, String> {
    let row: Row = serde_json::from_str(row).unwrap();
    let path = RepoPath::parse(row.path()?).unwrap();
    row.file(path)
}

#[test]
fn a_failure_is_one_whatever_its_form() {
    for body in [
        r#"{"Code":200,"Success":false,"Data":null}"#,
        r#"{"Code":10010205001,"Data":"text"}"#,
        r#"{"Code":"10010205001","Success":true}"#,
    ] {
        assert_eq!(listed(body), Err("failure".to_owned()), "{body}");
    }
}

#[test]
fn lists_in_every_form() {
    let rows = r#"[{"Path":"a"},{"path":"b/c"},{"Name":"d"}]"#;
    for body in [
        format!(r#"{{"Code":200,"Data":{{"Files":{rows},"IsVisual":false}},"Success":true}}"#),
        format!(r#"{{"Data":{{"files":{rows}}}}}"#),
        format!(r#"{{"Code":200,"Data":{rows}}}"#),
    ] {
        assert_eq!(listed(&body).unwrap(), ["a", "b/c", "d"], "{body}");
    }
    assert_eq!(listed(r#"{"Data":{"Files":null}}"#).unwrap(), [""; 0]);
    for body in [r#"{"Code":200}"#, r#"{"Data":{}}"#, r#"{"Data":7}"#, "[]"] {
        assert!(listed(body).is_err(), "{body}");
    }
}

#[test]
fn numbers_in_every_form() {
    for size in ["7", "7.0", "\"7\""] {
        let row = format!(r#"{{"Path":"a","Size":{size}}}"#);
        assert_eq!(told(&row).unwrap().len, Some(7), "{size}");
    }
    assert_eq!(told(r#"{"Path":"a","Size":null}"#).unwrap().len, None);
    assert_eq!(told(r#"{"Path":"a"}"#).unwrap().len, None);
    for size in ["-1", "7.5", "1e30", "\"x\"", "[]", "9007199254740993"] {
        let row = format!(r#"{{"Path":"a","Size":{size}}}"#);
        assert!(told(&row).is_err(), "{size}");
    }
}

#[test]
fn what_is_no_single_value_is_skipped_however_deep_it_is() {
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let long = format!("\"{}\"", "7".repeat(1 << 16));
    for size in [deep(100), r#"{"a":[{}]}"#.to_owned(), long] {
        let row: Row = serde_json::from_str(&format!(r#"{{"Path":"a","Size":{size}}}"#)).unwrap();
        assert_eq!(row.size, Scalar::Other);
    }
    let body = format!(r#"{{"Code":{},"Data":[]}}"#, deep(100));
    assert_eq!(listed(&body), Err("failure".to_owned()));
}

#[test]
fn digests_in_every_form() {
    let hex = BlobId::of(b"x").to_string();
    for digest in [hex.clone(), hex.to_uppercase()] {
        let row = format!(r#"{{"Path":"a","Size":1,"Sha256":"{digest}"}}"#);
        assert_eq!(told(&row).unwrap().digest, Some(BlobId::of(b"x")));
    }
    for digest in ["null", "\"\"", "\" \""] {
        let row = format!(r#"{{"Path":"a","Size":1,"Sha256":{digest}}}"#);
        assert_eq!(told(&row).unwrap().whole(), None, "{digest}");
    }
    let empty = told(r#"{"Path":"a","Size":0,"Sha256":""}"#).unwrap();
    assert_eq!(empty.digest, Some(BlobId::of(b"")));
    assert!(told(r#"{"Path":"a","Size":1,"Sha256":"abc"}"#).is_err());
}

#[test]
fn what_a_row_is_about() {
    let kind = |row| serde_json::from_str::<Row>(row).unwrap().kind();
    assert_eq!(kind(r#"{"Path":"a"}"#), Kind::File);
    assert_eq!(kind(r#"{"Path":"a","Type":"blob"}"#), Kind::File);
    assert_eq!(kind(r#"{"Path":"a","Type":"tree"}"#), Kind::Folder);
    assert_eq!(kind(r#"{"Path":"a","Type":"commit"}"#), Kind::Other);
}

#[test]
fn commits() {
    let newest = |body: &str| match open::<Commits>(body.as_bytes()).unwrap() {
        Answered::Data(commits) => commits.newest(),
        Answered::Failure => Err("failure".to_owned()),
    };
    let id = "5f3c0e1d2b4a69788796a5b4c3d2e1f00f1e2d3c";
    let body = format!(r#"{{"Data":{{"Commit":[{{"Id":"{id}","Title":null}}],"TotalCount":7}}}}"#);
    assert_eq!(newest(&body).unwrap().unwrap().as_str(), id);
    for none in [r#"{"Data":{"Commit":null}}"#, r#"{"Data":{"Commit":[]}}"#] {
        assert_eq!(newest(none), Ok(None));
    }
    assert!(newest(r#"{"Data":{"Commit":[{"Id":"master"}]}}"#).is_err());
}
