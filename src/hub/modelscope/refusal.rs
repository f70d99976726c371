//! What a refusal by ModelScope means. The site answers 404 for everything that is not to be had; the
//! business code in the body tells the reasons apart (`modelscope_hub`: `errors._BUSINESS_CODE_MAP`).

use crate::error::{Cause, HttpContext};
use crate::redact::SafeUrl;

/// How a token is given.
pub(super) const LOGIN: &str = "set MODELSCOPE_API_TOKEN";

/// The repo does not exist, or the site cannot look because of its load.
const NO_REPO: &str = "10010205001";
/// The repo exists, and is not for this visitor.
const NO_ACCESS: &str = "10010200001";
/// No file tree at that revision.
const NO_TREE: &str = "10990101004";
/// The file is missing, empty or unreadable.
const NO_FILE: &str = "10990101007";
/// The token is wrong or too old.
const BAD_TOKEN: &str = "10010103009";

/// What a request was about.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    /// The repo's page.
    pub(super) page: SafeUrl,
    /// Where the token that was sent came from.
    pub(super) token: Option<String>,
    /// The revision asked about.
    pub(super) revision: String,
    /// The file asked about.
    pub(super) path: Option<String>,
    /// Whether the hub has told something of the repo already: then it exists and may be seen.
    pub(super) is_known: bool,
}

impl Scene {
    /// The cause that a refusing answer stands for.
    pub(super) fn cause(&self, http: HttpContext) -> Cause {
        let has_token = self.token.is_some();
        let page = self.page.clone();
        match (http.code.as_deref(), http.status) {
            (_, 500..) => Cause::Http(http),
            (_, 429) => Cause::RateLimited(http),
            (Some(NO_REPO), _) if self.is_known || is_overload(&http) => Cause::Overloaded(http),
            (Some(NO_REPO), _) => Cause::RepoNotFound {
                has_token,
                page,
                login: LOGIN,
            },
            (Some(NO_ACCESS), _) => Cause::NoAccess {
                has_token,
                page,
                login: LOGIN,
            },
            (Some(NO_TREE), _) => Cause::RevisionNotFound {
                revision: self.revision.clone(),
            },
            (Some(NO_FILE), _) if self.path.is_some() => Cause::FileNotFound {
                path: self.path.clone().unwrap_or_default(),
                nearest: Vec::new(),
            },
            (Some(BAD_TOKEN), _) | (_, 401) => match &self.token {
                Some(origin) => Cause::BadToken {
                    origin: origin.clone(),
                },
                None => Cause::NoAccess {
                    has_token,
                    page,
                    login: LOGIN,
                },
            },
            // Pages of a listing are refused now and then, and served a moment later.
            (_, 403) if self.is_known => Cause::Overloaded(http),
            (_, 403) => Cause::Forbidden(http),
            (code, 200..=299) => in_disguise(&http, code),
            _ => Cause::Http(http),
        }
    }
}

/// A failure whose status says that there is none, for a reason that has no name here.
fn in_disguise(http: &HttpContext, code: Option<&str>) -> Cause {
    let words = http.message.as_deref().unwrap_or("no reason given");
    let code = code
        .map(|code| format!(" (code {code})"))
        .unwrap_or_default();
    Cause::BadAnswer {
        host: authority(&http.url),
        what: format!("an error with status {}: {words}{code}", http.status),
    }
}

fn authority(url: &SafeUrl) -> String {
    let text = url.as_str();
    let after = text.split_once("://").map_or(text, |(_, after)| after);
    after.split('/').next().unwrap_or_default().to_owned()
}

/// The database of the site ran out of something, which it reports as a repo that does not exist.
fn is_overload(http: &HttpContext) -> bool {
    let message = http.message.as_deref().unwrap_or_default();
    message.contains("Error 1461") || message.contains("max_prepared_stmt_count")
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;
    use crate::error::Kind;

    fn scene(token: Option<&str>, is_known: bool) -> Scene {
        Scene {
            page: SafeUrl::from(&Url::parse("https://hub.example/models/o/n").unwrap()),
            token: token.map(str::to_owned),
            revision: "main".into(),
            path: Some("x".into()),
            is_known,
        }
    }

    fn http(status: u16, code: Option<&str>, message: &str) -> HttpContext {
        HttpContext {
            status,
            url: SafeUrl::from(&Url::parse("https://hub.example/api").unwrap()),
            request_id: None,
            code: code.map(str::to_owned),
            message: Some(message.to_owned()),
            retry_after: None,
        }
    }

    fn cause(status: u16, code: &str, message: &str) -> Cause {
        scene(None, false).cause(http(status, Some(code), message))
    }

    #[test]
    fn codes_decide_before_statuses() {
        for status in [200, 400, 404] {
            assert!(matches!(
                cause(status, NO_REPO, "record not found"),
                Cause::RepoNotFound {
                    has_token: false,
                    ..
                }
            ));
            assert!(matches!(
                cause(status, NO_ACCESS, ""),
                Cause::NoAccess { .. }
            ));
            assert!(
                matches!(cause(status, NO_TREE, ""), Cause::RevisionNotFound { revision } if revision == "main")
            );
            assert!(
                matches!(cause(status, NO_FILE, ""), Cause::FileNotFound { path, .. } if path == "x")
            );
        }
        assert_eq!(cause(503, NO_REPO, "").kind(), Kind::Unavailable);
    }

    #[test]
    fn overload_in_disguise_passes() {
        let overload = cause(404, NO_REPO, "Error 1461: max_prepared_stmt_count");
        assert!(overload.is_transient() && overload.is_push_back());
        let known = scene(None, true);
        for gone in [http(404, Some(NO_REPO), ""), http(403, None, "")] {
            assert!(known.cause(gone).is_transient());
        }
    }

    #[test]
    fn tokens() {
        let with = scene(Some("--token"), false);
        for refused in [http(401, None, ""), http(400, Some(BAD_TOKEN), "")] {
            let cause = with.cause(refused);
            assert!(matches!(cause, Cause::BadToken { origin } if origin == "--token"));
        }
        let none = scene(None, false).cause(http(401, None, ""));
        assert_eq!(none.kind(), Kind::Access);
    }

    #[test]
    fn what_has_no_name() {
        let strange = cause(200, "4711", "im Eimer");
        assert!(matches!(&strange, Cause::BadAnswer { what, .. } if what.contains("im Eimer")));
        assert!(strange.is_transient());
        let page = scene(None, false).cause(http(404, None, ""));
        assert!(matches!(page, Cause::Http(_)));
    }
}
