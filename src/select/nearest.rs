//! The names nearest to one that is not there, for hints.

/// At most this many are shown.
const MAX: usize = 4;

/// The candidates that look like `wanted`, nearest first. Case and folders weigh nothing: the name
/// of a file is compared as well as its path.
pub(crate) fn nearest<'a>(
    wanted: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Vec<String> {
    let wanted = wanted.to_lowercase();
    let limit = wanted.chars().count().div_ceil(3).max(1);
    let mut near: Vec<(usize, &str)> = candidates
        .into_iter()
        .map(|name| (distance(&wanted, &name.to_lowercase(), limit), name))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter()
        .take(MAX)
        .map(|(_, name)| name.to_owned())
        .collect()
}

/// The edit distance to the path or to its last segment; something above `limit` when both are
/// clearly further away.
fn distance(wanted: &str, path: &str, limit: usize) -> usize {
    let edits = |name: &str| {
        if name.len().abs_diff(wanted.len()) > limit * 4 {
            usize::MAX
        } else {
            strsim::osa_distance(wanted, name)
        }
    };
    let trimmed = path.trim_end_matches('/');
    let name = trimmed.rsplit('/').next().unwrap_or(trimmed);
    edits(path).min(edits(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typos_case_and_folders() {
        let names = [
            "config.json",
            "tokenizer.json",
            "onnx/model.onnx",
            "README.md",
        ];
        assert_eq!(nearest("confg.json", names), ["config.json"]);
        assert_eq!(nearest("readme.MD", names), ["README.md"]);
        assert_eq!(nearest("model.onnx", names), ["onnx/model.onnx"]);
        assert!(nearest("something/else/entirely", names).is_empty());
        assert!(nearest("", names).is_empty());
    }

    #[test]
    fn the_nearest_come_first_and_not_too_many() {
        let names: Vec<String> = (1..=9).map(|n| format!("model-0000{n}.bin")).collect();
        let near = nearest("model-00007.bin", names.iter().map(String::as_str));
        assert_eq!(near.len(), MAX);
        assert_eq!(near[0], "model-00007.bin");
    }
}
