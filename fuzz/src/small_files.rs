//! Files of a line or two that anybody may have written: refs of both kinds, the mark of a partial's
//! owner, the note on a file of a folder, a token.

use larder::hub::token::{Token, TokenOrigin};
use larder::probe;
use larder::repo::Commit;
use larder::store::owner::Owner;

pub fn run(data: &[u8]) {
    for commit in [probe::cache_ref(data), probe::store_reference(data)]
        .into_iter()
        .flatten()
    {
        assert_eq!(std::str::from_utf8(data).unwrap().trim(), commit.as_str());
        assert_eq!(Commit::parse(commit.as_str()), Ok(commit));
    }
    if let Some((commit, digest)) = probe::folder_note(data) {
        let mut lines = std::str::from_utf8(data).unwrap().lines().map(str::trim);
        assert_eq!(lines.next(), Some(commit.as_str()));
        let etag = lines.next().unwrap();
        assert!(digest.is_none_or(|digest| digest.to_string() == etag));
        let time: f64 = lines.next().unwrap().parse().unwrap();
        assert!(time.is_finite());
    }
    if let Ok(owner) = serde_json::from_slice::<Owner>(data) {
        let text = serde_json::to_vec(&owner).unwrap();
        assert_eq!(serde_json::from_slice::<Owner>(&text).unwrap(), owner);
    }
    if let Ok(text) = std::str::from_utf8(data) {
        token(text);
    }
}

fn token(text: &str) {
    let Some(token) = Token::new(text, TokenOrigin::Flag) else {
        assert!(text.trim().is_empty(), "{text:?} has a token in it");
        return;
    };
    let shown = format!("{token:?}");
    assert_eq!(shown, "Token { origin: Flag, .. }");
    if let Ok(header) = token.header() {
        assert!(header.is_sensitive());
        let bytes = header.as_bytes();
        assert!(
            !bytes.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)),
            "{bytes:?}"
        );
        let sent = bytes
            .strip_prefix(b"Bearer ")
            .expect("the scheme stands before it");
        assert!(!sent.is_empty() && sent.trim_ascii() == sent, "{bytes:?}");
    }
}
