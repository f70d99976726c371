//! What lies in the views and is in no record: other clients put it there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use foldhash::{HashMap, HashSet};

use super::holdings::ForeignHolds;
use super::parts::{ids, opened};
use super::{Holdings, Presence, Repo, Sight, Snapshot};
use crate::digest::BlobId;
use crate::error::Cause;
use crate::repo::{Commit, HubName, RepoId, Revision};
use crate::store::census::{Blob, Census, Recorded};
use crate::view::lying::{self, Contents, Lying};
use crate::view::{View, ViewId};

/// The snapshots in each view, by whomever they were made.
pub(super) type Listed = Vec<(Arc<dyn View>, Result<Vec<lying::Snapshot>, Cause>)>;

/// Lists the snapshots in these views and in those of the records.
pub(super) fn list(census: &Census, views: &[Arc<dyn View>]) -> Listed {
    let given = views.iter().map(|view| opened(&view.id()).id());
    let known = ids(census).into_iter().map(|id| opened(id).id());
    let ids: BTreeSet<ViewId> = given.chain(known).collect();
    let views = ids.iter().map(ViewId::open);
    views
        .map(|view| {
            let snapshots = view.snapshots();
            (view, snapshots)
        })
        .collect()
}

/// Looks at every recorded name and at what else lies in the views of `listed`.
pub(super) fn look(
    census: &Census,
    blobs: &HashMap<BlobId, Blob>,
    listed: Listed,
) -> (Holdings, Found) {
    let mut found = Found::default();
    let mut holdings = Holdings::take(census, blobs, &mut |record, sight, file| {
        found.add_beside(&census.commits[record], sight, file);
    });
    found.add_all(&holdings, census, listed);
    holdings.keep_below(&found.stuck);
    (holdings, found)
}

/// What was found, by the folder in which it lies.
#[derive(Default)]
pub(super) struct Found {
    snapshots: BTreeMap<PathBuf, Stranger>,
    pub(super) unreadable: Vec<Cause>,
    /// Folders of repos from which nothing can be removed, since not all of them can be read.
    stuck: HashSet<PathBuf>,
}

struct Stranger {
    hub: HubName,
    repo: RepoId,
    commit: Option<Commit>,
    view: ViewId,
    contents: Contents,
}

/// A snapshot whose names are entered.
struct Part {
    folder: PathBuf,
    stranger: Stranger,
    holds: ForeignHolds,
}

impl Found {
    /// Another client's file in a snapshot that is recorded.
    fn add_beside(&mut self, recorded: &Recorded, sight: &Sight, file: Lying) {
        let stranger = || Stranger {
            hub: recorded.manifest.hub,
            repo: recorded.repo.clone(),
            commit: Some(recorded.manifest.commit.clone()),
            view: sight.view.clone(),
            contents: Contents::default(),
        };
        let snapshot = self.snapshots.entry(sight.folder.clone());
        snapshot.or_insert_with(stranger).contents.files.push(file);
    }

    /// Every snapshot of those listed that is not recorded.
    fn add_all(&mut self, holdings: &Holdings, census: &Census, listed: Listed) {
        let recorded: HashSet<&PathBuf> = (0..census.commits.len())
            .flat_map(|record| holdings.views(record))
            .map(|sight| &sight.folder)
            .collect();
        for (view, snapshots) in listed {
            match snapshots {
                Ok(snapshots) => self.add_view(view.as_ref(), snapshots, &recorded),
                Err(cause) => self.unreadable.push(cause),
            }
        }
    }

    fn add_view(
        &mut self,
        view: &dyn View,
        snapshots: Vec<lying::Snapshot>,
        recorded: &HashSet<&PathBuf>,
    ) {
        for snapshot in snapshots {
            if recorded.contains(&snapshot.folder) {
                continue;
            }
            match view.contents(&snapshot) {
                Ok(contents) if contents.files.is_empty() && contents.dangling == 0 => {}
                Ok(contents) => {
                    let stranger = Stranger {
                        hub: snapshot.hub,
                        repo: snapshot.repo,
                        commit: snapshot.commit,
                        view: view.id(),
                        contents,
                    };
                    self.snapshots.insert(snapshot.folder, stranger);
                }
                Err(cause) => {
                    self.unreadable.push(cause);
                    self.stuck.extend(stuck(view, &snapshot));
                }
            }
        }
    }

    /// Lets all of it hold its names, for good.
    pub(super) fn enter(self, holdings: &mut Holdings) {
        for stranger in self.snapshots.values() {
            let holds = holdings.add_foreign(&stranger.contents.files);
            holdings.keep(&holds);
        }
    }

    /// The repos, once all that they hold has been entered.
    pub(super) fn into_repos(self, holdings: &mut Holdings) -> Vec<Repo> {
        let mut by_repo: BTreeMap<(HubName, RepoId), Vec<Part>> = BTreeMap::new();
        for (folder, stranger) in self.snapshots {
            let holds = holdings.add_foreign(&stranger.contents.files);
            let key = (stranger.hub, stranger.repo.clone());
            let part = Part {
                folder,
                stranger,
                holds,
            };
            by_repo.entry(key).or_default().push(part);
        }
        let repos = by_repo.into_iter();
        repos
            .map(|((hub, id), parts)| Repo {
                hub,
                id,
                is_in_store: false,
                size_bytes: size_of(parts.iter().flat_map(|part| &part.stranger.contents.files)),
                unique_bytes: holdings.freed_by_foreign(parts.iter().map(|part| &part.holds)),
                apart_bytes: bytes_apart(&parts),
                commits: parts
                    .into_iter()
                    .map(|part| snapshot(part, holdings))
                    .collect(),
            })
            .collect()
    }
}

/// The folder of the repo in which a snapshot cannot be read.
fn stuck(view: &dyn View, snapshot: &lying::Snapshot) -> Option<PathBuf> {
    let at = Revision::from(snapshot.commit.as_ref()?);
    view.at(&snapshot.repo, &at).whole()
}

fn snapshot(part: Part, holdings: &Holdings) -> Snapshot {
    let Contents {
        revisions,
        files,
        dangling,
    } = part.stranger.contents;
    Snapshot {
        commit: part.stranger.commit,
        revisions,
        is_pinned: false,
        files: files.len() as u64 + dangling,
        missing: dangling,
        size_bytes: size_of(&files),
        unique_bytes: holdings.freed_by_foreign([&part.holds]),
        last_used: None,
        modified: files.iter().filter_map(|file| file.modified).max(),
        views: vec![Sight {
            view: part.stranger.view,
            folder: part.folder,
            presence: Presence::Shown,
        }],
    }
}

/// Each view has its own contents already; what lies in two of its snapshots is there once.
fn bytes_apart(parts: &[Part]) -> u64 {
    let mut views: BTreeMap<&ViewId, Vec<&Lying>> = BTreeMap::new();
    for Part { stranger, .. } in parts {
        let files = views.entry(&stranger.view).or_default();
        files.extend(&stranger.contents.files);
    }
    views.into_values().map(size_of).sum()
}

/// Bytes of these files, each content once.
fn size_of<'a>(files: impl IntoIterator<Item = &'a Lying>) -> u64 {
    let mut seen = HashSet::default();
    let files = files.into_iter().filter(|file| seen.insert(file.file));
    files.map(|file| file.len).sum()
}
