//! What was learnt about storage hosts: whether a signed URL serves every range of its file.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use url::{Origin, Url};

/// How a storage treats the URLs it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    /// Not seen yet.
    Unknown,
    /// A URL serves every range.
    AnyRange,
    /// A URL serves the range it was made for.
    OneRange,
}

/// Habits by origin.
#[derive(Debug, Default)]
pub(crate) struct Habits(Mutex<HashMap<Origin, Habit>>);

impl Habits {
    pub(crate) fn of(&self, url: &Url) -> Habit {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&url.origin()).copied().unwrap_or(Habit::Unknown)
    }

    /// Notes what was seen. The first observation stays: after a range was served by a shared URL,
    /// refusals have other reasons.
    pub(crate) fn learn(&self, url: &Url, habit: Habit) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(url.origin()).or_insert(habit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_observation_of_an_origin_stays() {
        let habits = Habits::default();
        let url = |text| Url::parse(text).unwrap();
        let (a, b) = (url("https://a.example/1"), url("https://b.example/1"));
        assert_eq!(habits.of(&a), Habit::Unknown);
        habits.learn(&a, Habit::AnyRange);
        habits.learn(&a, Habit::OneRange);
        assert_eq!(habits.of(&url("https://a.example/2")), Habit::AnyRange);
        assert_eq!(habits.of(&b), Habit::Unknown);
    }
}
