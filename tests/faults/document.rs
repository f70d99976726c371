//! The rows of the table are those of `docs/semantics.md`.

use super::table::{Again, Place, Stays, TABLES};
use super::*;

/// The names of some places, each once.
fn names(places: &[Place]) -> String {
    let mut names: Vec<_> = places.iter().map(|place| place.name()).collect();
    names.dedup();
    names.join(", ")
}

/// The table as the document has it.
fn lines_of_the_table() -> Vec<String> {
    let mut lines = Vec::new();
    for row in TABLES.iter().copied().flatten() {
        for (places, stays) in row.stays {
            let (seen, code, test) = match stays {
                Stays::Right => ("the right files".to_owned(), 0, PASSES),
                Stays::Fails(code, words) => (format!("“{words} …”"), *code, STAYS),
            };
            let again = match row.again {
                Again::OnItsWay => "what was on its way",
                Again::File => "all of the file",
            };
            let (name, places) = (row.name, names(places));
            lines.push(format!(
                "| {name} | {places} | {seen} | {code} | {again} | `{test}` |"
            ));
        }
    }
    lines
}

const PASSES: &str = "what_passes_ends_in_the_right_file";
const STAYS: &str = "what_stays_is_named_and_what_was_fetched_is_kept";

#[test]
fn the_document_lists_every_fault_of_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/semantics.md");
    let page = fs::read_to_string(path).unwrap();
    let lines = lines_of_the_table();
    assert!(
        page.contains(&lines.join("\n")),
        "docs/semantics.md lacks, in this order:\n{}",
        lines.join("\n")
    );
}
