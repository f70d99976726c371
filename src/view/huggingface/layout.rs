//! Every path of a repo in the cache, built from checked parts. Pure; nobody else joins one.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use crate::digest::Digest;
use crate::repo::{Commit, RepoId, RepoPath, Revision};

/// Where the things of one repo are.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    root: PathBuf,
    name: String,
    folder: PathBuf,
}

impl Layout {
    pub(super) fn new(root: &Path, repo: &RepoId) -> Self {
        let parts = [Some(repo.kind().plural()), repo.owner(), Some(repo.name())];
        let name = parts.into_iter().flatten().collect::<Vec<_>>().join("--");
        Self {
            root: root.to_owned(),
            folder: root.join(&name),
            name,
        }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The path of `parts` in the folder, put together in one place: there are two for each file of a
    /// cache.
    fn below(&self, parts: &[&str]) -> PathBuf {
        let folder = self.folder.as_os_str();
        let len = parts.iter().map(|part| 1 + part.len()).sum::<usize>();
        let mut below = OsString::with_capacity(folder.len() + len);
        below.push(folder);
        for part in parts {
            below.push("/");
            below.push(part);
        }
        below.into()
    }

    pub(super) fn blobs(&self) -> PathBuf {
        self.folder.join("blobs")
    }

    pub(super) fn blob(&self, digest: Digest) -> PathBuf {
        self.below(&["blobs", digest.hex(&mut [0; Digest::MAX_DIGITS])])
    }

    pub(super) fn snapshots(&self) -> PathBuf {
        self.folder.join("snapshots")
    }

    pub(super) fn snapshot(&self, commit: &Commit) -> PathBuf {
        self.folder.join(format!("snapshots/{commit}"))
    }

    /// The name of a file of `commit`.
    pub(super) fn entry(&self, commit: &Commit, path: &RepoPath) -> PathBuf {
        self.below(&["snapshots", commit.as_str(), path.as_str()])
    }

    /// What the link at [`Layout::entry`] says: relative, so that the cache can be moved.
    pub(super) fn link_target(path: &RepoPath, digest: Digest) -> PathBuf {
        let mut target = "../".repeat(path.segments().count() + 1);
        target.push_str("blobs/");
        target.push_str(&digest.to_string());
        PathBuf::from(target)
    }

    pub(super) fn refs(&self) -> PathBuf {
        self.folder.join("refs")
    }

    pub(super) fn reference(&self, revision: &Revision) -> PathBuf {
        self.refs().join(revision.as_str())
    }

    pub(super) fn trees(&self) -> PathBuf {
        self.folder.join("trees")
    }

    pub(super) fn tree(&self, commit: &Commit) -> PathBuf {
        self.folder.join(format!("trees/{commit}.json"))
    }

    /// The notes of what `commit` has not.
    pub(super) fn no_exists(&self, commit: &Commit) -> PathBuf {
        self.folder.join(format!(".no_exist/{commit}"))
    }

    pub(super) fn no_exist(&self, commit: &Commit, path: &RepoPath) -> PathBuf {
        self.no_exists(commit).join(path.as_str())
    }

    /// Where half-made things stand.
    pub(super) fn private(&self) -> PathBuf {
        self.folder.join(".larder")
    }

    pub(super) fn locks(&self) -> PathBuf {
        self.root.join(".locks").join(&self.name)
    }

    pub(super) fn lock(&self, digest: Digest) -> PathBuf {
        self.locks().join(format!("{digest}.lock"))
    }

    /// hf's store of payloads that several repos share.
    pub(super) fn shared(&self) -> PathBuf {
        self.root.join("blobs")
    }
}

/// Where a link with the text `target` leads that stands at `link`; by the names alone.
pub(super) fn link_leads(link: &Path, target: &Path) -> PathBuf {
    let dir = link.parent().unwrap_or(Path::new("."));
    normal(&dir.join(target))
}

/// `path` without `.` and, as far as names allow, without `..`.
pub(super) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        let is_step = matches!(normal.components().next_back(), Some(Component::Normal(_)));
        match part {
            Component::CurDir => {}
            Component::ParentDir if is_step => {
                normal.pop();
            }
            Component::ParentDir if normal.has_root() => {}
            other => normal.push(other),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::GitOid;
    use crate::repo::RepoKind;

    fn layout(kind: RepoKind, id: &str) -> Layout {
        Layout::new(Path::new("/hub"), &RepoId::parse(kind, id).unwrap())
    }

    #[test]
    fn folders_are_named_as_hf_names_them() {
        let name = |kind, id| layout(kind, id).folder().display().to_string();
        assert_eq!(
            name(RepoKind::Model, "Qwen/Qwen3-8B"),
            "/hub/models--Qwen--Qwen3-8B"
        );
        assert_eq!(name(RepoKind::Model, "gpt2"), "/hub/models--gpt2");
        assert_eq!(name(RepoKind::Dataset, "org/d"), "/hub/datasets--org--d");
    }

    #[test]
    fn a_link_leads_to_the_blob_from_any_depth() {
        let layout = layout(RepoKind::Model, "a/b");
        let digest = Digest::Git(GitOid::of(b"x"));
        let commit = Commit::parse(&"c".repeat(40)).unwrap();
        for path in ["f", "d/f", "d/e/f g"] {
            let path = RepoPath::parse(path).unwrap();
            let target = Layout::link_target(&path, digest);
            let link = layout.entry(&commit, &path);
            assert_eq!(link_leads(&link, &target), layout.blob(digest));
        }
        let path = RepoPath::parse("f").unwrap();
        let text = format!("../../blobs/{digest}");
        assert_eq!(Layout::link_target(&path, digest), Path::new(&text));
    }

    #[test]
    fn names_are_made_normal() {
        for (path, want) in [
            ("/a/./b/../c", "/a/c"),
            ("../a/../b", "../b"),
            ("/../a", "/a"),
            ("a/..", ""),
        ] {
            assert_eq!(normal(Path::new(path)), Path::new(want), "{path}");
        }
    }

    #[test]
    fn refs_locks_and_trees() {
        let layout = layout(RepoKind::Model, "a/b");
        let commit = Commit::parse(&"c".repeat(40)).unwrap();
        let pr = Revision::parse("refs/pr/1").unwrap();
        let digest = Digest::Git(GitOid::of(b""));
        let lock = format!("/hub/.locks/models--a--b/{digest}.lock");
        assert_eq!(
            layout.reference(&pr),
            Path::new("/hub/models--a--b/refs/refs/pr/1")
        );
        assert_eq!(layout.lock(digest), Path::new(&lock));
        let tree = format!("/hub/models--a--b/trees/{commit}.json");
        assert_eq!(layout.tree(&commit), Path::new(&tree));
    }
}
