//! The rows of a listing, checked one by one and then as a whole.

use std::collections::HashSet;

use crate::error::Cause;
use crate::hub::{Listing, RemoteFile};
use crate::redact::clean_short;
use crate::repo::RepoPath;

/// Sizes that JSON numbers carry exactly everywhere.
pub(crate) const MAX_SIZE: u64 = 1 << 53;

/// More than any disk holds; sums and products of it still fit.
const MAX_TOTAL: u64 = 1 << 60;

/// Whether the sizes of all files together can be one.
fn has_sane_total<'a>(files: impl IntoIterator<Item = &'a RemoteFile>) -> bool {
    files
        .into_iter()
        .try_fold(0u64, |sum, file| sum.checked_add(file.len))
        .is_some_and(|total| total <= MAX_TOTAL)
}

/// Collects the files of a commit.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    files: Vec<RemoteFile>,
    /// The paths so far: a hub that repeats itself is noticed before the end that never comes.
    paths: HashSet<RepoPath>,
}

impl Rows {
    /// The name that a hub gave to a file, if it is safe to write.
    pub(crate) fn path(name: &str) -> Result<RepoPath, Cause> {
        RepoPath::parse(name).map_err(|why| Cause::Hostile {
            what: format!("a file named `{}`: {why}", clean_short(name, 200)),
        })
    }

    /// Takes a file; refuses a second one at the same path.
    pub(crate) fn insert(&mut self, file: RemoteFile) -> Result<(), Cause> {
        if !self.paths.insert(file.path.clone()) {
            let path = clean_short(file.path.as_str(), 200);
            return Err(Cause::Hostile {
                what: format!("two files named `{path}`"),
            });
        }
        self.files.push(file);
        Ok(())
    }

    /// All files by path; refuses a file where another one needs a folder, and sizes that sum up to
    /// nonsense.
    pub(crate) fn finish(self) -> Result<Listing, Cause> {
        let mut files = self.files;
        drop(self.paths);
        files.shrink_to_fit();
        files.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        let hostile = |what| Err(Cause::Hostile { what });
        if !has_sane_total(&files) {
            return hostile("more bytes in all than any disk holds".to_owned());
        }
        if let Some((file, path)) = file_as_folder(files.iter().map(|file| &file.path)) {
            let (file, path) = (clean_short(file, 200), clean_short(path, 200));
            return hostile(format!(
                "`{file}` both as a file and as the folder of `{path}`"
            ));
        }
        Ok(files)
    }
}

/// A path that is a file, and one that needs a folder in its place.
///
/// With the slash before every other character, all that is in a folder comes right behind a file of
/// its name. Looking up every folder of every path instead takes the square of a path's length.
fn file_as_folder<'a>(paths: impl IntoIterator<Item = &'a RepoPath>) -> Option<(&'a str, &'a str)> {
    let rank = |byte: u8| if byte == b'/' { 0 } else { byte };
    let mut paths: Vec<&str> = paths.into_iter().map(RepoPath::as_str).collect();
    paths.sort_unstable_by(|a, b| a.bytes().map(rank).cmp(b.bytes().map(rank)));
    let pairs = paths.iter().zip(paths.iter().skip(1));
    pairs
        .map(|(file, path)| (*file, *path))
        .find(|(file, path)| {
            path.strip_prefix(file)
                .is_some_and(|rest| rest.starts_with('/'))
        })
}

/// A size that a hub gave, if it can be one.
pub(crate) fn size(bytes: u64, path: &RepoPath) -> Result<u64, String> {
    if bytes <= MAX_SIZE {
        Ok(bytes)
    } else {
        Err(format!("a size of {bytes} bytes for {path}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::GitOid;

    fn file(name: &str, len: u64) -> Result<RemoteFile, Cause> {
        let oid = GitOid::of(b"");
        Ok(RemoteFile {
            path: Rows::path(name)?,
            len,
            digest: oid.into(),
            git_oid: Some(oid),
            xet_hash: None,
            changed_by: None,
        })
    }

    fn list(names: &[&str]) -> Result<Vec<String>, Cause> {
        let mut rows = Rows::default();
        for name in names {
            rows.insert(file(name, 0)?)?;
        }
        Ok(rows
            .finish()?
            .iter()
            .map(|file| file.path.to_string())
            .collect())
    }

    #[test]
    fn files_come_out_by_path() {
        assert_eq!(
            list(&["b", "a/c", "a.txt", "a/b"]).unwrap(),
            ["a.txt", "a/b", "a/c", "b"]
        );
    }

    #[test]
    fn what_must_not_be_written_is_refused() {
        for names in [
            &["a", "a"][..],
            &["a", "a.txt", "a/b"],
            &["../x"],
            &["/x"],
            &["a\\b"],
            &[""],
        ] {
            assert!(
                matches!(list(names), Err(Cause::Hostile { .. })),
                "{names:?}"
            );
        }
    }

    #[test]
    fn names_are_cleaned_before_they_are_shown() {
        let cause = Rows::path("a\x1b[31m/../b").unwrap_err();
        assert!(!cause.to_string().contains('\x1b'));
    }

    #[test]
    fn the_sum_of_sizes_has_a_bound() {
        let total = |sizes: &[u64]| {
            let mut rows = Rows::default();
            for (number, len) in sizes.iter().enumerate() {
                rows.insert(file(&number.to_string(), *len).unwrap())
                    .unwrap();
            }
            rows.finish().map(|files| files.len())
        };
        assert_eq!(total(&[MAX_TOTAL - 1, 1]).unwrap(), 2);
        for bad in [&[MAX_TOTAL, 1][..], &[u64::MAX, 2]] {
            assert!(matches!(total(bad), Err(Cause::Hostile { .. })), "{bad:?}");
        }
    }

    #[test]
    fn sizes_have_a_bound() {
        let path = Rows::path("x").unwrap();
        assert!(size(1 << 53, &path).is_ok());
        assert!(size((1 << 53) + 1, &path).is_err());
    }
}
