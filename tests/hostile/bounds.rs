//! Answers that are too much: memory and time stay bounded, whatever comes.

use super::*;

/// The whole address space, of which the sixteen megabytes of buffers are the least part.
const MIB: u64 = 900;

fn is_too_much(fault: &str, on: Match, answer: Fault, args: &[&str], code: i32, words: &[&str]) {
    let hub = answering(on, answer);
    let larder = Larder::at(&hub);
    let ran = pulled_within(MIB, &larder, args);
    assert_eq!(ran.code, Some(code), "{fault}: {ran:#?}");
    ran.says(words);
    is_fit_for_a_terminal(fault, &ran);
    assert_eq!(snapshots(&larder), Vec::<String>::new(), "{fault}");
}

fn tree() -> Match {
    Match::hub().path("/tree/")
}

#[test]
fn a_listing_without_end_is_given_up() {
    let words = ["more than 64 MiB of JSON"];
    is_too_much(
        "blanks without end",
        tree(),
        Fault::EndlessBody,
        &[ID],
        5,
        &words,
    );
}

#[test]
fn a_page_of_millions_of_rows_is_given_up() {
    let row = r#"{"type":"","path":""}"#;
    let body = format!("[{}{row}]", format!("{row},").repeat(2_900_000));
    let fault = Fault::ReplaceJson { body };
    is_too_much(
        "folders",
        tree(),
        fault,
        &[ID],
        5,
        &["more than 1000000 entries"],
    );
}

#[test]
fn names_of_a_hundred_megabytes_are_given_up() {
    // Each page is well below its own bound.
    let long = vec!["n".repeat(200); 20].join("/");
    let rows = |from: usize| page((from..from + 15_000).map(|n| file(&format!("{n}/{long}"), "1")));
    let hub = Hub::builder().repo(repo()).start();
    let headers = vec![("Link".to_owned(), "</tree/2>; rel=\"next\"".to_owned())];
    let first = Fault::Status {
        code: 200,
        headers,
        body: rows(0),
    };
    hub.faults().once(tree(), first);
    let body = rows(15_000);
    hub.faults().once(tree(), Fault::ReplaceJson { body });
    let ran = pulled_within(MIB, &Larder::at(&hub), &[ID]);
    assert_eq!(ran.code, Some(5), "{ran:#?}");
    ran.says(&["more than 64 MiB of names"]);
}

#[test]
fn folders_without_bottom_cost_no_more_than_their_names() {
    let deep = "d/".repeat(2000);
    let body = page((0..1000).map(|n| file(&format!("{n}/{deep}x"), "1")));
    let fault = Fault::ReplaceJson { body };
    let args = [ID, "nothing-of-this-name"];
    is_too_much(
        "deep folders",
        tree(),
        fault,
        &args,
        3,
        &["the repo has no file"],
    );
}

#[test]
fn weights_in_sixty_thousand_parts_are_told_apart_in_time() {
    let parts = (0..60_000).map(|n| file(&format!("consolidated.{n}.safetensors"), "1"));
    let fault = Fault::ReplaceJson { body: page(parts) };
    let args = [ID, "--weights", "safetensors", "--dry-run"];
    is_too_much("parts", tree(), fault, &args, 0, &["60000 files"]);
}
