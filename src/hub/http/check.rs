//! Whether an answer is exactly the range that was asked for. Pure; runs before the first byte.
//!
//! What servers and proxies have been seen to do wrong is in `hf-protocol` §9, 11–15.

use std::ops::Range;

use reqwest::StatusCode;
use reqwest::header::{CONTENT_RANGE, CONTENT_TYPE, HeaderMap};

use crate::hub::wire::{self, ContentRange};
use crate::redact::clean_short;

/// What was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The bytes.
    pub(crate) range: Range<u64>,
    /// Length of the file, as listed.
    pub(crate) len: u64,
}

/// Says what is wrong with an answer of status 2xx, if anything is.
pub(crate) fn answer(asked: &Asked, status: StatusCode, headers: &HeaderMap) -> Result<(), String> {
    // Offsets in a coded body are not offsets in the file.
    wire::uncoded(headers)?;
    if headers.get_all(CONTENT_RANGE).iter().nth(1).is_some() {
        return Err("two ranges in one answer".into());
    }
    // One that is no text is not the same as none.
    let slice = match headers.get(CONTENT_RANGE) {
        None => None,
        Some(value) => {
            let text = String::from_utf8_lossy(value.as_bytes());
            let parsed = ContentRange::parse(&text);
            Some(parsed.ok_or_else(|| format!("a malformed range: {}", clean_short(&text, 60)))?)
        }
    };
    match (status, slice) {
        (StatusCode::PARTIAL_CONTENT | StatusCode::OK, Some(slice)) => same(asked, &slice)?,
        (StatusCode::PARTIAL_CONTENT, None) => return Err("a slice without saying which".into()),
        (StatusCode::OK, None) if asked.range == (0..asked.len) => {}
        (StatusCode::OK, None) => return Err(not_a_slice(headers)),
        (status, _) => return Err(format!("status {} instead of the file", status.as_u16())),
    }
    length(asked, headers)
}

/// Whether an answer to a range is the whole file instead, and says so by its length.
pub(crate) fn is_whole(asked: &Asked, status: StatusCode, headers: &HeaderMap) -> bool {
    status == StatusCode::OK
        && headers.get(CONTENT_RANGE).is_none()
        && wire::uncoded(headers).is_ok()
        && wire::length(headers) == Some(asked.len)
}

fn same(asked: &Asked, slice: &ContentRange) -> Result<(), String> {
    if slice.total.is_some_and(|total| total != asked.len) {
        let total = slice.total.unwrap_or_default();
        return Err(format!("a file of {total} bytes instead of {}", asked.len));
    }
    if slice.range == asked.range {
        return Ok(());
    }
    let (want, got) = (&asked.range, &slice.range);
    Err(format!(
        "bytes {}..{} instead of {}..{}",
        got.start, got.end, want.start, want.end
    ))
}

fn length(asked: &Asked, headers: &HeaderMap) -> Result<(), String> {
    let want = asked.range.end - asked.range.start;
    match wire::length(headers) {
        Some(got) if got != want && is_page(headers) => {
            Err("a web page instead of the file".into())
        }
        Some(got) if got != want => Err(format!("{got} bytes instead of {want}")),
        _ => Ok(()),
    }
}

fn not_a_slice(headers: &HeaderMap) -> String {
    let what = if is_page(headers) {
        "a web page"
    } else {
        "a whole body"
    };
    format!("{what} instead of a range")
}

fn is_page(headers: &HeaderMap) -> bool {
    wire::text(headers, CONTENT_TYPE.as_str()).is_some_and(|text| {
        text.get(..9)
            .is_some_and(|start| start.eq_ignore_ascii_case("text/html"))
    })
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn check(
        range: Range<u64>,
        status: u16,
        headers: &[(&'static str, &str)],
    ) -> Result<(), String> {
        let pairs = headers.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        });
        let status = StatusCode::from_u16(status).unwrap();
        answer(&Asked { range, len: 100 }, status, &pairs.collect())
    }

    #[test]
    fn the_asked_range_is_taken() {
        for headers in [
            &[("content-range", "bytes 10-19/100")][..],
            &[("content-range", "bytes 10-19/*")],
            &[
                ("content-range", "bytes 10-19/100"),
                ("content-length", "10"),
            ],
            &[
                ("content-range", "bytes 10-19/100"),
                ("content-encoding", "identity"),
            ],
        ] {
            assert_eq!(check(10..20, 206, headers), Ok(()), "{headers:?}");
            assert_eq!(check(10..20, 200, headers), Ok(()), "as 200: {headers:?}");
        }
    }

    #[test]
    fn two_ranges_are_none() {
        let range = ("content-range", "bytes 10-19/100");
        let refused = check(10..20, 206, &[range, ("content-range", "bytes 0-9/100")]);
        assert_eq!(refused, Err("two ranges in one answer".into()));
        assert!(check(10..20, 206, &[range, range]).is_err());
    }

    #[test]
    fn any_other_range_is_not() {
        for headers in [
            &[][..],
            &[("content-range", "bytes 11-20/100")],
            &[("content-range", "bytes 10-18/100")],
            &[("content-range", "bytes 10-20/100")],
            &[("content-range", "bytes 0-99/100")],
            &[("content-range", "bytes 10-19/101")],
            &[("content-range", "10-19/100")],
            &[
                ("content-range", "bytes 10-19/100"),
                ("content-range", "bytes 0-9/100"),
            ],
            &[
                ("content-range", "bytes 10-19/100"),
                ("content-length", "9"),
            ],
            &[
                ("content-range", "bytes 10-19/100"),
                ("content-length", "11"),
            ],
            &[
                ("content-range", "bytes 10-19/100"),
                ("content-encoding", "GZIP"),
            ],
            &[("content-type", "multipart/byteranges; boundary=x")],
        ] {
            assert!(check(10..20, 206, headers).is_err(), "{headers:?}");
        }
    }

    #[test]
    fn a_whole_body_is_taken_for_the_whole_file_only() {
        assert_eq!(check(0..100, 200, &[]), Ok(()));
        assert_eq!(check(0..100, 200, &[("content-length", "100")]), Ok(()));
        assert_eq!(
            check(0..100, 206, &[("content-range", "bytes 0-99/100")]),
            Ok(())
        );
        assert!(check(0..100, 200, &[("content-length", "99")]).is_err());
        assert!(check(0..50, 200, &[("content-length", "100")]).is_err());
        assert!(
            check(0..50, 200, &[("content-length", "50")]).is_err(),
            "a slice must say so"
        );
        assert!(check(50..100, 200, &[]).is_err());
        assert!(check(0..100, 200, &[("content-encoding", "br")]).is_err());
        assert!(check(0..100, 204, &[]).is_err());
    }

    #[test]
    fn a_login_page_is_called_one() {
        let page = [
            ("content-type", "Text/HTML; charset=utf-8"),
            ("content-length", "77"),
        ];
        assert_eq!(
            check(0..100, 200, &page).unwrap_err(),
            "a web page instead of the file"
        );
        assert_eq!(
            check(0..50, 200, &page).unwrap_err(),
            "a web page instead of a range"
        );
    }
}
