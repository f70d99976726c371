//! Where a redirect leads and who gets the token. Lines: endpoint, URL asked, `Location`.

use larder::probe;
use larder::redact::SafeUrl;
use url::Url;

use super::checks::{is_fit_to_show, lines};

const DEFAULTS: [&str; 2] = ["https://huggingface.co", "https://hf.co"];

pub fn run(data: &[u8]) {
    let Some(([endpoint, from, location], _)) = lines(data) else {
        return;
    };
    let (Ok(endpoint), Ok(from)) = (Url::parse(endpoint), Url::parse(from)) else {
        return;
    };
    let is_web = |url: &Url| matches!(url.scheme(), "http" | "https");
    if !is_web(&endpoint) || !is_web(&from) {
        return;
    }
    let Ok((to, has_token)) = probe::redirect(&endpoint, &from, location) else {
        return;
    };
    assert!(is_web(&to), "{to}");
    assert!(to.host_str().is_some_and(|host| !host.is_empty()), "{to}");
    if to.scheme() == "http" && from.scheme() == "https" {
        assert_eq!(endpoint.scheme(), "http", "{from} led down to {to}");
    }
    let origin = |text: &str| Url::parse(text).unwrap().origin();
    let is_default = |url: &Url| DEFAULTS.iter().any(|text| origin(text) == url.origin());
    let is_own = to.origin() == endpoint.origin() || (is_default(&endpoint) && is_default(&to));
    assert_eq!(has_token, is_own, "token of {endpoint} to {to}");
    if !to.username().is_empty() || to.password().is_some() {
        assert_eq!(to.origin(), from.origin(), "a password went along to {to}");
        assert_eq!(
            (to.username(), to.password()),
            (from.username(), from.password())
        );
    }
    let shown = SafeUrl::from(&to).to_string();
    is_fit_to_show(&shown);
    let authority = shown.split('/').nth(2).unwrap_or_default();
    assert!(
        !shown.contains(['?', '#']) && !authority.contains('@'),
        "{shown}"
    );
}
