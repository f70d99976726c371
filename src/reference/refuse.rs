//! The words for text that is no reference, one set for each thing it may have been meant as.

use crate::error::Cause;
use crate::redact::clean_short;
use crate::repo::{BadName, RepoKind};

/// The hint where no better one is known.
pub(super) const SHAPE: &str = "a reference looks like `owner/name`, `owner/name@revision`, \
     `owner/name:Q4_K_M` or `datasets/owner/name`, or is the URL of its page";

pub(super) fn usage(why: impl Into<String>, hint: impl Into<String>) -> Cause {
    Cause::Usage {
        why: why.into(),
        hint: Some(hint.into()),
    }
}

pub(super) fn bad_name(text: &str, what: &str, bad: &BadName) -> Cause {
    usage(
        format!("`{}` is not {what}: {bad}", clean_short(text, 100)),
        SHAPE,
    )
}

pub(super) fn bad_path(text: &str, bad: &BadName) -> Cause {
    usage(
        format!(
            "`{}` is not the path of a file: {bad}",
            clean_short(text, 100)
        ),
        SHAPE,
    )
}

/// Nothing at all, or something that names a place on this machine.
pub(super) fn local_paths(text: &str) -> Result<(), Cause> {
    if text.is_empty() {
        return Err(usage("the reference is empty", SHAPE));
    }
    let mut chars = text.chars();
    let has_drive = chars.next().is_some_and(|c| c.is_ascii_alphabetic())
        && chars.next() == Some(':')
        && matches!(chars.next(), None | Some('/'));
    if has_drive || text.starts_with(['/', '.', '~']) || text.contains('\\') {
        let why = format!(
            "`{}` looks like a path on this machine",
            clean_short(text, 100)
        );
        return Err(usage(why, format!("larder pulls from a hub: {SHAPE}")));
    }
    Ok(())
}

/// `word:…` that could be meant as a hub.
pub(super) fn other_hubs(text: &str) -> Result<(), Cause> {
    let Some((word, rest)) = text.split_once(':') else {
        return Ok(());
    };
    if word.contains(['/', '@']) {
        return Ok(());
    }
    let word = clean_short(word, 40);
    let hint = if rest.contains('/') {
        SHAPE.to_owned()
    } else {
        format!(
            "for the repo `{word}` on Hugging Face write `hf:{word}:{}`",
            clean_short(rest, 60)
        )
    };
    Err(usage(
        format!("`{word}:` is not a hub that larder knows"),
        hint,
    ))
}

/// Every repo of ModelScope has an owner.
pub(super) fn without_owner(id: &str) -> Cause {
    let why = format!("`{}` names no owner", clean_short(id, 100));
    usage(why, "a repo of ModelScope is written `ms:owner/name`")
}

pub(super) fn other_kind(plural: &str) -> Cause {
    usage(
        format!("larder pulls models and datasets, not {plural}"),
        SHAPE,
    )
}

/// `owner/name/file`, or a page of an unknown host without its scheme.
pub(super) fn extra_segments(kind: RepoKind, id: &str) -> Cause {
    let prefix = if kind == RepoKind::Dataset {
        "datasets/"
    } else {
        ""
    };
    let mut parts = id.splitn(3, '/');
    let mut next = || clean_short(parts.next().unwrap_or_default(), 100);
    let (owner, name, file) = (next(), next(), next());
    if owner.contains('.') {
        return host(&owner);
    }
    let hint = format!("did you mean files after the reference: `{prefix}{owner}/{name} {file}`?");
    usage(
        format!("`{}` has more than one slash", clean_short(id, 100)),
        hint,
    )
}

pub(super) fn host_as_repo(host: &str) -> Cause {
    usage(
        format!(
            "`{}` is a host, not a repo or the owner of one",
            clean_short(host, 100)
        ),
        SHAPE,
    )
}

pub(super) fn scheme(scheme: &str) -> Cause {
    let scheme = clean_short(scheme, 20);
    usage(
        format!("larder does not pull from `{scheme}://` URLs"),
        SHAPE,
    )
}

pub(super) fn host(host: &str) -> Cause {
    let why = format!(
        "`{}` is not a hub that larder knows",
        clean_short(host, 100)
    );
    usage(
        why,
        "if it is a mirror of a hub, name it with HF_ENDPOINT, MODELSCOPE_ENDPOINT or --endpoint",
    )
}

pub(super) fn page(what: &str) -> Cause {
    if what.is_empty() {
        return usage("the URL names no repo", SHAPE);
    }
    let what = clean_short(what, 100);
    usage(
        format!("the URL points at `{what}`, which is not a repo or its files"),
        SHAPE,
    )
}

pub(super) fn other_ref() -> Cause {
    usage(
        "only `refs/pr/N` and `refs/convert/NAME` may be written with slashes in a URL",
        "write other slashes of a revision as `%2F`",
    )
}
