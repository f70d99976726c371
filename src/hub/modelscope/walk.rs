//! All files of a model although one answer holds 3,000 rows at most and does not say when it was cut.
//!
//! What may have been cut is asked for again in smaller parts: a folder's direct children first, then
//! each of its folders whole. A folder that has that many children itself cannot be listed at all.
//! A pure value: questions come out, answers go in (`modelscope_hub`:
//! `_legacy_api.LegacyClient._walk_repo_files`).

use std::collections::{BTreeMap, HashSet};

use super::api::{Kind, Listed, Told};
use crate::error::Cause;
use crate::hub::wire::Rows;
use crate::redact::clean_short;
use crate::repo::RepoPath;

/// Rows at which an answer may have been cut.
pub(super) const CUT_ROWS: usize = 3000;

/// Questions for one listing, at most; the official client's bound.
const MAX_QUESTIONS: usize = 5000;
/// Bounds of a listing, as for every hub.
const MAX_FILES: usize = 1_000_000;
const MAX_NAME_BYTES: usize = 64 << 20;

/// A folder to ask for; the repo itself where none is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) root: Option<RepoPath>,
    pub(super) is_recursive: bool,
}

/// A listing on its way to being whole.
#[derive(Debug, Default)]
pub(super) struct Walk {
    todo: Vec<Question>,
    asked: usize,
    files: BTreeMap<RepoPath, Told>,
    name_bytes: usize,
    /// Every entry of the pages so far.
    seen: HashSet<String>,
    seen_bytes: usize,
}

/// What an answer led to: a name that must not be written (outer), or words for what makes no sense.
type Taken = Result<Result<(), String>, Cause>;

impl Walk {
    /// From the repo's root.
    pub(super) fn new() -> Self {
        let todo = vec![Question {
            root: None,
            is_recursive: true,
        }];
        Self {
            todo,
            ..Self::default()
        }
    }

    /// What is to be asked next, all of it; nothing when the listing is whole.
    pub(super) fn questions(&mut self) -> Vec<Question> {
        std::mem::take(&mut self.todo)
    }

    /// Takes the answer to a question.
    pub(super) fn answer(&mut self, question: &Question, listed: Listed) -> Taken {
        self.asked += 1;
        if self.asked + self.todo.len() > MAX_QUESTIONS {
            let what = format!("a listing that takes more than {MAX_QUESTIONS} requests");
            return Ok(Err(what));
        }
        let is_cut = listed.0.len() >= CUT_ROWS;
        if is_cut && question.is_recursive {
            self.todo.push(Question {
                root: question.root.clone(),
                is_recursive: false,
            });
            return Ok(Ok(()));
        }
        if is_cut {
            let folder = question.root.as_ref().map(RepoPath::to_string);
            return Err(Cause::Unlistable {
                folder: folder.unwrap_or_default(),
                rows: CUT_ROWS,
            });
        }
        self.take(listed, question)
    }

    /// Takes a page of a listing that comes by pages: whether any of its rows is new. Folders count:
    /// a page may hold nothing else.
    pub(super) fn page(&mut self, listed: Listed) -> Result<Result<bool, String>, Cause> {
        let mut is_news = false;
        for row in &listed.0 {
            match row.path() {
                Ok(path) if self.seen.contains(path) => {}
                Ok(path) => {
                    is_news = true;
                    self.seen_bytes += path.len();
                    if self.seen.len() == 2 * MAX_FILES || self.seen_bytes > 2 * MAX_NAME_BYTES {
                        return Ok(Err(too_much()));
                    }
                    self.seen.insert(path.to_owned());
                }
                Err(what) => return Ok(Err(what)),
            }
        }
        let whole = Question {
            root: None,
            is_recursive: true,
        };
        let taken = self.take(listed, &whole)?;
        Ok(taken.map(|()| is_news))
    }

    fn take(&mut self, listed: Listed, question: &Question) -> Taken {
        for row in listed.0 {
            let path = match row.path() {
                Ok(path) => Rows::path(path)?,
                Err(what) => return Ok(Err(what)),
            };
            if let Some(root) = question
                .root
                .as_ref()
                .filter(|root| !is_inside(&path, root))
            {
                return Ok(Err(format!("`{path}` as a part of `{root}`")));
            }
            match row.kind() {
                Kind::Folder if !question.is_recursive => self.todo.push(Question {
                    root: Some(path),
                    is_recursive: true,
                }),
                Kind::Folder | Kind::Other => {}
                Kind::File => {
                    let told = row.file(path);
                    if let Err(what) = told.and_then(|told| self.merge(told)) {
                        return Ok(Err(what));
                    }
                }
            }
        }
        Ok(Ok(()))
    }

    /// The same file twice is no harm: pages shift while somebody pushes.
    fn merge(&mut self, told: Told) -> Result<(), String> {
        if let Some(known) = self.files.get(&told.path) {
            let name = clean_short(told.path.as_str(), 200);
            return if *known == told {
                Ok(())
            } else {
                Err(format!("two different files named `{name}`"))
            };
        }
        self.name_bytes += told.path.as_str().len();
        if self.files.len() == MAX_FILES || self.name_bytes > MAX_NAME_BYTES {
            return Err(too_much());
        }
        self.files.insert(told.path.clone(), told);
        Ok(())
    }

    /// The files, by path.
    pub(super) fn finish(self) -> Vec<Told> {
        self.files.into_values().collect()
    }
}

fn too_much() -> String {
    let mib = MAX_NAME_BYTES >> 20;
    format!("a listing of more than {MAX_FILES} files or {mib} MiB of names")
}

fn is_inside(path: &RepoPath, root: &RepoPath) -> bool {
    path.as_str()
        .strip_prefix(root.as_str())
        .is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests;
