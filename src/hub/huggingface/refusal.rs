//! What a refusal by the Hub means, by the rules and in the order of
//! `utils._http.hf_raise_for_status`.

use crate::error::{Cause, HttpContext};
use crate::redact::SafeUrl;

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
}

impl Scene {
    /// The cause that a refusing answer stands for.
    pub(super) fn cause(&self, http: HttpContext) -> Cause {
        let has_token = self.token.is_some();
        let page = self.page.clone();
        let message = http.message.as_deref().unwrap_or_default();
        match (http.code.as_deref(), http.status) {
            (Some("RevisionNotFound"), _) => Cause::RevisionNotFound {
                revision: self.revision.clone(),
            },
            (Some("EntryNotFound"), _) if self.path.is_some() => Cause::FileNotFound {
                path: self.path.clone().unwrap_or_default(),
                nearest: Vec::new(),
            },
            (Some("GatedRepo"), _) => Cause::Gated { page, has_token },
            (Some("DisabledRepo"), _) => Cause::Disabled,
            (_, 403) if message == "Access to this resource is disabled." => Cause::Disabled,
            (_, 401) if message == "Invalid credentials in Authorization header" => {
                match &self.token {
                    Some(origin) => Cause::BadToken {
                        origin: origin.clone(),
                    },
                    None => self.not_found(),
                }
            }
            (Some("RepoNotFound"), _) | (_, 401) => self.not_found(),
            (_, 403) => Cause::Forbidden(http),
            (_, 429) => Cause::RateLimited(http),
            _ => Cause::Http(http),
        }
    }

    fn not_found(&self) -> Cause {
        Cause::RepoNotFound {
            has_token: self.token.is_some(),
            page: self.page.clone(),
            login: "set HF_TOKEN or run `hf auth login`",
        }
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;
    use crate::error::Kind;

    fn cause(status: u16, code: Option<&str>, message: &str, token: Option<&str>) -> Cause {
        let url = SafeUrl::from(&Url::parse("https://hub.example/o/n").unwrap());
        let scene = Scene {
            page: url.clone(),
            token: token.map(str::to_owned),
            revision: "main".into(),
            path: Some("x".into()),
        };
        scene.cause(HttpContext {
            status,
            url,
            request_id: None,
            code: code.map(str::to_owned),
            message: Some(message.to_owned()),
            retry_after: None,
        })
    }

    #[test]
    fn codes_decide_before_statuses() {
        let of = |status, code| cause(status, Some(code), "", None);
        assert!(
            matches!(of(404, "RevisionNotFound"), Cause::RevisionNotFound { revision } if revision == "main")
        );
        assert!(
            matches!(of(404, "EntryNotFound"), Cause::FileNotFound { path, .. } if path == "x")
        );
        assert!(matches!(
            of(401, "GatedRepo"),
            Cause::Gated {
                has_token: false,
                ..
            }
        ));
        assert!(matches!(
            of(401, "RepoNotFound"),
            Cause::RepoNotFound {
                has_token: false,
                ..
            }
        ));
        assert!(matches!(of(403, "DisabledRepo"), Cause::Disabled));
        let gated = cause(403, Some("GatedRepo"), "", Some("HF_TOKEN"));
        assert!(matches!(
            gated,
            Cause::Gated {
                has_token: true,
                ..
            }
        ));
    }

    #[test]
    fn the_token_itself_is_refused() {
        let message = "Invalid credentials in Authorization header";
        let bad = cause(401, None, message, Some("HF_TOKEN"));
        assert!(matches!(bad, Cause::BadToken { origin } if origin == "HF_TOKEN"));
        let other = cause(401, None, "Invalid username or password.", Some("HF_TOKEN"));
        assert!(matches!(
            other,
            Cause::RepoNotFound {
                has_token: true,
                ..
            }
        ));
    }

    #[test]
    fn statuses_without_code() {
        let of = |status, message| cause(status, None, message, None);
        assert!(matches!(
            of(403, "Access to this resource is disabled."),
            Cause::Disabled
        ));
        assert!(matches!(of(403, "no"), Cause::Forbidden(_)));
        assert!(matches!(of(401, "who are you"), Cause::RepoNotFound { .. }));
        assert!(matches!(of(429, "slow down"), Cause::RateLimited(_)));
        assert!(matches!(of(404, "page not found"), Cause::Http(_)));
        assert_eq!(of(503, "").kind(), Kind::Unavailable);
        assert!(of(503, "").is_transient() && !of(400, "").is_transient());
    }
}
