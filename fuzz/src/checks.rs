//! Promises that several targets ask about.

use std::collections::HashSet;
use std::path::{Component, Path};

use larder::error::Cause;
use larder::hub::RemoteFile;
use larder::repo::RepoPath;

/// The first lines of an input, as text, and all that follows.
pub fn lines<const N: usize>(data: &[u8]) -> Option<([&str; N], &[u8])> {
    let mut found = [""; N];
    let mut rest = data;
    for line in &mut found {
        let end = rest.iter().position(|byte| *byte == b'\n');
        let (text, after) = match end {
            Some(end) => (&rest[..end], &rest[end + 1..]),
            None => (rest, &rest[rest.len()..]),
        };
        *line = std::str::from_utf8(text).ok()?;
        rest = after;
    }
    Some((found, rest))
}

/// Header lines up to an empty one, and the body after it.
pub fn head(data: &[u8]) -> (Vec<(&str, &[u8])>, &[u8]) {
    let (mut pairs, mut rest) = (Vec::new(), data);
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n');
        let (line, after) = match end {
            Some(end) => (&rest[..end], &rest[end + 1..]),
            None => (rest, &rest[rest.len()..]),
        };
        rest = after;
        if line.is_empty() {
            break;
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let pair = colon.map(|at| {
            (
                std::str::from_utf8(&line[..at]),
                line[at + 1..].trim_ascii(),
            )
        });
        match pair {
            Some((Ok(name), value)) if is_header(name, value) => pairs.push((name, value)),
            _ => {}
        }
    }
    (pairs, rest)
}

/// Others do not come through the reading of HTTP.
fn is_header(name: &str, value: &[u8]) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let is_visible = |byte: &u8| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f);
    !name.is_empty() && name.bytes().all(is_token) && value.iter().all(is_visible)
}

/// Fit for a terminal: one line, no escape sequence, and not a page.
pub fn is_fit_to_show(text: &str) {
    let odd = text.chars().find(|c| {
        c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
    });
    assert_eq!(odd, None, "{text:?}");
    assert!(text.len() < 40_000, "{} bytes: {text:.200}", text.len());
}

/// What an error says and advises.
pub fn is_cause_fit_to_show(cause: &Cause) {
    assert!(!matches!(cause, Cause::Bug(_)), "{cause}");
    is_fit_to_show(&cause.to_string());
    // Hints are cleaned where they are printed; what stands in them must be short all the same.
    assert!(cause.hint().unwrap_or_default().len() < 40_000, "{cause}");
}

/// Joined to a folder it stays in it, and names a file there.
pub fn is_safe_path(path: &RepoPath) {
    let root = Path::new("/some/root");
    let joined = root.join(path.as_str());
    let below = joined.strip_prefix(root).expect("it left the folder");
    let names: Vec<&str> = below
        .components()
        .map(|component| match component {
            Component::Normal(name) => name.to_str().expect("it was text"),
            other => panic!("{other:?} in {path:?}"),
        })
        .collect();
    assert_eq!(names, path.segments().collect::<Vec<_>>(), "{path:?}");
    for name in names {
        assert!((1..=255).contains(&name.len()), "{path:?}");
        assert!(!name.contains(['\0', '\\', '\u{1b}']), "{path:?}");
        assert!(!name.eq_ignore_ascii_case(".git"), "{path:?}");
    }
    assert_eq!(RepoPath::parse(path.as_str()).as_ref(), Ok(path));
    is_fit_to_show(&path.to_string());
}

/// Everything that a listing promises, by the plainest way to find out.
pub fn is_sound_listing(files: &[RemoteFile]) {
    let paths: HashSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths.len(), files.len(), "two files of one name");
    assert!(files.is_sorted_by(|a, b| a.path < b.path));
    let total: u128 = files.iter().map(|file| u128::from(file.len)).sum();
    assert!(total <= 1 << 60, "{total} bytes");
    for file in files {
        is_safe_path(&file.path);
        assert!(file.len <= 1 << 53, "{file:?}");
        let etag = file.etag();
        assert!(matches!(etag.len(), 40 | 64), "{etag}");
        assert!(etag.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')));
        let mut folder = file.path.as_str();
        while let Some((outer, _)) = folder.rsplit_once('/') {
            assert!(!paths.contains(outer), "{outer} is a file and a folder");
            folder = outer;
        }
    }
}
