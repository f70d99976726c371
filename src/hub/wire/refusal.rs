//! A refusing answer, reduced to what helps: status, code, the hub's own words, how long to wait.
//!
//! Headers and bodies as in `huggingface_hub` (`utils._http.hf_raise_for_status`); a storage behind
//! a hub answers XML with a `<Message>`.

use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;
use url::Url;

use super::headers::{RateLimit, retry_after, text};
use crate::error::HttpContext;
use crate::hub::send::Answer;
use crate::redact::{SafeUrl, clean_short};

const MAX_BODY_BYTES: usize = 64 << 10;
const MAX_BODY_TIME: Duration = Duration::from_secs(5);
const MAX_MESSAGE: usize = 300;
const MAX_ID: usize = 100;

/// Reads what a refusing answer says.
pub(crate) async fn refusal(mut answer: Answer) -> HttpContext {
    let mut body = Vec::new();
    let read = async {
        // A body that breaks off says what it says.
        while let Ok(Some(chunk)) = answer.chunk().await {
            body.extend_from_slice(&chunk[..chunk.len().min(MAX_BODY_BYTES - body.len())]);
            if body.len() == MAX_BODY_BYTES {
                break;
            }
        }
    };
    let is_whole = tokio::time::timeout(MAX_BODY_TIME, read).await.is_ok();
    tracing::trace!(is_whole, bytes = body.len(), "refusal");
    describe(
        &answer.url,
        answer.status(),
        answer.headers(),
        &body,
        SystemTime::now(),
    )
}

/// What a refusing answer says, as a value.
pub(crate) fn describe(
    url: &Url,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: SystemTime,
) -> HttpContext {
    let short = |name, max| {
        text(headers, name)
            .map(|t| clean_short(t, max))
            .filter(|t| !t.is_empty())
    };
    let ids = ["x-request-id", "x-amzn-trace-id", "x-amz-cf-id"];
    HttpContext {
        status: status.as_u16(),
        url: SafeUrl::from(url),
        request_id: ids.into_iter().find_map(|name| short(name, MAX_ID)),
        code: short("x-error-code", MAX_ID).or_else(|| code(body)),
        message: short("x-error-message", MAX_MESSAGE).or_else(|| message(body)),
        retry_after: asked_wait(status, headers, now),
    }
}

/// `RateLimit` says when the window ends, `Retry-After` perhaps only that it is used up.
fn asked_wait(status: StatusCode, headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let quota = text(headers, "ratelimit").and_then(RateLimit::parse);
    match quota {
        Some(quota) if status == StatusCode::TOO_MANY_REQUESTS && quota.remaining == 0 => {
            Some(quota.reset.saturating_add(Duration::from_secs(1)))
        }
        _ => retry_after(text(headers, RETRY_AFTER.as_str())?, now),
    }
}

/// The business code of an envelope (`modelscope_hub`: `errors._extract_payload`).
fn code(body: &[u8]) -> Option<String> {
    let code = match serde_json::from_slice::<Value>(body).ok()?.get("Code")? {
        Value::Number(number) => number.to_string(),
        Value::String(text) => clean_short(text, MAX_ID),
        _ => return None,
    };
    Some(code).filter(|code| !code.is_empty())
}

fn message(body: &[u8]) -> Option<String> {
    let body = String::from_utf8_lossy(body);
    let body = body.trim();
    let found = match serde_json::from_str::<Value>(body) {
        Ok(json) => json_message(&json)?,
        Err(_) if body.starts_with('<') => {
            let (_, rest) = body.split_once("<Message>")?;
            rest.split_once("</Message>")?.0.to_owned()
        }
        Err(_) => body.to_owned(),
    };
    Some(clean_short(&found, MAX_MESSAGE)).filter(|message| !message.is_empty())
}

fn json_message(json: &Value) -> Option<String> {
    let one = |value: &Value| value.as_str().map(str::to_owned);
    let many = |value: &Value| {
        let texts: Vec<&str> = value.as_array()?.iter().filter_map(Value::as_str).collect();
        Some(texts.join("; "))
    };
    let errors = || {
        let errors = json.get("errors")?.as_array()?.iter();
        let texts: Vec<&str> = errors.filter_map(|e| e.get("message")?.as_str()).collect();
        Some(texts.join("; "))
    };
    let error = json
        .get("error")
        .and_then(|error| one(error).or_else(|| many(error)));
    match (error, json.get("error_description").and_then(one)) {
        (Some(error), Some(more)) => Some(format!("{error}: {more}")),
        (Some(error), None) => Some(error),
        (None, _) => errors()
            .or_else(|| json.get("message").and_then(one))
            .or_else(|| json.get("Message").and_then(one)),
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn told(status: u16, headers: &[(&'static str, &str)], body: &str) -> HttpContext {
        let url = Url::parse("https://hub.example/x?secret=1").unwrap();
        let pairs = headers.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        });
        let now = httpdate::parse_http_date("Fri, 02 Jan 2026 03:04:05 GMT").unwrap();
        let status = StatusCode::from_u16(status).unwrap();
        describe(&url, status, &pairs.collect(), body.as_bytes(), now)
    }

    #[test]
    fn words_from_every_form_of_body() {
        for (body, want) in [
            (r#"{"error":"no"}"#, Some("no")),
            (r#"{"Code":10010205001,"Message":"nein"}"#, Some("nein")),
            (r#"{"error":["a","b"]}"#, Some("a; b")),
            (
                r#"{"error":"invalid_grant","error_description":"old"}"#,
                Some("invalid_grant: old"),
            ),
            (
                r#"{"errors":[{"message":"x"},{"message":"y"}]}"#,
                Some("x; y"),
            ),
            (
                "<Error><Code>A</Code><Message>Request has expired</Message></Error>",
                Some("Request has expired"),
            ),
            ("<html><h1>502</h1></html>", None),
            (" plain \u{1b}[31m words ", Some("plain \\u{1b}[31m words")),
            ("", None),
            ("[]", None),
        ] {
            assert_eq!(told(500, &[], body).message.as_deref(), want, "{body}");
        }
    }

    #[test]
    fn headers_come_first_and_the_query_is_gone() {
        let headers = [
            ("x-amz-cf-id", "cf"),
            ("x-amzn-trace-id", "root"),
            ("x-error-code", "RepoNotFound"),
            ("x-error-message", "Repository not found"),
        ];
        let http = told(404, &headers, r#"{"error":"other"}"#);
        assert_eq!(http.request_id.as_deref(), Some("root"));
        assert_eq!(http.code.as_deref(), Some("RepoNotFound"));
        assert_eq!(http.message.as_deref(), Some("Repository not found"));
        assert!(!http.to_string().contains("secret"));
    }

    #[test]
    fn business_codes() {
        let code = |body| told(404, &[], body).code;
        assert_eq!(
            code(r#"{"Code":10010205001}"#).as_deref(),
            Some("10010205001")
        );
        assert_eq!(code(r#"{"Code":"NotFound"}"#).as_deref(), Some("NotFound"));
        assert_eq!(code(r#"{"Code":null}"#), None);
        assert_eq!(code("<html>"), None);
    }

    #[test]
    fn the_wait_of_a_used_up_quota() {
        let wait =
            |status, headers: &[_]| told(status, headers, "").retry_after.map(|w| w.as_secs());
        let (empty, left) = (
            ("ratelimit", "\"api\";r=0;t=55"),
            ("ratelimit", "\"api\";r=9;t=55"),
        );
        let after = ("retry-after", "7");
        assert_eq!(wait(429, &[empty, after]), Some(56));
        assert_eq!(wait(429, &[left, after]), Some(7));
        assert_eq!(wait(503, &[empty, after]), Some(7));
        assert_eq!(
            wait(503, &[("retry-after", "Fri, 02 Jan 2026 03:05:05 GMT")]),
            Some(60)
        );
        assert_eq!(wait(429, &[left]), None);
    }
}
