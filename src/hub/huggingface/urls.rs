//! The Hub's URLs (`file_download.hf_hub_url`, `hf_api._iter_repo_tree_pages`).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use crate::hub::wire::Endpoint;
use crate::redact::SafeUrl;
use crate::repo::{Commit, RepoId, RepoKind, RepoPath};

/// The endpoint when none is configured.
pub const DEFAULT_ENDPOINT: &str = "https://huggingface.co";

/// Everything but RFC 3986's unreserved characters is encoded in a single segment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// In a file's path the slashes stay.
const PATH: &AsciiSet = &SEGMENT.remove(b'/');

impl Endpoint {
    /// `E/api/T/R/revision/{rev}`.
    pub(super) fn revision(&self, repo: &RepoId, revision: &str) -> Url {
        let revision = utf8_percent_encode(revision, SEGMENT);
        self.at(&format!(
            "api/{}/{}/revision/{revision}",
            repo.kind().plural(),
            repo.id()
        ))
    }

    /// `E/api/T/R/tree/{commit}?recursive=true&expand=false`.
    pub(super) fn tree(&self, repo: &RepoId, commit: &Commit) -> Url {
        let mut url = self.at(&format!(
            "api/{}/{}/tree/{commit}",
            repo.kind().plural(),
            repo.id()
        ));
        url.set_query(Some("recursive=true&expand=false"));
        url
    }

    /// `E/{prefix}R/resolve/{commit}/{path}`.
    pub(super) fn resolve(&self, repo: &RepoId, commit: &Commit, path: &RepoPath) -> Url {
        let path = utf8_percent_encode(path.as_str(), PATH);
        self.at(&format!(
            "{}{}/resolve/{commit}/{path}",
            prefix(repo.kind()),
            repo.id()
        ))
    }

    /// The page of a repo, for people.
    pub(super) fn page(&self, repo: &RepoId) -> SafeUrl {
        SafeUrl::from(&self.at(&format!("{}{}", prefix(repo.kind()), repo.id())))
    }

    /// A link that the server gave, led back to this endpoint if it is one of the default hub's:
    /// mirrors pass those on (`utils._http.fix_hf_endpoint_in_url`).
    pub(super) fn adopted(&self, link: Url) -> Url {
        let is_default = link.as_str().starts_with(&format!("{DEFAULT_ENDPOINT}/"));
        if !is_default || self.url().as_str().trim_end_matches('/') == DEFAULT_ENDPOINT {
            return link;
        }
        let mut url = self.at(link.path().trim_start_matches('/'));
        url.set_query(link.query());
        url
    }
}

/// What stands before a repo's id in the URLs of its files and pages.
fn prefix(kind: RepoKind) -> &'static str {
    match kind {
        RepoKind::Model => "",
        RepoKind::Dataset => "datasets/",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "5f3c0e1d2b4a69788796a5b4c3d2e1f00f1e2d3c";

    fn repo(kind: RepoKind, id: &str) -> RepoId {
        RepoId::parse(kind, id).unwrap()
    }

    fn resolve(endpoint: &str, path: &str) -> String {
        let (endpoint, path) = (
            Endpoint::parse(endpoint).unwrap(),
            RepoPath::parse(path).unwrap(),
        );
        let commit = Commit::parse(COMMIT).unwrap();
        endpoint
            .resolve(&repo(RepoKind::Model, "gpt2"), &commit, &path)
            .to_string()
    }

    #[test]
    fn paths_are_encoded_but_for_slashes() {
        let start = format!("{DEFAULT_ENDPOINT}/gpt2/resolve/{COMMIT}");
        assert_eq!(
            resolve(DEFAULT_ENDPOINT, "a b/c#d%e?é+&.txt"),
            format!("{start}/a%20b/c%23d%25e%3F%C3%A9%2B%26.txt")
        );
        assert_eq!(
            resolve(DEFAULT_ENDPOINT, "%2e%2e/x"),
            format!("{start}/%252e%252e/x")
        );
        assert_eq!(
            resolve(DEFAULT_ENDPOINT, "e\u{301}"),
            format!("{start}/e%CC%81")
        );
        let mirror = format!("https://m.example/hf/gpt2/resolve/{COMMIT}/x");
        assert_eq!(resolve("https://m.example/hf/", "x"), mirror);
    }

    #[test]
    fn revisions_are_one_segment() {
        let endpoint = Endpoint::parse("http://h:1").unwrap();
        let url = |kind, rev| endpoint.revision(&repo(kind, "o/n"), rev).to_string();
        assert_eq!(
            url(RepoKind::Model, "refs/pr/1"),
            "http://h:1/api/models/o/n/revision/refs%2Fpr%2F1"
        );
        assert_eq!(
            url(RepoKind::Dataset, "a+b"),
            "http://h:1/api/datasets/o/n/revision/a%2Bb"
        );
    }

    #[test]
    fn pages_and_trees() {
        let endpoint = Endpoint::parse(DEFAULT_ENDPOINT).unwrap();
        let data = repo(RepoKind::Dataset, "o/n");
        assert_eq!(
            endpoint.page(&data).as_str(),
            "https://huggingface.co/datasets/o/n"
        );
        let tree = endpoint.tree(&data, &Commit::parse(COMMIT).unwrap());
        let want = format!("/api/datasets/o/n/tree/{COMMIT}?recursive=true&expand=false");
        assert_eq!(tree.as_str(), format!("{DEFAULT_ENDPOINT}{want}"));
    }

    #[test]
    fn a_mirror_gets_the_default_hubs_links() {
        let link = || Url::parse("https://huggingface.co/api/x?cursor=a").unwrap();
        let mirror = Endpoint::parse("https://m.example/hf").unwrap();
        assert_eq!(
            mirror.adopted(link()).as_str(),
            "https://m.example/hf/api/x?cursor=a"
        );
        assert_eq!(
            Endpoint::parse(DEFAULT_ENDPOINT).unwrap().adopted(link()),
            link()
        );
        let other = Url::parse("https://huggingface.co.evil.example/api").unwrap();
        assert_eq!(mirror.adopted(other.clone()), other);
    }
}
