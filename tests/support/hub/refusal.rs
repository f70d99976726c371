//! Every refusal of the hub, with the status, code and message that clients tell apart.

use serde_json::json;

use super::reply::Reply;

/// Why the hub does not serve a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The token itself is not valid.
    BadToken,
    /// No such repo, or none that this visitor may know of.
    NoRepo {
        /// Whether the visitor sent no token.
        is_anonymous: bool,
    },
    /// The repo has no such revision.
    NoRevision(String),
    /// The commit has no such path.
    NoEntry {
        /// The commit that was looked at.
        commit: String,
        /// The missing path.
        path: String,
    },
    /// The terms of the repo were not accepted.
    Gated {
        /// The repo.
        id: String,
        /// Whether the visitor sent no token.
        is_anonymous: bool,
    },
    /// The repo was taken down.
    Disabled,
    /// The repo has another name now.
    Moved {
        /// Where to ask instead.
        location: String,
    },
    /// The request makes no sense.
    BadRequest(&'static str),
    /// Nothing lives under this path.
    NoRoute,
}

impl Refusal {
    /// The answer that tells it.
    pub fn reply(self) -> Reply {
        match self {
            Self::BadToken => refuse(401, None, "Invalid credentials in Authorization header"),
            Self::NoRepo { is_anonymous: true } => {
                refuse(401, Some("RepoNotFound"), "Invalid username or password.").with(
                    "WWW-Authenticate",
                    "Bearer realm=\"Authentication required\"",
                )
            }
            Self::NoRepo { .. } => refuse(404, Some("RepoNotFound"), "Repository not found"),
            Self::NoRevision(name) => refuse(
                404,
                Some("RevisionNotFound"),
                &format!("Invalid rev id: {}", printable(&name)),
            ),
            Self::NoEntry { commit, path } => refuse(
                404,
                Some("EntryNotFound"),
                &format!("Entry not found: {}", printable(&path)),
            )
            .with("X-Repo-Commit", &commit),
            Self::Gated { id, is_anonymous } => gated(&id, is_anonymous),
            Self::Disabled => refuse(
                403,
                Some("DisabledRepo"),
                "Access to this resource is disabled.",
            ),
            Self::Moved { location } => Reply::redirect(307, &location),
            Self::BadRequest(why) => refuse(400, None, why),
            Self::NoRoute => refuse(
                404,
                None,
                "Sorry, we can't find the page you are looking for.",
            ),
        }
    }
}

fn gated(id: &str, is_anonymous: bool) -> Reply {
    let (status, why) = if is_anonymous {
        (
            401,
            "You must have access to it and be authenticated to access it. Please log in.",
        )
    } else {
        (403, "Visit its page to ask for access.")
    };
    let message = format!("Access to model {id} is restricted. {why}");
    refuse(status, Some("GatedRepo"), &message)
}

fn refuse(status: u16, code: Option<&str>, message: &str) -> Reply {
    let body = json!({ "error": message }).to_string();
    let reply = Reply::new(status, "application/json; charset=utf-8", body)
        .with("X-Error-Message", message);
    match code {
        Some(code) => reply.with("X-Error-Code", code),
        None => reply,
    }
}

/// Header values are ASCII without control characters.
fn printable(text: &str) -> String {
    let plain = |c: char| {
        if c == ' ' || c.is_ascii_graphic() {
            c
        } else {
            '?'
        }
    };
    text.chars().map(plain).collect()
}
