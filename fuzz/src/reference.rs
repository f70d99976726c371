//! What a user types. The whole input is the text.

use larder::reference::{Entry, Reference};
use larder::repo::{RepoId, Revision};
use url::Url;

use super::checks::{is_cause_fit_to_show, is_safe_path};

const ENDPOINTS: [&str; 3] = [
    "https://huggingface.co",
    "http://127.0.0.1:8080/hf",
    "https://mirror.example:8443",
];

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    for endpoint in ENDPOINTS {
        let endpoint = Url::parse(endpoint).unwrap();
        match Reference::parse(text, &endpoint) {
            Ok(reference) => is_sound(&reference, &endpoint),
            Err(cause) => {
                assert_eq!(cause.kind().exit_code(), 2, "{cause}");
                is_cause_fit_to_show(&cause);
            }
        }
    }
}

fn is_sound(reference: &Reference, endpoint: &Url) {
    let spelled = reference.to_string();
    let again = Reference::parse(&spelled, endpoint);
    assert_eq!(again.as_ref().ok(), Some(reference), "{spelled}: {again:?}");

    let repo = &reference.repo;
    assert_eq!(RepoId::parse(repo.kind(), &repo.id()).as_ref(), Ok(repo));
    if let Some(revision) = &reference.revision {
        assert_eq!(Revision::parse(revision.as_str()).as_ref(), Ok(revision));
    }
    if let Some(Entry::File(path) | Entry::Folder(path)) = &reference.path {
        is_safe_path(path);
    }
    assert!(reference.quant.is_none() || reference.path.is_none());
}
