//! The cookies of ModelScope's client. The input is the pickled jar.

use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use larder::hub::login;
use larder::pickle::{MAX_VALUES, Pickle};
use url::Url;

pub fn run(data: &[u8]) {
    let Ok(cookies) = login::cookies(data) else {
        assert!(
            Pickle::read(data).is_err(),
            "what is a pickle is a jar, or has no cookies"
        );
        return;
    };
    let now = UNIX_EPOCH + Duration::from_secs(1_790_000_000);
    for endpoint in [
        "https://modelscope.cn",
        "http://localhost",
        "https://elsewhere.example",
    ] {
        let url = Url::parse(endpoint).unwrap();
        let Some(token) = login::token(data, Path::new("/jar"), &url, now) else {
            continue;
        };
        assert!(cookies.iter().any(|cookie| cookie.name == "m_session_id"));
        let host = url.host_str().unwrap();
        let is_its_own = |domain: &str| {
            let domain = domain.to_ascii_lowercase();
            let domain = domain
                .trim_start_matches('.')
                .trim_start_matches("www.")
                .to_owned();
            host.ends_with(&domain) || domain == format!("{host}.local")
        };
        assert!(
            cookies.iter().any(|cookie| is_its_own(&cookie.domain)),
            "{endpoint}"
        );
        assert!(!format!("{token:?}").contains("Bearer"));
    }
    assert!(data.len() >= cookies.len() && cookies.len() < MAX_VALUES);
}
