//! Pasted page and file URLs of Hugging Face and of the endpoints in use, with or without scheme;
//! what a path on ModelScope means is in `modelscope`.
//!
//! Query and fragment are dropped, and so are user and password: they never reach a message. A page
//! that shows no files (discussions, settings, an organisation's list) is refused, not guessed at.

use ::url::Url;

use super::sites::authority_of;
use super::uri::{decode, entry, take_revision};
use super::{Reference, Sites, modelscope, parse_repo, parse_short, refuse, split_kind};
use crate::error::Cause;
use crate::repo::HubName;

/// Segments between a repo's id and a revision.
const ROUTES: [&str; 5] = ["tree", "blob", "resolve", "raw", "blame"];

/// First segments of pages that belong to the site, not to a repo.
const SITE_PAGES: [&str; 15] = [
    "api",
    "blog",
    "chat",
    "docs",
    "enterprise",
    "join",
    "learn",
    "login",
    "new",
    "organizations",
    "papers",
    "posts",
    "pricing",
    "settings",
    "tasks",
];

/// The text as a URL, when it is one.
pub(super) fn recognise(text: &str, sites: &Sites<'_>) -> Result<Option<Url>, Cause> {
    let has_scheme = text
        .split_once("://")
        .filter(|(scheme, _)| is_scheme(scheme));
    if has_scheme.is_some() && text.contains(char::is_control) {
        return Err(refuse::usage(
            "the URL has control characters in it",
            refuse::SHAPE,
        ));
    }
    let url = match has_scheme {
        Some((scheme, _)) if is_web(scheme) => Url::parse(text),
        Some((scheme, _)) => return Err(refuse::scheme(scheme)),
        None => {
            let authority = text.split(['/', '?', '#']).next().unwrap_or_default();
            if !sites.has_host(authority) {
                return Ok(None);
            }
            Url::parse(&format!("https://{text}"))
        }
    };
    url.map(Some)
        .map_err(|error| refuse::usage(format!("not a URL: {error}"), refuse::SHAPE))
}

/// The reference that a page URL stands for.
pub(super) fn parse(url: &Url, sites: &Sites<'_>) -> Result<Reference, Cause> {
    let (hub, path) = sites
        .page(url)
        .ok_or_else(|| refuse::host(&authority_of(url)))?;
    match hub {
        HubName::HuggingFace => on_huggingface(path, sites),
        HubName::ModelScope => modelscope::parse(url, path, sites),
    }
}

fn on_huggingface(path: &str, sites: &Sites<'_>) -> Result<Reference, Cause> {
    const HUB: HubName = HubName::HuggingFace;
    let path = path.trim_matches('/');
    let first = path.split('/').next().unwrap_or_default();
    if path.is_empty() || SITE_PAGES.contains(&first) {
        return Err(refuse::page(path));
    }
    let (kind, rest) = split_kind(path)?;
    let segments: Vec<&str> = rest.split('/').filter(|s| !s.is_empty()).collect();
    // A repo without owner has its route one segment earlier.
    let id_len = match segments.as_slice() {
        [_, route, _, ..] if ROUTES.contains(route) => 1,
        all => all.len().min(2),
    };
    let (id, location) = segments.split_at(id_len);
    let id = decode(&id.join("/"))?;
    match location {
        [] => parse_short(HUB, kind, &id, sites),
        [route] if ROUTES.contains(route) => Ok(Reference::new(
            HUB,
            parse_repo(HUB, kind, &id, sites)?,
            None,
        )),
        [route, location @ ..] if ROUTES.contains(route) => {
            let repo = parse_repo(HUB, kind, &id, sites)?;
            let (revision, path) = take_revision(location)?;
            let path = entry(&decode(&path.join("/"))?, *route == "tree")?;
            Ok(Reference {
                path,
                ..Reference::new(HUB, repo, Some(revision))
            })
        }
        [page, ..] => Err(refuse::page(&decode(page)?)),
    }
}

fn is_web(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

fn is_scheme(text: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    !text.is_empty() && text.chars().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDPOINT: &str = "http://127.0.0.1:8080/hf";

    fn spelled(text: &str) -> String {
        let reference = Reference::parse(text, &Url::parse(ENDPOINT).unwrap());
        reference
            .unwrap_or_else(|cause| panic!("{text}: {cause}"))
            .to_string()
    }

    fn words(text: &str) -> String {
        let result = Reference::parse(text, &Url::parse(ENDPOINT).unwrap());
        result
            .map(|reference| panic!("{text} was read as {reference}"))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn pages_of_repos() {
        let table = [
            ("https://huggingface.co/Qwen/Qwen3-8B", "Qwen/Qwen3-8B"),
            ("http://www.huggingface.co/Qwen/Qwen3-8B/", "Qwen/Qwen3-8B"),
            (
                "HTTPS://HF.co/Qwen/Qwen3-8B?library=vllm#usage",
                "Qwen/Qwen3-8B",
            ),
            ("huggingface.co/Qwen/Qwen3-8B", "Qwen/Qwen3-8B"),
            ("hf.co/bartowski/X-GGUF:Q4_K_M", "bartowski/X-GGUF:Q4_K_M"),
            ("https://huggingface.co/gpt2", "gpt2"),
            ("https://huggingface.co/datasets/squad", "datasets/squad"),
            ("https://me:hf_secret@huggingface.co/org/name", "org/name"),
            ("https://hf.co/org/name/tree", "org/name"),
            ("https://hf.co/org/name/tree/main", "org/name@main"),
            (
                "https://hf.co/org/name/tree/refs%2Fpr%2F7",
                "org/name@refs/pr/7",
            ),
            (
                "https://hf.co/org/name/tree/refs/pr/7",
                "org/name@refs/pr/7",
            ),
            ("https://hf.co/gpt2/tree/main", "gpt2@main"),
            (ENDPOINT_PAGE, "org/name@main"),
            ("127.0.0.1:8080/hf/org/name", "org/name"),
        ];
        for (text, want) in table {
            assert_eq!(spelled(text), want, "{text}");
        }
    }

    const ENDPOINT_PAGE: &str = "http://127.0.0.1:8080/hf/org/name/tree/main/";

    #[test]
    fn pages_of_files_and_folders() {
        let table = [
            (
                "https://hf.co/o/n/blob/main/config.json?x#L1",
                "hf://o/n@main/config.json",
            ),
            (
                "https://hf.co/o/n/resolve/v1/a/b.bin?download=true",
                "hf://o/n@v1/a/b.bin",
            ),
            (
                "https://hf.co/o/n/raw/f%2Fg/%C3%A9%20%23.txt",
                "hf://o/n@f%2Fg/é #.txt",
            ),
            ("https://hf.co/o/n/tree/main/onnx", "hf://o/n@main/onnx/"),
            ("https://hf.co/o/n/blob/refs/pr/1/x", "hf://o/n@refs/pr/1/x"),
            (
                "https://hf.co/datasets/o/d/tree/refs%2Fconvert%2Fparquet/default",
                "hf://datasets/o/d@refs/convert/parquet/default/",
            ),
            (
                "https://hf.co/datasets/o/d/tree/refs/convert/parquet/default",
                "hf://datasets/o/d@refs/convert/parquet/default/",
            ),
            (
                "hf.co/gpt2/resolve/main/x",
                "https://huggingface.co/gpt2/blob/main/x",
            ),
        ];
        for (text, want) in table {
            assert_eq!(spelled(text), want, "{text}");
        }
    }

    #[test]
    fn what_shows_no_files_is_refused() {
        let table = [
            ("https://huggingface.co", "names no repo"),
            ("hf.co/", "names no repo"),
            (
                "https://huggingface.co/models?search=x",
                "alone names no repo",
            ),
            ("https://huggingface.co/docs/hub", "points at `docs/hub`"),
            (
                "https://huggingface.co/api/models/o/n",
                "points at `api/models/o/n`",
            ),
            (
                "https://huggingface.co/o/n/discussions/3",
                "points at `discussions`",
            ),
            ("https://huggingface.co/spaces/o/app", "not spaces"),
            (
                "https://huggingface.co/collections/o/x-1",
                "not collections",
            ),
            (
                "https://huggingface.co/o/n/tree/refs/heads/main",
                "only `refs/pr/N`",
            ),
            (
                "https://huggingface.co/o/n/blob/main/%2e%2e%2fx",
                "not the path of a file",
            ),
            ("https://huggingface.co/o/n/blob/main/%ff", "not UTF-8"),
            ("https://huggingface.co/o/na\nme", "control characters"),
            ("https://modelscope.cn/studios/o/n", "points at `studios`"),
            ("https://example.com/o/n", "`example.com` is not a hub"),
            ("https://huggingface.co:8443/o/n", "is not a hub"),
            ("http://127.0.0.1:8080/o/n", "`127.0.0.1:8080` is not a hub"),
            ("s3://bucket/key", "`s3://` URLs"),
            ("file:///models/x", "`file://` URLs"),
        ];
        for (text, part) in table {
            let words = words(text);
            assert!(words.contains(part), "{text}: {words}");
        }
    }

    #[test]
    fn secrets_of_a_url_are_not_repeated() {
        for text in [
            "https://me:hf_secret@example.com/o/n?sig=hf_secret",
            "https://me:hf_secret@hf.co/o/n/discussions?x=hf_secret#hf_secret",
        ] {
            assert!(!words(text).contains("hf_secret"), "{text}");
        }
    }
}
