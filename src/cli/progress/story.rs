//! Events that read the same wherever text is shown.

use larder::redact::clean;
use larder::report::Event;

use super::board::Sample;
use crate::cli::render;

/// The text of an event that a person may have to act on, or should not miss.
pub(crate) fn remark(event: &Event) -> Option<String> {
    match event {
        Event::Retrying { path, cause, wait } => {
            let what = path
                .as_ref()
                .map_or("the hub".to_owned(), ToString::to_string);
            let when = if wait.is_zero() {
                "at once".to_owned()
            } else {
                format!("in {}", render::time_left(*wait))
            };
            Some(format!("trying {what} again {when}: {}", clean(cause)))
        }
        Event::Waiting { path: Some(path) } => {
            Some(format!("waiting for another process that works on {path}"))
        }
        Event::Waiting { path: None } => {
            Some("waiting for another process that works on this repo".to_owned())
        }
        Event::Notice(text) => Some(clean(text)),
        _ => None,
    }
}

/// What the plan comes to: `12 files: 90.9 MB to fetch, 612 B here`.
pub(crate) fn plan(files: u64, have: u64, check: u64, need: u64) -> String {
    let mut parts = Vec::new();
    if need > 0 {
        parts.push(format!("{} to fetch", render::size(need)));
    }
    if check > 0 {
        parts.push(format!("{} here to check", render::size(check)));
    }
    if have > 0 || parts.is_empty() {
        parts.push(format!("{} here", render::size(have)));
    }
    format!("{}: {}", render::count(files, "file"), parts.join(", "))
}

/// How far a pull is: `45% of 91.5 MB, 12.3 MB/s, 4 s left`.
pub(crate) fn position(sample: &Sample) -> Option<String> {
    let total = sample.total?;
    let is_checking = sample.on_disk == total;
    let done = if is_checking {
        sample.verified
    } else {
        sample.on_disk
    };
    let percent = render::percent(done, total);
    let state = if is_checking { " checked" } else { "" };
    let mut parts = vec![format!("{percent} of {}{state}", render::size(total))];
    match sample.rate {
        Some(0) => parts.push("nothing is arriving".to_owned()),
        Some(rate) => parts.push(format!("{}/s", render::size(rate))),
        None => {}
    }
    if let Some(left) = sample.eta.filter(|left| !left.is_zero()) {
        parts.push(format!("{} left", render::time_left(left)));
    }
    Some(parts.join(", "))
}
