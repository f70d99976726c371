//! Contents that are on this disk already: hashing what was never hashed, and making empty files.
//!
//! Whatever some client left under the right name with the right length is hashed once. If it is what
//! was promised it becomes part of the store; if not, it is fetched.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::blocking::blocking;
use crate::error::{Cause, Error};
use crate::hub::RemoteFile;
use crate::plan::ranges::RangeSet;
use crate::plan::{Action, Plan, Step};
use crate::pull::{Holdings, Request};
use crate::report::{Event, FileCounters};
use crate::resolve::Target;
use crate::session::Session;
use crate::transfer::{Held, take_from};
use crate::view::{Coming, RepoView};

/// Settles every step that needs no network. What turned out wrong is to be fetched in the returned plan.
pub(super) async fn check(
    session: &Session,
    request: &Request,
    view: &Arc<dyn RepoView>,
    target: &Target,
    files: &Arc<Vec<Arc<RemoteFile>>>,
    mut plan: Plan,
) -> Result<(Plan, Holdings), Error> {
    // What is being hashed is no longer wanted when one of them fails.
    let stop = session.stop.child_token();
    let _ended = stop.clone().drop_guard();
    let (mut held, mut checks) = begin(session, view, target, &plan, &stop)?;
    let mut wrong = Vec::new();
    while let Some(joined) = checks.join_next().await {
        let (index, file, result) = match joined {
            Ok(done) => done,
            Err(join) => std::panic::resume_unwind(join.into_panic()),
        };
        match result {
            Ok(here) => {
                held.insert(file.digest, here);
            }
            Err(cause @ Cause::Corrupt { .. }) => wrong.push((index, file, cause)),
            Err(cause) => return Err(on_file(cause, &file, target)),
        }
    }
    keep_edited(view, target, files, &held, &stop)
        .await
        .map_err(|cause| cause.on_repo("pull", &request.reference))?;
    for (index, file, cause) in wrong {
        let is_offline = session.is_offline;
        session
            .sink
            .emit(Event::Notice(damaged(&file, &cause, is_offline)));
        if is_offline {
            return Err(on_file(cause, &file, target));
        }
        refetch(session, &mut plan.steps[index]).map_err(|cause| on_file(cause, &file, target))?;
    }
    Ok((plan, held))
}

/// What is being hashed: which step, its file, and what came of it.
type Checks = JoinSet<(usize, Arc<RemoteFile>, Result<Held, Cause>)>;

/// Settles what needs no hashing, and begins to hash the rest.
fn begin(
    session: &Session,
    view: &Arc<dyn RepoView>,
    target: &Target,
    plan: &Plan,
    stop: &CancellationToken,
) -> Result<(Holdings, Checks), Error> {
    let mut held = Holdings::new();
    let mut checks = JoinSet::new();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let turns = Arc::new(Semaphore::new(cores));
    for (index, step) in plan.steps.iter().enumerate() {
        let file = &step.file;
        match &step.action {
            Action::Keep { path, blob } => {
                held.insert(
                    file.digest,
                    Held {
                        path: Arc::clone(path),
                        blob: *blob,
                    },
                );
            }
            Action::Make => {
                let made = make_empty(session, file);
                held.insert(
                    file.digest,
                    made.map_err(|cause| on_file(cause, file, target))?,
                );
            }
            Action::Check { path, .. } => {
                let (session, turns) = (Tools::of(session, view, stop), Arc::clone(&turns));
                let (file, path) = (Arc::clone(file), Arc::clone(path));
                checks.spawn(async move {
                    let _turn = turns.acquire().await;
                    let result = session.hash(path, Arc::clone(&file)).await;
                    (index, file, result)
                });
            }
            Action::Fetch { .. } => {}
        }
    }
    Ok((held, checks))
}

/// Refuses to go on where that would lose somebody's work, before anything is fetched.
async fn keep_edited(
    view: &Arc<dyn RepoView>,
    target: &Target,
    files: &Arc<Vec<Arc<RemoteFile>>>,
    held: &Holdings,
    stop: &CancellationToken,
) -> Result<(), Cause> {
    let mut coming = Vec::new();
    for (at, file) in files.iter().enumerate() {
        let content = held.get(&file.digest).map(|held| Arc::clone(&held.path));
        if content.as_deref() != Some(&view.name_of(&target.commit, file)) {
            coming.push((at, content));
        }
    }
    let (view, files, stop) = (Arc::clone(view), Arc::clone(files), stop.clone());
    let edited = blocking(move || {
        let coming: Vec<Coming<'_>> = coming
            .iter()
            .map(|(at, content)| Coming {
                file: &files[*at],
                content: content.as_ref().map(|path| &**path),
            })
            .collect();
        view.edited(&coming, &|| !stop.is_cancelled())
    })
    .await?;
    if edited.is_empty() {
        Ok(())
    } else {
        Err(Cause::Edited { files: edited })
    }
}

/// What a check needs of the session.
struct Tools {
    store: crate::store::Store,
    view: Arc<dyn RepoView>,
    sink: Arc<dyn crate::report::Sink>,
    stop: CancellationToken,
}

impl Tools {
    fn of(session: &Session, view: &Arc<dyn RepoView>, stop: &CancellationToken) -> Self {
        Self {
            store: session.store.clone(),
            view: Arc::clone(view),
            sink: Arc::clone(&session.sink),
            stop: stop.clone(),
        }
    }

    async fn hash(self, path: Arc<Path>, file: Arc<RemoteFile>) -> Result<Held, Cause> {
        let counters = Arc::new(FileCounters::default());
        counters.reset(file.len, 0);
        self.sink.emit(Event::Started {
            path: file.path.clone(),
            len: file.len,
            have_bytes: file.len,
            is_fetch: false,
            counters: Arc::clone(&counters),
        });
        let (sink, name, len) = (Arc::clone(&self.sink), file.path.clone(), file.len);
        let held = blocking(move || {
            take_from(self.view.as_ref(), &self.store, &path, &file, |bytes| {
                counters.add_verified(bytes);
                !self.stop.is_cancelled()
            })
        })
        .await?;
        sink.emit(Event::Verified { path: name, len });
        Ok(held)
    }
}

fn make_empty(session: &Session, file: &RemoteFile) -> Result<Held, Cause> {
    let blob = session.store.put(file.digest, &[])?;
    Ok(Held {
        path: session.store.blob_path(blob).into(),
        blob: Some(blob),
    })
}

/// The store must not go on serving what was just found wrong.
fn refetch(session: &Session, step: &mut Step) -> Result<(), Cause> {
    if let Action::Check { blob, .. } = step.action {
        session.store.expel(step.file.digest, blob)?;
    }
    step.action = Action::Fetch {
        missing: RangeSet::from(0..step.file.len),
    };
    Ok(())
}

fn damaged(file: &RemoteFile, cause: &Cause, is_offline: bool) -> String {
    let then = if is_offline { "" } else { "; fetching it" };
    format!("{} on this disk is damaged: {cause}{then}", file.path)
}

fn on_file(cause: Cause, file: &RemoteFile, target: &Target) -> Error {
    cause.on_file("check", &file.path, &target.repo)
}
