//! What may reach a terminal. The whole input is the text.

use larder::redact::{SafeUrl, clean, clean_short, without_tokens, without_url_secrets};
use url::Url;

use super::checks::is_fit_to_show;

const SECRET: &str = "s3cr3tS3CR3T";

pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let text = &text[..];
    cleaned(text);
    tokens(text);
    urls(text);
}

fn cleaned(text: &str) {
    let clean = clean(text);
    if clean.len() < 40_000 {
        is_fit_to_show(&clean);
    }
    assert_eq!(
        larder::redact::clean(&clean),
        clean,
        "cleaning is done after once"
    );
    for max in [1, 7, 300] {
        let short = clean_short(text, max);
        assert!(short.chars().count() <= max, "{short}");
        is_fit_to_show(&short);
    }
}

/// No token survives, wherever it stands.
fn tokens(text: &str) {
    let token = format!("hf_{}", "aB3x".repeat(9));
    if text.contains(&token[3..]) {
        return;
    }
    let half = (0..=text.len() / 2)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0);
    let (before, after) = text.split_at(half);
    for given in [
        format!("{before}{token}{after}"),
        format!("{before} {token} {after}"),
    ] {
        let masked = without_tokens(&given);
        assert!(!masked.contains(&token[3..]), "{given:?} became {masked:?}");
    }
    let once = without_tokens(text);
    assert_eq!(without_tokens(&once), once);
}

/// No secret of a URL survives, whatever stands around it.
fn urls(text: &str) {
    if let Ok(url) = Url::parse(text) {
        is_fit_to_show(SafeUrl::from(&url).as_str());
    }
    let plain: String = text
        .chars()
        .filter(|c| c.is_alphanumeric() || "-=._ ".contains(*c))
        .collect();
    if plain.contains(SECRET) {
        return;
    }
    for word in [
        format!("{plain}https://u:{SECRET}@h/p"),
        format!("{plain}https://h/{plain}?x={SECRET}{plain}"),
        format!("{plain}https://u:{SECRET}@h:{plain}/p#{SECRET}"),
    ] {
        let shown = without_url_secrets(&word);
        assert!(!shown.contains(SECRET), "{word:?} became {shown:?}");
    }
    let once = without_url_secrets(text);
    assert_eq!(without_url_secrets(&once), once, "{text:?}");
}
