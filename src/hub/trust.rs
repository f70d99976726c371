//! Who gets the token: the hub's own origins and nobody else.
//!
//! The rule is that of `huggingface_hub` (`utils._http._is_same_or_hub_host`), but narrower: a mirror's
//! token does not go to Hugging Face, and nothing goes from https down to http.

use url::{Origin, Url};

/// Origins that are one hub. The sites of ModelScope are two: each has its own accounts.
const HUBS: [[&str; 2]; 3] = [
    ["https://huggingface.co", "https://hf.co"],
    ["https://modelscope.cn", "https://www.modelscope.cn"],
    ["https://modelscope.ai", "https://www.modelscope.ai"],
];

/// The origins (scheme, host and port) that belong to a hub.
#[derive(Clone, Debug)]
pub(crate) struct Trust {
    origins: Vec<Origin>,
    may_be_plain: bool,
}

impl Trust {
    /// The origins of the hub at `endpoint`.
    pub(crate) fn new(endpoint: &Url) -> Self {
        let own = endpoint.origin();
        let origins = |hub: &[&str; 2]| {
            let urls = hub.iter().filter_map(|text| Url::parse(text).ok());
            urls.map(|url| url.origin()).collect::<Vec<_>>()
        };
        let known = HUBS.iter().map(origins).find(|hub| hub.contains(&own));
        Self {
            origins: known.unwrap_or_else(|| vec![own]),
            may_be_plain: endpoint.scheme() == "http",
        }
    }

    /// Whether the token may be sent to `url`.
    pub(crate) fn has(&self, url: &Url) -> bool {
        self.origins.contains(&url.origin())
    }

    /// The target of a redirect or link from `from`. User and password of an endpoint stay with its
    /// origin; those in a `location` are dropped.
    ///
    /// Says what is wrong with one that must not be followed.
    pub(crate) fn target(&self, from: &Url, location: &str) -> Result<Url, &'static str> {
        let mut to = from
            .join(location)
            .map_err(|_| "a redirect to something that is no URL")?;
        match (from.scheme(), to.scheme()) {
            (_, "https") | ("http", "http") => {}
            (_, "http") if self.may_be_plain => {}
            (_, "http") => return Err("a redirect from https to http"),
            _ => return Err("a redirect to something that is not http"),
        }
        let (user, password) = if to.origin() == from.origin() {
            (from.username(), from.password())
        } else {
            ("", None)
        };
        if to.set_username(user).is_err() || to.set_password(password).is_err() {
            return Err("a redirect to a URL without host");
        }
        Ok(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn origins_are_compared_with_scheme_and_port() {
        let trust = Trust::new(&url("https://huggingface.co"));
        for good in [
            "https://huggingface.co/x",
            "https://hf.co/x",
            "https://huggingface.co:443/",
        ] {
            assert!(trust.has(&url(good)), "{good}");
        }
        for bad in [
            "http://huggingface.co/",
            "https://huggingface.co:8443/",
            "https://huggingface.co.evil.example/",
            "https://cdn-lfs.huggingface.co/",
        ] {
            assert!(!trust.has(&url(bad)), "{bad}");
        }
    }

    #[test]
    fn the_sites_of_modelscope_do_not_share_tokens() {
        let trust = Trust::new(&url("https://modelscope.cn"));
        assert!(trust.has(&url("https://www.modelscope.cn/api/v1/models")));
        assert!(!trust.has(&url("https://www.modelscope.ai/")));
        assert!(!trust.has(&url("https://cdn-lfs-cn-1.modelscope.cn/")));
    }

    #[test]
    fn a_mirror_trusts_itself_only() {
        let trust = Trust::new(&url("https://mirror.example/hf"));
        assert!(trust.has(&url("https://mirror.example/other")));
        assert!(!trust.has(&url("https://huggingface.co/")));
    }

    #[test]
    fn targets() {
        let trust = Trust::new(&url("https://hub.example"));
        let from = url("https://hub.example/a/b");
        let to = |location| trust.target(&from, location);
        assert_eq!(to("/c?d").unwrap().as_str(), "https://hub.example/c?d");
        assert_eq!(
            to("https://me:pw@cdn.example/x").unwrap().as_str(),
            "https://cdn.example/x"
        );
        let inside = url("https://me:pw@hub.example/a");
        assert_eq!(
            trust.target(&inside, "/b").unwrap().as_str(),
            "https://me:pw@hub.example/b"
        );
        assert_eq!(
            trust
                .target(&inside, "https://cdn.example/")
                .unwrap()
                .username(),
            ""
        );
        assert!(to("http://hub.example/a").is_err());
        assert!(to("file:///etc/passwd").is_err());
        assert!(to("https://[").is_err());
        let plain = Trust::new(&url("http://hub.example"));
        assert!(plain.target(&from, "http://hub.example/a").is_ok());
    }
}
