//! What a user types → a [`Reference`]. No IO.
//!
//! A text is read in exactly one way or refused: text that means something elsewhere (a path on
//! this machine, another hub, a space) gets words of its own, so that nobody waits for a download
//! of the wrong thing. Three spellings are understood, one file each: the short one here, `hf://`
//! URIs in `uri`, pasted page URLs in `url` (those of ModelScope in `modelscope`).

use ::url::Url;

use crate::error::Cause;
use crate::redact::clean_short;
use crate::repo::{HubName, RepoId, RepoKind, RepoPath, Revision};

mod display;
mod modelscope;
mod refuse;
mod sites;
mod uri;
mod url;

pub use self::modelscope::is_international;
pub use self::sites::Sites;

/// A model or dataset as a user names it: `[hub:]owner/name[@revision][:quant]`, or a pasted URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The hub it is on.
    pub hub: HubName,
    /// The repo.
    pub repo: RepoId,
    /// The revision, when one was given.
    pub revision: Option<Revision>,
    /// A GGUF quantisation, when one was given. Never together with a path.
    pub quant: Option<String>,
    /// The file or folder that a pasted URL points at.
    pub path: Option<Entry>,
}

/// A file or a folder of a repo, as a URL points at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A file; also what an `hf://` path without a trailing slash names, which may be a folder.
    File(RepoPath),
    /// A folder.
    Folder(RepoPath),
}

impl Entry {
    /// The name that selects it: a folder has a trailing slash.
    pub fn to_name(&self) -> String {
        match self {
            Self::File(path) => path.as_str().to_owned(),
            Self::Folder(path) => format!("{}/", path.as_str()),
        }
    }
}

impl Reference {
    /// The revision, or the hub's usual branch.
    pub fn revision_or_default(&self) -> Revision {
        let default = || self.hub.default_revision();
        self.revision.clone().unwrap_or_else(default)
    }

    /// Parses what a user typed, where Hugging Face at `endpoint` is the usual hub.
    ///
    /// # Errors
    /// As [`Self::parse_on`].
    pub fn parse(text: &str, endpoint: &Url) -> Result<Self, Cause> {
        Self::parse_on(text, &Sites::of_huggingface(endpoint))
    }

    /// Parses what a user typed. The page URLs of the hubs at `sites` are understood too.
    ///
    /// # Errors
    /// Says what is wrong and what a reference looks like.
    pub fn parse_on(text: &str, sites: &Sites<'_>) -> Result<Self, Cause> {
        if let Some(rest) = strip_prefix_any_case(text.trim_ascii_start(), "hf://") {
            return uri::parse(rest, sites);
        }
        let text = text.trim_ascii();
        refuse::local_paths(text)?;
        if let Some(page) = url::recognise(text, sites)? {
            return url::parse(&page, sites);
        }
        let (hub, rest) = split_hub(text, sites.usual)?;
        let (kind, rest) = split_kind(rest)?;
        parse_short(hub, kind, rest, sites)
    }

    fn new(hub: HubName, repo: RepoId, revision: Option<Revision>) -> Self {
        Self {
            hub,
            repo,
            revision,
            quant: None,
            path: None,
        }
    }
}

/// Takes `hf:` or `ms:` off; refuses the name of any other hub.
fn split_hub(text: &str, usual: HubName) -> Result<(HubName, &str), Cause> {
    let spellings = [
        ("hf:", HubName::HuggingFace),
        ("ms:", HubName::ModelScope),
        ("modelscope:", HubName::ModelScope),
    ];
    let named = spellings
        .iter()
        .find_map(|(prefix, hub)| Some((*hub, strip_prefix_any_case(text, prefix)?)));
    match named {
        Some(named) => Ok(named),
        None => refuse::other_hubs(text).map(|()| (usual, text)),
    }
}

/// `owner/name[@revision][:quant]`, after the kind.
fn parse_short(
    hub: HubName,
    kind: RepoKind,
    text: &str,
    sites: &Sites<'_>,
) -> Result<Reference, Cause> {
    let (rest, quant) = split_at(text, ':');
    let (id, revision) = split_at(rest, '@');
    if quant.is_some_and(|quant| quant.contains('@')) {
        let hint = "write `owner/name@revision:quant`";
        return Err(refuse::usage(
            "the revision stands before the quantisation",
            hint,
        ));
    }
    let quant = quant.map(parse_quant).transpose()?;
    let revision = revision.map(parse_revision).transpose()?;
    let repo = parse_repo(hub, kind, id, sites)?;
    Ok(Reference {
        quant,
        ..Reference::new(hub, repo, revision)
    })
}

/// Takes `datasets/` or `models/` off; refuses what is neither.
fn split_kind(text: &str) -> Result<(RepoKind, &str), Cause> {
    let (first, rest) = text.split_once('/').unwrap_or((text, ""));
    match first {
        "datasets" | "models" if rest.is_empty() => {
            let hint = "write `datasets/owner/name`, or `owner/name` for a model";
            Err(refuse::usage(
                format!("`{first}` alone names no repo"),
                hint,
            ))
        }
        "datasets" => Ok((RepoKind::Dataset, rest)),
        "models" => Ok((RepoKind::Model, rest)),
        "spaces" | "collections" | "buckets" | "kernels" => Err(refuse::other_kind(first)),
        _ => Ok((RepoKind::Model, text)),
    }
}

fn parse_repo(hub: HubName, kind: RepoKind, id: &str, sites: &Sites<'_>) -> Result<RepoId, Cause> {
    if id.matches('/').count() > 1 {
        return Err(refuse::extra_segments(kind, id));
    }
    let repo = RepoId::parse(kind, id).map_err(|bad| refuse::bad_name(id, "a repo id", &bad))?;
    let first = repo.owner().unwrap_or(repo.name());
    if sites.has_host(first) {
        return Err(refuse::host_as_repo(first));
    }
    if hub == HubName::ModelScope && repo.owner().is_none() {
        return Err(refuse::without_owner(id));
    }
    Ok(repo)
}

fn parse_revision(text: &str) -> Result<Revision, Cause> {
    Revision::parse(text).map_err(|bad| refuse::bad_name(text, "a revision", &bad))
}

fn parse_quant(text: &str) -> Result<String, Cause> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if text.is_empty() || text.len() > 64 || !text.chars().all(is_allowed) {
        let why = format!("`{}` is not a quantisation", clean_short(text, 60));
        return Err(refuse::usage(why, refuse::SHAPE));
    }
    Ok(text.to_owned())
}

fn split_at(text: &str, mark: char) -> (&str, Option<&str>) {
    text.split_once(mark)
        .map_or((text, None), |(before, after)| (before, Some(after)))
}

fn strip_prefix_any_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    fn parse(text: &str) -> Result<Reference, Cause> {
        Reference::parse(text, &Url::parse("https://huggingface.co").unwrap())
    }

    /// Kind and id, revision, quantisation.
    fn parts(text: &str) -> (String, Option<String>, Option<String>) {
        let reference = parse(text).unwrap_or_else(|cause| panic!("{text}: {cause}"));
        assert_eq!(reference.path, None, "{text}");
        let revision = reference.revision.map(|revision| revision.to_string());
        (reference.repo.to_string(), revision, reference.quant)
    }

    fn words(text: &str) -> String {
        let cause = parse(text)
            .map(|reference| panic!("{text} was read as {reference}"))
            .unwrap_err();
        assert_eq!(cause.kind(), Kind::Usage);
        format!("{cause}; {}", cause.hint().unwrap_or_default())
    }

    #[test]
    fn the_short_spelling() {
        let table = [
            ("Qwen/Qwen3-8B", "Qwen/Qwen3-8B", None, None),
            ("  gpt2\n", "gpt2", None, None),
            ("hf:gpt2", "gpt2", None, None),
            ("HF:org/name@refs/pr/3", "org/name", Some("refs/pr/3"), None),
            ("org/name@feature/x", "org/name", Some("feature/x"), None),
            ("org/name@a@b:Q4", "org/name", Some("a@b"), Some("Q4")),
            (
                "bartowski/X-GGUF:Q4_K_M",
                "bartowski/X-GGUF",
                None,
                Some("Q4_K_M"),
            ),
            (
                "org/name@v1.0:UD-Q4_K_XL",
                "org/name",
                Some("v1.0"),
                Some("UD-Q4_K_XL"),
            ),
            ("hf:gpt2:Q4_0", "gpt2", None, Some("Q4_0")),
            ("gpt2@main:Q4_0", "gpt2", Some("main"), Some("Q4_0")),
            ("datasets/squad", "datasets/squad", None, None),
            ("datasets/org/d@v1", "datasets/org/d", Some("v1"), None),
            ("models/org/name", "org/name", None, None),
        ];
        for (text, repo, revision, quant) in table {
            let want = (
                repo.into(),
                revision.map(str::to_owned),
                quant.map(str::to_owned),
            );
            assert_eq!(parts(text), want, "{text}");
        }
    }

    #[test]
    fn the_hub_is_named_or_the_usual_one() {
        use HubName::{HuggingFace, ModelScope};
        let hub = |text: &str, usual| {
            let huggingface = Url::parse("https://huggingface.co").unwrap();
            let sites = Sites {
                usual,
                ..Sites::of_huggingface(&huggingface)
            };
            let reference = Reference::parse_on(text, &sites).unwrap();
            (reference.hub, reference.to_string())
        };
        for (text, usual, want, shown) in [
            ("a/b", HuggingFace, HuggingFace, "a/b"),
            ("a/b", ModelScope, ModelScope, "ms:a/b"),
            ("hf:a/b", ModelScope, HuggingFace, "a/b"),
            ("hf://a/b/x", ModelScope, HuggingFace, "hf://a/b/x"),
            ("MS:a/b@v1:Q4_0", HuggingFace, ModelScope, "ms:a/b@v1:Q4_0"),
            (
                "modelscope:datasets/a/b",
                HuggingFace,
                ModelScope,
                "ms:datasets/a/b",
            ),
        ] {
            assert_eq!(hub(text, usual), (want, shown.to_owned()), "{text}");
        }
        let master = Reference::parse("ms:a/b", &Url::parse("https://h").unwrap()).unwrap();
        assert_eq!(master.revision_or_default().as_str(), "master");
    }

    #[test]
    fn what_means_something_else_is_refused_in_its_own_words() {
        let table = [
            ("", "is empty"),
            ("  ", "is empty"),
            ("./x", "path on this machine"),
            ("../x/y", "path on this machine"),
            ("/x", "path on this machine"),
            ("~/x", "path on this machine"),
            ("C:\\models\\x", "path on this machine"),
            ("c:/models/x", "path on this machine"),
            ("org\\name", "path on this machine"),
            ("ms:gpt2", "`gpt2` names no owner"),
            ("ms:modelscope.cn/x", "`modelscope.cn` is a host"),
            ("ollama:llama3", "`ollama:` is not a hub"),
            ("ollama:library/llama3", "`ollama:` is not a hub"),
            ("spaces/org/app", "not spaces"),
            ("hf:collections/org/x", "not collections"),
            ("kernels/org/x", "not kernels"),
            ("buckets/org/x", "not buckets"),
            ("datasets", "names no repo"),
            ("datasets/", "names no repo"),
            (
                "org/name/config.json",
                "files after the reference: `org/name config.json`",
            ),
            ("datasets/org/d/a/b.csv", "`datasets/org/d a/b.csv`"),
            ("org/name:Q4@main", "revision stands before"),
            ("org/name:", "`` is not a quantisation"),
            ("org/name:a/b", "`a/b` is not a quantisation"),
            ("org/name@", "`` is not a revision"),
            ("org/name@a..b", "`a..b` is not a revision"),
            ("org/na me", "`org/na me` is not a repo id"),
            ("org//name", "more than one slash"),
            ("a--b", "is not a repo id"),
            ("é", "is not a repo id"),
            ("example.com/org/name", "`example.com` is not a hub"),
            ("git@hf.co:org/name", "is not a quantisation"),
        ];
        for (text, part) in table {
            let words = words(text);
            assert!(words.contains(part), "{text}: {words}");
        }
    }

    #[test]
    fn control_sequences_do_not_reach_the_words() {
        for text in [
            "a\x1b[31m",
            "a@\x1bb",
            "a/b:\x1b",
            "\x1b:x",
            "hf://a/\x1b",
            "https://hf.co/\x1b",
        ] {
            assert!(!words(text).contains('\x1b'), "{text:?}");
        }
    }
}
