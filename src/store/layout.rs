//! Every path in the store. Nothing else joins one.
//!
//! Paths are built from types that were checked, so `../` cannot be spelled. `docs/store-format.md`
//! describes the same tree for people.

use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::digest::{BlobId, Digest, GitOid};
use crate::fs::TEMPORARY;
use crate::repo::{Commit, HubName, RepoId, Revision};

/// The paths of one store.
#[derive(Clone, Debug)]
pub struct Layout {
    root: PathBuf,
}

/// Stands for the owner of a repo that has none; no owner can be called so.
const NO_OWNER: &str = "-";

/// What stays readable in an encoded revision. A leading dot cannot occur (see `Revision`).
const REVISION: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// What filesystems take as one name; an encoded revision may be three times as long as it is.
const LONGEST_NAME: usize = 255;
/// How much of a longer one is kept, before the SHA-256 of the revision.
const LONGEST_BEGINNING: usize = 180;

impl Layout {
    /// The paths below `root`.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The store's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The file that names the store's format.
    pub fn version(&self) -> PathBuf {
        self.root.join("VERSION")
    }

    /// The file that tells backup programs to pass.
    pub fn cachedir_tag(&self) -> PathBuf {
        self.root.join("CACHEDIR.TAG")
    }

    /// A finished blob.
    pub fn blob(&self, id: BlobId) -> PathBuf {
        self.sharded("blobs/sha256", &id.to_string())
    }

    /// The folder of all finished blobs, under which every kind of name has its shards.
    pub fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    /// The second name of a finished blob whose git id is known: finds it before it is fetched.
    pub fn git_name(&self, oid: GitOid) -> PathBuf {
        self.sharded("blobs/git-sha1", &oid.to_string())
    }

    /// The folder of unfinished blobs.
    pub fn partials(&self) -> PathBuf {
        self.root.join("partial")
    }

    /// A name for a file that is made there and then renamed.
    pub fn temporary(&self) -> PathBuf {
        let name = format!("{TEMPORARY}{:016x}", fastrand::u64(..));
        self.partials().join(name)
    }

    /// The folder of one unfinished blob.
    pub fn partial(&self, digest: Digest) -> PathBuf {
        match digest {
            Digest::Sha256(id) => self.partials().join(id.to_string()),
            Digest::Git(oid) => self.partials().join(format!("git-{oid}")),
        }
    }

    /// The folder of an unfinished blob that only this process writes to.
    pub fn own_partial(&self, digest: Digest) -> PathBuf {
        let mut path = self.partial(digest).into_os_string();
        path.push(format!("~{}-{:08x}", std::process::id(), fastrand::u32(..)));
        path.into()
    }

    /// The records of a repo's commits.
    pub fn manifests(&self, hub: HubName, repo: &RepoId) -> PathBuf {
        self.repo("manifests", hub, repo)
    }

    /// The record of one commit.
    pub fn manifest(&self, hub: HubName, repo: &RepoId, commit: &Commit) -> PathBuf {
        self.manifests(hub, repo).join(format!("{commit}.json"))
    }

    /// What a repo's revisions were when they were last asked.
    pub fn references(&self, hub: HubName, repo: &RepoId) -> PathBuf {
        self.repo("refs", hub, repo)
    }

    /// The commit that a revision was when it was last asked.
    pub fn reference(&self, hub: HubName, repo: &RepoId, revision: &Revision) -> PathBuf {
        let mut name = utf8_percent_encode(revision.as_str(), REVISION).to_string();
        if name.len() > LONGEST_NAME {
            name.truncate(LONGEST_BEGINNING);
            // No encoded revision has this mark in it.
            name.push('~');
            name.push_str(&BlobId::of(revision.as_str().as_bytes()).to_string());
        }
        self.references(hub, repo).join(name)
    }

    /// The lock that every user of the store shares and collection takes alone.
    pub fn store_lock(&self) -> PathBuf {
        self.root.join("locks/store.lock")
    }

    /// The mark of the last collection: whether it has ended, and which it was.
    pub fn collected(&self) -> PathBuf {
        self.root.join("locks/collected")
    }

    /// The lock of whoever fetches a content.
    pub fn content_lock(&self, digest: Digest) -> PathBuf {
        self.sharded("locks/blobs", &format!("{digest}.lock"))
    }

    /// The lock of whoever publishes a repo.
    pub fn repo_lock(&self, hub: HubName, repo: &RepoId) -> PathBuf {
        self.repo("locks/repos", hub, repo).join("publish.lock")
    }

    fn sharded(&self, folder: &str, name: &str) -> PathBuf {
        self.root.join(format!("{folder}/{}/{name}", &name[..2]))
    }

    fn repo(&self, folder: &str, hub: HubName, repo: &RepoId) -> PathBuf {
        let mut path = self.root.join(folder);
        path.extend([hub.as_str(), repo.kind().plural()]);
        path.extend([repo.owner().unwrap_or(NO_OWNER), repo.name()]);
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::RepoKind;

    #[test]
    fn paths_are_as_documented() {
        let layout = Layout::new("/s".into());
        let id = BlobId::of(b"");
        assert_eq!(
            layout.blob(id),
            Path::new(&format!("/s/blobs/sha256/e3/{id}"))
        );
        let repo = RepoId::parse(RepoKind::Model, "gpt2").unwrap();
        let revision = Revision::parse("refs/pr/1").unwrap();
        assert_eq!(
            layout.reference(HubName::HuggingFace, &repo, &revision),
            Path::new("/s/refs/hf/models/-/gpt2/refs%2Fpr%2F1")
        );
    }

    #[test]
    fn the_name_of_a_revision_fits_in_a_folder() {
        let layout = Layout::new("/s".into());
        let repo = RepoId::parse(RepoKind::Model, "gpt2").unwrap();
        let path = |text: &str| {
            let revision = Revision::parse(text).unwrap();
            layout.reference(HubName::HuggingFace, &repo, &revision)
        };
        let long = |end: &str| path(&format!("{}{end}", "é".repeat(120)));
        assert_ne!(long("a"), long("b"));
        for path in [long("a"), path(&"x".repeat(250))] {
            let len = path.file_name().unwrap().len();
            assert!(len <= LONGEST_NAME, "{len}");
        }
    }
}
