//! A [`Reference`] → its canonical spelling, which parses to the same reference again.

use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Entry, Reference, modelscope, uri};
use crate::repo::{HubName, RepoKind, RepoPath, Revision};

const IN_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

impl fmt::Display for Reference {
    /// The short spelling, or with a path an `hf://` URI. A path in a repo without owner can only be
    /// told as a page URL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            None => self.fmt_short(f),
            Some(entry) if self.hub == HubName::ModelScope => self.fmt_page_of_modelscope(f, entry),
            Some(entry) if self.repo.owner().is_some() => self.fmt_uri(f, entry),
            Some(entry) => self.fmt_page(f, entry),
        }
    }
}

impl Reference {
    fn fmt_short(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has_slash = self.repo.owner().is_some() || self.repo.kind() == RepoKind::Dataset;
        if self.hub == HubName::ModelScope
            || !has_slash && self.revision.is_none() && self.quant.is_some()
        {
            // Without it, `name:` would read as the name of a hub.
            write!(f, "{}:", self.hub)?;
        }
        write!(f, "{}", self.repo)?;
        if let Some(revision) = &self.revision {
            write!(f, "@{revision}")?;
        }
        self.quant
            .iter()
            .try_for_each(|quant| write!(f, ":{quant}"))
    }

    fn fmt_uri(&self, f: &mut fmt::Formatter<'_>, entry: &Entry) -> fmt::Result {
        const IN_REVISION: &AsciiSet = &CONTROLS.add(b'/').add(b'%');
        write!(f, "hf://{}", self.repo)?;
        match self.revision.as_ref().map(Revision::as_str) {
            Some(name) if uri::is_special_ref(name) => write!(f, "@{name}")?,
            Some(name) => write!(f, "@{}", utf8_percent_encode(name, IN_REVISION))?,
            None => {}
        }
        write!(f, "/{}", entry.to_name())
    }

    fn fmt_page(&self, f: &mut fmt::Formatter<'_>, entry: &Entry) -> fmt::Result {
        let (route, path) = match entry {
            Entry::File(path) => ("blob", path),
            Entry::Folder(path) => ("tree", path),
        };
        let revision = self.revision.as_ref().map_or("main", Revision::as_str);
        let revision = utf8_percent_encode(revision, IN_SEGMENT);
        write!(f, "https://huggingface.co/{}/{route}/{revision}", self.repo)?;
        fmt_segments(f, path)
    }

    fn fmt_page_of_modelscope(&self, f: &mut fmt::Formatter<'_>, entry: &Entry) -> fmt::Result {
        let (kind, id) = (self.repo.kind().plural(), self.repo.id());
        let revision = self.revision_or_default();
        let revision = utf8_percent_encode(revision.as_str(), IN_SEGMENT);
        let route = modelscope::route(entry);
        write!(f, "https://modelscope.cn/{kind}/{id}/{route}/{revision}")?;
        let (Entry::File(path) | Entry::Folder(path)) = entry;
        fmt_segments(f, path)
    }
}

fn fmt_segments(f: &mut fmt::Formatter<'_>, path: &RepoPath) -> fmt::Result {
    path.segments()
        .try_for_each(|s| write!(f, "/{}", utf8_percent_encode(s, IN_SEGMENT)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;
    use crate::repo::{RepoId, RepoPath};

    fn endpoint() -> Url {
        Url::parse("https://mirror.example:8443/hf").unwrap()
    }

    fn spelled(text: &str) -> String {
        Reference::parse(text, &endpoint()).unwrap().to_string()
    }

    #[test]
    fn the_canonical_spellings() {
        let table = [
            ("hf:org/name@main:Q8_0", "org/name@main:Q8_0"),
            ("hf://models/org/name", "org/name"),
            ("https://hf.co/datasets/org/d/tree/v1", "datasets/org/d@v1"),
            ("hf:gpt2:Q8_0", "hf:gpt2:Q8_0"),
            (
                "https://hf.co/a/b/tree/refs%2Fpr%2F1/x%20y",
                "hf://a/b@refs/pr/1/x y/",
            ),
            ("https://hf.co/a/b/blob/f%2Fg/100%25", "hf://a/b@f%2Fg/100%"),
            ("gpt2", "gpt2"),
            ("modelscope:a/b:Q8_0", "ms:a/b:Q8_0"),
            (
                "hf.co/gpt2/blob/main/a b",
                "https://huggingface.co/gpt2/blob/main/a%20b",
            ),
        ];
        for (text, want) in table {
            assert_eq!(spelled(text), want, "{text}");
        }
    }

    fn repo() -> impl Strategy<Value = RepoId> {
        let id = "([A-Za-z0-9_]{1,5}/)?[A-Za-z0-9_]([a-zA-Z0-9._-]{0,6}[A-Za-z0-9_])?|hf|ms|a.b/c";
        let reserved = [
            "datasets",
            "models",
            "spaces",
            "collections",
            "buckets",
            "kernels",
        ];
        (any::<bool>(), id).prop_filter_map("no repo id", move |(is_dataset, id)| {
            let kind = if is_dataset {
                RepoKind::Dataset
            } else {
                RepoKind::Model
            };
            let first = id.split('/').next()?;
            if reserved.contains(&first) {
                None
            } else {
                RepoId::parse(kind, &id).ok()
            }
        })
    }

    fn revision() -> impl Strategy<Value = Revision> {
        let text = "refs/(pr|convert)/[a-z0-9%.]{1,4}|[a-z@%#é/._-]{1,9}|\\PC{1,6}|refs(/heads)?/x";
        text.prop_filter_map("no revision", |text| Revision::parse(&text).ok())
    }

    fn entry() -> impl Strategy<Value = Entry> {
        let path = "[a-z /%#?@:+&é~.]{1,12}|\\PC{1,6}";
        (any::<bool>(), path).prop_filter_map("no path", |(is_folder, path)| {
            let path = RepoPath::parse(&path).ok()?;
            Some(if is_folder {
                Entry::Folder(path)
            } else {
                Entry::File(path)
            })
        })
    }

    fn reference() -> impl Strategy<Value = Reference> {
        let quant = proptest::option::of("[A-Za-z0-9._-]{1,9}");
        let hub = prop_oneof![Just(HubName::HuggingFace), Just(HubName::ModelScope)];
        let what = (
            hub,
            repo(),
            proptest::option::of(revision()),
            quant,
            proptest::option::of(entry()),
        );
        what.prop_filter_map("no repo", |(hub, repo, revision, quant, path)| {
            let is_modelscope = hub == HubName::ModelScope;
            if is_modelscope && repo.owner().is_none() {
                return None;
            }
            // What parsing never gives: a path with a quantisation; one without owner or revision.
            let quant = quant.filter(|_| path.is_none());
            let needs_revision = is_modelscope || repo.owner().is_none();
            let path = path.filter(|_| !needs_revision || revision.is_some());
            Some(Reference {
                quant,
                path,
                ..Reference::new(hub, repo, revision)
            })
        })
    }

    proptest! {
        #[test]
        fn what_is_spelled_parses_to_the_same(reference in reference()) {
            let text = reference.to_string();
            let again = Reference::parse(&text, &endpoint());
            prop_assert_eq!(again.ok(), Some(reference), "{}", text);
        }

        #[test]
        fn what_parses_is_spelled_stably(text in "\\PC{0,20}|(hf://|hf.co/|https://hf.co/)?([a-z%@:.]{1,4}/){1,3}[a-z%@:.]{1,4}") {
            if let Ok(reference) = Reference::parse(&text, &endpoint()) {
                let again = Reference::parse(&reference.to_string(), &endpoint());
                prop_assert_eq!(again.ok(), Some(reference));
            }
        }
    }
}
