//! Where the hubs are, as far as a reference depends on it: whose page a URL is, and which hub is
//! meant where none is named.

use std::fmt;

use ::url::Url;

use crate::redact::SafeUrl;
use crate::repo::HubName;

const HUGGING_FACE: [&str; 3] = ["huggingface.co", "www.huggingface.co", "hf.co"];
const MODEL_SCOPE: [&str; 4] = [
    "modelscope.cn",
    "www.modelscope.cn",
    "modelscope.ai",
    "www.modelscope.ai",
];

/// The hubs that references lead to.
#[derive(Clone, Copy)]
pub struct Sites<'a> {
    /// The endpoint that Hugging Face, or its mirror, has.
    pub huggingface: &'a Url,
    /// The endpoint that ModelScope has.
    pub modelscope: &'a Url,
    /// The hub of a reference that names none.
    pub usual: HubName,
}

impl fmt::Debug for Sites<'_> {
    /// An endpoint may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sites")
            .field("huggingface", &SafeUrl::from(self.huggingface))
            .field("modelscope", &SafeUrl::from(self.modelscope))
            .field("usual", &self.usual)
            .finish()
    }
}

impl<'a> Sites<'a> {
    /// Hugging Face at `endpoint`, which is the usual hub, and ModelScope where it always is: its own
    /// hosts are known, and what is at `endpoint` is the usual hub's.
    pub fn of_huggingface(endpoint: &'a Url) -> Self {
        Self {
            huggingface: endpoint,
            modelscope: endpoint,
            usual: HubName::HuggingFace,
        }
    }

    /// Whether `text` is the URL of something at a hub, rather than of the hub itself.
    pub fn has_page(&self, text: &str) -> bool {
        let url = Url::parse(text).ok();
        let page = url.as_ref().and_then(|url| self.page(url));
        page.is_some_and(|(_, path)| !path.trim_matches('/').is_empty())
    }

    fn endpoint(&self, hub: HubName) -> &'a Url {
        match hub {
            HubName::HuggingFace => self.huggingface,
            HubName::ModelScope => self.modelscope,
        }
    }

    /// Whether `authority` (a host, with its port where one is given) is one of a hub.
    ///
    /// A bare word is none, even when the endpoint is `http://localhost`: it could be an owner.
    pub(super) fn has_host(&self, authority: &str) -> bool {
        let authority = authority.to_ascii_lowercase();
        let is_endpoint =
            |endpoint: &Url| authority.contains(['.', ':']) && authority == authority_of(endpoint);
        site_of(&authority).is_some()
            || is_endpoint(self.huggingface)
            || is_endpoint(self.modelscope)
    }

    /// The hub whose page `url` is, and the page's path there; nothing if it is nobody's.
    pub(super) fn page<'u>(&self, url: &'u Url) -> Option<(HubName, &'u str)> {
        let authority = authority_of(url);
        // Where one server speaks for both, the usual hub is meant.
        let other = match self.usual {
            HubName::HuggingFace => HubName::ModelScope,
            HubName::ModelScope => HubName::HuggingFace,
        };
        for hub in [self.usual, other] {
            let endpoint = self.endpoint(hub);
            let prefix = endpoint.path().trim_end_matches('/');
            let rest = url.path().strip_prefix(prefix);
            let rest = rest.filter(|rest| rest.is_empty() || rest.starts_with('/'));
            if let Some(rest) = rest.filter(|_| authority == authority_of(endpoint)) {
                return Some((hub, rest));
            }
        }
        site_of(&authority).map(|hub| (hub, url.path()))
    }
}

/// The hub that a host always is.
fn site_of(authority: &str) -> Option<HubName> {
    if HUGGING_FACE.contains(&authority) {
        Some(HubName::HuggingFace)
    } else if MODEL_SCOPE.contains(&authority) {
        Some(HubName::ModelScope)
    } else {
        None
    }
}

pub(super) fn authority_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}
