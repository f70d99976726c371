//! What went wrong, with what, and what to do now.
//!
//! Rooms return `Result<_, Cause>`; the room that knows which file of which repo it was about turns
//! the cause into an [`Error`] once. A cause belongs to one [`Kind`], and the exit code, the name in
//! JSON and the decision to retry follow from that in one table each. The hint stands beside the
//! cause it explains.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use self::words::{further, in_repo, innermost, io_words, named, shown, some, who};
use crate::digest::Digest;
use crate::redact::{SafeUrl, clean};

mod class;
mod hint;
mod http;
mod kind;
mod missing;
mod shared;
mod transient;
mod words;

pub use http::HttpContext;
pub use kind::Kind;
pub use missing::NotStored;

/// What was being done, to what, and why it failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} {subject}")]
pub struct Error {
    /// The verb: `pull`, `fetch`, `publish`, …
    pub doing: &'static str,
    /// What the verb was applied to.
    pub subject: Subject,
    /// Why it failed.
    #[source]
    pub cause: Cause,
}

/// What an error is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Text that was meant as a reference.
    Text(String),
    /// A repo, as a reference would name it, with `@revision` where one was given.
    Repo(String),
    /// One file of a repo.
    File {
        /// The path in the repo.
        path: String,
        /// The repo, as a reference would name it.
        repo: String,
    },
    /// A file or folder on this machine.
    Local(PathBuf),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "`{}`", clean(text)),
            Self::Repo(repo) => f.write_str(&clean(repo)),
            Self::File { path, repo } => write!(f, "{} of {}", clean(path), clean(repo)),
            Self::Local(path) => write!(f, "{}", shown(path)),
        }
    }
}

/// Why something failed. One variant per situation that a user can tell apart.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    // Usage
    /// Text that is not what it should be (a reference, a size, a pattern).
    #[error("{why}")]
    Usage {
        /// What is wrong with it.
        why: String,
        /// What to type instead.
        hint: Option<String>,
    },

    /// Files that somebody has written and that a pull would replace.
    #[error("it would lose what somebody wrote to {}", some(files))]
    Edited {
        /// The files.
        files: Vec<PathBuf>,
    },

    // Missing
    /// The hub has no such repo, or does not show it to this token.
    #[error("the hub has no such repo, or it is private and this {} cannot see it", who(*has_token))]
    RepoNotFound {
        /// Whether a token was sent.
        has_token: bool,
        /// Where a person would look for the repo.
        page: SafeUrl,
        /// How this hub's token is given; reads after “if the repo is private,”.
        login: &'static str,
    },
    /// The repo exists, the revision does not.
    #[error("the repo has no revision `{}`", clean(revision))]
    RevisionNotFound {
        /// The revision asked for.
        revision: String,
    },
    /// The commit has no such file.
    #[error("the repo has no file `{}` at this revision", clean(path))]
    FileNotFound {
        /// The path asked for.
        path: String,
        /// Names that look like it.
        nearest: Vec<String>,
    },
    /// A pattern that no file matches.
    #[error("no file of the repo matches `{}`", clean(pattern))]
    NoMatch {
        /// The pattern, as typed.
        pattern: String,
        /// What there is to choose from, nearest first.
        choices: Vec<String>,
    },
    /// It was asked for by a command that looks into the store alone.
    #[error("{0}")]
    NotStored(NotStored),
    /// Offline, and what was asked is not all on this disk.
    #[error("offline, and {what} is not on this disk")]
    Offline {
        /// What is missing.
        what: String,
    },

    // Access
    /// The repo's terms have to be accepted first.
    #[error("the repo is gated and {}", if *has_token { "this token has no access to it" } else { "no token was given" })]
    Gated {
        /// The page where the terms are accepted.
        page: SafeUrl,
        /// Whether a token was sent.
        has_token: bool,
    },
    /// The hub has the repo and does not show it, be it private or for want of an agreement.
    #[error("the repo is private or gated, and this {} has no access to it", who(*has_token))]
    NoAccess {
        /// Whether a token was sent.
        has_token: bool,
        /// Where access is asked for.
        page: SafeUrl,
        /// How this hub's token is given.
        login: &'static str,
    },
    /// The token itself is refused.
    #[error("the hub refuses the token from {origin}")]
    BadToken {
        /// Where the token was found.
        origin: String,
    },
    /// The hub refuses access for another reason.
    #[error("the hub refuses access: {0}")]
    Forbidden(HttpContext),
    /// The repo was taken down.
    #[error("the hub has disabled access to this repo")]
    Disabled,

    // Network, and a hub that does not do its part
    /// No answer: DNS, connection, TLS or proxy.
    #[error("cannot reach {host}: {}", innermost(source.as_ref()))]
    Unreachable {
        /// Host and port.
        host: String,
        /// What the network said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The connection broke while an answer was read.
    #[error("the connection to {host} broke: {}", innermost(source.as_ref()))]
    Broken {
        /// Host and port.
        host: String,
        /// What the network said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Nothing arrived for a while.
    #[error("nothing arrived from {host} for {} s", after.as_secs())]
    Stalled {
        /// Host and port.
        host: String,
        /// How long it was silent.
        after: Duration,
    },
    /// So little arrived for a while that it may as well have been nothing.
    #[error("{host} sent only {bytes} B in {} s", after.as_secs())]
    Trickled {
        /// Host and port.
        host: String,
        /// What came.
        bytes: u64,
        /// In how long.
        after: Duration,
    },
    /// The body ended before its announced end.
    #[error("{host} sent {got} of {want} bytes")]
    Short {
        /// Host and port.
        host: String,
        /// Bytes that came.
        got: u64,
        /// Bytes that were due.
        want: u64,
    },
    /// A status that means failure and has no meaning of its own here.
    #[error("the server answered {0}")]
    Http(HttpContext),
    /// The hub asks to wait.
    #[error("the hub limits the rate of requests: {0}")]
    RateLimited(HttpContext),
    /// The hub refuses for reasons that pass, whatever its status says.
    #[error("the hub is overloaded: {0}")]
    Overloaded(HttpContext),
    /// The hub has no way to list all of a folder.
    #[error(
        "the hub lists at most {rows} entries of a folder, and {} has at least as many: nobody can know the rest",
        in_repo(folder)
    )]
    Unlistable {
        /// The folder; empty for the repo's root.
        folder: String,
        /// The most that the hub lists.
        rows: usize,
    },
    /// An answer that is not what the protocol says.
    #[error("{host} gave an answer that makes no sense: {what}")]
    BadAnswer {
        /// Host and port.
        host: String,
        /// What was wrong with it.
        what: String,
    },
    /// A signed URL no longer works, or never did for this range.
    #[error("the download URL was refused: {0}")]
    Expired(HttpContext),

    // Several origins
    /// None of the places that have the content gave it; or one place alone is to blame.
    #[error("{place}: {cause}{}", further(others))]
    Origins {
        /// The place that was preferred.
        place: String,
        /// What happened there. It decides the class of the failure.
        cause: Box<Cause>,
        /// The other places, each with what happened there.
        others: Vec<String>,
    },

    // Integrity
    /// The hub tells no digest by which files could be proven.
    #[error("the hub tells no checksum of {}", named(files))]
    Unproven {
        /// The files.
        files: Vec<String>,
    },
    /// The content is not what was promised.
    #[error("checksum mismatch: expected {want}, got {got}")]
    Corrupt {
        /// The promised digest.
        want: Digest,
        /// The digest of what is there.
        got: Digest,
    },
    /// A hub's answer names something that must not be written.
    #[error("the hub lists something unsafe: {what}")]
    Hostile {
        /// What, and why it is refused.
        what: String,
    },
    /// Two names of a repo that the filesystem takes for one.
    #[error("`{}` and `{}` are one file on this disk", clean(one), clean(other))]
    Twins {
        /// A name.
        one: String,
        /// The other name.
        other: String,
    },

    // Disk
    /// A file operation failed.
    #[error("cannot {action} {}: {}", shown(path), io_words(source))]
    Io {
        /// The operation.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is not enough room.
    #[error(
        "not enough room on the disk of {}: {need_bytes} bytes needed, {free_bytes} free",
        shown(path)
    )]
    NoSpace {
        /// Where.
        path: PathBuf,
        /// Bytes still to be written.
        need_bytes: u64,
        /// Bytes available.
        free_bytes: u64,
    },
    /// The disk or the quota became full on the way.
    #[error(
        "cannot {action} {}: {}; {need_bytes} bytes are still to come, the disk has {free_bytes} free",
        shown(path),
        io_words(source)
    )]
    Full {
        /// The operation.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
        /// Bytes still to be written.
        need_bytes: u64,
        /// Bytes available, as far as the disk says; a quota may allow less.
        free_bytes: u64,
    },
    /// A format written by a newer larder.
    #[error("{} has format {found}, this larder knows {known}", shown(path))]
    TooNew {
        /// The file or folder.
        path: PathBuf,
        /// Its version.
        found: String,
        /// The newest version known here.
        known: u32,
    },

    // Locks and ends
    /// Another process holds what is needed.
    #[error("another process has held {what} for more than {} s", waited.as_secs())]
    Locked {
        /// What is held.
        what: String,
        /// How long was waited.
        waited: Duration,
    },
    /// Stopped on request.
    #[error("interrupted")]
    Cancelled,
    /// A defect in larder.
    #[error("larder did something it should not: {0}")]
    Bug(String),
}

impl Cause {
    /// The cause as an error about one file of a repo.
    pub fn on_file(self, doing: &'static str, path: &impl ToString, repo: &impl ToString) -> Error {
        let subject = Subject::File {
            path: path.to_string(),
            repo: repo.to_string(),
        };
        Error {
            doing,
            subject,
            cause: self,
        }
    }

    /// The cause as an error about a repo.
    pub fn on_repo(self, doing: &'static str, repo: &impl ToString) -> Error {
        Error {
            doing,
            subject: Subject::Repo(repo.to_string()),
            cause: self,
        }
    }

    /// The cause as an error about something on this machine.
    pub fn on_path(self, doing: &'static str, path: &Path) -> Error {
        Error {
            doing,
            subject: Subject::Local(path.to_owned()),
            cause: self,
        }
    }
}
