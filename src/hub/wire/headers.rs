//! Headers as values: `Content-Range`, `ETag`, `RateLimit`, `Retry-After`, `Link`.

use std::ops::Range;
use std::time::{Duration, SystemTime};

use reqwest::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap};

use crate::redact::clean_short;

/// The `Content-Range` of a slice: `bytes 0-9/100` or `bytes 0-9/*` (RFC 9110 §14.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentRange {
    /// The bytes that are sent.
    pub range: Range<u64>,
    /// Length of the whole file, if it is told.
    pub total: Option<u64>,
}

impl ContentRange {
    /// Reads the header; nothing if it is malformed or contradicts itself.
    pub fn parse(text: &str) -> Option<Self> {
        let (unit, rest) = text.trim().split_once(' ')?;
        if !unit.eq_ignore_ascii_case("bytes") {
            return None;
        }
        let (range, total) = rest.trim().split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let (first, last) = (digits(first)?, digits(last)?);
        let total = if total == "*" {
            None
        } else {
            Some(digits(total)?)
        };
        if first > last || total.is_some_and(|total| last >= total) {
            return None;
        }
        Some(Self {
            range: first..last.checked_add(1)?,
            total,
        })
    }
}

/// What is left of a quota: `"api";r=0;t=55` (draft-ietf-httpapi-ratelimit-headers).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests left in this window.
    pub remaining: u64,
    /// Time until the next window.
    pub reset: Duration,
}

impl RateLimit {
    /// Reads the header. Of several quotas the tightest counts: least left, then longest wait.
    pub fn parse(text: &str) -> Option<Self> {
        let quotas = text.split(',').filter_map(|item| {
            let mut params = item.split(';').map(str::trim);
            params
                .next()
                .filter(|name| name.len() > 2 && name.starts_with('"'))?;
            let (mut remaining, mut reset) = (None, None);
            for param in params {
                match param.split_once('=') {
                    Some(("r", value)) => remaining = digits(value.trim()),
                    Some(("t", value)) => reset = digits(value.trim()),
                    _ => {}
                }
            }
            Some(Self {
                remaining: remaining?,
                reset: Duration::from_secs(reset?),
            })
        });
        quotas.min_by_key(|quota| (quota.remaining, std::cmp::Reverse(quota.reset)))
    }
}

/// Reads `Retry-After`: seconds, or an HTTP date seen from `now` (RFC 9110 §10.2.3).
pub fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    if let Some(seconds) = digits(text) {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// An etag without `W/` and quotes.
pub fn normal_etag(text: &str) -> &str {
    let text = text.trim();
    let text = text.strip_prefix("W/").unwrap_or(text);
    text.strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text)
}

/// The target of `rel="next"` in a `Link` header (RFC 8288 §3).
pub fn next_link(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('<') {
        let (target, after) = after.split_once('>')?;
        let (params, after) = split_unquoted(after, ',');
        if is_next(params) {
            return Some(target);
        }
        rest = after;
    }
    None
}

fn is_next(mut params: &str) -> bool {
    while !params.is_empty() {
        let (param, rest) = split_unquoted(params, ';');
        params = rest;
        let Some((name, value)) = param.split_once('=') else {
            continue;
        };
        if name.trim().eq_ignore_ascii_case("rel") {
            let mut kinds = value.trim().trim_matches('"').split_ascii_whitespace();
            return kinds.any(|kind| kind.eq_ignore_ascii_case("next"));
        }
    }
    false
}

/// What comes before and after the first `separator` outside quotes.
fn split_unquoted(text: &str, separator: char) -> (&str, &str) {
    let mut is_quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => is_quoted = !is_quoted,
            c if c == separator && !is_quoted => return (&text[..at], &text[at + 1..]),
            _ => {}
        }
    }
    (text, "")
}

/// Says how a body is coded, if it is: larder asks for it as it is.
pub(crate) fn uncoded(headers: &HeaderMap) -> Result<(), String> {
    let codings = headers.get_all(CONTENT_ENCODING).iter();
    let coded = codings
        .map(|value| {
            // Only what HTTP calls white space: any other is the name of a coding nobody knows.
            String::from_utf8_lossy(value.as_bytes().trim_ascii()).to_ascii_lowercase()
        })
        .find(|coding| !matches!(coding.as_str(), "" | "identity"));
    match coded {
        Some(coding) => Err(format!(
            "bytes coded as {}, unasked",
            clean_short(&coding, 30)
        )),
        None => Ok(()),
    }
}

/// A header as text; nothing if it is absent or not text.
pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    std::str::from_utf8(headers.get(name)?.as_bytes()).ok()
}

/// `Content-Length`, if there is one.
pub(crate) fn length(headers: &HeaderMap) -> Option<u64> {
    digits(text(headers, CONTENT_LENGTH.as_str())?.trim())
}

/// A number of decimal digits only; `u64::from_str` would take a sign.
fn digits(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn content_ranges() {
        let parse = |text: &str| ContentRange::parse(text).map(|found| (found.range, found.total));
        assert_eq!(parse("bytes 0-9/100"), Some((0..10, Some(100))));
        assert_eq!(parse("Bytes 5-5/*"), Some((5..6, None)));
        let far = 5_000_000_000_000;
        assert_eq!(
            parse(&format!("bytes 0-{}/{far}", far - 1)),
            Some((0..far, Some(far)))
        );
        for bad in [
            "",
            "bytes",
            "bytes */100",
            "bytes 0-9",
            "bytes 9-0/100",
            "bytes 0-100/100",
            "bytes +0-9/100",
            "bytes 0-9/",
            "items 0-9/100",
            "bytes 0-18446744073709551615/*",
            "bytes 0-99999999999999999999/*",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_identity_is_no_coding() {
        let check = |value: &[u8]| {
            let value = HeaderValue::from_bytes(value).unwrap();
            uncoded(&HeaderMap::from_iter([(CONTENT_ENCODING, value)]))
        };
        for none in ["", " ", "identity", " Identity\t"] {
            assert_eq!(check(none.as_bytes()), Ok(()), "{none:?}");
        }
        for coding in ["gzip", "identity, br", "\u{85}", "\u{a0}identity"] {
            assert!(check(coding.as_bytes()).is_err(), "{coding:?}");
        }
    }

    #[test]
    fn rate_limits() {
        let parse = |text| RateLimit::parse(text).map(|q| (q.remaining, q.reset.as_secs()));
        assert_eq!(parse("\"api\";r=0;t=55"), Some((0, 55)));
        assert_eq!(parse("\"api\" ; r = 3"), None);
        assert_eq!(
            parse("\"api\"; r=7 ;t=1, \"resolvers\";r=0;t=9"),
            Some((0, 9))
        );
        assert_eq!(parse("limit=5"), None);
    }

    #[test]
    fn waits_in_both_forms() {
        let now = httpdate::parse_http_date("Fri, 02 Jan 2026 03:04:05 GMT").unwrap();
        let secs = |text| retry_after(text, now).map(|wait| wait.as_secs());
        assert_eq!(secs(" 7 "), Some(7));
        assert_eq!(secs("Fri, 02 Jan 2026 03:05:00 GMT"), Some(55));
        assert_eq!(secs("Thu, 01 Jan 2026 00:00:00 GMT"), Some(0));
        assert_eq!(secs("-1"), None);
        assert_eq!(secs("1.5"), None);
        assert_eq!(secs("soon"), None);
    }

    #[test]
    fn etags() {
        assert_eq!(normal_etag("\"abc\""), "abc");
        assert_eq!(normal_etag("W/\"abc\""), "abc");
        assert_eq!(normal_etag("abc"), "abc");
        assert_eq!(normal_etag("\""), "\"");
    }

    #[test]
    fn links() {
        let url = "https://h/x?cursor=a,b;c&limit=1";
        assert_eq!(next_link(&format!("<{url}>; rel=\"next\"")), Some(url));
        assert_eq!(next_link(&format!("<{url}>; rel=next")), Some(url));
        assert_eq!(
            next_link("<a>; rel=\"prev\", <b>; title=\"x, y; z\"; rel=\"last next\""),
            Some("b")
        );
        assert_eq!(next_link("<a>; rel=\"prev\""), None);
        assert_eq!(next_link("<a; rel=next"), None);
        assert_eq!(next_link(""), None);
    }
}
