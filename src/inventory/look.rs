//! What can be seen of the recorded commits in the views that they were published to.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use foldhash::fast::RandomState;
use foldhash::{HashMap, HashSet};

use super::holdings::Shown;
use super::names::{self, Entry, Folders};
use super::parts::{Part, Views};
use super::rights::Rights;
use super::{Presence, Sight};
use crate::digest::BlobId;
use crate::error::Cause;
use crate::fs::{Stamp, lstat, parallel};
use crate::store::census::{Blob, Census, Recorded};
use crate::store::snapshot::FileRecord;
use crate::view::lying::Lying;
use crate::view::places::is_there;
use crate::view::{RepoView, ViewKind};

/// What was seen of the files of a commit in one part of a view, in the order of its manifest.
#[derive(Default)]
struct Looks {
    ours: Vec<Ours>,
    passed_over: Vec<usize>,
    foreign: Vec<Lying>,
    /// Whether a reader would find any file that was pulled.
    is_shown: bool,
    /// Whether these names can be removed.
    rights: Rights,
}

/// A name that leads to what was proven.
pub(super) struct Ours {
    /// The index of the file in the manifest.
    pub(super) file: usize,
    pub(super) name: Shown,
    pub(super) there: names::Seen,
}

/// What was seen of a commit in one part of a view.
pub(super) struct Seen {
    pub(super) sight: Sight,
    /// Whether it is seen there, or was to be.
    pub(super) is_listed: bool,
    /// In the order of the manifest; none where one could not be looked at.
    pub(super) ours: Vec<Ours>,
    /// The files of which only the name that keeps the bytes was looked at: a cache has a folder of
    /// names and others of links to them, and the links take no room. Where somebody put a further name
    /// of the file in the place of a link, the file has more names than are known in the end.
    pub(super) passed_over: Vec<usize>,
    /// What stands under the names of files that were not pulled.
    pub(super) foreign: Vec<Lying>,
    /// Whether these names cannot be removed by this user.
    pub(super) is_fixed: bool,
    /// The folder below which no name can be removed, since not all of it can be read.
    pub(super) stuck: Option<PathBuf>,
}

impl Seen {
    /// Whether a folder that cannot be changed may have links to the store's blobs, which stay then.
    pub(super) fn may_lead_into_store(&self) -> bool {
        let is_out_of_reach = self.is_fixed || self.sight.presence == Presence::Away;
        self.sight.view.kind == ViewKind::Folder && is_out_of_reach
    }
}

/// Looks at the names of recorded files.
pub(super) struct Looker<'a> {
    views: Views<'a>,
    blobs: &'a HashMap<BlobId, Blob>,
    hasher: RandomState,
}

impl<'a> Looker<'a> {
    pub(super) fn new(
        census: &'a Census,
        blobs: &'a HashMap<BlobId, Blob>,
        hasher: &RandomState,
    ) -> Self {
        Self {
            views: Views::of(census),
            blobs,
            hasher: hasher.clone(),
        }
    }

    /// Looks at every commit, and gives what was seen of it to `take`, in the order of the census.
    /// Looking waits for the disk, so several threads do.
    pub(super) fn each(&self, census: &Census, take: impl FnMut(&Recorded, Vec<Seen>)) {
        parallel::in_order(&census.commits, |recorded| self.look(recorded), take);
    }

    fn look(&self, recorded: &Recorded) -> Vec<Seen> {
        // What several parts of a view show of a commit has one folder of blobs.
        let mut folders = Folders::default();
        let parts = self.views.parts_of(recorded).into_iter();
        parts
            .map(|part| {
                let looks = self.look_at(&part, recorded, &mut folders);
                part.seen(looks)
            })
            .collect()
    }

    /// Looks at every file of the commit, in the order of its manifest, and into every folder.
    ///
    /// # Errors
    /// When one may not be looked at.
    fn look_at(
        &self,
        part: &Part,
        recorded: &Recorded,
        folders: &mut Folders,
    ) -> Result<Looks, Cause> {
        let files = &recorded.manifest.files;
        let mut looks = Looks {
            ours: Vec::with_capacity(files.len()),
            ..Looks::default()
        };
        looks.rights.see_part(part.shows.as_ref(), recorded)?;
        let mut spelled = Spelled::default();
        let mut open_folders: HashSet<&str> = HashSet::default();
        for (index, file) in files.iter().enumerate() {
            let folder = file.remote.path.folder();
            let name = || part.shows.name_of(&recorded.manifest.commit, &file.remote);
            if file.blob.is_none() {
                let foreign = look_for_foreign(name(), file, part.shows.as_ref(), folders)?;
                looks.foreign.extend(foreign);
                continue;
            }
            let file = self.file(index, file);
            let kept = file.kept(part.shows.as_ref(), folders)?;
            let kept = kept.map(|(there, path)| (there, spelled.without_links(path)));
            let kept_is_all = kept.as_ref().is_some_and(|kept| file.is_all(kept));
            if kept_is_all && looks.is_shown && open_folders.contains(folder) {
                looks.passed_over.push(index);
            } else {
                let name = name();
                let entry = if kept_is_all {
                    // One name is no reason to read its whole folder.
                    folders.glance(&name, file.blob)?
                } else {
                    folders.entry(&name, file.blob)?
                };
                if open_folders.insert(folder)
                    && let Some(dir) = name.parent()
                {
                    looks.rights.see(dir)?;
                }
                looks.is_shown |= is_shown(entry.as_ref(), kept.is_some(), &name);
                looks.ours.extend(file.ours(entry, name));
            }
            looks
                .ours
                .extend(kept.and_then(|(there, path)| file.ours(Some(Entry::File(there)), path)));
        }
        looks.rights.settle(part.shows.as_ref(), recorded)?;
        Ok(looks)
    }

    /// Looks at names that were passed over: of these files in each part of a view. What cannot be looked
    /// at is none.
    pub(super) fn look_late(&self, recorded: &Recorded, parts: &[Vec<usize>]) -> Vec<Ours> {
        let mut folders = Folders::default();
        let mut ours = Vec::new();
        for (part, files) in self.views.parts_of(recorded).into_iter().zip(parts) {
            for index in files {
                let file = self.file(*index, &recorded.manifest.files[*index]);
                let name = part
                    .shows
                    .name_of(&recorded.manifest.commit, &file.record.remote);
                let entry = folders.entry(&name, file.blob).unwrap_or_default();
                ours.extend(file.ours(entry, name));
            }
        }
        ours
    }

    fn file<'b>(&'b self, index: usize, record: &'b FileRecord) -> Pulled<'b> {
        Pulled {
            index,
            record,
            blob: record.blob.and_then(|id| self.blobs.get(&id)),
            hasher: &self.hasher,
        }
    }
}

/// The folder of the names that keep bytes, as it is called without links: other clients' snapshots may
/// lead there by another way. The view's own folder is spelled so already.
#[derive(Default)]
struct Spelled {
    dir: PathBuf,
    real: Option<PathBuf>,
}

impl Spelled {
    fn without_links(&mut self, path: PathBuf) -> PathBuf {
        let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else {
            return path;
        };
        if self.dir != dir {
            let is_link = |path: &Path| path.is_symlink();
            let has_link = is_link(dir) || dir.parent().is_some_and(is_link);
            self.real = has_link.then(|| fs::canonicalize(dir).ok()).flatten();
            dir.clone_into(&mut self.dir);
        }
        match &self.real {
            Some(real) => real.join(name),
            None => path,
        }
    }
}

/// A file that was pulled.
struct Pulled<'a> {
    index: usize,
    record: &'a FileRecord,
    blob: Option<&'a Blob>,
    hasher: &'a RandomState,
}

impl Pulled<'_> {
    /// The file under the name that keeps the bytes, where a view has links to it.
    fn kept(
        &self,
        part: &dyn RepoView,
        folders: &mut Folders,
    ) -> Result<Option<(names::Seen, PathBuf)>, Cause> {
        let Some(path) = part.kept_as(&self.record.remote) else {
            return Ok(None);
        };
        match folders.entry(&path, self.blob)? {
            Some(Entry::File(there)) => Ok(Some((there, path))),
            _ => Ok(None),
        }
    }

    /// Whether a file that looks like this was proven to be it.
    fn is_proven(&self, stamp: Stamp) -> bool {
        self.is_stored(stamp) || self.record.stamps.contains(stamp)
    }

    fn is_stored(&self, stamp: Stamp) -> bool {
        self.blob.is_some_and(|blob| blob.stamp == stamp)
    }

    /// Whether every file that was proven to be it is the blob, or this one.
    fn is_all(&self, (there, _): &(names::Seen, PathBuf)) -> bool {
        let mut stamps = self.record.stamps.iter();
        self.is_proven(there.stamp)
            && stamps.all(|stamp| stamp == there.stamp || self.is_stored(stamp))
    }

    fn ours(&self, entry: Option<Entry>, path: PathBuf) -> Option<Ours> {
        match entry {
            Some(Entry::File(there)) if self.is_proven(there.stamp) => Some(Ours {
                file: self.index,
                name: Shown::new(path, self.hasher),
                there,
            }),
            _ => None,
        }
    }
}

/// Whether a reader would find the file under its name.
fn is_shown(entry: Option<&Entry>, is_kept: bool, name: &Path) -> bool {
    match entry {
        None => false,
        Some(Entry::File(_)) => true,
        // A link of a folder into the store, or of hf into the stock of all its repos.
        Some(Entry::Other) => is_kept || fs::metadata(name).is_ok_and(|there| there.is_file()),
    }
}

impl Part {
    fn seen(self, looks: Result<Looks, Cause>) -> Seen {
        let presence = match &looks {
            Ok(looks) => presence(looks.is_shown, self.view.root()),
            Err(_unreadable) => Presence::Away,
        };
        let rights = looks.as_ref().map_or(Rights::NONE, |looks| looks.rights);
        let looks = looks.unwrap_or_default();
        Seen {
            is_listed: self.is_expected || presence == Presence::Shown,
            sight: Sight {
                view: self.view.id(),
                folder: self.folder,
                presence,
            },
            ours: looks.ours,
            passed_over: looks.passed_over,
            foreign: looks.foreign,
            is_fixed: rights.is_fixed(),
            stuck: rights.is_dark().then(|| self.shows.whole()).flatten(),
        }
    }
}

/// What stands under the name of a file that was not pulled.
fn look_for_foreign(
    name: PathBuf,
    file: &FileRecord,
    part: &dyn RepoView,
    folders: &mut Folders,
) -> Result<Option<Lying>, Cause> {
    // The name tells enough where there is none.
    let Some(entry) = folders.entry(&name, None)? else {
        return Ok(None);
    };
    let path = match entry {
        Entry::File(_) => Some(name),
        Entry::Other => part.kept_as(&file.remote),
    };
    let there = path.map(|path| Ok((lstat(&path)?, path))).transpose()?;
    let there = there.and_then(|(there, path)| Some((there.filter(Metadata::is_file)?, path)));
    Ok(there.map(|(there, path)| Lying::new(path, &there)))
}

fn presence(is_shown: bool, root: &Path) -> Presence {
    if is_shown {
        Presence::Shown
    } else if !is_there(root) {
        Presence::Away
    } else {
        Presence::Gone
    }
}
