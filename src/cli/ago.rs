//! How long ago something was, for people.

use std::time::SystemTime;

use super::render::count;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// `just now`, `5 minutes ago`, `3 days ago`; a dash where nobody knows.
pub(crate) fn ago(time: Option<SystemTime>, now: SystemTime) -> String {
    let Some(time) = time else {
        return "-".to_owned();
    };
    // A clock that was put back shows no future.
    let seconds = now.duration_since(time).map_or(0, |age| age.as_secs());
    let (unit, name) = match seconds {
        0..MINUTE => return "just now".to_owned(),
        MINUTE..HOUR => (MINUTE, "minute"),
        HOUR..DAY => (HOUR, "hour"),
        DAY..1_209_600 => (DAY, "day"),
        1_209_600..5_184_000 => (7 * DAY, "week"),
        5_184_000..63_072_000 => (30 * DAY, "month"),
        _ => (365 * DAY, "year"),
    };
    format!("{} ago", count(seconds / unit, name))
}

/// Seconds since 1970, for programs; `null` where nobody knows.
pub(crate) fn unix(time: Option<SystemTime>) -> serde_json::Value {
    let since = time.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    since.map(|since| since.as_secs()).into()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn in_the_largest_unit_that_tells() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000);
        let before = |seconds| ago(now.checked_sub(Duration::from_secs(seconds)), now);
        for (seconds, text) in [
            (0, "just now"),
            (59, "just now"),
            (60, "1 minute ago"),
            (7199, "1 hour ago"),
            (3 * DAY, "3 days ago"),
            (13 * DAY, "13 days ago"),
            (15 * DAY, "2 weeks ago"),
            (70 * DAY, "2 months ago"),
            (800 * DAY, "2 years ago"),
        ] {
            assert_eq!(before(seconds), text);
        }
        assert_eq!(ago(None, now), "-");
        assert_eq!(ago(Some(now + Duration::from_secs(99)), now), "just now");
        assert_eq!(unix(Some(now)), 2_000_000_000_u64);
    }
}
