//! A repo that stands by: looked at only when its contents are needed.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::OnceCell;

use super::{Lack, Origin, place};
use crate::digest::Digest;
use crate::error::Cause;
use crate::hub::{Hub, Listing, RemoteFile};
use crate::repo::{Commit, HubName, RepoId, Revision};
use crate::report::Place;
use crate::source::Source;

/// A file of this size is worth a try when nothing but its name and its length say that it is the same: two
/// hubs may tell digests of different kinds of it.
const TRY_BYTES: u64 = 1 << 20;

/// A repo that may stand in for the one that is asked for.
#[derive(Clone)]
pub struct Fallback {
    /// The hub or mirror that it is at.
    pub hub: Arc<dyn Hub>,
    /// What kind of hub that is.
    pub name: HubName,
    /// The repo there.
    pub repo: RepoId,
    /// What of it to take.
    pub at: At,
}

/// What of a fallback's repo to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// What this revision is.
    Revision(Revision),
    /// It is a mirror, with the commits of the asked hub: the same commit. A mirror that does not have
    /// it serves what the asked revision is there.
    Mirror,
}

impl Fallback {
    /// The place, for messages.
    pub fn place(&self) -> Place {
        place(self.hub.as_ref(), self.name, self.repo.clone())
    }

    /// Whether its commits are those of the asked hub.
    pub fn is_mirror(&self) -> bool {
        self.at == At::Mirror
    }

    /// The origin that it is for a pull of `commit`, which was asked for as `revision`.
    pub fn stand_by(&self, commit: &Commit, revision: &Revision) -> Standby {
        Standby {
            place: self.place(),
            fallback: self.clone(),
            commit: commit.clone(),
            revision: revision.clone(),
            known: OnceCell::new(),
        }
    }
}

/// A fallback of one pull.
pub struct Standby {
    place: Place,
    fallback: Fallback,
    /// What is pulled, and as what it was asked for.
    commit: Commit,
    revision: Revision,
    known: OnceCell<Known>,
}

/// What is there.
struct Known {
    commit: Commit,
    listing: Listing,
    /// Which rows have a content, by each digest that is told of it.
    rows: HashMap<Digest, Vec<usize>>,
}

impl Known {
    fn new(commit: Commit, listing: Listing) -> Self {
        let mut rows: HashMap<Digest, Vec<usize>> = HashMap::new();
        for (row, file) in listing.iter().enumerate() {
            for digest in digests(file) {
                rows.entry(digest).or_default().push(row);
            }
        }
        Self {
            commit,
            listing,
            rows,
        }
    }

    /// A file with the content of `wanted`, under the same name if there is one.
    fn find(&self, wanted: &RemoteFile) -> Result<&RemoteFile, Lack> {
        let rows = digests(wanted).filter_map(|digest| self.rows.get(&digest));
        let same = rows
            .flatten()
            .map(|&row| &self.listing[row])
            // git's id of a large file is that of the pointer: a small file may be just that.
            .filter(|file| file.len == wanted.len);
        if let Some(best) = same.min_by_key(|file| file.path != wanted.path) {
            return Ok(best);
        }
        let namesake = self.listing.iter().find(|file| file.path == wanted.path);
        match namesake {
            Some(file) if may_be_same(file, wanted) => Ok(file),
            Some(_) => Err(Lack::Differs),
            None => Err(Lack::Absent),
        }
    }
}

/// Whether nothing says that a file of the same name is another one, and to find out costs little.
fn may_be_same(file: &RemoteFile, wanted: &RemoteFile) -> bool {
    let is_sha256 = |digest: &Digest| digest.sha256().is_some();
    let is_comparable =
        digests(file).any(|one| digests(wanted).any(|other| is_sha256(&one) == is_sha256(&other)));
    file.len == wanted.len && file.len <= TRY_BYTES && !is_comparable
}

/// The digests that a row tells of its content.
fn digests(file: &RemoteFile) -> impl Iterator<Item = Digest> {
    let oid = file.git_oid.map(Digest::from);
    std::iter::once(file.digest).chain(oid.filter(|oid| *oid != file.digest))
}

impl Standby {
    async fn list(&self) -> Result<Known, Cause> {
        let Fallback { hub, repo, at, .. } = &self.fallback;
        let revision = match at {
            At::Revision(revision) => revision,
            At::Mirror => match hub.list(repo, &self.commit).await {
                Ok(listing) => return Ok(Known::new(self.commit.clone(), listing)),
                Err(Cause::RevisionNotFound { .. }) => &self.revision,
                Err(cause) => return Err(cause),
            },
        };
        let commit = match revision.as_commit() {
            Some(commit) => commit,
            None => hub.resolve(repo, revision).await?.commit,
        };
        let listing = hub.list(repo, &commit).await?;
        Ok(Known::new(commit, listing))
    }
}

impl Origin for Standby {
    fn place(&self) -> &Place {
        &self.place
    }

    fn look(&self) -> BoxFuture<'_, Result<(), Cause>> {
        Box::pin(async { self.known.get_or_try_init(|| self.list()).await.map(drop) })
    }

    fn source(&self, file: &RemoteFile) -> Result<Arc<dyn Source>, Lack> {
        let known = self.known.get().ok_or(Lack::Absent)?;
        let there = known.find(file)?;
        let Fallback { hub, repo, .. } = &self.fallback;
        Ok(hub.source(repo, &known.commit, there))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::{BlobId, GitOid};
    use crate::repo::RepoPath;

    fn file(path: &str, len: u64, digest: impl Into<Digest>, oid: Option<GitOid>) -> RemoteFile {
        RemoteFile {
            path: RepoPath::parse(path).unwrap(),
            len,
            digest: digest.into(),
            git_oid: oid,
            xet_hash: None,
            changed_by: None,
        }
    }

    fn found(listing: &[RemoteFile], wanted: &RemoteFile) -> Result<String, Lack> {
        let commit = Commit::parse(&"a".repeat(40)).unwrap();
        let known = Known::new(commit, listing.to_vec());
        known.find(wanted).map(|file| file.path.to_string())
    }

    #[test]
    fn a_content_is_found_under_any_name_but_rather_under_its_own() {
        let one = BlobId::of(b"one");
        let listing = [file("a", 3, one, None), file("b", 3, one, None)];
        assert_eq!(found(&listing, &file("b", 3, one, None)), Ok("b".into()));
        assert_eq!(found(&listing, &file("c", 3, one, None)), Ok("a".into()));
    }

    #[test]
    fn a_name_with_another_content_is_no_source() {
        let listing = [file("a", 3, BlobId::of(b"one"), None)];
        let two = BlobId::of(b"two");
        assert_eq!(
            found(&listing, &file("a", 3, two, None)),
            Err(Lack::Differs)
        );
        assert_eq!(found(&listing, &file("b", 3, two, None)), Err(Lack::Absent));
    }

    #[test]
    fn git_s_id_is_a_digest_too() {
        let (oid, id) = (GitOid::of(b"one"), BlobId::of(b"one"));
        let by_git = file("a", 3, oid, Some(oid));
        let by_both = file("b", 3, id, Some(oid));
        assert_eq!(
            found(std::slice::from_ref(&by_both), &by_git),
            Ok("b".into())
        );
        assert_eq!(found(&[by_git], &by_both), Ok("a".into()));
    }

    #[test]
    fn a_small_namesake_is_tried_where_digests_cannot_be_compared() {
        let by_git = file("a", 3, GitOid::of(b"one"), None);
        let by_sha256 = file("a", 3, BlobId::of(b"one"), None);
        let longer = file("a", 4, BlobId::of(b"four"), None);
        assert_eq!(
            found(std::slice::from_ref(&by_sha256), &by_git),
            Ok("a".into())
        );
        assert_eq!(
            found(std::slice::from_ref(&by_git), &by_sha256),
            Ok("a".into())
        );
        assert_eq!(found(&[longer], &by_git), Err(Lack::Differs));
        let large = |digest: Digest| file("a", TRY_BYTES + 1, digest, None);
        let listing = [large(BlobId::of(b"x").into())];
        let wanted = large(GitOid::of(b"x").into());
        assert_eq!(found(&listing, &wanted), Err(Lack::Differs));
    }

    #[test]
    fn a_pointer_is_not_what_it_points_at() {
        let pointer = GitOid::of(b"version 1");
        let large = file("a", 5_000_000_000, BlobId::of(b"large"), Some(pointer));
        let small = file("a", 9, pointer, Some(pointer));
        assert_eq!(
            found(std::slice::from_ref(&large), &small),
            Err(Lack::Differs)
        );
        assert_eq!(found(&[small], &large), Err(Lack::Differs));
    }
}
