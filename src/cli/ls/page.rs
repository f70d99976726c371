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

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use larder::digest::BlobId;
    use larder::inventory::{Partial, Presence, Repo, Sight};
    use larder::repo::{Commit, HubName, RepoId, RepoKind, Revision};
    use larder::view::{ViewId, ViewKind};
    use unicode_width::UnicodeWidthStr;

    use super::super::row::all;
    use super::*;

    /// A repo whose cells are as wide as they get.
    fn wide(digit: char, names: &[&str], is_in_store: bool) -> Repo {
        let snapshot = Snapshot {
            commit: Commit::parse(&digit.to_string().repeat(40)).ok(),
            revisions: names
                .iter()
                .map(|name| Revision::parse(name).unwrap())
                .collect(),
            is_pinned: false,
            files: 1_234,
            missing: 0,
            size_bytes: 128_849_018_880,
            unique_bytes: 128_849_018_880,
            last_used: Some(UNIX_EPOCH + Duration::from_secs(1)),
            modified: None,
            views: vec![Sight {
                view: ViewId {
                    kind: ViewKind::HuggingFace,
                    root: "/hub".into(),
                },
                folder: "/hub/x".into(),
                presence: Presence::Gone,
            }],
        };
        Repo {
            hub: HubName::HuggingFace,
            id: RepoId::parse(
                RepoKind::Dataset,
                "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
            )
            .unwrap(),
            is_in_store,
            size_bytes: snapshot.size_bytes,
            unique_bytes: snapshot.unique_bytes,
            apart_bytes: snapshot.size_bytes,
            commits: vec![snapshot],
        }
    }

    fn inventory() -> Inventory {
        let mut inventory = Inventory::default();
        let names = ["refs/pr/123", "a-rather-long-name-of-a-branch"];
        inventory.repos = vec![wide('a', &names, true), wide('b', &[], false)];
        inventory.partials = vec![Partial {
            digest: BlobId::of(b"").into(),
            wanted: None,
            disk_bytes: 5,
            modified: UNIX_EPOCH,
            is_owned: true,
        }];
        inventory.disk_bytes = 7;
        inventory
    }

    #[test]
    fn everything_fits_in_eighty_columns_and_grows_with_the_terminal() {
        let inventory = inventory();
        for by_commit in [false, true] {
            let rows = all(&inventory, by_commit);
            let page = |width| page(&inventory, &rows, rows.len(), by_commit, width);
            let narrow = page(Some(80));
            assert!(narrow.lines().all(|line| line.width() <= 80), "{narrow}");
            assert!(narrow.contains("MiniLM-L12-v2 *"), "{narrow}");
            let wide = page(Some(200));
            assert!(wide.contains("datasets/sentence-transformers/"), "{wide}");
            assert_eq!(page(None), wide);
        }
    }

    #[test]
    fn a_row_says_what_it_is() {
        let inventory = inventory();
        let rows = all(&inventory, false);
        let text = page(&inventory, &rows, rows.len(), false, None);
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[1].contains("years ago") && lines[1].ends_with("gone"),
            "{text}"
        );
        assert!(lines[2].contains("bbbbbbbbbbbb"), "{text}");
        assert!(
            lines[3].contains("partial") && lines[3].contains("in progress"),
            "{text}"
        );
        assert_eq!(lines[5], "2 repos, 1 unfinished file, 7 B on disk");
    }
}
