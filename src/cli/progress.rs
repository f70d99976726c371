//! Events and counters → what a person or a program sees on stderr.
//!
//! The sink only passes events on; one thread owns the state and the stream, samples the counters
//! itself, and is joined at the end. So nothing that is drawn slows down what is told.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use secrecy::SecretString;

use larder::report::{Event, Silent, Sink};

use board::Board;

mod bars;
mod board;
mod json;
mod lines;
mod repeats;
mod story;

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Bars that vanish at the end.
    Bars,
    /// A line now and then.
    Lines,
    /// One JSON object per event.
    Json,
    /// Nothing but notices.
    Notices,
    /// Nothing.
    Silent,
}

impl Mode {
    /// The name that the option takes.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bars => "bars",
            Self::Lines => "lines",
            Self::Json => "json",
            Self::Notices | Self::Silent => "none",
        }
    }
}

/// Shows what happens. `now` is the time since the start.
trait Printer: Send {
    /// How often [`Printer::tick`] wants to be called.
    fn period(&self) -> Duration;
    /// An event that `board` knows of already.
    fn event(&mut self, now: Duration, event: &Event, board: &Board);
    /// Time has passed.
    fn tick(&mut self, now: Duration, board: &mut Board);
    /// Nothing more will come.
    fn finish(&mut self) {}
}

enum Message {
    Event(Event),
    Stop,
}

struct Wire(Sender<Message>);

impl Sink for Wire {
    fn emit(&self, event: Event) {
        // After the end there is nobody to tell.
        drop(self.0.send(Message::Event(event)));
    }
}

/// The display of one command, from start to [`Progress::finish`].
pub(crate) struct Progress {
    sink: Arc<dyn Sink>,
    drawer: Option<(Sender<Message>, JoinHandle<()>)>,
}

impl Progress {
    /// Starts showing progress on stderr.
    pub(crate) fn start(mode: Mode, secrets: Vec<SecretString>) -> Self {
        let err = Box::new(Masked {
            to: Box::new(io::stderr()),
            secrets: secrets.clone(),
        });
        match mode {
            Mode::Bars => Self::draw_with(bars::Bars::on_stderr(secrets)),
            Mode::Lines => Self::draw_with(lines::Lines::new(err)),
            Mode::Notices => Self::draw_with(lines::Notices::new(err)),
            Mode::Json => Self::draw_with(json::Json::new(err)),
            Mode::Silent => Self {
                sink: Arc::new(Silent),
                drawer: None,
            },
        }
    }

    fn draw_with(printer: impl Printer + 'static) -> Self {
        let (sender, receiver) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("progress".to_owned())
            .spawn(move || draw(&receiver, printer));
        match thread {
            Ok(thread) => Self {
                sink: Arc::new(Wire(sender.clone())),
                drawer: Some((sender, thread)),
            },
            // A machine that is out of threads still gets its files.
            Err(_) => Self {
                sink: Arc::new(Silent),
                drawer: None,
            },
        }
    }

    /// Where events go.
    pub(crate) fn sink(&self) -> Arc<dyn Sink> {
        Arc::clone(&self.sink)
    }

    /// Shows what is left to show, clears bars away, and ends.
    pub(crate) fn finish(self) {
        if let Some((sender, thread)) = self.drawer {
            drop(sender.send(Message::Stop));
            // A panic in it was reported by the hook.
            drop(thread.join());
        }
    }
}

fn draw(receiver: &Receiver<Message>, mut printer: impl Printer) {
    let start = Instant::now();
    let mut board = Board::default();
    let mut next_tick = printer.period();
    loop {
        match receiver.recv_timeout(next_tick.saturating_sub(start.elapsed())) {
            Ok(Message::Event(event)) => {
                board.take(&event);
                printer.event(start.elapsed(), &event, &board);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => break,
        }
        if start.elapsed() >= next_tick {
            printer.tick(start.elapsed(), &mut board);
            next_tick = start.elapsed() + printer.period();
        }
    }
    printer.finish();
}

/// A stream that lets no secret pass. Whole lines are written to it.
struct Masked {
    to: Box<dyn Write + Send>,
    secrets: Vec<SecretString>,
}

impl Write for Masked {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = super::output::masked(&String::from_utf8_lossy(bytes), &self.secrets);
        self.to.write_all(text.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Writes one line in one piece.
fn write_line(to: &mut dyn Write, line: &str) {
    // A stderr that is gone cannot be told so.
    drop(
        to.write_all(format!("{line}\n").as_bytes())
            .and_then(|()| to.flush()),
    );
}

#[cfg(test)]
mod testing {
    use larder::repo::{Commit, RepoId, RepoKind, RepoPath};
    use larder::report::FileCounters;

    use super::*;

    pub(super) fn path(text: &str) -> RepoPath {
        RepoPath::parse(text).unwrap()
    }

    pub(super) fn resolved() -> Event {
        Event::Resolved {
            repo: RepoId::parse(RepoKind::Model, "org/name").unwrap(),
            commit: Commit::parse(&"1110a243fdf4".repeat(4)[..40]).unwrap(),
        }
    }

    pub(super) fn planned(files: u64, have: u64, check: u64, need: u64) -> Event {
        Event::Planned {
            files,
            have_bytes: have,
            check_bytes: check,
            need_bytes: need,
        }
    }

    /// A download that begins with `have` of `len` bytes.
    pub(super) fn started(name: &str, have: u64, len: u64) -> (Event, Arc<FileCounters>) {
        let counters = Arc::new(FileCounters::default());
        counters.reset(have, 0);
        let event = Event::Started {
            path: path(name),
            len,
            have_bytes: have,
            is_fetch: true,
            counters: Arc::clone(&counters),
        };
        (event, counters)
    }

    pub(super) fn verified(name: &str, len: u64) -> Event {
        Event::Verified {
            path: path(name),
            len,
        }
    }

    /// Feeds a printer as [`draw`] does.
    pub(super) fn tell(printer: &mut impl Printer, board: &mut Board, now_ms: u64, event: &Event) {
        board.take(event);
        printer.event(Duration::from_millis(now_ms), event, board);
    }
}
