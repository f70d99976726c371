//! The sentence: resolve, plan, check, fetch, publish. The only module that knows every room.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::blocking::blocking;
use crate::digest::Digest;
use crate::error::{Cause, Error};
use crate::hub::RemoteFile;
use crate::origin::Origin;
use crate::plan::{Action, Plan};
use crate::reference::Reference;
use crate::repo::{Commit, RepoId, RepoPath};
use crate::report::{Event, Summary};
use crate::resolve::{Target, also, resolve};
use crate::select::Selection;
use crate::session::Session;
use crate::transfer::{self, Fetched, Held, Surroundings};
use crate::view::RepoView;

mod check;
mod inventory;
mod origins;
mod publish;
mod ready;

use self::origins::Origins;

/// What is to be pulled.
#[derive(Clone, Debug)]
pub struct Request {
    /// Which repo, at which revision.
    pub reference: Reference,
    /// Which of its files.
    pub selection: Selection,
    /// Fetch everything again, whatever is there.
    pub is_forced: bool,
    /// Only say what would be done.
    pub is_dry_run: bool,
}

/// What came of a request.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The files are on disk.
    Pulled(Summary),
    /// What a pull would do.
    Planned(DryRun),
}

/// What a pull would do.
#[derive(Clone, Debug)]
pub struct DryRun {
    /// The repo as asked.
    pub repo: RepoId,
    /// The commit it is at.
    pub commit: Commit,
    /// The selected files, sorted by path.
    pub files: Vec<PlannedFile>,
    /// Bytes on this disk already.
    pub have_bytes: u64,
    /// Bytes that would be fetched; content that occurs twice counts once.
    pub need_bytes: u64,
}

/// One file of a dry run.
#[derive(Clone, Debug)]
pub struct PlannedFile {
    /// Its path in the repo.
    pub path: RepoPath,
    /// Its size.
    pub len: u64,
    /// Bytes of it that would be fetched.
    pub need_bytes: u64,
}

/// Puts the selected files on disk and publishes them.
///
/// # Errors
/// What failed, on which file of which repo. Whatever was finished before stays on disk.
pub async fn pull(session: &Session, request: &Request) -> Result<Outcome, Error> {
    let asked = &request.reference;
    let view = session.view.at(&asked.repo, &asked.revision_or_default());
    let on_repo = |cause: Cause| cause.on_repo("pull", asked);

    // Shared with the work on the blocking pool: a listing may be long.
    let target = Arc::new(resolve(session, &view, asked).await.map_err(on_repo)?);
    let files = Arc::new(select(request, view.as_ref(), &target).map_err(on_repo)?);
    tell_choice(session, &request.selection, &target, &files);
    let look = || plan(session, request, &view, &target, &files);
    let glance = session.store.glance();
    let mut plan = look().await.map_err(on_repo)?;
    if request.is_dry_run {
        return Ok(Outcome::Planned(dry_run(&target, &files, &plan)));
    }
    let writing = ready::prepare(session, &plan).await.map_err(on_repo)?;
    if writing.is_some() && !session.store.is_as_seen(&glance) {
        // What was seen may have been taken out of the store before it was ours to write.
        plan = look().await.map_err(on_repo)?;
    }
    let (plan, mut held) = check::check(session, request, &view, &target, &files, plan).await?;
    ready::allow(session, &plan).map_err(on_repo)?;
    let origins = Origins::of(session, &target);
    let fetched = fetch(session, request, &view, &target, &plan, &origins.all).await;
    let fetched =
        fetched.map_err(|error| ready::measured(session, &plan, request.is_forced, error))?;
    held.extend(fetched.held);
    let here = plan.totals();
    let alone = named_alone(request, &files);
    let (count, total_bytes) = (files.len(), files.iter().map(|file| file.len).sum());
    // What is published and recorded takes room of its own.
    drop(plan);

    let (repo, commit) = (target.repo.clone(), target.commit.clone());
    let (target, files) = (Arc::unwrap_or_clone(target), Arc::unwrap_or_clone(files));
    let published = publish::publish(session, &view, target, files, &held).await;
    let published = published.map_err(|cause| cause.on_repo("publish", asked))?;
    drop(writing);
    session.sink.emit(Event::Published {
        path: published.clone(),
    });
    Ok(Outcome::Pulled(Summary {
        path: match alone {
            Some(file) => published.join(file.as_str()),
            None => published,
        },
        files: count as u64,
        total_bytes,
        fetched_bytes: fetched.fetched_bytes,
        sources: origins.shares(&fetched.origin_bytes),
        reused_bytes: here.have_bytes + here.check_bytes,
        repo,
        commit,
    }))
}

fn select(
    request: &Request,
    view: &dyn RepoView,
    target: &Target,
) -> Result<Vec<Arc<RemoteFile>>, Cause> {
    let selected = request.selection.apply(&target.listing);
    if !request.is_dry_run
        && let Err(Cause::FileNotFound { path, .. }) = &selected
        && let Ok(path) = RepoPath::parse(path)
        && let Err(cause) = view.note_missing(&target.commit, &path)
    {
        tracing::debug!(%cause, "no marker for a missing file");
    }
    selected.and_then(provable)
}

/// Refuses files whose digest the hub does not tell.
fn provable(files: Vec<RemoteFile>) -> Result<Vec<Arc<RemoteFile>>, Cause> {
    let untold: Vec<_> = files
        .iter()
        .filter(|file| !file.digest.is_told())
        .map(|file| file.path.as_str().to_owned())
        .collect();
    if untold.is_empty() {
        Ok(files.into_iter().map(Arc::new).collect())
    } else {
        Err(Cause::Unproven { files: untold })
    }
}

/// Says which weights a format leaves out: nobody named them.
fn tell_choice(
    session: &Session,
    selection: &Selection,
    target: &Target,
    files: &[Arc<RemoteFile>],
) {
    let Some(format) = selection.weights else {
        return;
    };
    let in_all_formats = Selection {
        weights: None,
        ..selection.clone()
    };
    let taken: HashSet<&RepoPath> = files.iter().map(|file| &file.path).collect();
    let wanted = in_all_formats.apply(&target.listing).unwrap_or_default();
    let left: Vec<&str> = wanted
        .iter()
        .filter(|file| !taken.contains(&file.path))
        .map(|file| file.path.as_str())
        .collect();
    if !left.is_empty() {
        session.sink.emit(Event::Notice(format!(
            "weights in {format} only: {} left out",
            named(&left)
        )));
    }
}

async fn plan(
    session: &Session,
    request: &Request,
    view: &Arc<dyn RepoView>,
    target: &Arc<Target>,
    files: &Arc<Vec<Arc<RemoteFile>>>,
) -> Result<Plan, Cause> {
    let have = if request.is_forced {
        HashMap::new()
    } else {
        let asked = &request.reference;
        let mut views = vec![Arc::clone(view)];
        views.extend(also(session, &asked.repo, &asked.revision_or_default()));
        let store = session.store.clone();
        let (target, files) = (Arc::clone(target), Arc::clone(files));
        blocking(move || inventory::take(&store, &views, &target, &files)).await?
    };
    let plan = Plan::new(files, &have, request.is_forced);
    let totals = plan.totals();
    if session.is_offline && totals.need_bytes > 0 {
        let missing: Vec<&str> = plan
            .steps
            .iter()
            .filter(|step| step.need_bytes() > 0)
            .map(|step| step.file.path.as_str())
            .collect();
        return Err(Cause::Offline {
            what: named(&missing),
        });
    }
    session.sink.emit(Event::Planned {
        files: files.len() as u64,
        have_bytes: totals.have_bytes,
        check_bytes: totals.check_bytes,
        need_bytes: totals.need_bytes,
    });
    Ok(plan)
}

/// The first of some names, and how many more there are.
fn named(names: &[&str]) -> String {
    match names {
        [one] => format!("`{one}`"),
        [first, rest @ ..] => format!("`{first}` (and {} more)", rest.len()),
        [] => "a file".to_owned(),
    }
}

fn dry_run(target: &Target, files: &[Arc<RemoteFile>], plan: &Plan) -> DryRun {
    let totals = plan.totals();
    let mut need: HashMap<&RepoPath, u64> = plan
        .steps
        .iter()
        .map(|step| (&step.file.path, step.need_bytes()))
        .collect();
    let files = files
        .iter()
        .map(|file| PlannedFile {
            path: file.path.clone(),
            len: file.len,
            need_bytes: need.remove(&file.path).unwrap_or(0),
        })
        .collect();
    DryRun {
        repo: target.repo.clone(),
        commit: target.commit.clone(),
        files,
        have_bytes: totals.have_bytes + totals.check_bytes,
        need_bytes: totals.need_bytes,
    }
}

async fn fetch(
    session: &Session,
    request: &Request,
    view: &Arc<dyn RepoView>,
    target: &Target,
    plan: &Plan,
    origins: &[Arc<dyn Origin>],
) -> Result<Fetched, Error> {
    let wants: Vec<_> = plan
        .steps
        .iter()
        .filter(|step| matches!(step.action, Action::Fetch { .. }))
        .map(|step| Arc::clone(&step.file))
        .collect();
    let around = Surroundings {
        hub: target.hub,
        repo: target.repo.clone(),
        commit: target.commit.clone(),
        store: session.store.clone(),
        origins: origins.to_vec(),
        view: Arc::clone(view),
        sink: Arc::clone(&session.sink),
        stop: session.stop.clone(),
        limits: session.limits.clone(),
        is_forced: request.is_forced,
    };
    transfer::run(around, wants).await
}

/// The file that is told of when the user named exactly one, rather than the whole snapshot.
fn named_alone(request: &Request, files: &[Arc<RemoteFile>]) -> Option<RepoPath> {
    match (request.selection.names.as_slice(), files) {
        ([name], [file]) if name == file.path.as_str() => Some(file.path.clone()),
        _ => None,
    }
}

/// Where each content is, by digest.
type Holdings = HashMap<Digest, Held>;
