//! The answers of a listing of ModelScope, separated by lines of `---`; the first line says whether
//! they are pages of a dataset (`pages`) or folders of a model.

use larder::probe;

use super::checks::{is_cause_fit_to_show, is_fit_to_show, is_sound_listing, lines};
use super::listing::pages;
use super::manifest::survives;

pub fn run(data: &[u8]) {
    let Some(([form], answers)) = lines(data) else {
        return;
    };
    match probe::modelscope_listing(form == "pages", pages(answers)) {
        Ok(Ok(files)) => {
            is_sound_listing(&files);
            for file in &files {
                assert!(file.digest.sha256().is_some(), "{file:?}");
            }
            // What was taken from a hub is what the next pull finds on the disk.
            survives(&files);
        }
        Ok(Err(what)) => is_fit_to_show(&what),
        Err(cause) => {
            assert!(matches!(cause.kind().exit_code(), 5 | 6), "{cause}");
            is_cause_fit_to_show(&cause);
        }
    }
}
