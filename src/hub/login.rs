//! The login that `ModelScope`'s own client keeps, read and never written.
//!
//! `<MODELSCOPE_HOME>/credentials/cookies` is a pickled `requests.cookies.RequestsCookieJar`
//! (`modelscope_hub.config.HubConfig.save_cookies`, the same since the first client). Its cookie
//! `m_session_id` is what the client sends as token. Here it is one for the host that set it, and for
//! no other: the two sites have separate accounts.

use std::fmt;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::token::{Token, TokenOrigin};
use crate::pickle::{BadPickle, Pickle, Value};

/// The largest jar that is worth reading, in bytes: it has a handful of cookies.
pub const MAX_BYTES: u64 = 256 * 1024;

const MAX_DOMAINS: usize = 256;
const MAX_OF_DOMAIN: usize = 64;
const MAX_COOKIES: usize = 1024;
const SITES: [&str; 2] = ["modelscope.cn", "modelscope.ai"];
const SESSION: &str = "m_session_id";

/// A cookie of the jar, as far as it matters here.
#[derive(Clone)]
pub struct Cookie {
    /// The host that set it, or with a dot before it the domain that it is for.
    pub domain: String,
    /// Its name.
    pub name: String,
    value: SecretString,
    /// When it ends, in seconds since 1970; `None`: with the session, which lasts.
    pub expires: Option<i64>,
    /// Whether it may only go over `https`.
    pub is_secure: bool,
}

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cookie")
            .field("domain", &self.domain)
            .field("name", &self.name)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// The token for `endpoint` in the client's jar with these bytes, which is at `path`. A jar that is
/// damaged or of something else holds none, as it does to the client.
pub fn token(jar: &[u8], path: &Path, endpoint: &Url, now: SystemTime) -> Option<Token> {
    let cookies = cookies(jar)
        .inspect_err(|bad| tracing::debug!(path = %path.display(), %bad, "no login can be read"))
        .ok()?;
    let login = cookies
        .iter()
        .find(|cookie| cookie.is_login(endpoint, now))?;
    let origin = TokenOrigin::File(path.to_owned());
    Token::new(login.value.expose_secret(), origin)
}

/// Every login in the jar with these bytes, for whatever host: what must not be shown.
pub fn secrets(jar: &[u8]) -> Vec<SecretString> {
    let cookies = cookies(jar).unwrap_or_default().into_iter();
    let logins = cookies.filter(|cookie| cookie.name == SESSION);
    logins.map(|cookie| cookie.value).collect()
}

/// Every cookie in the bytes of a jar.
///
/// # Errors
/// When they are no pickle that is read here. A pickle of something else has no cookies.
pub fn cookies(bytes: &[u8]) -> Result<Vec<Cookie>, BadPickle> {
    let pickle = Pickle::read(bytes)?;
    let jar = pickle.root();
    let is_jar = jar
        .class()
        .is_some_and(|class| class.ends_with("CookieJar"));
    let Some(domains) = jar.state().and_then(|state| state.get("_cookies")) else {
        return Ok(Vec::new());
    };
    if !is_jar {
        return Ok(Vec::new());
    }
    // Domain, path, name: three dicts deep, however often one leads back to itself, and at each step
    // no more than anybody has, however often one occurs.
    let found = domains
        .entries()
        .take(MAX_DOMAINS)
        .flat_map(|(_, paths)| paths.entries().take(MAX_OF_DOMAIN))
        .flat_map(|(_, names)| names.entries().take(MAX_OF_DOMAIN));
    let mut cookies = Vec::new();
    let mut room = MAX_BYTES;
    for (_, cookie) in found.take(MAX_COOKIES) {
        // A text counts each time that it occurs: many cookies may share one that is long.
        let left = copied_bytes(cookie).and_then(|bytes| room.checked_sub(bytes));
        if let (Some(left), Some(cookie)) = (left, cookie_of(cookie)) {
            room = left;
            cookies.push(cookie);
        }
    }
    Ok(cookies)
}

/// Bytes that [`cookie_of`] copies.
fn copied_bytes(object: Value<'_>) -> Option<u64> {
    let state = object.state()?;
    let texts = ["domain", "name", "value"].map(|key| state.get(key).and_then(Value::text));
    let bytes: usize = texts.into_iter().flatten().map(str::len).sum();
    u64::try_from(bytes).ok()
}

fn cookie_of(object: Value<'_>) -> Option<Cookie> {
    // Protocol 2 has the name that the module had in Python 2.
    if !["http.cookiejar Cookie", "cookielib Cookie"].contains(&object.class()?) {
        return None;
    }
    let state = object.state()?;
    let text = |key| state.get(key)?.text().map(str::to_owned);
    let expires = state.get("expires")?;
    Some(Cookie {
        domain: text("domain")?,
        name: text("name")?,
        value: text("value")?.into(),
        expires: match expires.number() {
            None if !expires.is_none() => return None,
            number => number,
        },
        is_secure: state.get("secure")?.truth()?,
    })
}

impl Cookie {
    /// Whether it is a living login at `endpoint`.
    fn is_login(&self, endpoint: &Url, now: SystemTime) -> bool {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let is_living = self
            .expires
            .is_none_or(|end| u64::try_from(end).is_ok_and(|end| end > now));
        let is_safe = !self.is_secure || endpoint.scheme() == "https";
        let is_here = endpoint
            .host_str()
            .is_some_and(|host| fits(&self.domain, host));
        self.name == SESSION && is_living && is_safe && is_here
    }
}

/// Whether a cookie of `domain` is for `host`. ModelScope's own sites are the same with `www.` and
/// without; on other names these may be two hosts.
fn fits(domain: &str, host: &str) -> bool {
    let domain = domain.to_ascii_lowercase();
    let host = host.to_ascii_lowercase();
    // Python's jar gives a name to hosts that have no domain.
    let host = if host.contains('.') {
        host
    } else {
        host + ".local"
    };
    let site = |name: &str| {
        let bare = name.strip_prefix("www.").unwrap_or(name).to_owned();
        if SITES.contains(&bare.as_str()) {
            bare
        } else {
            name.to_owned()
        }
    };
    match domain.strip_prefix('.') {
        None => site(&domain) == site(&host),
        Some(domain) => {
            let is_below = host
                .strip_suffix(domain)
                .is_some_and(|sub| sub.ends_with('.'));
            domain.contains('.') && (host == domain || is_below)
        }
    }
}

#[cfg(test)]
mod tests;
