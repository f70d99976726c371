//! What a hub says a revision is. First line: the revision asked for; the rest: the body.

use larder::probe;
use larder::repo::{RepoId, RepoKind, Revision};
use serde_json::Value;

use super::checks::{is_fit_to_show, lines};

pub fn run(data: &[u8]) {
    let Some(([asked], body)) = lines(data) else {
        return;
    };
    let Ok(asked) = Revision::parse(asked) else {
        return;
    };
    let repo = RepoId::parse(RepoKind::Model, "acme/tiny").unwrap();
    let found = match probe::revision(&repo, &asked, body) {
        Ok(found) => found,
        Err(what) => return is_fit_to_show(&what),
    };
    // Read in another way, which does not go as deep, it says the same.
    if let Ok(json) = serde_json::from_slice::<Value>(body) {
        assert_eq!(json["sha"].as_str(), Some(found.commit.as_str()));
        assert_eq!(json["id"].as_str(), found.canonical.as_deref());
    }
    assert_eq!(found.commit.as_str().len(), 40);
    if let Some(commit) = asked.as_commit() {
        assert_eq!(commit, found.commit, "another commit than asked for");
    }
    if let Some(id) = &found.canonical {
        assert!(RepoId::parse(RepoKind::Model, id).is_ok(), "{id}");
    }
}
