//! What ModelScope says about a file on the way to its bytes (`modelscope_hub`:
//! `_download.DownloadManager._download_with_resume`).
//!
//! Nothing marks an answer as the hub's own. What can be compared is compared: the digest that some
//! answers carry, and the length with every range; the digest of what arrives decides.

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use url::Url;

use super::refusal::Scene;
use crate::digest::Digest;
use crate::error::{Cause, HttpContext};
use crate::hub::http::{Door, Head, Told};
use crate::hub::send::Ask;
use crate::hub::wire;
use crate::redact::clean_short;

/// The hub's URL of one file.
pub(super) struct FileDoor {
    pub(super) url: Url,
    pub(super) digest: Digest,
    pub(super) scene: Scene,
}

impl Door for FileDoor {
    fn url(&self) -> &Url {
        &self.url
    }

    /// The site's answer to HEAD is another than to GET, so a byte is asked for.
    fn question(&self) -> Ask {
        Ask::body(self.url.clone(), Some(0..1))
    }

    fn told(&self, head: &Head<'_>) -> Result<Told, String> {
        if !(head.is_redirect || head.status.is_success()) {
            return Ok(Told::Nothing);
        }
        match linked_digest(head.headers) {
            Some(hex) if hex != self.digest.to_string() => Err(format!(
                "other content than listed: {}",
                clean_short(&hex, 70)
            )),
            _ => Ok(Told::File),
        }
    }

    /// A login page is led to like a file is.
    fn is_proof(&self) -> bool {
        false
    }

    fn may_ignore_ranges(&self) -> bool {
        true
    }

    fn stranger(&self) -> String {
        "neither a file nor a reason".to_owned()
    }

    fn is_disguise(&self, headers: &HeaderMap) -> bool {
        wire::text(headers, CONTENT_TYPE.as_str())
            .is_some_and(|kind| kind.to_ascii_lowercase().contains("json"))
    }

    fn refusal(&self, http: HttpContext) -> Cause {
        self.scene.cause(http)
    }
}

/// The SHA-256 of the content that an answer tells, in lower case.
pub(super) fn linked_digest(headers: &HeaderMap) -> Option<String> {
    let etag = wire::normal_etag(wire::text(headers, "x-linked-etag")?);
    let is_digest = etag.len() == 64 && etag.bytes().all(|b| b.is_ascii_hexdigit());
    is_digest.then(|| etag.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;
    use crate::digest::BlobId;
    use crate::redact::SafeUrl;

    fn told(status: u16, headers: &[(&'static str, &str)]) -> Result<Told, String> {
        let url = Url::parse("https://hub.example/api/v1/models/o/n/repo?FilePath=x").unwrap();
        let scene = Scene {
            page: SafeUrl::from(&url),
            token: None,
            revision: "master".into(),
            path: Some("x".into()),
            is_known: true,
        };
        let digest = BlobId::of(b"x").into();
        let pairs = headers.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        });
        let status = StatusCode::from_u16(status).unwrap();
        let door = FileDoor { url, digest, scene };
        door.told(&Head {
            status,
            headers: &pairs.collect(),
            is_redirect: status.is_redirection(),
        })
    }

    #[test]
    fn a_digest_is_compared_where_there_is_one() {
        let right = format!("\"{}\"", BlobId::of(b"x").to_string().to_uppercase());
        let wrong = BlobId::of(b"y").to_string();
        assert_eq!(told(302, &[]), Ok(Told::File));
        assert_eq!(told(200, &[("x-linked-etag", &right)]), Ok(Told::File));
        assert_eq!(told(200, &[("x-linked-etag", "\"abc-3\"")]), Ok(Told::File));
        assert!(told(206, &[("x-linked-etag", &wrong)]).is_err());
        assert_eq!(told(404, &[("x-linked-etag", &wrong)]), Ok(Told::Nothing));
    }
}
