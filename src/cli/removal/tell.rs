//! What goes or has gone, as a table or a document.

use std::collections::BTreeSet;

use larder::error::Error;
use larder::redact::clean;
use larder::removal::apply::Removed;
use larder::removal::{Going, Removal};
use larder::repo::HubName;
use larder::view::ViewId;
use serde_json::{Value, json};

use crate::cli::output::Output;
use crate::cli::render::{count, size, table as in_columns};

/// What would go, or that nothing would.
pub(crate) fn planned(
    removal: &Removal,
    is_dry_run: bool,
    output: &mut Output,
) -> Result<(), Error> {
    if output.is_json {
        let mut document = document(removal);
        document["is_dry_run"] = is_dry_run.into();
        return output.answer(&format!("{document}\n"));
    }
    if removal.is_empty() {
        return Ok(());
    }
    let text = table(removal, output.width);
    output.answer(&format!("{text}would remove {}\n", forecast(removal)))
}

/// What has gone; without the table where it was shown before.
pub(crate) fn removed(
    removal: &Removal,
    removed: &Removed,
    is_table_new: bool,
    output: &mut Output,
) -> Result<(), Error> {
    if output.is_json {
        let mut document = document(removal);
        document["is_dry_run"] = false.into();
        document["freed_bytes"] = removed.freed_bytes.into();
        document["names"] = removed.names.into();
        document["held_contents"] = removed.held.into();
        let foreign = removed.foreign.iter().map(|path| path.to_string_lossy());
        document["foreign"] = foreign.collect();
        return output.answer(&format!("{document}\n"));
    }
    let table = if is_table_new {
        table(removal, output.width)
    } else {
        String::new()
    };
    let held = match removed.held {
        0 => String::new(),
        held => format!(
            "; {} kept for names outside the store",
            count(held, "content")
        ),
    };
    let freed = size(removed.freed_bytes);
    output.answer(&format!(
        "{table}removed {}: {freed} freed{held}\n",
        sum(removal)
    ))
}

/// A line for each thing that goes.
pub(crate) fn table(removal: &Removal, width: Option<usize>) -> String {
    let mut rows: Vec<[String; 4]> = removal.commits.iter().map(row).collect();
    let unclaimed = removal.unclaimed.iter();
    let sizes: Vec<u64> = unclaimed
        .filter_map(|id| removal.blobs.get(id).copied())
        .collect();
    let mut others = |what: &str, number: usize, bytes: u64, why: &str| {
        if number > 0 {
            let what = format!("{what} in the store");
            rows.push([what, number.to_string(), size(bytes), why.to_owned()]);
        }
    };
    others(
        "contents",
        sizes.len(),
        sizes.iter().sum(),
        "needed by none",
    );
    let unfinished = removal.unfinished.iter().map(|one| one.disk_bytes).sum();
    let count = removal.unfinished.len();
    others("unfinished files", count, unfinished, "left behind");
    in_columns(["WHAT", "FILES", "SIZE", "WHY"], &rows, width) + &places(removal)
}

/// The folders in which something will be seen no longer, a line for each: one of them may be a
/// deployment.
fn places(removal: &Removal) -> String {
    let views = removal
        .commits
        .iter()
        .flat_map(|going| &going.manifest.views);
    let views: BTreeSet<_> = views.collect();
    let line = |view: &&ViewId| {
        let root = clean(&view.root.to_string_lossy());
        format!("out of {} {root}\n", view.kind.short())
    };
    views.iter().map(line).collect()
}

fn row(going: &Going) -> [String; 4] {
    let files = if going.files.is_empty() {
        "-".to_owned()
    } else {
        going.files.len().to_string()
    };
    let bytes = size(going.size_bytes);
    [name(going), files, bytes, going.why.as_str().to_owned()]
}

/// `owner/name@0123456789ab (main, v1)`; where the commit stays, the revisions that go.
fn name(going: &Going) -> String {
    let repo = match going.manifest.hub {
        HubName::HuggingFace => going.repo.to_string(),
        hub @ HubName::ModelScope => format!("{hub}:{}", going.repo),
    };
    let commit = going.manifest.commit.short();
    let names = |names: &mut dyn Iterator<Item = String>| names.collect::<Vec<_>>().join(", ");
    let revisions = names(&mut going.revisions.iter().map(ToString::to_string));
    match (going.is_whole, going.revisions.is_empty()) {
        (true, false) => format!("{repo}@{commit} ({revisions})"),
        (true, true) => format!("{repo}@{commit}"),
        (false, false) => format!("{repo}@{revisions} (the name alone)"),
        (false, true) => {
            let files = names(&mut going.files.iter().take(2).map(ToString::to_string));
            let more = if going.files.len() > 2 { ", …" } else { "" };
            format!("{repo}@{commit}: {files}{more}")
        }
    }
}

/// All of it in words, and what becomes free: `2 commits, 3 files, 1 unneeded content (4.9 GB)`.
pub(crate) fn forecast(removal: &Removal) -> String {
    format!("{} ({})", sum(removal), size(removal.freed_bytes))
}

fn sum(removal: &Removal) -> String {
    let whole = removal.commits.iter().filter(|going| going.is_whole);
    let (mut files, mut names) = (0, 0);
    for going in removal.commits.iter().filter(|going| !going.is_whole) {
        files += going.files.len();
        names += going.revisions.len();
    }
    let parts = [
        (whole.count(), "commit"),
        (names, "revision"),
        (files, "file"),
        (
            removal
                .blobs
                .keys()
                .filter(|id| removal.unclaimed.contains(id))
                .count(),
            "unneeded content",
        ),
        (removal.unfinished.len(), "unfinished file"),
    ];
    let parts = parts.iter().filter(|(number, _)| *number > 0);
    let parts: Vec<String> = parts
        .map(|(number, what)| count(*number as u64, what))
        .collect();
    if parts.is_empty() {
        return "nothing".to_owned();
    }
    parts.join(", ")
}

fn document(removal: &Removal) -> Value {
    let commits = removal.commits.iter().map(|going| {
        json!({
            "hub": going.manifest.hub.as_str(),
            "kind": going.repo.kind().as_str(),
            "repo": going.repo.id(),
            "commit": going.manifest.commit.as_str(),
            "revisions": going.revisions.iter().map(larder::repo::Revision::as_str).collect::<Vec<_>>(),
            "is_whole": going.is_whole,
            "files": going.files.iter().map(larder::repo::RepoPath::as_str).collect::<Vec<_>>(),
            "size_bytes": going.size_bytes,
            "why": going.why.as_str(),
        })
    });
    json!({
        "commits": commits.collect::<Vec<_>>(),
        "unneeded_contents": removal.blobs.keys().filter(|id| removal.unclaimed.contains(id)).count(),
        "unfinished_files": removal.unfinished.len(),
        "damaged_records": removal.damaged.len(),
        "content_bytes": removal.blobs.values().sum::<u64>(),
        "freed_bytes": removal.freed_bytes,
    })
}
