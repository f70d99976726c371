//! What is known of a commit, as text for people.

use std::time::SystemTime;

use larder::format::{Model, gguf};
use larder::inventory::Presence;
use larder::inventory::detail::{Detail, File, State};
use larder::redact::{clean, clean_short};
use larder::repo::Revision;

use crate::cli::ago::ago;
use crate::cli::columns::{Column, table};
use crate::cli::render::{count, size};

/// Digits of a digest that tell contents apart for people.
const DIGITS: usize = 16;
/// More repos that share something than these are counted.
const MOST_SHARES: usize = 8;

const FILES: [Column; 4] = [
    Column::text("FILE", 20),
    Column::number("SIZE"),
    Column::whole("SHA-256"),
    Column::whole("STATE"),
];

/// The page.
pub(super) fn page(detail: &Detail, width: Option<usize>) -> String {
    let mut lines = vec![format!("{} ({})", detail.repo, detail.hub)];
    let mut say = |label: &str, text: &str| lines.push(format!("  {label:<11} {text}"));
    about(detail, &mut say);
    card(detail, &mut say);
    for model in &detail.models {
        weights(model, &mut say);
    }
    for sight in &detail.views {
        let state = match sight.presence {
            Presence::Shown => String::new(),
            Presence::Gone => " (gone)".to_owned(),
            Presence::Away => " (its disk is not there)".to_owned(),
        };
        let folder = clean(&sight.folder.to_string_lossy());
        say(
            &format!("in {}", sight.view.kind.short()),
            &format!("{folder}{state}"),
        );
    }
    shares(detail, &mut say);
    let rows: Vec<_> = detail.files.iter().map(cells).collect();
    format!("{}\n\n{}", lines.join("\n"), table(&FILES, &rows, width))
}

fn about(detail: &Detail, say: &mut dyn FnMut(&str, &str)) {
    let now = SystemTime::now();
    say("commit", detail.commit.as_str());
    let names: Vec<&str> = detail.revisions.iter().map(Revision::as_str).collect();
    if !names.is_empty() {
        say("revision", &names.join(", "));
    }
    if let Some(canonical) = &detail.canonical {
        say("now called", &clean(canonical));
    }
    say("pulled", &ago(detail.pulled, now));
    say("last used", &ago(Some(detail.last_used), now));
    let pulled = detail
        .files
        .iter()
        .filter(|file| file.state != State::NotPulled);
    let pulled = count(pulled.count() as u64, "file");
    let all = detail.files.len();
    say(
        "size",
        &format!(
            "{} in {pulled} of {all}; removing it frees {}",
            size(detail.size_bytes),
            size(detail.unique_bytes)
        ),
    );
}

fn card(detail: &Detail, say: &mut dyn FnMut(&str, &str)) {
    let card = match &detail.card {
        Ok(Some(card)) => card,
        Ok(None) => return,
        Err(why) => return say("card", &format!("README.md: {}", clean(&why.to_string()))),
    };
    let license = match (&card.license, &card.license_name) {
        (Some(license), Some(name)) => Some(format!("{license} ({name})")),
        (license, name) => license.clone().or_else(|| name.clone()),
    };
    let rows = [
        ("licence", license),
        (
            "gated",
            card.is_gated.then(|| "yes, by its card".to_owned()),
        ),
        ("task", card.task.clone()),
        ("library", card.library.clone()),
        (
            "made from",
            Some(card.base_models.join(", ")).filter(|names| !names.is_empty()),
        ),
    ];
    for (label, text) in rows {
        if let Some(text) = text {
            say(label, &clean(&text));
        }
    }
}

fn weights(model: &Model, say: &mut dyn FnMut(&str, &str)) {
    let shards = match (model.shards, model.all_shards) {
        (_, 1) => String::new(),
        (here, all) if here == all => format!(", {all} shards"),
        (here, all) => format!(", {here} of {all} shards"),
    };
    let mut types: Vec<_> = model.types.iter().collect();
    types.sort_by_key(|(_, numbers)| std::cmp::Reverse(**numbers));
    let types: Vec<&str> = types.into_iter().map(|(kind, _)| kind.as_str()).collect();
    let name = clean(&model.name);
    if model.shards > 0 {
        let numbers = numbers(model.parameters);
        say(
            "weights",
            &format!("{name}: {numbers} parameters, {}{shards}", types.join(" ")),
        );
    }
    if let Some(about) = &model.gguf {
        say("", &gguf_line(about));
    }
    for (file, why) in &model.unreadable {
        say(
            "weights",
            &format!("{}: {}", clean(file), clean(&why.to_string())),
        );
    }
}

fn gguf_line(about: &gguf::About) -> String {
    let text = |text: &Option<String>| text.as_deref().map(|text| clean_short(text, 40));
    let number = |what: &str, number: Option<u64>| number.map(|number| format!("{what} {number}"));
    let parts = [
        text(&about.architecture),
        text(&about.size_label),
        text(&about.quantisation),
        number("context", about.context_length),
        number("layers", about.layers),
        text(&about.license).map(|license| format!("licence {license}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn shares(detail: &Detail, say: &mut dyn FnMut(&str, &str)) {
    for share in detail.shares.iter().take(MOST_SHARES) {
        let contents = count(share.contents, "content");
        let with = format!("{contents}, {} with {}", size(share.bytes), share.repo);
        say("shares", &with);
    }
    if let Some(more @ 1..) = detail.shares.len().checked_sub(MOST_SHARES) {
        say(
            "",
            &format!("and with {}", count(more as u64, "other repo")),
        );
    }
}

fn cells(file: &File) -> Vec<String> {
    let digest = match file.blob.or(file.digest.sha256()) {
        Some(id) => id.to_string()[..DIGITS].to_owned(),
        None => "-".to_owned(),
    };
    vec![
        clean(file.path.as_str()),
        size(file.len),
        digest,
        state(file.state).to_owned(),
    ]
}

/// Whether a file is here.
pub(super) fn state(state: State) -> &'static str {
    match state {
        State::Here => "here",
        State::Changed => "changed",
        State::Missing => "missing",
        State::NotPulled => "not pulled",
    }
}

/// A number of parameters as people say it: `8.19 B`, `596 M`.
fn numbers(number: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (1_000_000_000_000, " T"),
        (1_000_000_000, " B"),
        (1_000_000, " M"),
        (1_000, " k"),
    ];
    let unit = UNITS.into_iter().find(|(unit, _)| number >= *unit);
    let Some((unit, name)) = unit else {
        return number.to_string();
    };
    let hundredths = u128::from(number) * 100 / u128::from(unit);
    let (whole, part) = (hundredths / 100, hundredths % 100);
    match whole {
        0..10 => format!("{whole}.{part:02}{name}"),
        10..100 => format!("{whole}.{}{name}", part / 10),
        _ => format!("{whole}{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_say_them() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_500, "1.50 k"),
            (22_713_216, "22.7 M"),
            (596_049_920, "596 M"),
            (8_190_735_360, "8.19 B"),
            (1_026_408_232_448, "1.02 T"),
        ] {
            assert_eq!(numbers(number), text);
        }
    }
}
