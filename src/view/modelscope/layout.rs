//! Every path of a repo in the cache, of each generation of the client, built from checked parts.
//! Pure but for [`Layout::shadow`]; nobody else joins one.

use std::fs;
use std::path::{Path, PathBuf};

use crate::digest::BlobId;
use crate::repo::{RepoId, RepoKind, RepoPath, Revision};

/// Where the things of one repo are.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    root: PathBuf,
    repo: RepoId,
}

impl Layout {
    pub(super) fn new(root: &Path, repo: &RepoId) -> Self {
        Self {
            root: root.to_owned(),
            repo: repo.clone(),
        }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn kind(&self) -> RepoKind {
        self.repo.kind()
    }

    /// `models` or `datasets`, with the folders of all repos of the kind.
    pub(super) fn shelf(&self) -> PathBuf {
        self.root.join(self.repo.kind().plural())
    }

    /// `models/<owner>--<name>`.
    pub(super) fn folder(&self) -> PathBuf {
        self.shelf().join(self.repo.id().replace('/', "--"))
    }

    pub(super) fn snapshots(&self) -> PathBuf {
        self.folder().join("snapshots")
    }

    /// A revision with a slash nests.
    pub(super) fn snapshot(&self, revision: &Revision) -> PathBuf {
        self.snapshots().join(revision.as_str())
    }

    /// Where half-made things stand.
    pub(super) fn private(&self) -> PathBuf {
        self.folder().join(".larder")
    }

    /// The client's lock on a file, the same for all revisions
    /// (`_download.DownloadManager._lock_path`).
    pub(super) fn lock(&self, path: &RepoPath) -> PathBuf {
        let key = [
            "modelscope-hub-download-lock-v2",
            "file",
            self.repo.kind().as_str(),
            &self.repo.id(),
            path.as_str(),
        ]
        .join("\0");
        let digest = BlobId::of(key.as_bytes());
        self.root.join(".lock").join(format!("file_{digest}.lock"))
    }

    /// The name in which the older clients hide dots.
    pub(super) fn masked(&self) -> String {
        self.repo.name().replace('.', "___")
    }

    /// `models/<owner>/<name>` with the name masked, where `modelscope` 1.23 to 1.37 keep a repo.
    pub(super) fn old_folder(&self) -> PathBuf {
        self.old(&self.shelf(), &self.masked())
    }

    /// The link to [`Layout::old_folder`] by the repo's own name, where that has a dot.
    pub(super) fn old_alias(&self) -> Option<PathBuf> {
        let is_needed = self.repo.name().contains('.');
        is_needed.then(|| self.old(&self.shelf(), self.repo.name()))
    }

    /// The lock that the older clients hold on a repo.
    pub(super) fn old_lock(&self) -> PathBuf {
        let name = self.repo.id().replace('/', "___");
        self.root.join(".lock").join(name)
    }

    /// Where the older clients make things, beside the repos.
    pub(super) fn old_temporary(&self) -> PathBuf {
        self.shelf().join("._____temp")
    }

    /// The id as the older clients note it.
    pub(super) fn masked_id(&self) -> String {
        match self.repo.owner() {
            Some(owner) => format!("{owner}/{}", self.masked()),
            None => self.masked(),
        }
    }

    /// The folders of an older layout in which the newest client looks before its own.
    fn shadows(&self) -> [PathBuf; 2] {
        let hub = self.root.join("hub").join(self.repo.kind().plural());
        [self.old_folder(), self.old(&hub, &self.masked())]
    }

    /// The folder that readers open instead of any snapshot; a folder with an entry is one to them.
    pub(super) fn shadow(&self) -> Option<PathBuf> {
        let has_entry =
            |dir: &PathBuf| fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some());
        self.shadows().into_iter().find(has_entry)
    }

    /// Every folder in which an older client may have left the repo's files, the newest first.
    pub(super) fn old_folders(&self) -> Vec<PathBuf> {
        let mut folders = Vec::from(self.shadows());
        let hub = self.root.join("hub");
        for base in [&hub, &self.shelf(), &self.root] {
            for name in [self.masked(), self.repo.name().to_owned()] {
                let folder = self.old(base, &name);
                if !folders.contains(&folder) {
                    folders.push(folder);
                }
            }
        }
        folders
    }

    fn old(&self, base: &Path, name: &str) -> PathBuf {
        base.join(self.repo.owner().unwrap_or_default()).join(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(id: &str) -> Layout {
        let repo = RepoId::parse(RepoKind::Model, id).unwrap();
        Layout::new(Path::new("/c"), &repo)
    }

    #[test]
    fn names_are_those_of_the_clients() {
        let layout = layout("acme/tiny.v1-5B");
        let branch = Revision::parse("feat/x").unwrap();
        assert_eq!(
            layout.snapshot(&branch),
            Path::new("/c/models/acme--tiny.v1-5B/snapshots/feat/x")
        );
        assert_eq!(
            layout.old_folder(),
            Path::new("/c/models/acme/tiny___v1-5B")
        );
        assert_eq!(
            layout.old_alias().unwrap(),
            Path::new("/c/models/acme/tiny.v1-5B")
        );
        assert_eq!(layout.old_lock(), Path::new("/c/.lock/acme___tiny.v1-5B"));
        assert_eq!(layout.masked_id(), "acme/tiny___v1-5B");
        assert_eq!(super::tests::layout("a/b").old_alias(), None);
    }

    #[test]
    fn the_lock_has_the_name_that_the_client_computes() {
        let path = RepoPath::parse("config.json").unwrap();
        let want = "file_e55100d6e6d06095bdc43280b61686ad7b1002c7f50873f4259c0c34d70419ef.lock";
        assert_eq!(
            layout("acme/tiny.v1-5B").lock(&path),
            Path::new("/c/.lock").join(want)
        );
    }

    #[test]
    fn older_clients_files_are_looked_for_everywhere() {
        let folders = layout("a/b.c").old_folders();
        let want = [
            "models/a/b___c",
            "hub/models/a/b___c",
            "hub/a/b___c",
            "hub/a/b.c",
            "models/a/b.c",
            "a/b___c",
            "a/b.c",
        ];
        assert_eq!(folders, want.map(|name| Path::new("/c").join(name)));
    }
}
