//! `:quant`: the GGUF files of one quantisation, read from their names.
//!
//! There is no field for it in a listing. By custom the name ends in a tag such as `Q4_K_M`, before
//! the number of a split file; some repos put it on the folder instead. A tag may carry the maker's
//! mark (`UD-`, `i1-`), which need not be typed.

use std::collections::BTreeSet;

use crate::error::Cause;
use crate::hub::RemoteFile;
use crate::repo::RepoPath;

/// Tags that are not a `Q` with a digit.
const PLAIN: [&str; 9] = [
    "BF16", "F16", "FP16", "F32", "FP32", "F8", "FP8", "MXFP4", "NVFP4",
];

/// What may follow the head of a tag, after `_`.
const SUFFIXES: [&str; 21] = [
    "0", "1", "4", "8", "K", "S", "M", "L", "XL", "XXL", "XS", "XXS", "NL", "KS", "KSS", "KL",
    "KT", "KV", "R4", "R8", "MOE",
];

/// Marks of makers, before the tag.
const MARKS: [&str; 2] = ["UD-", "i1-"];

/// The places in `listing` of the files of quantisation `quant`, and of one projector (`mmproj`)
/// where there are any.
pub(super) fn pick(quant: &str, listing: &[RemoteFile]) -> Result<Vec<usize>, Cause> {
    let is_model = |path: &RepoPath| is_gguf(path) && !is_projector(path);
    let models: Vec<usize> = (0..listing.len())
        .filter(|&at| is_model(&listing[at].path))
        .collect();
    let matching = |is_it: &dyn Fn(&RepoPath) -> bool| -> Vec<usize> {
        models
            .iter()
            .copied()
            .filter(|&at| is_it(&listing[at].path))
            .collect()
    };
    let with_mark = |path: &RepoPath| tag(path).is_some_and(|t| t.eq_ignore_ascii_case(quant));
    let without =
        |path: &RepoPath| tag(path).is_some_and(|t| without_mark(t).eq_ignore_ascii_case(quant));
    let by_word = |path: &RepoPath| places(path).any(|place| has_word(place, quant));

    let mut picked = matching(&with_mark);
    for is_it in [&without as &dyn Fn(&RepoPath) -> bool, &by_word] {
        if picked.is_empty() {
            picked = matching(is_it);
        }
    }
    if picked.is_empty() {
        let tags: BTreeSet<&str> = models
            .iter()
            .filter_map(|&at| tag(&listing[at].path))
            .collect();
        let choices = tags.into_iter().map(str::to_owned).collect();
        return Err(Cause::NoMatch {
            pattern: format!(":{quant}"),
            choices,
        });
    }
    picked.extend(projector(listing));
    Ok(picked)
}

/// The projector to take along: the one in F16, else the first by name.
fn projector(listing: &[RemoteFile]) -> Option<usize> {
    let is_f16 = |path| tag(path).is_some_and(|tag| tag.eq_ignore_ascii_case("F16"));
    (0..listing.len())
        .filter(|&at| is_gguf(&listing[at].path) && is_projector(&listing[at].path))
        .min_by_key(|&at| (!is_f16(&listing[at].path), &listing[at].path))
}

fn is_gguf(path: &RepoPath) -> bool {
    strip_suffix_any_case(path.file_name(), ".gguf").is_some()
}

fn is_projector(path: &RepoPath) -> bool {
    path.file_name().to_ascii_lowercase().contains("mmproj")
}

/// The quantisation in the file's name, else in that of the nearest folder that has one.
fn tag(path: &RepoPath) -> Option<&str> {
    places(path).find_map(find_tag)
}

/// Where a tag may stand: the bare name of the file, then its folders from the inside out.
fn places(path: &RepoPath) -> impl Iterator<Item = &str> {
    let name = path.file_name();
    let stem = without_shard(strip_suffix_any_case(name, ".gguf").unwrap_or(name));
    std::iter::once(stem).chain(path.as_str().rsplit('/').skip(1))
}

/// Without `-00001-of-00003`.
fn without_shard(stem: &str) -> &str {
    let is_number = |text: &str| text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit());
    let split = stem
        .rsplit_once("-of-")
        .filter(|(_, total)| is_number(total));
    match split.and_then(|(rest, _)| rest.rsplit_once('-')) {
        Some((rest, number)) if is_number(number) => rest,
        _ => stem,
    }
}

/// The last tag in `text`, with its mark.
fn find_tag(text: &str) -> Option<&str> {
    let words = text
        .char_indices()
        .filter(|(_, c)| is_boundary(*c))
        .map(|(at, _)| at + 1);
    let starts: Vec<usize> = std::iter::once(0).chain(words).collect();
    let found = |&start: &usize| Some((start, tag_len(&text[start..])?));
    let (start, len) = starts.iter().rev().find_map(found)?;
    let has_mark = |mark: &&&str| strip_suffix_any_case(&text[..start], mark).is_some();
    let mark_len = MARKS.iter().find(has_mark).map_or(0, |mark| mark.len());
    Some(&text[start - mark_len..start + len])
}

/// The length of the tag that `text` begins with.
fn tag_len(text: &str) -> Option<usize> {
    let head = text
        .split(is_boundary)
        .next()
        .filter(|word| is_head(word))?;
    let mut len = head.len();
    while let Some(rest) = text[len..].strip_prefix('_') {
        let word = rest.split(is_boundary).next().unwrap_or_default();
        if !SUFFIXES
            .iter()
            .any(|suffix| suffix.eq_ignore_ascii_case(word))
        {
            break;
        }
        len += 1 + word.len();
    }
    Some(len)
}

/// `Q4`, `IQ2`, `TQ1`, `BF16`, …
fn is_head(word: &str) -> bool {
    let upper = word.to_ascii_uppercase();
    let digits = upper
        .strip_prefix(['I', 'T'])
        .unwrap_or(&upper)
        .strip_prefix('Q');
    PLAIN.contains(&upper.as_str())
        || digits.is_some_and(|d| d.len() == 1 && d.bytes().all(|b| b.is_ascii_digit()))
}

/// Only a mark has a hyphen.
fn without_mark(tag: &str) -> &str {
    tag.rsplit_once('-').map_or(tag, |(_, tag)| tag)
}

/// Whether `word` stands in `text` between hyphens, dots or the ends: for tags of no known form.
fn has_word(text: &str, word: &str) -> bool {
    let (text, word) = (text.to_ascii_lowercase(), word.to_ascii_lowercase());
    let is_edge = |c: Option<char>| c.is_none_or(|c| c == '-' || c == '.');
    !word.is_empty()
        && text.match_indices(&word).any(|(at, _)| {
            let after = text[at + word.len()..].chars().next();
            is_edge(text[..at].chars().next_back()) && is_edge(after)
        })
}

fn is_boundary(c: char) -> bool {
    matches!(c, '-' | '.' | '_' | ' ')
}

fn strip_suffix_any_case<'a>(text: &'a str, suffix: &str) -> Option<&'a str> {
    let (rest, end) = text.split_at_checked(text.len().checked_sub(suffix.len())?)?;
    end.eq_ignore_ascii_case(suffix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::select::tests::{listing, names};

    fn picked(quant: &str, paths: &[&str]) -> Vec<String> {
        let files = listing(paths);
        let picked = pick(quant, &files).unwrap();
        names(
            &picked
                .into_iter()
                .map(|at| files[at].clone())
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn tags_of_real_names() {
        let table = [
            ("Qwen3-8B-Q4_K_M.gguf", Some("Q4_K_M")),
            ("Qwen3-8B-Q4_K_M_L.gguf", Some("Q4_K_M_L")),
            ("mistral-7b-v0.1.Q5_K_S.gguf", Some("Q5_K_S")),
            ("ggml-model-q4_0.gguf", Some("q4_0")),
            ("Model_Name_Q8_0.GGUF", Some("Q8_0")),
            ("X-UD-Q4_K_XL.gguf", Some("UD-Q4_K_XL")),
            ("X.i1-IQ3_XXS.gguf", Some("i1-IQ3_XXS")),
            ("X-IQ4_XS-00001-of-00003.gguf", Some("IQ4_XS")),
            ("gpt-oss-20b-MXFP4.gguf", Some("MXFP4")),
            ("gpt-oss-20b-mxfp4_moe.gguf", Some("mxfp4_moe")),
            ("X-BF16.gguf", Some("BF16")),
            ("X-f16.gguf", Some("f16")),
            ("X-TQ1_0.gguf", Some("TQ1_0")),
            ("X-Q4_0_4_8.gguf", Some("Q4_0_4_8")),
            ("X-Q4_K_M-imat.gguf", Some("Q4_K_M")),
            ("UD-Q2_K_XL/X-00001-of-00002.gguf", Some("UD-Q2_K_XL")),
            ("Q8_0/X-Q4_0.gguf", Some("Q4_0")),
            ("imatrix.gguf", None),
            ("Qwen3-8B.gguf", None),
        ];
        for (path, want) in table {
            assert_eq!(tag(&RepoPath::parse(path).unwrap()), want, "{path}");
        }
    }

    #[test]
    fn only_that_quantisation_is_picked() {
        let paths = [
            "README.md",
            "X-Q4_K_M.gguf",
            "X-Q4_K_M_L.gguf",
            "X-Q4_K_S.gguf",
        ];
        assert_eq!(picked("q4_k_m", &paths), ["X-Q4_K_M.gguf"]);
    }

    #[test]
    fn all_shards_are_picked_by_name_or_folder() {
        let paths = [
            "Q8_0/X-00001-of-00002.gguf",
            "Q8_0/X-00002-of-00002.gguf",
            "X-Q4_0.gguf",
        ];
        assert_eq!(picked("Q8_0", &paths), paths[..2]);
        let paths = [
            "X-Q8_0-00001-of-00002.gguf",
            "X-Q8_0-00002-of-00002.gguf",
            "Y-F16.gguf",
        ];
        assert_eq!(picked("Q8_0", &paths), paths[..2]);
    }

    #[test]
    fn a_mark_need_not_be_typed_but_decides_when_it_is() {
        let both = ["X-Q4_K_XL.gguf", "X-UD-Q4_K_XL.gguf"];
        assert_eq!(picked("Q4_K_XL", &both), both[..1]);
        assert_eq!(picked("ud-q4_k_xl", &both), both[1..]);
        assert_eq!(picked("Q4_K_XL", &both[1..]), both[1..]);
        assert_eq!(picked("q4_0", &["x-ud-q4_0.gguf"]), ["x-ud-q4_0.gguf"]);
    }

    #[test]
    fn a_tag_of_no_known_form_is_found_as_a_word() {
        let paths = ["X-Q4_K_M.gguf", "X-Q3_HIFI.gguf", "X-turbo8.gguf"];
        assert_eq!(picked("q3_hifi", &paths), ["X-Q3_HIFI.gguf"]);
        assert_eq!(picked("turbo8", &paths), ["X-turbo8.gguf"]);
        assert!(pick("Q4_K", &listing(&paths)).is_err());
    }

    #[test]
    fn one_projector_comes_along() {
        let mut paths = vec!["X-Q8_0.gguf", "mmproj-X-BF16.gguf", "mmproj-X-F16.gguf"];
        assert_eq!(picked("Q8_0", &paths), ["X-Q8_0.gguf", "mmproj-X-F16.gguf"]);
        paths.pop();
        assert_eq!(
            picked("Q8_0", &paths),
            ["X-Q8_0.gguf", "mmproj-X-BF16.gguf"]
        );
    }

    #[test]
    fn without_a_match_the_choices_are_told() {
        let files = listing(&[
            "X-Q8_0.gguf",
            "X-Q4_0.gguf",
            "mmproj-F16.gguf",
            "Q8_0/Y.gguf",
        ]);
        for quant in ["Q5_K_M", "F16", "mmproj"] {
            let Err(Cause::NoMatch { pattern, choices }) = pick(quant, &files) else {
                panic!("{quant} was found");
            };
            assert_eq!(pattern, format!(":{quant}"));
            assert_eq!(choices, ["Q4_0", "Q8_0"]);
        }
    }
}
