//! A listing that is believable, and files that are not what it says.

use super::*;
use hub::Content;

fn at_file(fault: &'static str, answer: Fault, code: i32, words: &'static [&'static str]) -> Row {
    Row {
        on: Match::hub().path("/resolve/"),
        answer,
        ..Row::tree(fault, "", code, words)
    }
}

fn status(headers: &[(&str, &str)], body: &str) -> Fault {
    let headers = headers
        .iter()
        .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
    Fault::Status {
        code: 200,
        headers: headers.collect(),
        body: body.to_owned(),
    }
}

#[test]
fn files_that_are_not_as_listed_do_not_become_visible() {
    let oid = Content::bytes(SMALL).blob_id().to_owned();
    let listed = |size: &str| {
        format!(r#"[{{"type":"file","path":"config.json","oid":"{oid}","size":{size}}}]"#)
    };
    let other = r#"{"hidden_size": 9}"#;
    let commit = Hub::builder()
        .repo(repo())
        .start()
        .commit_of(ID, "main")
        .unwrap();
    let of_hub = [("X-Repo-Commit", commit.as_str())];
    play([
        Row::tree(
            "a size too large",
            listed("20"),
            5,
            &["19 bytes where 20 are listed"],
        ),
        Row::tree(
            "a size too small",
            listed("18"),
            5,
            &["19 bytes where 18 are listed"],
        ),
        at_file(
            "a page in place of a file",
            Fault::HtmlPortal,
            5,
            &["makes no sense"],
        ),
        at_file(
            "other bytes of the right length",
            status(&of_hub, &format!("{other}\n")),
            6,
            &["checksum mismatch"],
        ),
        at_file(
            "an etag of other bytes",
            Fault::WrongEtag,
            5,
            &["other content than listed"],
        ),
        at_file(
            "a commit that is another",
            status(&[("X-Repo-Commit", "\u{9b}31m")], other),
            5,
            &["a file of commit"],
        ),
        at_file(
            "a file without end",
            Fault::EndlessBody,
            5,
            &["config.json of org/model"],
        ),
        at_file(
            "a redirect to a file of this machine",
            Fault::RedirectTo {
                url: "file:///etc/passwd".into(),
            },
            5,
            &["not http"],
        ),
        at_file(
            "a redirect to itself",
            Fault::RedirectLoop,
            5,
            &["redirects in a circle"],
        ),
    ]);
}
