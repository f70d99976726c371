//! Pasted page and file URLs of ModelScope: `models/o/n`, `…/files`, `…/file/view/REV/PATH`,
//! `…/resolve/REV/PATH`, `…/tree/REV/PATH`; for datasets likewise.

use ::url::Url;

use super::sites::authority_of;
use super::uri::{decode, entry};
use super::{Entry, Reference, Sites, parse_repo, parse_revision, refuse};
use crate::error::Cause;
use crate::repo::{HubName, RepoKind};

/// Tabs of a repo's page that show the repo as a whole.
const TABS: [&str; 4] = ["summary", "files", "quickstart", "feedback"];

/// Whether `text` is a URL of the international site, which has repos and accounts of its own.
pub fn is_international(text: &str) -> bool {
    let text = text.trim_ascii();
    // As it is read where its repo is taken from it: a user or the usual port is no other host.
    let url = if text.contains("://") {
        Url::parse(text)
    } else {
        Url::parse(&format!("https://{text}"))
    };
    let hosts = ["modelscope.ai", "www.modelscope.ai"];
    url.is_ok_and(|url| hosts.contains(&authority_of(&url).as_str()))
}

/// The reference that a page stands for; `path` is that of `url` on its hub.
pub(super) fn parse(url: &Url, path: &str, sites: &Sites<'_>) -> Result<Reference, Cause> {
    let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    let (kind, owner, name, location) = match segments.as_slice() {
        ["models", owner, name, location @ ..] => (RepoKind::Model, owner, name, location),
        ["datasets", owner, name, location @ ..] => (RepoKind::Dataset, owner, name, location),
        [page, ..] => return Err(refuse::page(&decode(page)?)),
        [] => return Err(refuse::page("")),
    };
    let id = decode(&format!("{owner}/{name}"))?;
    let repo = parse_repo(HubName::ModelScope, kind, &id, sites)?;
    let whole = |revision| Reference::new(HubName::ModelScope, repo.clone(), revision);
    let (revision, path, is_folder) = match location {
        [] => return Ok(whole(None)),
        [tab] if TABS.contains(tab) => return Ok(whole(None)),
        ["file", "view", revision, path @ ..] | ["resolve", revision, path @ ..] => {
            (revision, path, false)
        }
        ["tree", revision, path @ ..] => (revision, path, true),
        [page, ..] => return Err(refuse::page(&decode(page)?)),
    };
    let path = match path {
        [] => named_in_query(url).unwrap_or_default(),
        path => decode(&path.join("/"))?,
    };
    let revision = parse_revision(&decode(revision)?)?;
    Ok(Reference {
        path: entry(&path, is_folder)?,
        ..whole(Some(revision))
    })
}

/// Older pages of a file name it in the query.
fn named_in_query(url: &Url) -> Option<String> {
    let mut pairs = url.query_pairs();
    let named = pairs.find(|(name, _)| name == "fileName")?;
    Some(named.1.into_owned())
}

/// The page of an entry, on the site that the reference does not name.
pub(super) fn route(entry: &Entry) -> &'static str {
    match entry {
        Entry::File(_) => "resolve",
        Entry::Folder(_) => "tree",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Reference, Cause> {
        let huggingface = Url::parse("https://huggingface.co").unwrap();
        Reference::parse(text, &huggingface)
    }

    #[test]
    fn pages() {
        let table = [
            (
                "https://modelscope.cn/models/Qwen/Qwen3-8B",
                "ms:Qwen/Qwen3-8B",
            ),
            ("www.modelscope.cn/models/a/b/files", "ms:a/b"),
            ("https://www.modelscope.ai/models/a/b/summary", "ms:a/b"),
            ("https://modelscope.cn/datasets/a/b", "ms:datasets/a/b"),
            (
                "https://modelscope.cn/models/a/b/file/view/master/x%20y/c.json?status=1",
                "https://modelscope.cn/models/a/b/resolve/master/x%20y/c.json",
            ),
            (
                "https://modelscope.cn/models/a/b/file/view/master?fileName=c.json&status=1",
                "https://modelscope.cn/models/a/b/resolve/master/c.json",
            ),
            (
                "https://modelscope.cn/datasets/a/b/tree/feat%2Fx/sub",
                "https://modelscope.cn/datasets/a/b/tree/feat%2Fx/sub",
            ),
            ("https://modelscope.cn/models/a/b/resolve/v1", "ms:a/b@v1"),
        ];
        for (text, want) in table {
            let reference = parse(text).unwrap_or_else(|cause| panic!("{text}: {cause}"));
            assert_eq!(reference.to_string(), want, "{text}");
            assert_eq!(parse(want).unwrap(), reference, "{want}");
        }
    }

    #[test]
    fn pages_without_a_repo() {
        for text in [
            "https://modelscope.cn",
            "https://modelscope.cn/models",
            "https://modelscope.cn/models/a",
            "https://modelscope.cn/studios/a/b",
            "https://modelscope.cn/models/a/b/settings/x",
            "https://modelscope.cn/models/a/b/resolve/v1/../x/..%2Fy",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_international_site() {
        for text in [
            "https://www.modelscope.ai/models/a/b",
            "ModelScope.ai/models/a/b",
            "https://www.modelscope.ai:443/models/a/b",
            "https://u@www.modelscope.ai/models/a/b",
            "https://u:p@WWW.modelscope.ai:443/models/a/b",
        ] {
            assert!(is_international(text), "{text}");
        }
        for text in [
            "https://modelscope.cn/models/a/b",
            "ms:a/b",
            "modelscope.ai.evil/x",
            "https://www.modelscope.ai@modelscope.cn/models/a/b",
        ] {
            assert!(!is_international(text), "{text}");
        }
    }
}
