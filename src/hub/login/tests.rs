use std::time::Duration;

use super::*;

/// Jars made by the client's own code; see `fuzz/corpus`.
macro_rules! jar {
    ($name:literal) => {
        include_bytes!(concat!("../../../fuzz/corpus/cookie_jar/", $name))
    };
}

/// The login in the jar for `endpoint`, on a day in 2026.
fn login(jar: &[u8], endpoint: &str) -> Option<String> {
    let now = UNIX_EPOCH + Duration::from_secs(1_790_000_000);
    let token = token(jar, Path::new("/c"), &Url::parse(endpoint).unwrap(), now)?;
    assert_eq!(token.origin(), &TokenOrigin::File("/c".into()));
    let header = token.header().unwrap();
    let text = header.to_str().unwrap();
    Some(text.strip_prefix("Bearer ").unwrap().to_owned())
}

#[test]
fn every_clients_jar_in_every_protocol_is_read() {
    let jars: [&[u8]; 4] = [
        jar!("login"),
        jar!("login_p2"),
        jar!("login_p3"),
        jar!("login_p5"),
    ];
    for jar in jars {
        assert_eq!(
            login(jar, "https://modelscope.cn").as_deref(),
            Some("ms-0001")
        );
        assert_eq!(
            login(jar, "https://www.modelscope.cn").as_deref(),
            Some("ms-0001")
        );
    }
    let old = jar!("written_by_1_37");
    assert_eq!(
        login(old, "https://www.modelscope.cn").as_deref(),
        Some("ms-own-137")
    );
    assert_eq!(cookies(jar!("written_by_1_40")).unwrap().len(), 1);
}

#[test]
fn a_login_is_for_its_own_host() {
    let jar = jar!("both_sites");
    assert_eq!(
        login(jar, "https://modelscope.cn").as_deref(),
        Some("cn-0001")
    );
    assert_eq!(
        login(jar, "https://www.modelscope.cn").as_deref(),
        Some("cn-0001")
    );
    assert_eq!(
        login(jar, "https://www.modelscope.ai").as_deref(),
        Some("ai-0002")
    );
    for other in [
        "https://modelscope.com",
        "https://evilmodelscope.cn",
        "https://modelscope.cn.evil.example",
        "https://mirror.example",
        // A cookie for https goes over nothing else.
        "http://www.modelscope.ai",
    ] {
        assert_eq!(login(jar, other), None, "{other}");
    }
    assert_eq!(
        login(jar!("local"), "http://localhost:8080").as_deref(),
        Some("local-1")
    );
}

#[test]
fn what_has_ended_or_is_no_jar_is_no_login() {
    assert_eq!(login(jar!("expired"), "https://modelscope.cn"), None);
    assert_eq!(login(jar!("empty"), "https://modelscope.cn"), None);
    for bytes in [&b""[..], b"token", b"\x80\x04N.", b"\x80\x04}."] {
        assert_eq!(login(bytes, "https://modelscope.cn"), None);
    }
    let cut = &jar!("login")[..400];
    assert!(cookies(cut).is_err());
}

#[test]
fn the_value_is_not_shown() {
    let all = cookies(jar!("login")).unwrap();
    let shown = format!("{all:?}");
    assert!(
        shown.contains("m_session_id") && !shown.contains("ms-0001"),
        "{shown}"
    );
}

#[test]
fn a_jar_that_repeats_itself_is_looked_at_only_so_often() {
    // A dict whose every key leads to itself, as all three levels.
    let mut bytes =
        b"\x80\x02crequests.cookies\nRequestsCookieJar\n)\x81}X\x08\x00\x00\x00_cookies}q\x00("
            .to_vec();
    for _key in 0..60_000 {
        bytes.extend(b"Nh\x00");
    }
    bytes.extend(b"usb.");
    assert_eq!(cookies(&bytes).unwrap().len(), 0);
}

#[test]
fn many_cookies_that_share_a_long_value_are_copied_only_so_often() {
    // One cookie, remembered, with a value of 64 KiB.
    let mut bytes = b"\x80\x02chttp.cookiejar\nCookie\n)\x81}(".to_vec();
    let mut text = |text: &str| {
        bytes.push(b'X');
        bytes.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
        bytes.extend(text.as_bytes());
    };
    for word in ["domain", "x.example", "name", "m_session_id", "value"] {
        text(word);
    }
    text(&"v".repeat(0x1_0000));
    text("expires");
    bytes.extend(b"NX\x06\x00\x00\x00secure\x89ubq\x000");
    bytes.extend(b"crequests.cookies\nRequestsCookieJar\n)\x81}X\x08\x00\x00\x00_cookies}N}N}(");
    for _cookie in 0..60 {
        bytes.extend(b"Nh\x00");
    }
    bytes.extend(b"usssb.");
    let found = cookies(&bytes).unwrap();
    assert!((1..=4).contains(&found.len()), "{}", found.len());
}

#[test]
fn www_is_another_host_on_other_names() {
    for (domain, host, is_it) in [
        ("modelscope.cn", "www.modelscope.cn", true),
        ("www.modelscope.ai", "modelscope.ai", true),
        ("mirror.example", "www.mirror.example", false),
        ("www.mirror.example", "mirror.example", false),
        ("mirror.example", "mirror.example", true),
    ] {
        assert_eq!(fits(domain, host), is_it, "{domain} {host}");
    }
}
