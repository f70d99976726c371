//! Where a hub is.

use url::Url;

use crate::error::Cause;
use crate::hub::trust::Trust;
use crate::redact::SafeUrl;

/// What an endpoint looks like.
const EXAMPLE: &str = "https://huggingface.co";

/// Where a hub is: scheme, host, port, and perhaps a path before everything else.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

impl Endpoint {
    /// Reads an endpoint (`HF_ENDPOINT`, `MODELSCOPE_ENDPOINT`); slashes at its end do not count.
    ///
    /// # Errors
    /// When it is no http or https URL, or has a query or fragment.
    pub fn parse(text: &str) -> Result<Self, Cause> {
        let wrong = |why: &str| Cause::Usage {
            why: format!("the endpoint {why}"),
            hint: Some(format!("write it like {EXAMPLE}")),
        };
        let url = Url::parse(text.trim()).map_err(|_| wrong("is not a URL"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("is not an http or https URL"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("has a query or a fragment"));
        }
        let mut bare = url.clone();
        bare.set_path(url.path().trim_end_matches('/'));
        Ok(Self(bare))
    }

    /// The endpoint as a URL.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// Whether it is the same hub, perhaps by another of the hub's names. On names that are nobody's,
    /// `www.` may be another host.
    pub fn is_same_hub(&self, other: &Self) -> bool {
        Trust::new(&self.0).has(&other.0) && self.0.path() == other.0.path()
    }

    /// `path` is percent-encoded already; `set_path` leaves that as it is.
    pub(crate) fn at(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}/{path}", self.0.path().trim_end_matches('/')));
        url
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(SafeUrl::from(&self.0).as_str().trim_end_matches('/'))
    }
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints() {
        let parse = |text| Endpoint::parse(text).map(|endpoint| endpoint.to_string());
        assert_eq!(parse("https://huggingface.co/").unwrap(), EXAMPLE);
        assert_eq!(
            parse("https://m.example/hf//").unwrap(),
            "https://m.example/hf"
        );
        assert_eq!(
            parse("http://127.0.0.1:8080").unwrap(),
            "http://127.0.0.1:8080"
        );
        for bad in [
            "",
            "hf-mirror.com",
            "ftp://x",
            "https://x/?a",
            "https://x/#a",
        ] {
            assert!(
                matches!(Endpoint::parse(bad), Err(Cause::Usage { .. })),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_hub_may_have_two_names() {
        let is_same = |one, other| {
            let [one, other] = [one, other].map(|text| Endpoint::parse(text).unwrap());
            one.is_same_hub(&other)
        };
        assert!(is_same(
            "https://modelscope.cn",
            "https://www.modelscope.cn/"
        ));
        assert!(is_same(
            "https://u@m.example/hf",
            "https://M.example:443/hf/"
        ));
        assert!(!is_same("https://m.example", "https://www.m.example"));
        assert!(!is_same("https://m.example/a", "https://m.example/b"));
        assert!(!is_same("https://modelscope.cn", "https://modelscope.ai"));
    }

    #[test]
    fn an_endpoint_shows_no_password() {
        let endpoint = Endpoint::parse("https://me:pw@m.example").unwrap();
        assert!(!format!("{endpoint:?} {endpoint}").contains("pw"));
    }
}
