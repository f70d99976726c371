//! A repo as data: files, commits and the names that point at them.
//!
//! Files are written into one working set. `branch`, `tag`, `convert` and `pull_request` point
//! a name at the files written so far; `main` follows the files as they are in the end.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::commit::{Commit, File, Files};
use super::content::Content;
use super::kind::Kind;

/// One repo of the hub.
#[derive(Clone, Debug)]
pub struct Repo {
    /// What it is.
    pub kind: Kind,
    /// `owner/name`, or a bare name.
    pub id: String,
    /// Seen only by tokens that list it.
    pub is_private: bool,
    /// Readable, but its files are served only to tokens with a grant.
    pub is_gated: bool,
    /// Taken down.
    pub is_disabled: bool,
    files: Files,
    next_id: Option<String>,
    commits: HashMap<String, Arc<Commit>>,
    refs: BTreeMap<String, String>,
}

impl Repo {
    /// An empty repo.
    pub fn new(kind: Kind, id: impl Into<String>) -> Self {
        Self {
            kind,
            id: id.into(),
            is_private: false,
            is_gated: false,
            is_disabled: false,
            files: Files::new(),
            next_id: None,
            commits: HashMap::new(),
            refs: BTreeMap::new(),
        }
    }

    /// An empty model repo.
    pub fn model(id: impl Into<String>) -> Self {
        Self::new(Kind::Model, id)
    }

    /// An empty dataset repo.
    pub fn dataset(id: impl Into<String>) -> Self {
        Self::new(Kind::Dataset, id)
    }

    /// Hides it from everyone but tokens that list it.
    #[must_use]
    pub fn private(mut self) -> Self {
        self.is_private = true;
        self
    }

    /// Refuses its files to everyone but tokens with a grant.
    #[must_use]
    pub fn gated(mut self) -> Self {
        self.is_gated = true;
        self
    }

    /// Takes it down.
    #[must_use]
    pub fn disabled(mut self) -> Self {
        self.is_disabled = true;
        self
    }

    /// Writes a small file.
    #[must_use]
    pub fn file(self, path: &str, content: impl Into<Content>) -> Self {
        self.with(File::git(path, content))
    }

    /// Writes a large file.
    #[must_use]
    pub fn lfs(self, path: &str, content: impl Into<Content>) -> Self {
        self.with(File::lfs(path, content))
    }

    /// Writes any file.
    #[must_use]
    pub fn with(mut self, file: File) -> Self {
        self.files.insert(file.path.clone(), Arc::new(file));
        self
    }

    /// Removes a file.
    #[must_use]
    pub fn without(mut self, path: &str) -> Self {
        self.files.remove(path);
        self
    }

    /// Gives the commit that is made next this id instead of a digest.
    #[must_use]
    pub fn commit_id(mut self, id: impl Into<String>) -> Self {
        self.next_id = Some(id.into());
        self
    }

    /// Points a branch at the files as they are now.
    #[must_use]
    pub fn branch(self, name: &str) -> Self {
        self.point(format!("refs/heads/{name}"))
    }

    /// Points a tag at the files as they are now.
    #[must_use]
    pub fn tag(self, name: &str) -> Self {
        self.point(format!("refs/tags/{name}"))
    }

    /// Points `refs/pr/<number>` at the files as they are now.
    #[must_use]
    pub fn pull_request(self, number: u32) -> Self {
        self.point(format!("refs/pr/{number}"))
    }

    /// Points `refs/convert/<name>` at the files as they are now.
    #[must_use]
    pub fn convert(self, name: &str) -> Self {
        self.point(format!("refs/convert/{name}"))
    }

    /// Puts files on top of a branch, other branches unmoved.
    #[must_use]
    pub fn commit(mut self, branch: &str, files: impl IntoIterator<Item = File>) -> Self {
        let name = format!("refs/heads/{branch}");
        let mut tree = match self.refs.get(&name).and_then(|id| self.commits.get(id)) {
            Some(tip) if branch != "main" => tip.files.clone(),
            _ => self.files.clone(),
        };
        tree.extend(files.into_iter().map(|f| (f.path.clone(), Arc::new(f))));
        if branch == "main" {
            self.files.clone_from(&tree);
        }
        self.freeze(name, &tree);
        self
    }

    fn point(mut self, name: String) -> Self {
        let files = self.files.clone();
        self.freeze(name, &files);
        self
    }

    fn freeze(&mut self, name: String, files: &Files) {
        let commit = Commit::of(files, self.next_id.take(), Some(&self.id));
        self.refs.insert(name, commit.id.clone());
        self.commits.insert(commit.id.clone(), Arc::new(commit));
    }

    /// Points `main` at the files as they are; done whenever a repo enters the hub.
    #[must_use]
    pub(super) fn settled(mut self) -> Self {
        const MAIN: &str = "refs/heads/main";
        let tip = self.refs.get(MAIN).and_then(|id| self.commits.get(id));
        let is_current = tip.is_some_and(|tip| {
            tip.files.len() == self.files.len()
                && tip
                    .files
                    .values()
                    .zip(self.files.values())
                    .all(|(a, b)| Arc::ptr_eq(a, b))
        });
        if !is_current || self.next_id.is_some() {
            let files = self.files.clone();
            self.freeze(MAIN.to_owned(), &files);
        }
        self
    }

    /// The commit that a branch, tag, full ref or commit id means.
    pub fn revision(&self, name: &str) -> Option<Arc<Commit>> {
        let full = [
            format!("refs/heads/{name}"),
            format!("refs/tags/{name}"),
            name.to_owned(),
        ];
        let id = full.iter().find_map(|full| self.refs.get(full));
        self.commits.get(id.map_or(name, String::as_str)).cloned()
    }

    /// The contents of all large files of all commits.
    pub(super) fn large_files(&self) -> Vec<Content> {
        let files = self.commits.values().flat_map(|c| c.files.values());
        let large = files.filter(|file| file.is_lfs());
        large.map(|file| file.content.clone()).collect()
    }

    /// Every name below `refs/<group>/` with its commit id.
    pub fn refs(&self, group: &str) -> Vec<(String, String)> {
        let prefix = format!("refs/{group}/");
        let named = self.refs.iter().filter_map(|(full, id)| {
            let name = full.strip_prefix(&prefix)?;
            Some((name.to_owned(), id.clone()))
        });
        named.collect()
    }
}
