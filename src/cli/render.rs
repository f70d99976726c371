//! Values → text that fits: sizes, times, tables; and outcomes as text or JSON.

use std::time::Duration;

use serde_json::{Value, json};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use larder::pull::DryRun;
use larder::repo::HubName;
use larder::report::{Share, Summary};

const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];

/// Bytes in decimal units, three digits at least where there is a fraction: `612 B`, `90.9 MB`.
pub(crate) fn size(bytes: u64) -> String {
    let unit = unit_of(bytes);
    format!("{} {}", in_unit(bytes, unit), UNITS[unit])
}

/// Two sizes in the unit of the second: `3.1 / 4.9 GB`.
pub(crate) fn size_of(part: u64, whole: u64) -> String {
    let unit = unit_of(whole);
    format!(
        "{} / {} {}",
        in_unit(part, unit),
        in_unit(whole, unit),
        UNITS[unit]
    )
}

fn unit_of(bytes: u64) -> usize {
    let mut unit = 0;
    // What would round to a thousand belongs to the next unit.
    while unit + 1 < UNITS.len() && u128::from(bytes) * 2 >= 1999 * 1000_u128.pow(index(unit)) {
        unit += 1;
    }
    unit
}

fn in_unit(bytes: u64, unit: usize) -> String {
    let one = 1000_u128.pow(index(unit));
    let bytes = u128::from(bytes);
    let tenths = (bytes * 10 + one / 2) / one;
    if unit == 0 {
        bytes.to_string()
    } else if tenths < 1000 {
        format!("{}.{}", tenths / 10, tenths % 10)
    } else {
        ((bytes + one / 2) / one).to_string()
    }
}

fn index(unit: usize) -> u32 {
    u32::try_from(unit).unwrap_or_default()
}

/// A time that a person waits: `2.1 s`, `45 s`, `3m 07s`, `2h 05m`.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{seconds}.{} s", time.subsec_millis() / 100),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        3600..86400 => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d {:02}h", seconds / 86400, seconds / 3600 % 24),
    }
}

/// A time still to come, in whole seconds: nobody can tell it better.
pub(crate) fn time_left(time: Duration) -> String {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    if seconds < 10 {
        format!("{seconds} s")
    } else {
        duration(Duration::from_secs(seconds))
    }
}

/// How much of `whole` is done; 100 % only when all of it is.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    let percent = if whole == 0 {
        100
    } else {
        u128::from(part) * 100 / u128::from(whole)
    };
    format!("{percent}%")
}

/// `1 file`, `12 files`.
pub(crate) fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// `text` in at most `columns`, cut at the front: the end of a path tells files apart.
pub(crate) fn fit(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let Some(mut room) = columns.checked_sub(1) else {
        return String::new();
    };
    let mut start = text.len();
    for (at, c) in text.char_indices().rev() {
        let width = c.width().unwrap_or(0);
        if width > room {
            break;
        }
        (room, start) = (room - width, at);
    }
    format!("…{}", &text[start..])
}

/// `text` in exactly `columns`: cut or followed by blanks.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    let text = fit(text, columns);
    let blanks = " ".repeat(columns.saturating_sub(text.width()));
    text + &blanks
}

/// A table whose first column is text, cut where the terminal is narrow, and the others numbers.
pub(crate) fn table<const N: usize>(
    head: [&str; N],
    rows: &[[String; N]],
    width: Option<usize>,
) -> String {
    let mut columns = head.map(UnicodeWidthStr::width);
    for row in rows {
        for (column, cell) in columns.iter_mut().zip(row) {
            *column = (*column).max(cell.width());
        }
    }
    let numbers: usize = columns.iter().skip(1).map(|column| column + 2).sum();
    if let Some(width) = width {
        columns[0] = columns[0].min(width.saturating_sub(numbers)).max(8);
    }
    let line = |cells: &[&str]| {
        let cells = cells
            .iter()
            .zip(columns)
            .enumerate()
            .map(|(at, (cell, column))| match at {
                0 => pad(cell, column),
                _ => " ".repeat(column.saturating_sub(cell.width())) + cell,
            });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    let rows = rows
        .iter()
        .map(|row| line(&row.each_ref().map(String::as_str)));
    line(&head) + &rows.collect::<String>()
}

/// The summary line of a pull.
pub(crate) fn pulled(summary: &Summary, took: Duration) -> String {
    let Summary {
        repo,
        commit,
        files,
        total_bytes,
        fetched_bytes,
        sources,
        reused_bytes,
        ..
    } = summary;
    let fetched = format!("{} fetched{}", size(*fetched_bytes), shares(sources));
    let parts = match (fetched_bytes, reused_bytes) {
        (0, _) => "all already here".to_owned(),
        (_, 0) => fetched,
        (_, reused) => format!("{fetched}, {} already here", size(*reused)),
    };
    format!(
        "pulled {repo} at {}: {}, {} ({parts}) in {}",
        commit.short(),
        count(*files, "file"),
        size(*total_bytes),
        duration(took)
    )
}

/// What fallbacks gave: `, 20 MB of it from hf:org/name at mirror.example`.
fn shares(sources: &[Share]) -> String {
    let given = sources.iter().filter(|share| share.is_fallback);
    let given = given.map(|share| format!("{} of it from {}", size(share.bytes), share.place));
    given.flat_map(|words| [", ".to_owned(), words]).collect()
}

/// The document of a pull.
pub(crate) fn pulled_json(summary: &Summary, hub: HubName) -> Value {
    let sources = summary.sources.iter().map(|share| {
        json!({
            "hub": share.place.hub.as_str(),
            "repo": share.place.repo.id(),
            "endpoint": share.place.endpoint,
            "bytes": share.bytes,
        })
    });
    let sources: Vec<Value> = sources.collect();
    json!({
        "repo": summary.repo.id(),
        "kind": summary.repo.kind().as_str(),
        "hub": hub.as_str(),
        "commit": summary.commit.as_str(),
        "path": summary.path.to_string_lossy(),
        "files": summary.files,
        "total_bytes": summary.total_bytes,
        "fetched_bytes": summary.fetched_bytes,
        "sources": sources,
        "reused_bytes": summary.reused_bytes,
    })
}

/// What a pull would do: a table and the totals.
pub(crate) fn planned(plan: &DryRun, width: Option<usize>) -> String {
    let to_fetch = |bytes| {
        if bytes == 0 {
            "-".to_owned()
        } else {
            size(bytes)
        }
    };
    let rows: Vec<_> = plan
        .files
        .iter()
        .map(|file| {
            [
                file.path.to_string(),
                size(file.len),
                to_fetch(file.need_bytes),
            ]
        })
        .collect();
    let total = plan.files.iter().map(|file| file.len).sum();
    format!(
        "{}\n{} at {}: {}, {} ({} to fetch, {} here)\n",
        table(["FILE", "SIZE", "TO FETCH"], &rows, width),
        plan.repo,
        plan.commit.short(),
        count(plan.files.len() as u64, "file"),
        size(total),
        size(plan.need_bytes),
        size(plan.have_bytes)
    )
}

/// The document of a dry run.
pub(crate) fn planned_json(plan: &DryRun, hub: HubName) -> Value {
    let files: Vec<_> = plan
        .files
        .iter()
        .map(|file| {
            json!({
                "file": file.path.as_str(),
                "size_bytes": file.len,
                "need_bytes": file.need_bytes,
            })
        })
        .collect();
    json!({
        "repo": plan.repo.id(),
        "kind": plan.repo.kind().as_str(),
        "hub": hub.as_str(),
        "commit": plan.commit.as_str(),
        "is_dry_run": true,
        "files": plan.files.len(),
        "total_bytes": plan.files.iter().map(|file| file.len).sum::<u64>(),
        "have_bytes": plan.have_bytes,
        "need_bytes": plan.need_bytes,
        "plan": files,
    })
}

#[cfg(test)]
mod tests;
