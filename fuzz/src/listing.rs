//! The pages of a hub's listing, separated by lines of `---`.

use larder::probe;

use super::checks::{is_cause_fit_to_show, is_fit_to_show, is_sound_listing};
use super::manifest::survives;

pub fn run(data: &[u8]) {
    let files = match probe::listing(pages(data)) {
        Ok(Ok(files)) => files,
        Ok(Err(what)) => return is_fit_to_show(&what),
        Err(cause) => {
            assert_eq!(cause.kind().exit_code(), 6, "{cause}");
            return is_cause_fit_to_show(&cause);
        }
    };
    is_sound_listing(&files);
    // What was taken from a hub is what the next pull finds on the disk.
    let text = probe::cache_tree_text(&files).expect("every row has a git id");
    assert_eq!(
        probe::cache_tree(text.as_bytes()).as_ref(),
        Some(&files),
        "{text}"
    );
    survives(&files);
}

pub fn pages(data: &[u8]) -> Vec<&[u8]> {
    const BREAK: &[u8] = b"\n---\n";
    let (mut pages, mut rest) = (Vec::new(), data);
    while let Some(at) = rest.windows(BREAK.len()).position(|five| five == BREAK) {
        pages.push(&rest[..at]);
        rest = &rest[at + BREAK.len()..];
    }
    pages.push(rest);
    pages
}
