//! Sizes and times as people type them.

use std::time::Duration;

/// Bytes: a number and a unit. `K M G T` (with or without `B`) count in thousands, `KiB MiB GiB TiB`
/// in 1024s; a trailing `/s` is allowed.
pub(crate) fn parse_bytes(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let amount = text.strip_suffix("/s").unwrap_or(text);
    let end = amount
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(amount.len());
    let (number, unit) = amount.split_at(end);
    let bytes = unit_bytes(unit.trim()).and_then(|unit| times(number, unit));
    match bytes {
        Some(bytes) if bytes > 0 => Ok(bytes),
        _ => Err(format!(
            "`{text}` is not a size such as 50M, 1.5GB or 800KiB"
        )),
    }
}

/// A number of seconds, fractions allowed.
pub(crate) fn parse_seconds(text: &str) -> Result<Duration, String> {
    let number = text.trim().trim_end_matches('s').trim_end();
    number
        .parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| format!("`{text}` is not a number of seconds"))
}

/// A time that passes in hours or days: `12h`, `30d`, `2w`; a bare `0` is none.
pub(crate) fn parse_age(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let seconds: Option<u64> = match unit.trim() {
        "s" => Some(1),
        "m" | "min" => Some(60),
        "h" => Some(3600),
        "d" => Some(86_400),
        "w" => Some(7 * 86_400),
        "" if number == "0" => Some(0),
        _ => None,
    };
    let age = seconds.and_then(|unit| number.parse::<u64>().ok()?.checked_mul(unit));
    age.map(Duration::from_secs)
        .ok_or_else(|| format!("`{text}` is not an age such as 12h, 30d or 2w"))
}

fn unit_bytes(unit: &str) -> Option<u64> {
    let unit = unit.to_ascii_lowercase();
    let (base, letter): (u64, _) = match unit.strip_suffix("ib") {
        Some(letter) => (1024, letter),
        None => (1000, unit.strip_suffix('b').unwrap_or(&unit)),
    };
    let power = match letter {
        "" if base == 1000 => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        _ => return None,
    };
    Some(base.pow(power))
}

/// `number` (digits with at most one point) times `unit`, rounded down, without floats.
fn times(number: &str, unit: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.contains('.') || fraction.len() > 9 || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let whole: u64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let part: u128 = if fraction.is_empty() {
        0
    } else {
        fraction.parse().ok()?
    };
    let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    let part = u64::try_from(part * u128::from(unit) / scale).ok()?;
    whole.checked_mul(unit)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes() {
        let good = [
            ("50M", 50_000_000),
            ("1.5GB", 1_500_000_000),
            ("800KiB", 819_200),
            ("2 MB/s", 2_000_000),
            ("123", 123),
            ("512b", 512),
            ("0.5k", 500),
            (".5k", 500),
        ];
        for (text, bytes) in good {
            assert_eq!(parse_bytes(text), Ok(bytes), "{text}");
        }
        for bad in [
            "",
            "M",
            "0",
            "1.2.3M",
            "-5M",
            "5X",
            "5iB",
            "99999999T",
            "1e9",
            ".",
        ] {
            assert!(parse_bytes(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ages() {
        for (text, seconds) in [
            ("12h", 43_200),
            ("30d", 2_592_000),
            (" 2w", 1_209_600),
            ("0", 0),
        ] {
            assert_eq!(parse_age(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for bad in ["", "30", "d", "-1d", "1.5d", "1y", "99999999999999999d"] {
            assert!(parse_age(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn seconds() {
        assert_eq!(parse_seconds("30"), Ok(Duration::from_secs(30)));
        assert_eq!(parse_seconds("0.5s"), Ok(Duration::from_millis(500)));
        for bad in ["", "soon", "-1", "inf", "NaN"] {
            assert!(parse_seconds(bad).is_err(), "{bad}");
        }
    }
}
