//! Headers as values. Every line is one value, and is read as each of them.

use std::time::{Duration, SystemTime};

use larder::hub::wire::{ContentRange, RateLimit, next_link, normal_etag, retry_after};

pub fn run(data: &[u8]) {
    for line in data.split(|byte| *byte == b'\n') {
        if let Ok(text) = std::str::from_utf8(line) {
            content_range(text);
            rate_limit(text);
            wait(text);
            link(text);
            assert!(text.contains(normal_etag(text)));
        }
    }
}

fn content_range(text: &str) {
    let Some(read) = ContentRange::parse(text) else {
        return;
    };
    let range = &read.range;
    assert!(range.start < range.end, "{text}");
    assert!(read.total.is_none_or(|total| range.end <= total), "{text}");
    let total = read.total.map_or("*".to_owned(), |total| total.to_string());
    let spelled = format!("bytes {}-{}/{total}", range.start, range.end - 1);
    assert_eq!(ContentRange::parse(&spelled), Some(read), "{text}");
}

fn rate_limit(text: &str) {
    let Some(read) = RateLimit::parse(text) else {
        return;
    };
    let spelled = format!("\"q\";r={};t={}", read.remaining, read.reset.as_secs());
    assert_eq!(RateLimit::parse(&spelled), Some(read), "{text}");
    // One more quota that is less tight changes nothing.
    let more = format!("{text}, \"more\";r={};t=0", u64::MAX);
    let tightest = RateLimit::parse(&more).expect("it has two now");
    assert!(tightest.remaining <= read.remaining, "{text}");
}

fn wait(text: &str) {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_323_045);
    if let Some(wait) = retry_after(text, now) {
        let spelled = wait.as_secs().to_string();
        assert_eq!(retry_after(&spelled, now), Some(wait), "{text}");
    }
}

fn link(text: &str) {
    let Some(target) = next_link(text) else {
        return;
    };
    assert!(!target.contains('>'), "{text}");
    assert!(text.contains(&format!("<{target}>")), "{text}");
    let spelled = format!("<{target}>; rel=\"next\"");
    assert_eq!(next_link(&spelled), Some(target));
}
