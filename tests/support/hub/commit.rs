//! The files of one immutable commit, listed as a hub lists them.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha1::{Digest, Sha1};

use super::content::{Content, hex, sha1_hex};

/// One file of a repo.
#[derive(Clone, Debug)]
pub struct File {
    /// Path inside the repo, with `/`.
    pub path: String,
    /// Its bytes.
    pub content: Content,
    /// How the hub keeps it.
    pub stored: Stored,
}

/// How the hub keeps a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// In git: the hub serves it itself, its etag is the git blob id.
    Git,
    /// In large-file storage: the CDN serves it, its etag is the SHA-256.
    Lfs {
        /// The Xet file id, 64 hex digits.
        xet: Option<String>,
    },
}

impl File {
    /// A small file kept in git.
    pub fn git(path: impl Into<String>, content: impl Into<Content>) -> Self {
        Self {
            path: path.into(),
            content: content.into(),
            stored: Stored::Git,
        }
    }

    /// A large file behind a signed URL.
    pub fn lfs(path: impl Into<String>, content: impl Into<Content>) -> Self {
        Self {
            stored: Stored::Lfs { xet: None },
            ..Self::git(path, content)
        }
    }

    /// A large file that also has a Xet id.
    pub fn xet(
        path: impl Into<String>,
        content: impl Into<Content>,
        id: impl Into<String>,
    ) -> Self {
        let xet = Some(id.into());
        Self {
            stored: Stored::Lfs { xet },
            ..Self::git(path, content)
        }
    }

    /// Whether the CDN serves it.
    pub fn is_lfs(&self) -> bool {
        self.stored != Stored::Git
    }

    /// The Xet id, if it has one.
    pub fn xet_hash(&self) -> Option<&str> {
        match &self.stored {
            Stored::Lfs { xet } => xet.as_deref(),
            Stored::Git => None,
        }
    }

    /// The etag that names the content: SHA-256 for a large file, git blob id for a small one.
    pub fn etag(&self) -> &str {
        match self.stored {
            Stored::Git => self.content.blob_id(),
            Stored::Lfs { .. } => self.content.sha256(),
        }
    }

    /// The git object id: of the content, or of the pointer that stands for a large file.
    pub fn oid(&self) -> String {
        match self.stored {
            Stored::Git => self.content.blob_id().to_owned(),
            Stored::Lfs { .. } => {
                let pointer = self.pointer();
                sha1_hex(format!("blob {}\0{pointer}", pointer.len()))
            }
        }
    }

    /// The text that git keeps in place of a large file.
    pub fn pointer(&self) -> String {
        format!(
            "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n",
            self.content.sha256(),
            self.content.len()
        )
    }
}

/// A row of a tree listing.
#[derive(Clone, Debug)]
pub enum Entry {
    /// A folder, with its made-up object id.
    Directory {
        /// Path inside the repo.
        path: String,
        /// 40 hex digits.
        oid: String,
    },
    /// A file.
    File(Arc<File>),
}

impl Entry {
    /// Path inside the repo.
    pub fn path(&self) -> &str {
        match self {
            Self::Directory { path, .. } => path,
            Self::File(file) => &file.path,
        }
    }
}

/// What a repo holds: path → file.
pub type Files = BTreeMap<String, Arc<File>>;

/// An immutable set of files with a 40-hex id.
#[derive(Debug)]
pub struct Commit {
    /// 40 hex digits.
    pub id: String,
    /// Path → file.
    pub files: Files,
    entries: Vec<Entry>,
}

impl Commit {
    /// Freezes `files`; without a given `id` the id is a digest of paths, contents and `parent`.
    pub fn of(files: &Files, id: Option<String>, parent: Option<&str>) -> Self {
        let mut whole = Sha1::new_with_prefix(parent.unwrap_or_default());
        let mut folders: BTreeMap<&str, Sha1> = BTreeMap::new();
        for (path, file) in files {
            let line = format!("{path}\0{}\n", file.oid());
            whole.update(&line);
            for (slash, _) in path.match_indices('/') {
                folders.entry(&path[..slash]).or_default().update(&line);
            }
        }
        let folders = folders.into_iter().map(|(path, hasher)| Entry::Directory {
            path: path.to_owned(),
            oid: hex(&hasher.finalize()),
        });
        let mut entries: Vec<Entry> = folders
            .chain(files.values().cloned().map(Entry::File))
            .collect();
        entries.sort_by(|a, b| a.path().cmp(b.path()));
        Self {
            id: id.unwrap_or_else(|| hex(&whole.finalize())),
            files: files.clone(),
            entries,
        }
    }

    /// The entry at exactly this path.
    pub fn entry(&self, path: &str) -> Option<&Entry> {
        let found = self.entries.binary_search_by(|e| e.path().cmp(path));
        found.ok().map(|place| &self.entries[place])
    }

    /// Entries below `folder` (`""` is the root) that sort after the path `after`.
    pub fn list<'a>(
        &'a self,
        folder: &str,
        is_recursive: bool,
        after: &str,
    ) -> impl Iterator<Item = &'a Entry> {
        let prefix = match folder {
            "" => String::new(),
            folder => format!("{folder}/"),
        };
        let from = after.max(prefix.as_str());
        let start = self.entries.partition_point(|e| e.path() <= from);
        let depth = prefix.len();
        self.entries[start..]
            .iter()
            .take_while({
                let prefix = prefix.clone();
                move |e| e.path().starts_with(&prefix)
            })
            .filter(move |e| is_recursive || !e.path()[depth..].contains('/'))
    }
}
