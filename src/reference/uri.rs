//! `hf://[models/|datasets/]owner/name[@revision][/path]`, as `huggingface_hub` reads it
//! (`utils/_hf_uris.py`): the revision is percent-decoded, the path is taken as it stands.

use percent_encoding::percent_decode_str;

use super::{Entry, Reference, Sites, parse_repo, parse_revision, refuse, split_at, split_kind};
use crate::error::Cause;
use crate::repo::{HubName, RepoPath, Revision};

/// Parses what follows `hf://`.
pub(super) fn parse(text: &str, sites: &Sites<'_>) -> Result<Reference, Cause> {
    refuse_singular(text)?;
    let (kind, rest) = split_kind(text)?;
    let (rest, is_folder) = rest
        .strip_suffix('/')
        .map_or((rest, false), |rest| (rest, true));
    let mut segments: Vec<&str> = rest.split('/').collect();
    if segments.len() < 2 {
        let hint = "write `hf://owner/name`, or `name` without `hf://` for a repo without owner";
        return Err(refuse::usage(
            "an `hf://` URI names the owner and the repo",
            hint,
        ));
    }
    let path = segments.split_off(2);
    let (name, first) = split_at(segments[1], '@');
    let repo = parse_repo(
        HubName::HuggingFace,
        kind,
        &format!("{}/{name}", segments[0]),
        sites,
    )?;
    let located: Vec<&str> = first.into_iter().chain(path).collect();
    let (revision, path) = match first {
        Some(_) => take_revision(&located).map(|(revision, path)| (Some(revision), path))?,
        None => (None, located.as_slice()),
    };
    let path = entry(&path.join("/"), is_folder)?;
    Ok(Reference {
        path,
        ..Reference::new(HubName::HuggingFace, repo, revision)
    })
}

/// The file or folder at `path`; none for the root.
pub(super) fn entry(path: &str, is_folder: bool) -> Result<Option<Entry>, Cause> {
    if path.is_empty() {
        return Ok(None);
    }
    let path = RepoPath::parse(path).map_err(|bad| refuse::bad_path(path, &bad))?;
    Ok(Some(if is_folder {
        Entry::Folder(path)
    } else {
        Entry::File(path)
    }))
}

/// Splits the segments after `@` or after a route into the revision and the path.
///
/// The hub writes pull requests and conversions with their slashes; any other revision is one
/// segment, in which a slash is `%2F`.
pub(super) fn take_revision<'a, 'b>(
    segments: &'a [&'b str],
) -> Result<(Revision, &'a [&'b str]), Cause> {
    let len = match segments {
        ["refs", "pr", number, ..] if is_number(number) => 3,
        ["refs", "convert", _, ..] => 3,
        ["refs", _, ..] => return Err(refuse::other_ref()),
        _ => segments.len().min(1),
    };
    let (revision, path) = segments.split_at(len);
    let revision = parse_revision(&decode(&revision.join("/"))?)?;
    Ok((revision, path))
}

/// Whether `revision` is written with its slashes, without need for an escape.
pub(super) fn is_special_ref(revision: &str) -> bool {
    let is_plain = |name: &str| {
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
    };
    let pull_request = revision.strip_prefix("refs/pr/").is_some_and(is_number);
    pull_request || revision.strip_prefix("refs/convert/").is_some_and(is_plain)
}

/// Undoes percent-encoding.
pub(super) fn decode(text: &str) -> Result<String, Cause> {
    match percent_decode_str(text).decode_utf8() {
        Ok(text) => Ok(text.into_owned()),
        Err(_) => Err(refuse::usage(
            "the percent-encoding of the URL is not UTF-8",
            refuse::SHAPE,
        )),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn refuse_singular(text: &str) -> Result<(), Cause> {
    match text.split('/').next() {
        Some(word @ ("model" | "dataset" | "space" | "kernel" | "bucket")) => {
            let hint = format!("write `hf://{word}s/owner/name`");
            Err(refuse::usage(
                format!("the kind of a repo is in the plural, not `{word}`"),
                hint,
            ))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use ::url::Url;

    use super::*;

    fn endpoint() -> Url {
        Url::parse("https://huggingface.co").unwrap()
    }

    fn parts(text: &str) -> (String, Option<String>, Option<String>) {
        let reference = Reference::parse(text, &endpoint());
        let reference = reference.unwrap_or_else(|cause| panic!("{text}: {cause}"));
        let revision = reference.revision.map(|revision| revision.to_string());
        (
            reference.repo.to_string(),
            revision,
            reference.path.map(|entry| entry.to_name()),
        )
    }

    #[test]
    fn uris() {
        let table = [
            ("hf://o/n", "o/n", None, None),
            ("HF://models/o/n/", "o/n", None, None),
            (
                "hf://datasets/o/d@v1/train.json",
                "datasets/o/d",
                Some("v1"),
                Some("train.json"),
            ),
            ("hf://o/n/a/b.bin", "o/n", None, Some("a/b.bin")),
            ("hf://o/n/a/", "o/n", None, Some("a/")),
            ("hf://o/n/file@1.txt", "o/n", None, Some("file@1.txt")),
            ("hf://o/n@feature/x", "o/n", Some("feature"), Some("x")),
            (
                "hf://o/n@feature%2Fx/y",
                "o/n",
                Some("feature/x"),
                Some("y"),
            ),
            ("hf://o/n@refs/pr/10", "o/n", Some("refs/pr/10"), None),
            (
                "hf://o/n@refs/pr/10/a%20b",
                "o/n",
                Some("refs/pr/10"),
                Some("a%20b"),
            ),
            (
                "hf://o/n@refs/convert/duckdb.v1/x",
                "o/n",
                Some("refs/convert/duckdb.v1"),
                Some("x"),
            ),
            ("hf://gpt2/config.json", "gpt2/config.json", None, None),
        ];
        for (text, repo, revision, path) in table {
            let want = (
                repo.into(),
                revision.map(str::to_owned),
                path.map(str::to_owned),
            );
            assert_eq!(parts(text), want, "{text}");
        }
    }

    #[test]
    fn broken_uris() {
        for text in [
            "hf://",
            "hf://gpt2",
            "hf://gpt2@main/x",
            "hf://datasets/squad",
            "hf://dataset/o/d",
            "hf://spaces/o/app",
            "hf://o/n@",
            "hf://o/n@/x",
            "hf://o/n@refs/heads/main",
            "hf://o/n@%ff",
            "hf://o/n//x",
            "hf://o/n/../x",
            "hf://o/n:Q4_K_M",
            "hf://huggingface.co/n",
            "hf:///n",
        ] {
            assert!(Reference::parse(text, &endpoint()).is_err(), "{text}");
        }
    }
}
