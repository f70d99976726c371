//! Bodies of API answers: bounded in size and time, and JSON or an error.

use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::error::Cause;
use crate::hub::send::Answer;
use crate::redact::clean_short;

/// The most that one answer may hold; a page of a thousand files has about 300 kB.
const MAX_JSON_BYTES: usize = 64 << 20;
/// The most that one answer may take, however slowly it keeps coming.
const MAX_JSON_TIME: Duration = Duration::from_secs(600);
/// How much of something unexpected is quoted.
const QUOTED: usize = 100;

/// Reads the whole body as JSON.
pub(crate) async fn json<T: DeserializeOwned>(mut answer: Answer) -> Result<T, Cause> {
    let body = whole(&mut answer).await?;
    parse_json(&body).map_err(|what| answer.bad(what))
}

/// Reads the whole body of an answer that is to be JSON.
pub(crate) async fn whole(answer: &mut Answer) -> Result<Vec<u8>, Cause> {
    super::uncoded(answer.headers()).map_err(|what| answer.bad(what))?;
    let body = tokio::time::timeout(MAX_JSON_TIME, read(answer)).await;
    body.unwrap_or_else(|_elapsed| {
        Err(Cause::Stalled {
            host: answer.host(),
            after: MAX_JSON_TIME,
        })
    })
}

async fn read(answer: &mut Answer) -> Result<Vec<u8>, Cause> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if body.len() + chunk.len() > MAX_JSON_BYTES {
            return Err(answer.bad(format!("more than {} MiB of JSON", MAX_JSON_BYTES >> 20)));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Reads JSON.
///
/// # Errors
/// Says what came instead, with its beginning.
pub fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    let error = match serde_json::from_slice(body) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    // Enough for the quote, whatever the size; a character cut in two shows as a mark.
    let start = String::from_utf8_lossy(&body[..body.len().min(4 * QUOTED)]);
    let start = start.trim();
    let quote = clean_short(
        &start.split_whitespace().collect::<Vec<_>>().join(" "),
        QUOTED,
    );
    Err(if start.is_empty() {
        "an empty body instead of JSON".to_owned()
    } else if start.starts_with('<') {
        format!("a web page instead of JSON: {quote}")
    } else if error.is_data() {
        format!(
            "unexpected JSON ({}): {quote}",
            clean_short(&error.to_string(), QUOTED)
        )
    } else {
        format!("a body that is not JSON: {quote}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(body: &[u8]) -> String {
        parse_json::<Vec<u64>>(body).unwrap_err()
    }

    #[test]
    fn what_came_instead_is_quoted_and_cleaned() {
        assert_eq!(parse_json::<Vec<u64>>(b"[1]").unwrap(), [1]);
        assert_eq!(wrong(b" \n"), "an empty body instead of JSON");
        let page = wrong(b"<html>\n <title>Log\x1b[31m in</title>");
        assert_eq!(
            page,
            "a web page instead of JSON: <html> <title>Log\\u{1b}[31m in</title>"
        );
        assert!(wrong(b"[-1]").starts_with("unexpected JSON (invalid value"));
        assert!(wrong(b"[1.5]").starts_with("unexpected JSON (invalid type"));
        assert!(wrong(b"[1").starts_with("a body that is not JSON"));
        assert!(wrong(&[b'x'; 1000]).chars().count() < 150);
        assert!(wrong(&[0xff; 300]).contains('\u{fffd}'));
    }

    #[test]
    fn deep_nesting_is_an_error_not_a_crash() {
        let body = "[".repeat(1 << 20);
        assert!(parse_json::<serde_json::Value>(body.as_bytes()).is_err());
    }
}
