//! Plain lines, for logs: what was planned, each finished file, and a heartbeat.

use std::io::Write;
use std::time::Duration;

use larder::report::Event;

use super::board::Board;
use super::repeats::Repeats;
use super::{Printer, story, write_line};
use crate::cli::render;

/// Above this many files, finished ones are counted instead of named.
const MAX_NAMED_FILES: u64 = 50;

/// Silence lasts no longer than this.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// Prints a line now and then.
pub(crate) struct Lines {
    to: Box<dyn Write + Send>,
    files: u64,
    last: Duration,
    repeats: Repeats,
}

impl Lines {
    pub(crate) fn new(to: Box<dyn Write + Send>) -> Self {
        Self {
            to,
            files: 0,
            last: Duration::ZERO,
            repeats: Repeats::default(),
        }
    }

    fn print(&mut self, line: &str) {
        write_line(&mut self.to, line);
    }
}

impl Printer for Lines {
    fn period(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn event(&mut self, now: Duration, event: &Event, _board: &Board) {
        if !self.repeats.is_news(now, event) {
            return;
        }
        match event {
            Event::Resolved { repo, commit } => {
                self.print(&format!("resolved {repo} at {}", commit.short()));
            }
            Event::Planned {
                files,
                have_bytes,
                check_bytes,
                need_bytes,
            } => {
                self.files = *files;
                self.print(&story::plan(*files, *have_bytes, *check_bytes, *need_bytes));
            }
            Event::Verified { path, len } if self.files <= MAX_NAMED_FILES => {
                self.print(&format!("verified {path} ({})", render::size(*len)));
            }
            other => {
                if let Some(remark) = story::remark(other) {
                    self.print(&remark);
                }
            }
        }
    }

    fn tick(&mut self, now: Duration, board: &mut Board) {
        // Sampled each second, so that the speed is that of the last seconds.
        let sample = board.sample(now);
        if now < self.last + HEARTBEAT {
            return;
        }
        self.last = now;
        if let Some(position) = story::position(&sample) {
            let files = if self.files > MAX_NAMED_FILES {
                format!(
                    "{} verified, ",
                    render::count(sample.verified_files, "file")
                )
            } else {
                String::new()
            };
            self.print(&format!("{files}{position}"));
        }
    }
}

/// Prints notices and nothing else.
pub(crate) struct Notices(Box<dyn Write + Send>);

impl Notices {
    pub(crate) fn new(to: Box<dyn Write + Send>) -> Self {
        Self(to)
    }
}

impl Printer for Notices {
    fn period(&self) -> Duration {
        Duration::from_secs(3600)
    }

    fn event(&mut self, _now: Duration, event: &Event, _board: &Board) {
        if let Event::Notice(_) = event
            && let Some(remark) = story::remark(event)
        {
            write_line(&mut self.0, &remark);
        }
    }

    fn tick(&mut self, _now: Duration, _board: &mut Board) {}
}

#[cfg(test)]
mod tests {
    use super::super::testing::{path, planned, resolved, started, tell, verified};
    use super::*;
    use crate::cli::output::testing::Shared;

    const MB: u64 = 1_000_000;

    #[test]
    fn a_pull_as_lines() {
        let (text, mut board) = (Shared::default(), Board::default());
        let mut lines = Lines::new(Box::new(text.clone()));
        tell(&mut lines, &mut board, 0, &resolved());
        tell(
            &mut lines,
            &mut board,
            10,
            &planned(2, 600_000, 0, 90_900_000),
        );
        let (event, counters) = started("model.safetensors", 0, 90_900_000);
        tell(&mut lines, &mut board, 20, &event);
        for second in 1..=21 {
            lines.tick(Duration::from_secs(second), &mut board);
            counters.add_written(2 * MB);
        }
        let retry = Event::Retrying {
            path: Some(path("model.safetensors")),
            cause: "the connection to h broke\x1b[2J".into(),
            wait: Duration::from_secs(2),
        };
        tell(&mut lines, &mut board, 21_500, &retry);
        tell(
            &mut lines,
            &mut board,
            22_000,
            &Event::Waiting { path: None },
        );
        tell(
            &mut lines,
            &mut board,
            23_000,
            &verified("model.safetensors", 90_900_000),
        );
        assert_eq!(
            text.text(),
            "resolved org/name at 1110a243fdf4\n\
             2 files: 90.9 MB to fetch, 600 kB here\n\
             20% of 91.5 MB, 2.0 MB/s, 37 s left\n\
             42% of 91.5 MB, 2.0 MB/s, 27 s left\n\
             trying model.safetensors again in 2 s: the connection to h broke\\u{1b}[2J\n\
             waiting for another process that works on this repo\n\
             verified model.safetensors (90.9 MB)\n"
        );
    }

    #[test]
    fn many_files_are_counted() {
        let (text, mut board) = (Shared::default(), Board::default());
        let mut lines = Lines::new(Box::new(text.clone()));
        tell(&mut lines, &mut board, 0, &planned(51, 0, 0, 51 * MB));
        for number in 0..20 {
            let name = format!("f{number}");
            tell(&mut lines, &mut board, 1, &started(&name, 0, MB).0);
            tell(&mut lines, &mut board, 2, &verified(&name, MB));
        }
        lines.tick(Duration::from_secs(10), &mut board);
        assert_eq!(
            text.text(),
            "51 files: 51.0 MB to fetch\n20 files verified, 39% of 51.0 MB\n"
        );
    }

    #[test]
    fn a_standstill_is_named() {
        let (text, mut board) = (Shared::default(), Board::default());
        let mut lines = Lines::new(Box::new(text.clone()));
        tell(&mut lines, &mut board, 0, &planned(1, 0, 0, MB));
        lines.tick(Duration::from_secs(1), &mut board);
        lines.tick(Duration::from_secs(11), &mut board);
        assert!(
            text.text().ends_with("0% of 1.0 MB, nothing is arriving\n"),
            "{}",
            text.text()
        );
    }

    #[test]
    fn notices_alone() {
        let (text, mut board) = (Shared::default(), Board::default());
        let mut notices = Notices::new(Box::new(text.clone()));
        tell(&mut notices, &mut board, 0, &resolved());
        tell(
            &mut notices,
            &mut board,
            0,
            &Event::Notice("links are refused".into()),
        );
        assert_eq!(text.text(), "links are refused\n");
    }
}
