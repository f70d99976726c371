//! What to do now: the advice that belongs to each cause.

use std::io;
use std::time::Duration;

use crate::error::Cause;
use crate::redact::clean_short;

/// Nobody waits longer; a server that says so does not mean it.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);
/// More names than this help nobody.
const MOST_CHOICES: usize = 60;
const LONGEST_CHOICE: usize = 200;

impl Cause {
    /// What to do now, in a sentence or two; nothing where there is no advice.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Usage { hint, .. } => hint.clone(),
            Self::Edited { .. } => Some(
                "nothing of it was changed: move them away, choose another folder, or replace them with --force"
                    .to_owned(),
            ),
            Self::RepoNotFound { has_token: false, page, login } => Some(format!(
                "check the spelling at {page}; if the repo is private, {login}"
            )),
            Self::RepoNotFound { has_token: true, page, .. } => Some(format!(
                "check the spelling at {page}; if the repo is private, use a token that may read it"
            )),
            Self::RevisionNotFound { revision } => Some(revision_hint(revision)),
            Self::FileNotFound { nearest, .. } => choices("did you mean", nearest),
            Self::NoMatch { choices: names, .. } => choices("there is", names),
            Self::NotStored(missing) => {
                Some(missing.hint(choices("did you mean", &missing.nearest)))
            }
            Self::Offline { .. } => Some(
                "run the pull once with the network (unset HF_HUB_OFFLINE, without --offline)".to_owned(),
            ),
            Self::Gated { page, has_token: false } => Some(format!(
                "accept the terms at {page}, then set HF_TOKEN or run `hf auth login`"
            )),
            Self::Gated { page, has_token: true } => Some(format!(
                "accept the terms at {page} with the account that the token belongs to"
            )),
            Self::NoAccess { has_token: false, page, login } => Some(format!(
                "ask for access at {page} if it needs that, then {login}"
            )),
            Self::NoAccess { has_token: true, page, .. } => Some(format!(
                "ask for access at {page} with the account that the token belongs to"
            )),
            Self::BadToken { origin } => Some(format!(
                "replace or remove the token from {origin}; public repos need none"
            )),
            Self::Forbidden(_) => {
                Some("use a token with read access to this repo".to_owned())
            }
            Self::Unreachable { .. } => Some(
                "check the network, HTTPS_PROXY, HF_ENDPOINT and SSL_CERT_FILE; what was fetched is kept, so run the same command again"
                    .to_owned(),
            ),
            Self::Http(http) if http.status == 407 => Some(
                "the proxy wants a name and a password: write HTTP_PROXY as http://NAME:PASSWORD@HOST:PORT"
                    .to_owned(),
            ),
            Self::Broken { .. } | Self::Stalled { .. } | Self::Trickled { .. } | Self::Short { .. }
            | Self::Http(_) | Self::Expired(_) => {
                Some("what was fetched is kept: run the same command again to go on".to_owned())
            }
            Self::RateLimited(http) => Some(match http.retry_after {
                Some(wait) if wait <= LONGEST_WAIT => {
                    format!("try again in {} s; a token has a larger quota", wait.as_secs())
                }
                _ => "try again in a few minutes; a token has a larger quota".to_owned(),
            }),
            Self::Overloaded(_) => Some(
                "try again in a few minutes; what was fetched is kept".to_owned(),
            ),
            Self::Unlistable { .. } => Some(
                "pull the model from another hub, or ask its owner to spread the files over folders"
                    .to_owned(),
            ),
            Self::Unproven { files } => Some(format!(
                "larder puts nothing on disk that it cannot check: leave out what you can do without, with `--exclude '{}'`",
                files.first().map(|file| clean_short(file, LONGEST_CHOICE)).unwrap_or_default()
            )),
            Self::BadAnswer { .. } => Some(
                "a proxy or login page may be in between; check HF_ENDPOINT and the network".to_owned(),
            ),
            Self::Corrupt { .. } => Some(
                "nothing wrong was kept; run the same command again, and if it repeats report it to the hub"
                    .to_owned(),
            ),
            Self::Io { source, .. } => io_hint(source),
            Self::NoSpace { need_bytes, free_bytes, .. } => Some(format!(
                "free at least {} bytes, or choose another disk with --store and HF_HUB_CACHE",
                need_bytes.saturating_sub(*free_bytes)
            )),
            Self::Full { need_bytes, free_bytes, source, .. } => {
                Some(room_hint(source, *need_bytes, *free_bytes))
            }
            Self::TooNew { .. } => Some("upgrade larder".to_owned()),
            Self::Locked { .. } => {
                Some("wait for it to end, or raise --lock-timeout".to_owned())
            }
            Self::Bug(_) => Some("please report this with the output of `larder -v …`".to_owned()),
            Self::Hostile { .. } => Some(
                "nothing was written: report the repo to its hub, and check HF_ENDPOINT".to_owned(),
            ),
            Self::Twins { .. } => Some(
                "name the files that you need, or choose a disk that tells case apart with HF_HUB_CACHE"
                    .to_owned(),
            ),
            Self::Origins { cause, .. } => cause.hint(),
            Self::Disabled | Self::Cancelled => None,
        }
    }
}

/// What a revision is; with the name of the branch that the other hub has in its place.
fn revision_hint(revision: &str) -> String {
    let usual = match revision {
        "main" => "; on ModelScope the usual branch is `master`",
        "master" => "; on Hugging Face the usual branch is `main`",
        _ => "",
    };
    format!("name a branch, a tag, `refs/pr/N` or a full commit id after the `@`{usual}")
}

/// How much to free: what is missing, as far as that is known.
fn room_hint(error: &io::Error, need_bytes: u64, free_bytes: u64) -> String {
    let lacking = need_bytes.saturating_sub(free_bytes);
    let room = if error.kind() == io::ErrorKind::QuotaExceeded {
        format!("free at least {need_bytes} bytes of your quota")
    } else if lacking > 0 {
        format!("free at least {lacking} bytes")
    } else {
        // Reserved for root, or the disk is out of inodes.
        "free some space".to_owned()
    };
    format!(
        "{room}, or choose another disk with --store and HF_HUB_CACHE; what was fetched is kept, so run the same command again"
    )
}

fn io_hint(error: &io::Error) -> Option<String> {
    let hint = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free some space; what was fetched is kept, so run the same command again"
        }
        io::ErrorKind::PermissionDenied => {
            "check who owns the folder, or choose others with --store and HF_HUB_CACHE"
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            "the disk is mounted read-only; choose others with --store and HF_HUB_CACHE"
        }
        io::ErrorKind::NotFound => {
            "another program removed it meanwhile; what is still there is kept, so run the same command again"
        }
        io::ErrorKind::NotADirectory
        | io::ErrorKind::IsADirectory
        | io::ErrorKind::AlreadyExists => {
            "something else has the name of a file or folder of larder; move it away and run the same command again"
        }
        io::ErrorKind::CrossesDevices => {
            "links do not cross disks: leave out --link, or choose `--link copy`"
        }
        io::ErrorKind::Unsupported => {
            "this filesystem cannot do that: leave out --link, or choose `--link copy`"
        }
        _ => return errno_hint(error),
    };
    Some(hint.to_owned())
}

/// For what the standard library has no name for.
fn errno_hint(error: &io::Error) -> Option<String> {
    use rustix::io::Errno;
    let hint = match Errno::from_io_error(error)? {
        Errno::IO => {
            "the disk itself failed: look at the system's log (`dmesg`); choose another with --store and HF_HUB_CACHE, or run the same command again to go on"
        }
        Errno::LOOP => {
            "a link stands where larder keeps a file of its own; remove it and run the same command again"
        }
        _ => return None,
    };
    Some(hint.to_owned())
}

fn choices(lead: &str, names: &[String]) -> Option<String> {
    let shown: Vec<String> = names
        .iter()
        .take(MOST_CHOICES)
        .map(|name| clean_short(name, LONGEST_CHOICE))
        .collect();
    let more = match names.len() - shown.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!shown.is_empty()).then(|| format!("{lead} {}{more}", shown.join(", ")))
}
