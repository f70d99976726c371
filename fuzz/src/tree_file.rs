//! The listings that other clients leave in the Hugging Face cache. The input is such a file.

use larder::probe;

use super::checks::is_sound_listing;

pub fn run(data: &[u8]) {
    let Some(files) = probe::cache_tree(data) else {
        return;
    };
    is_sound_listing(&files);
    let text = probe::cache_tree_text(&files).expect("every row has a git id");
    assert!(text.is_ascii());
    assert_eq!(probe::cache_tree(text.as_bytes()), Some(files));
}
