//! What the Hub says about a file on the way to its bytes (`file_download.get_hf_file_metadata`).
//!
//! `X-Repo-Commit` marks the Hub's own answer; without it some proxy or login page is talking. The
//! plain `ETag` and `Content-Length` of a redirect describe the redirect, not the file.

use url::Url;

use super::refusal::Scene;
use crate::error::{Cause, HttpContext};
use crate::hub::http::{Door, Head, Told};
use crate::hub::send::Ask;
use crate::hub::wire;
use crate::redact::clean_short;
use crate::repo::Commit;

/// `resolve` of one file, and what it has to say about it.
pub(super) struct FileDoor {
    pub(super) url: Url,
    pub(super) commit: Commit,
    pub(super) etag: String,
    pub(super) len: u64,
    pub(super) scene: Scene,
}

impl FileDoor {
    fn check_etag(&self, head: &Head<'_>) -> Result<(), String> {
        let header = |name| wire::text(head.headers, name).map(wire::normal_etag);
        let plain = || header("etag").filter(|etag| !head.is_redirect && self.is_comparable(etag));
        match header("x-linked-etag").or_else(plain) {
            Some(etag) if etag != self.etag => Err(format!(
                "other content than listed: {}",
                clean_short(etag, 70)
            )),
            _ => Ok(()),
        }
    }

    /// Whether a plain etag is a digest of the kind that is expected; mirrors make up their own.
    fn is_comparable(&self, etag: &str) -> bool {
        etag.len() == self.etag.len() && etag.bytes().all(|b| b.is_ascii_hexdigit())
    }

    fn check_len(&self, head: &Head<'_>) -> Result<(), String> {
        let linked = wire::text(head.headers, "x-linked-size").and_then(|t| t.trim().parse().ok());
        let is_whole = head.status.as_u16() == 200;
        let plain = || wire::length(head.headers).filter(|_| is_whole);
        match linked.or_else(plain) {
            Some(len) if len != self.len => {
                Err(format!("{len} bytes where {} are listed", self.len))
            }
            _ => Ok(()),
        }
    }
}

impl Door for FileDoor {
    fn url(&self) -> &Url {
        &self.url
    }

    fn question(&self) -> Ask {
        Ask::head(self.url.clone())
    }

    fn told(&self, head: &Head<'_>) -> Result<Told, String> {
        let Some(commit) = wire::text(head.headers, "x-repo-commit") else {
            return Ok(Told::Nothing);
        };
        if !(head.is_redirect || head.status.is_success()) {
            return Ok(Told::Nothing);
        }
        if commit.trim() != self.commit.as_str() {
            return Err(format!("a file of commit {}", clean_short(commit, 60)));
        }
        self.check_etag(head)?;
        self.check_len(head)?;
        Ok(Told::File)
    }

    fn stranger(&self) -> String {
        "no X-Repo-Commit; it is not a Hugging Face hub".to_owned()
    }

    fn refusal(&self, http: HttpContext) -> Cause {
        self.scene.cause(http)
    }
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;
    use crate::redact::SafeUrl;

    const COMMIT: &str = "5f3c0e1d2b4a69788796a5b4c3d2e1f00f1e2d3c";

    fn told(status: u16, headers: &[(&'static str, &str)]) -> Result<Told, String> {
        let url = Url::parse("https://hub.example/o/n/resolve/c/x").unwrap();
        let page = SafeUrl::from(&url);
        let scene = Scene {
            page,
            token: None,
            revision: COMMIT.into(),
            path: None,
        };
        let commit = Commit::parse(COMMIT).unwrap();
        let door = FileDoor {
            url,
            commit,
            etag: "c".repeat(64),
            len: 100,
            scene,
        };
        let pairs = headers.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        });
        let status = StatusCode::from_u16(status).unwrap();
        let is_redirect = status.is_redirection();
        door.told(&Head {
            status,
            headers: &pairs.collect(),
            is_redirect,
        })
    }

    #[test]
    fn only_the_hub_names_the_commit() {
        assert_eq!(told(200, &[("content-length", "100")]), Ok(Told::Nothing));
        assert_eq!(told(307, &[("location", "/x")]), Ok(Told::Nothing));
        assert_eq!(told(302, &[("x-repo-commit", COMMIT)]), Ok(Told::File));
        assert!(told(302, &[("x-repo-commit", "main")]).is_err());
        assert_eq!(told(404, &[("x-repo-commit", "other")]), Ok(Told::Nothing));
    }

    #[test]
    fn a_redirect_is_judged_by_its_linked_headers() {
        let etag = format!("\"{}\"", "c".repeat(64));
        let (wrong, commit) = (format!("\"{}\"", "d".repeat(64)), ("x-repo-commit", COMMIT));
        let right = [commit, ("x-linked-etag", &etag), ("x-linked-size", "100")];
        assert_eq!(told(302, &right), Ok(Told::File));
        assert_eq!(
            told(302, &[commit, ("etag", &wrong), ("content-length", "7")]),
            Ok(Told::File)
        );
        assert!(told(302, &[commit, ("x-linked-etag", &wrong)]).is_err());
        assert!(told(302, &[commit, ("x-linked-size", "101")]).is_err());
    }

    #[test]
    fn the_file_itself_is_judged_by_its_plain_headers() {
        let (weak, commit) = (
            format!("W/\"{}\"", "c".repeat(64)),
            ("x-repo-commit", COMMIT),
        );
        let wrong = format!("\"{}\"", "d".repeat(64));
        assert_eq!(
            told(200, &[commit, ("etag", &weak), ("content-length", "100")]),
            Ok(Told::File)
        );
        assert_eq!(
            told(206, &[commit, ("content-length", "10")]),
            Ok(Told::File)
        );
        assert_eq!(told(200, &[commit, ("etag", "\"d41d-3\"")]), Ok(Told::File));
        assert!(told(200, &[commit, ("etag", &wrong)]).is_err());
        assert!(told(200, &[commit, ("content-length", "99")]).is_err());
    }
}
