//! Answers that are not what they should be as a whole: pages, JSON, HTML, refusals.

use super::*;

fn link(to: impl std::fmt::Display) -> Vec<(String, String)> {
    vec![
        ("Content-Type".to_owned(), "application/json".to_owned()),
        ("Link".to_owned(), format!("<{to}>; rel=\"next\"")),
    ]
}

fn linked(fault: &'static str, to: &str, words: &'static [&'static str]) -> Row {
    let answer = Fault::Status {
        code: 200,
        headers: link(to),
        body: "[]".to_owned(),
    };
    Row {
        answer,
        ..Row::tree(fault, "", 5, words)
    }
}

#[test]
fn next_pages_that_lead_nowhere_end_the_pull() {
    let far = format!("/x?{}", "y".repeat(9000));
    play([
        linked(
            "the same page again",
            "/api/models/org/model/tree/x?1",
            &["go in a circle"],
        ),
        linked(
            "a page elsewhere",
            "http://127.0.0.2:1/x",
            &["a next page on another host"],
        ),
        linked("a page that is a file", "file:///etc/passwd", &["not http"]),
        linked("a page that is no URL", "http://[", &["no URL"]),
        linked(
            "a link of nine thousand bytes",
            &far,
            &["a link of 9003 bytes"],
        ),
    ]);
}

#[test]
fn pages_without_end_end() {
    let hub = answering(Match::hub().path("/tree/"), Fault::EndlessPages);
    let larder = Larder::at(&hub);
    larder
        .pull([ID])
        .run()
        .exited(6)
        .says(&["two files named `config.json`"]);
    assert!(hub.log().requests().len() < 10);

    let hub = answering(Match::hub().path("/tree/"), Fault::EmptyPage);
    let larder = Larder::at(&hub);
    let ran = larder.pull([ID]).run().exited(5);
    ran.says(&["a listing of more than 1000000 entries or 2000 pages"]);
    assert_eq!(
        hub.log().count(|request| request.path.contains("/tree/")),
        2001
    );
    assert_eq!(snapshots(&larder), Vec::<String>::new());
}

#[test]
fn what_is_not_the_json_that_was_due_is_quoted_and_refused() {
    let html = "<!doctype html><html><title>\u{1b}[31mSign in\u{9b}</title></html>";
    let deep = "[".repeat(100_000);
    let nested = format!("{}{}", r#"{"a":"#.repeat(100_000), "1");
    for of in [Row::tree, Row::revision] as [fn(_, String, _, _) -> Row; 2] {
        play([
            of(
                "a web page",
                html.to_owned(),
                5,
                &["a web page instead of JSON", r"u{1b}"],
            ),
            of(
                "nothing",
                String::new(),
                5,
                &["an empty body instead of JSON"],
            ),
            of(
                "half of it",
                r#"[{"type":"file","pa"#.to_owned(),
                5,
                &["makes no sense"],
            ),
            of("deep lists", deep.clone(), 5, &["makes no sense"]),
            of("deep objects", nested.clone(), 5, &["makes no sense"]),
            of(
                "a word",
                "\u{1b}c".to_owned(),
                5,
                &["a body that is not JSON", r"u{1b}"],
            ),
            of("another shape", "17".to_owned(), 5, &["unexpected JSON"]),
        ]);
    }
}

#[test]
fn refusals_are_shown_without_their_tricks() {
    let refused = |fault, code, headers: &[(&str, &str)], body: &str, exit, words| Row {
        answer: Fault::Status {
            code,
            headers: headers
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect(),
            body: body.to_owned(),
        },
        ..Row::revision(fault, "", exit, words)
    };
    let forever = [("Retry-After", "99999999999")];
    let quota = [("RateLimit", "\"api\";r=0;t=18446744073709551615")];
    let page = "<html>\u{1b}[2J</html>".repeat(1000);
    play([
        refused(
            "a wait of three thousand years",
            429,
            &forever,
            "{}",
            5,
            &["limits the rate", "in a few minutes"],
        ),
        refused(
            "a wait beyond all numbers",
            429,
            &quota,
            "{}",
            5,
            &["limits the rate", "in a few minutes"],
        ),
        refused(
            "an escape in a message",
            400,
            &[],
            r#"{"error":"\u001b]0;x\u0007no"}"#,
            5,
            &[r"u{1b}", "no"],
        ),
        refused("a page as refusal", 404, &[], &page, 5, &["404"]),
        refused(
            "a message without end",
            400,
            &[],
            &"no ".repeat(30_000),
            5,
            &["no no", "…"],
        ),
        refused(
            "an error of a thousand errors",
            400,
            &[],
            &format!(r#"{{"error":[{}"x"]}}"#, r#""y","#.repeat(9999)),
            5,
            &["y; y", "…"],
        ),
    ]);
}
