//! Names and numbers in a listing that is otherwise well formed.

use super::*;

const REFUSED: &str = "the hub lists something unsafe";

/// A listing of one honest file and one with this name.
fn named(fault: &'static str, name: &str, words: &'static [&'static str]) -> Row {
    Row::tree(
        fault,
        page([file("config.json", "19"), file(name, "3")]),
        6,
        words,
    )
}

#[test]
fn a_path_that_is_too_long_for_the_system_is_named() {
    // It fits the rules, but not below the folder of a snapshot.
    let deep = "d/".repeat(2000) + "x";
    let repo = Repo::model(ID).file("config.json", SMALL).file(&deep, b"x");
    let hub = Hub::builder().repo(repo).start();
    let larder = Larder::at(&hub);
    let victims = Victims::of(&larder);
    let ran = larder.pull([ID]).run().exited(7);
    ran.says(&["file name too long", "d/d/d"]);
    is_fit_for_a_terminal("a path too long for the system", &ran);
    assert_eq!(snapshots(&larder), Vec::<String>::new());
    victims.are_as_they_were(&larder, "a path too long for the system");
}

#[test]
fn names_that_must_not_be_written_end_the_pull_before_a_byte() {
    let long = "x".repeat(300);
    let deep = "d/".repeat(3000) + "x";
    play([
        named(
            "a name that climbs",
            "../../../../../../victim",
            &[REFUSED, "`../../../../../../victim`", "`.` or `..`"],
        ),
        named(
            "a name that climbs in the middle",
            "a/../../b",
            &[REFUSED, "`a/../../b`"],
        ),
        named(
            "an absolute name",
            "/victim",
            &[REFUSED, "`/victim`", "a path is relative"],
        ),
        named("an empty name", "", &[REFUSED, "``"]),
        named("a dot", ".", &[REFUSED, "`.`"]),
        named("a dot inside", "a/./b", &[REFUSED, "`a/./b`"]),
        named("an empty segment", "a//b", &[REFUSED, "no empty segment"]),
        named("a name of a folder", "a/", &[REFUSED, "no empty segment"]),
        named(
            "a NUL",
            r"a\u0000b",
            &[REFUSED, r"u{0}", "no control character"],
        ),
        named("a backslash", r"..\\victim", &[REFUSED, "no backslash"]),
        named(
            "an escape sequence",
            r"\u001b]0;owned\u0007\u001b[2J",
            &[REFUSED, r"u{1b}"],
        ),
        named("a C1 control", r"a\u009b31m", &[REFUSED, r"u{9b}"]),
        named("a line break", r"a\nfake: b", &[REFUSED, r"u{a}"]),
        named("300 bytes", &long, &[REFUSED, "at most 255 bytes"]),
        named("6000 bytes", &deep, &[REFUSED, "1 to 4096 bytes"]),
        named(
            "a file for git",
            ".git/hooks/post-checkout",
            &[REFUSED, "no `.git` segment"],
        ),
        named(
            "a file for git in capitals",
            "sub/.GIT/config",
            &[REFUSED, "no `.git` segment"],
        ),
        named(
            "a name twice",
            "config.json",
            &[REFUSED, "two files named `config.json`"],
        ),
        named(
            "a file in a file",
            "config.json/x",
            &[REFUSED, "both as a file and as the folder"],
        ),
    ]);
}

#[test]
fn a_name_that_is_no_text_is_no_answer() {
    Row::tree(
        "half a character",
        page([file(r"\ud800", "3")]),
        5,
        &["not JSON"],
    )
    .plays();
}

#[test]
fn sizes_that_cannot_be_end_the_pull() {
    let sized = |fault, size: &str, words| Row::tree(fault, page([file("a", size)]), 5, words);
    let row = |fields: &str| format!(r#"[{{"type":"file","path":"a",{fields}}}]"#);
    play([
        sized("a negative size", "-1", &["makes no sense", "-1"]),
        sized("a fraction", "1.5", &["makes no sense", "1.5"]),
        sized(
            "a size of 2^62",
            "4611686018427387904",
            &["a size of 4611686018427387904 bytes for a"],
        ),
        sized(
            "a size beyond 64 bits",
            "99999999999999999999",
            &["makes no sense"],
        ),
        sized("a size with an exponent", "1e30", &["makes no sense"]),
        sized("a size as text", r#""1""#, &["makes no sense"]),
        Row::tree(
            "no size",
            row(&format!(r#""oid":"{OID}""#)),
            5,
            &["a row without size: a"],
        ),
    ]);
    let many = (0..200).map(|n| file(&format!("f{n}"), "9007199254740992"));
    let words = &["more bytes in all than any disk holds"];
    Row::tree("sizes without a sum", page(many), 6, words).plays();
    let words = &["not enough room on the disk"];
    Row::tree(
        "more than this disk",
        page([file("a", "9007199254740992")]),
        7,
        words,
    )
    .plays();
}

#[test]
fn hashes_that_are_none_end_the_pull() {
    let row = |fields: &str| format!(r#"[{{"type":"file","path":"a","size":1,{fields}}}]"#);
    let lfs = |oid: &str| {
        row(&format!(
            r#""oid":"{OID}","lfs":{{"oid":"{oid}","size":1}}"#
        ))
    };
    play([
        Row::tree(
            "no git id",
            row(r#""xetHash":null"#),
            5,
            &["a row without git id: a"],
        ),
        Row::tree(
            "a path as git id",
            row(r#""oid":"../../../../../../../../../../../victim""#),
            5,
            &["a git id for a that is none"],
        ),
        Row::tree(
            "a short git id",
            row(r#""oid":"5f3c""#),
            5,
            &["that is none: 5f3c"],
        ),
        Row::tree(
            "capital digits",
            row(&format!(r#""oid":"{}""#, OID.to_uppercase())),
            5,
            &["that is none"],
        ),
        Row::tree(
            "a SHA-256 that is a path",
            lfs("../../victim"),
            5,
            &["a SHA-256 for a that is none"],
        ),
        Row::tree(
            "a SHA-256 that is a git id",
            lfs(OID),
            5,
            &["a SHA-256 for a that is none"],
        ),
        Row::tree(
            "a SHA-256 with an escape",
            lfs(r"\u001b[31m"),
            5,
            &[r"u{1b}"],
        ),
    ]);
}

#[test]
fn commits_that_are_none_end_the_pull() {
    let sha = |sha: &str| format!(r#"{{"id":"{ID}","sha":"{sha}"}}"#);
    play([
        Row::revision(
            "a path as commit",
            sha("../../../../victim"),
            5,
            &["a commit named `../../../../victim`"],
        ),
        Row::revision(
            "a short commit",
            sha("5f3c0e1"),
            5,
            &["a commit named `5f3c0e1`"],
        ),
        Row::revision(
            "a commit with an escape",
            sha(r"\u001b[31m"),
            5,
            &[r"u{1b}"],
        ),
        Row::revision("no commit", "{}", 5, &["a revision without its commit"]),
        Row::revision("a number as commit", r#"{"sha":5}"#, 5, &["makes no sense"]),
        Row::revision(
            "a path as the repo's name",
            format!(r#"{{"id":"../../x","sha":"{OID}"}}"#),
            5,
            &["a repo named `../../x`"],
        ),
    ]);
}

#[test]
fn a_commit_that_was_asked_for_is_the_one_that_is_pulled() {
    // A commit is not asked about again: whatever a hub says of revisions, its listing is of this one.
    let hub = Hub::builder().repo(repo()).start();
    let larder = Larder::at(&hub);
    let other = "a".repeat(40);
    let ran = larder.pull([format!("{ID}@{other}")]).run().exited(3);
    ran.says(&["the repo has no revision"]);
    assert_eq!(snapshots(&larder), Vec::<String>::new());
}
