//! `X-HF-Warning: topic; message`: what the Hub wants the user to know
//! (`huggingface_hub`: `utils._http`). Each topic is passed on once.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use reqwest::header::HeaderMap;

use crate::redact::clean_short;
use crate::report::{Event, Sink};

/// A warning longer than this is cut.
const MAX_CHARS: usize = 500;

/// A hub that has more to say than this is not talking to a person.
const MAX_TOPICS: usize = 20;

/// The topics that were passed on.
#[derive(Debug, Default)]
pub(super) struct Warnings(Mutex<HashSet<String>>);

impl Warnings {
    /// Passes on what an answer warns of, unless it was said before.
    pub(super) fn pass_on(&self, headers: &HeaderMap, sink: &dyn Sink) {
        for value in headers.get_all("x-hf-warning") {
            let text = String::from_utf8_lossy(value.as_bytes());
            let (topic, message) = text.split_once(';').unwrap_or(("", &text));
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let is_new = known.len() < MAX_TOPICS && known.insert(clean_short(topic, MAX_CHARS));
            drop(known);
            if is_new && !message.trim().is_empty() {
                sink.emit(Event::Notice(format!(
                    "the hub says: {}",
                    clean_short(message, MAX_CHARS)
                )));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[derive(Default)]
    struct Heard(Mutex<Vec<String>>);

    impl Sink for Heard {
        fn emit(&self, event: Event) {
            if let Event::Notice(text) = event {
                self.0.lock().unwrap().push(text);
            }
        }
    }

    #[test]
    fn a_flood_of_topics_ends() {
        let (warnings, heard) = (Warnings::default(), Heard::default());
        let mut headers = HeaderMap::new();
        for topic in 0..1000 {
            let value = HeaderValue::from_str(&format!("{topic}; again")).unwrap();
            headers.append("x-hf-warning", value);
        }
        warnings.pass_on(&headers, &heard);
        assert_eq!(heard.0.into_inner().unwrap().len(), MAX_TOPICS);
    }

    #[test]
    fn each_topic_is_said_once_and_cleaned() {
        let (warnings, heard) = (Warnings::default(), Heard::default());
        let mut headers = HeaderMap::new();
        for value in ["quota; slow down", "quota; again", "name;mo\u{85}ved", "; "] {
            headers.append("x-hf-warning", HeaderValue::from_str(value).unwrap());
        }
        warnings.pass_on(&headers, &heard);
        warnings.pass_on(&headers, &heard);
        let heard = heard.0.into_inner().unwrap();
        assert_eq!(
            heard,
            ["the hub says: slow down", "the hub says: mo\\u{85}ved"]
        );
    }
}
