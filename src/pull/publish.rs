//! Making the files visible, and remembering that they are.

use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::blocking::blocking;
use crate::error::Cause;
use crate::fs;
use crate::hub::RemoteFile;
use crate::pull::Holdings;
use crate::report::Event;
use crate::resolve::Target;
use crate::session::Session;
use crate::store::Store;
use crate::store::lock::{Lock, wait_for};
use crate::store::snapshot::{Manifest, now};
use crate::transfer::Held;
use crate::view::{Proven, Publication, Published, RepoView, ViewLock};

/// Publishes the files and returns the folder to open.
pub(super) async fn publish(
    session: &Session,
    view: &Arc<dyn RepoView>,
    mut target: Target,
    files: Vec<Arc<RemoteFile>>,
    held: &Holdings,
) -> Result<PathBuf, Cause> {
    let before = target.manifest.take();
    let target = &Arc::new(target);
    let lock = lock_repo(session, target).await?;
    let mut placed = Vec::with_capacity(files.len());
    for file in files {
        let content = lasting(session, here(held, &file)?);
        placed.push((file, content));
    }
    let whole = lock_view(session, view).await?;
    let (view, work, store) = (Arc::clone(view), Arc::clone(target), session.store.clone());
    let (placed, published, shadow, place) = blocking(move || {
        let place = Folder::of(&store, view.as_ref(), &work)?;
        let published = view.publish(&Publication {
            commit: &work.commit,
            revision: work.revision.as_ref(),
            listing: &work.listing,
            files: &placed,
        })?;
        Ok((placed, published, view.shadow(), place))
    })
    .await?;
    if let Some(shadow) = shadow {
        session.sink.emit(Event::Notice(format!(
            "{} was left by an older client, and newer ones open it instead of what was just pulled: \
             remove it, or keep it up to date with `--layout legacy`",
            shadow.display()
        )));
    }
    if published.placed.copies > 0 {
        session.sink.emit(Event::Notice(format!(
            "{} files were copied: the store and {} cannot share them by link",
            published.placed.copies,
            session.view.root().display()
        )));
    }
    if let [first, rest @ ..] = published.left.as_slice() {
        let more = match rest.len() {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        session.sink.emit(Event::Notice(format!(
            "{}{more} of the commit before stays: this one has no such file",
            first.display()
        )));
    }
    let known = known(session, target, before).await?;
    remember(session, target, known, &placed, held, &published, &place).await?;
    drop((whole, lock));
    Ok(published.snapshot)
}

/// The folder of a view where the files get their names.
struct Folder {
    path: PathBuf,
    /// Whether it was not there before, or showed another commit.
    is_new: bool,
}

impl Folder {
    /// As it is before anything is published.
    fn of(store: &Store, view: &dyn RepoView, target: &Target) -> Result<Self, Cause> {
        let path = view.folder_of(&target.commit);
        let led_here = match &target.revision {
            Some(revision) => store.reference(target.hub, &target.repo, revision)?,
            None => Some(target.commit.clone()),
        };
        let is_new = led_here.as_ref() != Some(&target.commit) || fs::lstat(&path)?.is_none();
        Ok(Self { path, is_new })
    }
}

/// Where a content is to be taken from: by the store's name for it, rather than by one that another
/// tool may remove, where both are names of one file.
fn lasting(session: &Session, held: &Held) -> Arc<Path> {
    let blob = held.blob.map(|id| session.store.blob_path(id));
    let is_in_view = held.path.starts_with(session.view.root());
    let is_it = |blob: &PathBuf| fs::is_same_file(blob, &held.path).unwrap_or(false);
    match blob.filter(|blob| !is_in_view && is_it(blob)) {
        Some(blob) => blob.into(),
        None => Arc::clone(&held.path),
    }
}

/// One process at a time publishes in a view that other repos and other stores may share.
async fn lock_view(session: &Session, view: &Arc<dyn RepoView>) -> Result<ViewLock, Cause> {
    wait_for(
        || view.try_lock_whole(),
        "the folder",
        session.limits.lock_timeout,
        &session.stop,
        || session.sink.emit(Event::Waiting { path: None }),
    )
    .await
}

/// One process at a time publishes a repo. A store that cannot be written has no lock to take; then
/// nothing will be written to the view either, or it fails there with its own words.
async fn lock_repo(session: &Session, target: &Target) -> Result<Option<Lock>, Cause> {
    let path = session.store.layout().repo_lock(target.hub, &target.repo);
    let waiting = || session.sink.emit(Event::Waiting { path: None });
    let lock = wait_for(
        || Lock::try_exclusive(&path),
        "the repo in the store",
        session.limits.lock_timeout,
        &session.stop,
        waiting,
    );
    match lock.await {
        Ok(lock) => Ok(Some(lock)),
        Err(cause @ Cause::Io { .. }) => {
            tracing::debug!(%cause, "publishing without a lock");
            Ok(None)
        }
        Err(cause) => Err(cause),
    }
}

/// What is recorded by now, where `before` was when this pull began: another one may have recorded
/// other files of the commit since.
async fn known(
    session: &Session,
    target: &Arc<Target>,
    before: Option<Manifest>,
) -> Result<Option<Manifest>, Cause> {
    let (store, at) = (session.store.clone(), Arc::clone(target));
    blocking(move || {
        let stamp = store.manifest_stamp(at.hub, &at.repo, &at.commit)?;
        if stamp == at.manifest_stamp {
            Ok(before)
        } else {
            store.manifest(at.hub, &at.repo, &at.commit)
        }
    })
    .await
}

/// Records what was pulled. The files are published by now, so a store that cannot be written only
/// costs the next pull some time.
async fn remember(
    session: &Session,
    target: &Arc<Target>,
    known: Option<Manifest>,
    files: &[Proven],
    held: &Holdings,
    published: &Published,
    place: &Folder,
) -> Result<(), Cause> {
    // To keep both to compare them would take the room of a second listing.
    let hasher = RandomState::new();
    let hash_before = known.as_ref().map(|known| hasher.hash_one(known));
    let pulled_before = known.as_ref().map(Manifest::pulled).unwrap_or_default();
    let mut manifest = updated(session, target, known, files, held, published)?;
    let names = files.iter().map(|(file, _)| file.path.clone()).collect();
    manifest.note_complete(&place.path, place.is_new, &names, &pulled_before);
    let is_news = hash_before != Some(hasher.hash_one(&manifest));
    if is_news {
        manifest.pulled_at = now();
    }
    let (store, target) = (session.store.clone(), Arc::clone(target));
    let recorded = blocking(move || record(&store, &target, &manifest, is_news)).await;
    match recorded {
        Err(cause @ Cause::Io { .. }) => {
            tracing::debug!(%cause, "the pull is not recorded");
            Ok(())
        }
        other => other,
    }
}

fn record(store: &Store, target: &Target, manifest: &Manifest, is_news: bool) -> Result<(), Cause> {
    if is_news {
        store.record(&target.repo, manifest)?;
    } else {
        store.touch(target.hub, &target.repo, &target.commit)?;
    }
    match &target.revision {
        Some(revision) => store.set_reference(target.hub, &target.repo, revision, &target.commit),
        None => Ok(()),
    }
}

fn updated(
    session: &Session,
    target: &Target,
    known: Option<Manifest>,
    files: &[Proven],
    held: &Holdings,
    published: &Published,
) -> Result<Manifest, Cause> {
    let listing = &target.listing;
    let mut manifest = match known {
        // Offline, this is the same listing.
        Some(known) if known.is_settled() || session.is_offline => known,
        Some(known) if !target.is_unchecked => known.with_listing(listing),
        Some(known) if known.is_partial_listing => known.with_unchecked(listing),
        Some(known) => known,
        None => Manifest {
            is_partial_listing: target.is_unchecked,
            ..Manifest::new(
                target.hub,
                &target.repo,
                target.commit.clone(),
                listing.clone(),
            )
        },
    };
    let mut selected = files.iter().zip(&published.stamps).peekable();
    for record in &mut manifest.files {
        // Both are in the order of the listing.
        let Some(((file, _), stamp)) = selected.next_if(|((file, _), _)| **file == record.remote)
        else {
            continue;
        };
        let blob = here(held, file)?.blob.or(record.blob);
        record.blob = blob;
        record.stamps.extend(*stamp);
    }
    manifest.views.insert(session.view.id());
    manifest.revisions.extend(target.revision.clone());
    manifest.is_pinned |= target.revision.is_none();
    manifest.canonical = target.canonical.clone().or(manifest.canonical);
    Ok(manifest)
}

fn here<'a>(held: &'a Holdings, file: &RemoteFile) -> Result<&'a Held, Cause> {
    let missing = || Cause::Bug(format!("{} was neither here nor fetched", file.path));
    held.get(&file.digest).ok_or_else(missing)
}
