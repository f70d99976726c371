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
            Self::RepoNotFound { has_token: false, page } => Some(format!(
                "check the spelling at {page}; if the repo is private, set HF_TOKEN or run `hf auth login`"
            )),
            Self::RepoNotFound { has_token: true, page } => Some(format!(
                "check the spelling at {page}; if the repo is private, use a token that may read it"
            )),
            Self::RevisionNotFound { .. } => {
                Some("name a branch, a tag, `refs/pr/N` or a full commit id after the `@`".to_owned())
            }
            Self::FileNotFound { nearest, .. } => choices("did you mean", nearest),
            Self::NoMatch { choices: names, .. } => choices("there is", names),
            Self::Offline { .. } => Some(
                "run the pull once with the network (unset HF_HUB_OFFLINE, without --offline)".to_owned(),
            ),
            Self::Gated { page, has_token: false } => Some(format!(
                "accept the terms at {page}, then set HF_TOKEN or run `hf auth login`"
            )),
            Self::Gated { page, has_token: true } => Some(format!(
                "accept the terms at {page} with the account that the token belongs to"
            )),
            Self::BadToken { origin } => Some(format!(
                "replace or remove the token from {origin}; public repos need none"
            )),
            Self::Forbidden(_) => {
                Some("use a token with read access to this repo".to_owned())
            }
            Self::Unreachable { .. } => Some(
                "check the network, HTTPS_PROXY and HF_ENDPOINT; what was fetched is kept, so run the same command again"
                    .to_owned(),
            ),
            Self::Broken { .. } | Self::Stalled { .. } | Self::Short { .. } | Self::Http(_)
            | Self::Expired(_) => {
                Some("what was fetched is kept: run the same command again to go on".to_owned())
            }
            Self::RateLimited(http) => Some(match http.retry_after {
                Some(wait) if wait <= LONGEST_WAIT => {
                    format!("try again in {} s; a token has a larger quota", wait.as_secs())
                }
                _ => "try again in a few minutes; a token has a larger quota".to_owned(),
            }),
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
            Self::Disabled | Self::Cancelled => None,
        }
    }
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
