//! Rows as a table for people.

use std::time::SystemTime;

use larder::inventory::{Inventory, Snapshot};
use larder::redact::clean;

use super::row::{Row, Subject, prefix};
use crate::cli::ago::ago;
use crate::cli::columns::{Column, first_of, table};
use crate::cli::render::{count, size};

const REPOS: [Column; 7] = [
    Column::text("MODEL", 16),
    Column::whole("HUB"),
    Column::text("REVISION", 8),
    Column::number("SIZE"),
    Column::number("UNIQUE"),
    Column::text("LAST USED", 9),
    Column::text("WHERE", 5),
];

const COMMITS: [Column; 7] = [
    Column::text("MODEL", 16),
    Column::text("REVISION", 8),
    Column::whole("COMMIT"),
    Column::number("FILES"),
    Column::number("SIZE"),
    Column::number("UNIQUE"),
    Column::text("WHERE", 5),
];

/// The table, and what all of it comes to; `rows` is what is left of `all`.
pub(super) fn page(
    inventory: &Inventory,
    rows: &[Row<'_>],
    all: usize,
    by_commit: bool,
    width: Option<usize>,
) -> String {
    let now = SystemTime::now();
    let (columns, cells): (&[Column], Vec<_>) = if by_commit {
        (&COMMITS, rows.iter().map(commit_cells).collect())
    } else {
        (
            &REPOS,
            rows.iter().map(|row| repo_cells(row, now)).collect(),
        )
    };
    let mut page = table(columns, &cells, width);
    page.push('\n');
    page.push_str(&total(inventory, rows, all));
    if rows.iter().any(Row::is_foreign) {
        page.push_str("* not in the store: `larder adopt` takes it over\n");
    }
    page
}

fn name(row: &Row<'_>, has_hub: bool) -> String {
    let hub = row.hub.filter(|_| has_hub).map(prefix).unwrap_or_default();
    let mark = if row.is_foreign() { " *" } else { "" };
    format!("{hub}{}{mark}", clean(&row.name))
}

fn repo_cells(row: &Row<'_>, now: SystemTime) -> Vec<String> {
    let hub = row
        .hub
        .map_or("-", larder::repo::HubName::as_str)
        .to_owned();
    let used = match row.subject {
        Subject::Partial(partial) if partial.is_owned => "in progress".to_owned(),
        Subject::Partial(_) => ago(row.modified, now),
        Subject::Repo(..) => ago(row.last_used, now),
    };
    vec![
        name(row, false),
        hub,
        revision(row),
        size(row.size_bytes),
        size(row.unique_bytes),
        used,
        row.places(),
    ]
}

fn commit_cells(row: &Row<'_>) -> Vec<String> {
    let (commit, files) = match row.subject {
        Subject::Repo(_, [one]) => (short(one), one.files.to_string()),
        _ => ("-".to_owned(), "-".to_owned()),
    };
    let revision = match row.subject {
        Subject::Repo(..) if row.revisions.is_empty() => "-".to_owned(),
        Subject::Repo(..) | Subject::Partial(_) => revision(row),
    };
    vec![
        name(row, true),
        revision,
        commit,
        files,
        size(row.size_bytes),
        size(row.unique_bytes),
        row.places(),
    ]
}

/// The names that lead there, or the commit where there are none.
fn revision(row: &Row<'_>) -> String {
    match row.subject {
        Subject::Partial(_) => "partial".to_owned(),
        Subject::Repo(_, commits) if row.revisions.is_empty() => {
            first_of(&commits.iter().map(short).collect::<Vec<_>>())
        }
        Subject::Repo(..) => first_of(&row.revisions),
    }
}

fn short(snapshot: &Snapshot) -> String {
    let commit = snapshot.commit.as_ref();
    commit.map_or("-", |commit| commit.short()).to_owned()
}

fn total(inventory: &Inventory, rows: &[Row<'_>], all: usize) -> String {
    let repos = inventory.repos.len() as u64;
    let whole = size(inventory.disk_bytes);
    if rows.len() < all {
        let rows = rows.len();
        return format!("{rows} of {all} rows; all of them together take {whole} on disk\n");
    }
    let partials = match inventory.partials.len() {
        0 => String::new(),
        partials => format!(", {}", count(partials as u64, "unfinished file")),
    };
    let saved = match inventory.saved_bytes {
        0 => String::new(),
        saved => format!("; sharing saves {}", size(saved)),
    };
    format!(
        "{}{partials}, {whole} on disk{saved}\n",
        count(repos, "repo")
    )
}
