//! The front matter of model cards. The input is a README; and, between the marks, front matter.

use larder::format::card::{Card, parse};

use super::checks::is_fit_to_show;

pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    is_sound(parse(&text));
    is_sound(parse(&format!("---\n{text}\n---\n# Title\n")));
}

fn is_sound(parsed: Result<Option<Card>, larder::format::Unreadable>) {
    match parsed {
        Ok(Some(card)) => {
            let one = [card.license, card.license_name, card.task, card.library];
            let all = one.into_iter().flatten().chain(card.base_models);
            for text in all {
                assert!(text.chars().count() <= 200, "{text}");
                is_fit_to_show(&text);
            }
        }
        Ok(None) => {}
        Err(why) => is_fit_to_show(&why.to_string()),
    }
}
