//! Before anything is written: leave to write, and room for it. And afterwards, what room was lacking.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::error::{Cause, Error};
use crate::fs;
use crate::hashing::Around;
use crate::plan::{Action, Plan, Step};
use crate::session::Session;
use crate::store::Writing;

/// Creates the store where needed and keeps collection away. A store that cannot be written is no
/// hindrance when nothing has to be written to it.
pub(super) async fn prepare(session: &Session, plan: &Plan) -> Result<Option<Writing>, Cause> {
    let around = Around {
        sink: Arc::clone(&session.sink),
        stop: session.stop.clone(),
        lock_timeout: session.limits.lock_timeout,
    };
    match around.leave_to_write(&session.store).await {
        Ok(writing) => Ok(Some(writing)),
        Err(Cause::Io { .. }) if plan.is_all_here() => Ok(None),
        Err(cause) => Err(cause),
    }
}

/// Refuses to begin what cannot be finished: the disks must have room for what is missing.
pub(super) fn allow(session: &Session, plan: &Plan) -> Result<(), Cause> {
    let need_bytes = plan.totals().need_bytes;
    if need_bytes == 0 {
        return Ok(());
    }
    let store = existing(session.store.root());
    has_room(store, need_bytes)?;
    let view = existing(session.view.root());
    if fs::is_same_disk(store, view)? {
        return Ok(());
    }
    // Links do not cross disks: what is not in the view yet is copied there.
    let is_there = |step: &&Step| match &step.action {
        Action::Keep { path, .. } | Action::Check { path, .. } => path.starts_with(view),
        Action::Make | Action::Fetch { .. } => false,
    };
    let copied = plan.steps.iter().filter(|step| !is_there(step));
    has_room(view, copied.map(|step| step.file.len).sum())
}

fn has_room(path: &Path, need_bytes: u64) -> Result<(), Cause> {
    let free_bytes = fs::free_bytes(path)?;
    if free_bytes < need_bytes {
        return Err(Cause::NoSpace {
            path: path.to_owned(),
            need_bytes,
            free_bytes,
        });
    }
    Ok(())
}

/// Adds to a failure for want of room how much is still to come and how much is free. A forced pull
/// begins anew each time, whatever is here.
pub(super) fn measured(session: &Session, plan: &Plan, is_forced: bool, error: Error) -> Error {
    let cause = match error.cause {
        Cause::Io {
            action,
            path,
            source,
        } if is_full(&source) => Cause::Full {
            action,
            source,
            need_bytes: plan
                .steps
                .iter()
                .map(|step| {
                    if is_forced {
                        step.need_bytes()
                    } else {
                        still_to_come(session, step)
                    }
                })
                .sum(),
            free_bytes: fs::free_bytes(existing(&path)).unwrap_or(0),
            path,
        },
        other => other,
    };
    Error { cause, ..error }
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// Bytes of a step that are not on this disk by now; all of them where the disk does not say.
fn still_to_come(session: &Session, step: &Step) -> u64 {
    let Action::Fetch { .. } = step.action else {
        return 0;
    };
    let (digest, len) = (step.file.digest, step.file.len);
    if let Ok(Some(_blob)) = session.store.find(digest, len) {
        return 0;
    }
    let here = session.store.unfinished(digest, len).unwrap_or_default();
    len - here.total_bytes()
}

fn existing(path: &Path) -> &Path {
    path.ancestors().find(|path| path.exists()).unwrap_or(path)
}
