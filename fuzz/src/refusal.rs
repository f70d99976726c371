//! A refusing answer. First line: its status; then header lines, an empty line, and the body.

use std::time::{Duration, SystemTime};

use larder::error::Cause;
use larder::probe;
use larder::retry::{Decision, Policy};
use url::Url;

use super::checks::{head, is_cause_fit_to_show, is_fit_to_show, lines};

/// The most that one wait may take, whatever a server asks for.
const LONGEST: Duration = Duration::from_secs(306);

pub fn run(data: &[u8]) {
    let Some(([status], rest)) = lines(data) else {
        return;
    };
    let Ok(status) = status.trim().parse() else {
        return;
    };
    let (pairs, body) = head(rest);
    let url = Url::parse("https://hub.example/api/models/o/n?token=x").unwrap();
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_323_045);
    let Some(http) = probe::refusal(&url, status, &pairs, body, now) else {
        return;
    };
    assert_eq!(http.status, status);
    for text in [&http.message, &http.code, &http.request_id]
        .into_iter()
        .flatten()
    {
        is_fit_to_show(text);
        assert!(!text.is_empty() && text.chars().count() <= 300, "{text}");
    }
    is_fit_to_show(&http.to_string());
    for cause in [
        Cause::Http(http.clone()),
        Cause::RateLimited(http.clone()),
        Cause::Expired(http),
    ] {
        is_cause_fit_to_show(&cause);
        for policy in [Policy::API, Policy::TRANSFER] {
            if let Decision::Wait(wait) = policy.next(&cause, 1, 1.0) {
                assert!(wait <= LONGEST, "{wait:?}");
            }
            assert_eq!(policy.next(&cause, policy.attempts, 0.5), Decision::GiveUp);
        }
    }
}
