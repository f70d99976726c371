//! Whether an answer is the range that was asked for. First line: start, end, length and status; then
//! header lines.

use larder::hub::wire::ContentRange;
use larder::probe;

use super::checks::{head, is_fit_to_show, lines};

pub fn run(data: &[u8]) {
    let Some(([asked], rest)) = lines(data) else {
        return;
    };
    let mut numbers = asked.split_ascii_whitespace().map(str::parse::<u64>);
    let mut next = || numbers.next().and_then(Result::ok);
    let (Some(start), Some(end), Some(len), Some(status)) = (next(), next(), next(), next()) else {
        return;
    };
    let Ok(status) = u16::try_from(status) else {
        return;
    };
    // Nothing else is ever asked for.
    if start >= end || end > len {
        return;
    }
    let (pairs, _) = head(rest);
    match probe::range(start..end, len, status, &pairs) {
        Ok(()) => is_that(&pairs, start, end, len, status),
        Err(what) => is_fit_to_show(&what),
    }
}

/// Nothing in the head says that the body is anything but these bytes of this file.
fn is_that(pairs: &[(&str, &[u8])], start: u64, end: u64, len: u64, status: u16) {
    let all = |wanted: &str| -> Vec<&str> {
        let of_name = pairs
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
        of_name
            .map(|(_, value)| std::str::from_utf8(value).unwrap_or("\u{fffd}"))
            .collect()
    };
    let ranges = all("content-range");
    match ranges.first() {
        Some(first) => {
            let told = ContentRange::parse(first).expect("it was read");
            assert_eq!(told.range, start..end);
            assert!(told.total.is_none_or(|total| total == len));
        }
        None => assert_eq!((start, end, status), (0, len, 200)),
    }
    assert!(matches!(status, 200 | 206), "{status}");
    assert!(ranges.len() < 2, "{ranges:?}");
    // Two lengths that differ, or one with a sign, are refused where HTTP is read.
    let length = all("content-length");
    if let Some(told) = length
        .first()
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|text| text.parse::<u64>().ok())
    {
        assert_eq!(told, end - start);
    }
    for coding in all("content-encoding") {
        assert!(
            coding.is_empty() || coding.eq_ignore_ascii_case("identity"),
            "{coding}"
        );
    }
}
