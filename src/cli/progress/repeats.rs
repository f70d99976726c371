//! Whether a remark is news: connections that wait for the same answer fail together, and each of them
//! tells of it. A person needs one line; programs get every event.

use std::collections::HashMap;
use std::time::Duration;

use larder::report::Event;

/// The same words about the same file are no news for this long.
const SAME: Duration = Duration::from_secs(1);

/// The further tries that were told of lately.
#[derive(Debug, Default)]
pub(super) struct Repeats(HashMap<String, Duration>);

impl Repeats {
    /// Whether an event of `now` should be told.
    pub(super) fn is_news(&mut self, now: Duration, event: &Event) -> bool {
        let Event::Retrying { path, cause, .. } = event else {
            return true;
        };
        self.0.retain(|_, told| now.saturating_sub(*told) < SAME);
        let about = path.as_ref().map(ToString::to_string).unwrap_or_default();
        let words = format!("{about}\0{cause}");
        let is_news = !self.0.contains_key(&words);
        if is_news {
            self.0.insert(words, now);
        }
        is_news
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::path;
    use super::*;

    fn retry(file: &str, cause: &str, wait: u64) -> Event {
        Event::Retrying {
            path: Some(path(file)),
            cause: cause.to_owned(),
            wait: Duration::from_millis(wait),
        }
    }

    #[test]
    fn the_same_words_are_told_once_a_second() {
        let mut repeats = Repeats::default();
        let mut is_news = |now, event: &Event| repeats.is_news(Duration::from_millis(now), event);
        assert!(is_news(0, &retry("a", "silence", 1)));
        assert!(!is_news(10, &retry("a", "silence", 2)));
        assert!(is_news(20, &retry("b", "silence", 1)));
        assert!(is_news(30, &retry("a", "503", 1)));
        assert!(!is_news(999, &retry("a", "silence", 1)));
        assert!(is_news(1000, &retry("a", "silence", 1)));
        let notice = Event::Notice("x".into());
        assert!(is_news(1001, &notice) && is_news(1002, &notice));
    }
}
