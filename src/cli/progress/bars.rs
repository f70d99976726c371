//! Bars on a terminal: the whole pull, and the files in flight below it.
//!
//! What is drawn is text made by a pure function of the sample and the terminal's width; indicatif
//! moves the cursor. Remarks scroll by above, and at the end the bars are gone.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use larder::report::Event;
use secrecy::SecretString;
use unicode_width::UnicodeWidthStr;

use super::board::{Board, FileSample, Sample};
use super::repeats::Repeats;
use super::{Printer, story};
use crate::cli::output::{masked, width_of};
use crate::cli::render;

/// Files that get a line of their own.
const MAX_FILES: usize = 5;

/// Assumed where the terminal does not say.
const USUAL_WIDTH: usize = 80;

/// Draws bars.
pub(crate) struct Bars {
    screen: MultiProgress,
    bar: ProgressBar,
    head: String,
    /// What must not be drawn: indicatif has its own way to the terminal.
    secrets: Vec<SecretString>,
    repeats: Repeats,
}

impl Bars {
    /// Bars on the terminal behind stderr.
    pub(crate) fn on_stderr(secrets: Vec<SecretString>) -> Self {
        Self::on(ProgressDrawTarget::stderr_with_hz(10), secrets)
    }

    fn on(target: ProgressDrawTarget, secrets: Vec<SecretString>) -> Self {
        let screen = MultiProgress::with_draw_target(target);
        let bar = screen.add(ProgressBar::no_length());
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            bar.set_style(style);
        }
        Self {
            screen,
            bar,
            head: "asking the hub".to_owned(),
            secrets,
            repeats: Repeats::default(),
        }
    }

    fn print(&self, line: &str) {
        // A terminal that is gone cannot be told so.
        drop(self.screen.println(masked(line, &self.secrets)));
    }
}

impl Printer for Bars {
    fn period(&self) -> Duration {
        Duration::from_millis(100)
    }

    fn event(&mut self, now: Duration, event: &Event, _board: &Board) {
        if !self.repeats.is_news(now, event) {
            return;
        }
        match event {
            Event::Resolved { repo, commit } => {
                self.head = format!("{repo} at {}", commit.short());
            }
            Event::Planned {
                files,
                have_bytes,
                check_bytes,
                need_bytes,
            } => {
                let plan = story::plan(*files, *have_bytes, *check_bytes, *need_bytes);
                self.head = format!("{}, {plan}", self.head);
            }
            other => {
                if let Some(remark) = story::remark(other) {
                    self.print(&remark);
                }
            }
        }
    }

    fn tick(&mut self, now: Duration, board: &mut Board) {
        let width = width_of(std::io::stderr()).unwrap_or(USUAL_WIDTH);
        let lines = screen(&self.head, &board.sample(now), width);
        self.bar
            .set_message(masked(&lines.join("\n"), &self.secrets));
    }

    fn finish(&mut self) {
        self.bar.finish_and_clear();
        drop(self.screen.clear());
    }
}

/// The lines to draw, none wider than `width`.
fn screen(head: &str, sample: &Sample, width: usize) -> Vec<String> {
    // The last column stays free: some terminals break the line when it is filled.
    let width = width.saturating_sub(1).max(10);
    let Some(total) = sample.total else {
        return vec![render::fit(head, width)];
    };
    let mut lines = vec![total_line(sample, total, width)];
    let shown = &sample.in_flight[..sample.in_flight.len().min(MAX_FILES)];
    lines.extend(shown.iter().map(|file| file_line(file, width)));
    let hidden = sample.in_flight.len() - shown.len();
    if hidden > 0 {
        lines.push(render::fit(&format!("  and {hidden} more"), width));
    }
    lines
}

/// The whole pull. Fields go, least important first, where the window is narrow.
fn total_line(sample: &Sample, total: u64, width: usize) -> String {
    let is_checking = sample.on_disk == total;
    let done = if is_checking {
        sample.verified
    } else {
        sample.on_disk
    };
    let mut fields = vec![render::size_of(done, total)];
    match sample.rate {
        Some(0) => fields.push("stalled".to_owned()),
        Some(rate) => fields.push(format!("{}/s", render::size(rate))),
        None => {}
    }
    if let Some(eta) = sample.eta {
        fields.push(format!("{} left", render::time_left(eta)));
    }
    if is_checking {
        fields.push("verifying".to_owned());
    } else {
        fields.push(format!(
            "verified {}",
            render::percent(sample.verified, total)
        ));
    }
    let percent = format!("{:>4}", render::percent(done, total));
    while !fields.is_empty() && percent.len() + 2 + joined_width(&fields) > width {
        fields.pop();
    }
    let room = width.saturating_sub(percent.len() + 2 + joined_width(&fields));
    let bar = if room >= 10 {
        format!(" {}", bar(done, total, (room - 1).min(40)))
    } else {
        String::new()
    };
    let tail = if fields.is_empty() {
        String::new()
    } else {
        format!("  {}", fields.join("  "))
    };
    format!("{percent}{bar}{tail}")
}

fn joined_width(fields: &[String]) -> usize {
    fields
        .iter()
        .map(|field| field.width() + 2)
        .sum::<usize>()
        .saturating_sub(2)
}

fn bar(done: u64, total: u64, columns: usize) -> String {
    let inner = columns.saturating_sub(2);
    let filled = if total == 0 {
        inner
    } else {
        let filled = u128::from(done) * inner as u128 / u128::from(total);
        usize::try_from(filled).map_or(inner, |filled| filled.min(inner))
    };
    let tip = if filled < inner { ">" } else { "" };
    format!(
        "[{}{tip}{}]",
        "=".repeat(filled),
        " ".repeat(inner - filled - tip.len())
    )
}

/// One file: name, how much is here, how much of that is proven.
fn file_line(file: &FileSample, width: usize) -> String {
    let FileSample {
        path,
        len,
        written,
        verified,
        is_fetch,
    } = file;
    let proven = render::percent(*verified, *len);
    let state = match (is_fetch, written == len) {
        (false, _) => format!("checking  {proven:>4}"),
        (true, true) => format!("verifying {proven:>4}"),
        (true, false) => format!("verified  {proven:>4}"),
    };
    let done = if *is_fetch { *written } else { *verified };
    let percent = format!("{:>4}", render::percent(done, *len));
    let mut tail = percent.clone();
    if width >= 44 {
        tail = format!("{tail}  {state}");
    }
    if width >= 66 {
        tail = format!("{:>17}  {tail}", render::size_of(done, *len));
    }
    let name = render::pad(&path.to_string(), width.saturating_sub(tail.width() + 4));
    format!("  {name}  {tail}")
}

#[cfg(test)]
mod tests;
