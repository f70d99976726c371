//! ModelScope's URLs (`modelscope_hub`: `_legacy_api.LegacyClient`).
//!
//! Values of queries are form-encoded, slashes included, as the official client sends them.

use url::Url;

use crate::hub::wire::Endpoint;
use crate::redact::SafeUrl;
use crate::repo::{RepoId, RepoKind, RepoPath};

/// The endpoint when none is configured.
pub const DEFAULT_ENDPOINT: &str = "https://modelscope.cn";

/// The endpoint of the international site, which has accounts and repos of its own.
pub const INTERNATIONAL_ENDPOINT: &str = "https://www.modelscope.ai";

/// Rows that a page of a dataset's listing is asked for.
pub(super) const PAGE_ROWS: usize = 200;

/// The URLs of one site.
#[derive(Clone, Debug)]
pub(super) struct Urls(pub(super) Endpoint);

impl Urls {
    /// `E/api/v1/T/R/commits?Ref={rev}`: which commit a name means.
    pub(super) fn commits(&self, repo: &RepoId, revision: &str) -> Url {
        let query = [("Ref", revision), ("PageNumber", "1"), ("PageSize", "1")];
        self.api(repo, "/commits", &query)
    }

    /// `E/api/v1/models/R/repo/files?…`: what a folder of a model has.
    pub(super) fn files(
        &self,
        repo: &RepoId,
        revision: &str,
        root: Option<&RepoPath>,
        is_recursive: bool,
    ) -> Url {
        let recursive = if is_recursive { "True" } else { "False" };
        let mut query = vec![("Revision", revision), ("Recursive", recursive)];
        query.extend(root.map(|root| ("Root", root.as_str())));
        self.api(repo, "/repo/files", &query)
    }

    /// `E/api/v1/datasets/R/repo/tree?…`: a page of a dataset's listing, counted from 1.
    pub(super) fn tree(&self, repo: &RepoId, revision: &str, page: usize) -> Url {
        let (page, rows) = (page.to_string(), PAGE_ROWS.to_string());
        let query = [
            ("Revision", revision),
            ("Recursive", "True"),
            ("PageNumber", &page),
            ("PageSize", &rows),
        ];
        self.api(repo, "/repo/tree", &query)
    }

    /// `E/api/v1/T/R/repo?Revision&FilePath`: the bytes of a file.
    pub(super) fn file(&self, repo: &RepoId, revision: &str, path: &RepoPath) -> Url {
        let query = [("Revision", revision), ("FilePath", path.as_str())];
        self.api(repo, "/repo", &query)
    }

    /// The page of a repo, for people.
    pub(super) fn page(&self, repo: &RepoId) -> SafeUrl {
        let path = format!("{}/{}", repo.kind().plural(), repo.id());
        SafeUrl::from(&self.0.at(&path))
    }

    fn api(&self, repo: &RepoId, what: &str, query: &[(&str, &str)]) -> Url {
        let path = format!("api/v1/{}/{}{what}", repo.kind().plural(), repo.id());
        let mut url = self.0.at(&path);
        url.query_pairs_mut().extend_pairs(query);
        url
    }
}

/// Whether a dataset's listing comes by pages; a model's comes in one answer.
pub(super) fn is_paged(kind: RepoKind) -> bool {
    kind == RepoKind::Dataset
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls() -> Urls {
        Urls(Endpoint::parse("https://m.example/prefix/").unwrap())
    }

    fn repo(kind: RepoKind) -> RepoId {
        RepoId::parse(kind, "acme/tiny.x").unwrap()
    }

    #[test]
    fn values_of_queries_are_encoded() {
        let file = |path: &str| {
            let path = RepoPath::parse(path).unwrap();
            let url = urls().file(&repo(RepoKind::Model), "feat/x", &path);
            url.as_str()
                .rsplit_once("FilePath=")
                .map(|(_, value)| value.to_owned())
        };
        let table = [
            (
                "sub dir/näme #1+%.txt",
                "sub+dir%2Fn%C3%A4me+%231%2B%25.txt",
            ),
            ("中文.txt", "%E4%B8%AD%E6%96%87.txt"),
            ("a&b=c?.txt", "a%26b%3Dc%3F.txt"),
        ];
        for (path, want) in table {
            assert_eq!(file(path).as_deref(), Some(want));
        }
    }

    #[test]
    fn calls() {
        let (model, data) = (repo(RepoKind::Model), repo(RepoKind::Dataset));
        let base = "https://m.example/prefix/api/v1";
        let commits = urls().commits(&model, "feat/x");
        assert_eq!(
            commits.as_str(),
            format!("{base}/models/acme/tiny.x/commits?Ref=feat%2Fx&PageNumber=1&PageSize=1")
        );
        let root = RepoPath::parse("a/b").unwrap();
        let files = urls().files(&model, "v", Some(&root), false);
        assert_eq!(
            files.as_str(),
            format!("{base}/models/acme/tiny.x/repo/files?Revision=v&Recursive=False&Root=a%2Fb")
        );
        let tree = urls().tree(&data, "v", 2);
        assert_eq!(
            tree.as_str(),
            format!(
                "{base}/datasets/acme/tiny.x/repo/tree?Revision=v&Recursive=True&PageNumber=2&PageSize=200"
            )
        );
        assert_eq!(
            urls().page(&data).as_str(),
            "https://m.example/prefix/datasets/acme/tiny.x"
        );
    }
}
