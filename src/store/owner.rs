//! Who writes to a partial, for filesystems on which `flock` keeps nobody out.
//!
//! Some shared filesystems grant every lock (Lustre, some NFS mounts), or grant it on each host alone.
//! Two writers of one partial could spoil each other's bytes after they were hashed. So a partial
//! carries its owner, and is taken over only when that owner is gone: because the lock that was just
//! taken works between the two (same running kernel, and the lock keeps a second taker out), because
//! its machine has rebooted, because its process has ended, or, where none of this can be told, because
//! its mark was not touched for `SILENCE`. Otherwise the newcomer gets a partial of its own; the digest
//! decides, and the first to finish wins.
//!
//! Host names are not enough to tell machines apart (every node of a cluster may be `localhost`), nor
//! pids to tell processes apart (every container has its own): the machine's id and the namespace of the
//! pid stand beside them.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{AtFlags, CWD};
use serde::{Deserialize, Serialize};

use crate::error::Cause;
use crate::fs as files;
use crate::fs::OnPath;
use crate::store::journal::BootId;

/// A mark that was not touched for this long has lost its owner: owners touch it every few seconds.
const SILENCE: Duration = Duration::from_secs(600);

/// A process that writes to a partial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    host: String,
    /// The machine's own id; empty where it has none.
    #[serde(default)]
    machine: String,
    boot: [u8; 16],
    pid: u32,
    /// When the process started, in the kernel's own clock: pids are used again.
    started: Option<u64>,
    /// Among which processes the pid counts.
    #[serde(default)]
    pids: Option<u64>,
}

impl Owner {
    /// This process.
    pub fn this_process(boot: BootId) -> Self {
        let pid = std::process::id();
        let host = rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned();
        Self {
            host,
            machine: machine(),
            boot: boot.0,
            pid,
            started: started(pid),
            pids: fs::metadata("/proc/self/ns/pid")
                .ok()
                .map(|there| there.ino()),
        }
    }

    /// Where machines have no id, a lock that works is enough: it was taken by the same host name.
    fn is_same_machine(&self, other: &Self, is_lock_effective: bool) -> bool {
        let has_id = !self.machine.is_empty();
        self.host == other.host && self.machine == other.machine && (has_id || is_lock_effective)
    }

    /// Whether the pids of both are numbers of one series.
    fn has_same_pids(&self, other: &Self) -> bool {
        self.host == other.host && self.pids.is_some() && self.pids == other.pids
    }

    fn is_running(&self) -> bool {
        started(self.pid).is_some_and(|started| self.started == Some(started))
    }
}

fn machine() -> String {
    let id = fs::read_to_string("/etc/machine-id").unwrap_or_default();
    id.trim().to_owned()
}

/// The kernel's start time of a running process; nothing where it has ended or the system does not say.
fn started(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may contain anything; the start time is the 20th field behind it.
    stat.rsplit_once(')')?
        .1
        .split_whitespace()
        .nth(19)?
        .parse()
        .ok()
}

/// The mark of this process in the folder of a partial; dropping it takes the mark away.
#[derive(Debug)]
pub struct Mark {
    path: PathBuf,
    me: Owner,
}

impl Mark {
    /// Tells others that this process still lives. To be called far more often than `SILENCE`, also
    /// while nothing is written.
    pub fn touch(&self) {
        if let Err(cause) = self.try_touch() {
            tracing::debug!(%cause, "the mark of an owner grows old");
        }
    }

    fn try_touch(&self) -> Result<(), Cause> {
        if !self.is_ours()? {
            return Ok(());
        }
        // The filesystem's own clock, which others compare it with.
        rustix::fs::utimensat(CWD, &self.path, &files::NOW, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(std::io::Error::from)
            .on_path("touch", &self.path)
    }

    /// Whether nobody has taken the partial over meanwhile, as after a long suspension.
    fn is_ours(&self) -> Result<bool, Cause> {
        Ok(read(&self.path)?.as_ref() == Some(&self.me))
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        let removed = match self.is_ours() {
            Ok(true) => files::remove_file(&self.path),
            other => other.map(drop),
        };
        if let Err(cause) = removed {
            tracing::debug!(%cause, "the mark of an owner stays");
        }
    }
}

/// Takes over the partial in `dir`, if its owner is gone. `is_lock_effective` tells whether the
/// content's lock, which the caller holds, keeps a second taker out.
///
/// # Errors
/// When the folder cannot be written, or is none: what a link leads to is somebody else's.
pub fn take(dir: &Path, me: &Owner, is_lock_effective: bool) -> Result<Option<Mark>, Cause> {
    files::create_dir_all(dir)?;
    if files::lstat(dir)?.is_some_and(|there| there.is_symlink()) {
        let source = std::io::Error::from(rustix::io::Errno::LOOP);
        return Err(source).on_path("use the folder", dir);
    }
    let path = dir.join("owner");
    if let Some(owner) = read(&path)?
        && !is_gone(&owner, me, is_lock_effective, &path)?
    {
        return Ok(None);
    }
    let json = serde_json::to_vec(me).map_err(|error| Cause::Bug(error.to_string()))?;
    files::replace(&path, &json, dir)?;
    // Where no lock decides, two may have come this far: the one whose mark stayed has it.
    if !is_lock_effective && read(&path)?.as_ref() != Some(me) {
        return Ok(None);
    }
    Ok(Some(Mark {
        path,
        me: me.clone(),
    }))
}

/// Whether the partial in `dir` has an owner that is not known to be gone. A guess for those who only
/// look: it writes nothing and asks this machine's clock. Who wants to remove something takes it over.
pub(super) fn may_be_alive(dir: &Path, me: &Owner) -> bool {
    let path = dir.join("owner");
    let Ok(Some(owner)) = read(&path) else {
        return false;
    };
    let is_same_kernel = owner.boot == me.boot;
    if is_same_kernel && owner.has_same_pids(me) {
        return owner.is_running();
    }
    if !is_same_kernel && owner.is_same_machine(me, false) {
        return false;
    }
    let touched = fs::metadata(&path).and_then(|there| there.modified());
    let silent = touched.ok().and_then(|touched| touched.elapsed().ok());
    silent.is_none_or(|silent| silent <= SILENCE)
}

fn read(path: &Path) -> Result<Option<Owner>, Cause> {
    let bytes = files::read_small(path, 4096)?;
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

fn is_gone(owner: &Owner, me: &Owner, is_lock_effective: bool, mark: &Path) -> Result<bool, Cause> {
    let is_same_kernel = owner.boot == me.boot;
    if is_same_kernel && is_lock_effective {
        return Ok(true);
    }
    if is_same_kernel && owner.has_same_pids(me) {
        return Ok(!owner.is_running());
    }
    if !is_same_kernel && owner.is_same_machine(me, is_lock_effective) {
        return Ok(true);
    }
    is_silent(mark)
}

/// Whether the mark was not touched for long, by the clock of the filesystem itself.
fn is_silent(mark: &Path) -> Result<bool, Cause> {
    let Some(touched) = files::lstat(mark)? else {
        return Ok(true);
    };
    let touched = touched.modified().on_path("look at", mark)?;
    let dir = mark.parent().unwrap_or(Path::new("."));
    let now = tempfile::Builder::new()
        .prefix(files::TEMPORARY)
        .tempfile_in(dir)
        .and_then(|probe| probe.as_file().metadata()?.modified())
        .on_path("create a file in", dir)?;
    Ok(now
        .duration_since(touched)
        .is_ok_and(|silent| silent > SILENCE))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    const BOOT: BootId = BootId([1; 16]);

    fn other(change: impl FnOnce(&mut Owner)) -> Owner {
        let mut owner = me();
        change(&mut owner);
        owner
    }

    /// Whether this process may take over a partial that `owner` left.
    fn takes_over(owner: &Owner, is_lock_effective: bool) -> bool {
        takes_over_after(Duration::ZERO, owner, is_lock_effective)
    }

    fn takes_over_after(silence: Duration, owner: &Owner, is_lock_effective: bool) -> bool {
        let dir = tempfile::tempdir().unwrap();
        let mark = dir.path().join("owner");
        fs::write(&mark, serde_json::to_vec(owner).unwrap()).unwrap();
        age(&mark, silence);
        let me = me();
        take(dir.path(), &me, is_lock_effective).unwrap().is_some()
    }

    fn age(mark: &Path, by: Duration) {
        let file = fs::File::options().write(true).open(mark).unwrap();
        file.set_modified(SystemTime::now() - by).unwrap();
    }

    /// This process, on a machine that has an id.
    fn me() -> Owner {
        Owner {
            machine: "m".into(),
            ..Owner::this_process(BOOT)
        }
    }

    #[test]
    fn a_lock_that_works_settles_it_on_one_kernel() {
        let neighbour = other(|owner| owner.pid = 1);
        assert!(takes_over(&neighbour, true));
        // Another container: another host name, another pid namespace, the same kernel.
        assert!(takes_over(
            &other(|owner| owner.host = "pod-2".into()),
            true
        ));
    }

    #[test]
    fn where_locks_do_nothing_a_running_owner_keeps_its_partial() {
        assert!(!takes_over(&other(|_| {}), false));
        assert!(takes_over(&other(|owner| owner.started = Some(1)), false));
        assert!(!takes_over(
            &other(|owner| owner.host = "pod-2".into()),
            false
        ));
    }

    #[test]
    fn a_pid_of_another_series_says_nothing() {
        let container = other(|owner| {
            owner.pids = Some(1);
            owner.started = Some(1);
        });
        assert!(!takes_over(&container, false));
        assert!(takes_over_after(2 * SILENCE, &container, false));
    }

    #[test]
    fn without_ids_a_lock_that_works_and_the_host_name_are_enough() {
        let me = Owner {
            machine: String::new(),
            ..me()
        };
        let before = Owner {
            boot: [2; 16],
            ..me.clone()
        };
        assert!(before.is_same_machine(&me, true));
        assert!(!before.is_same_machine(&me, false));
    }

    #[test]
    fn another_boot_is_a_reboot_only_of_the_same_machine() {
        for machine in ["", "another"] {
            let owner = other(|owner| {
                owner.boot = [2; 16];
                owner.machine = machine.into();
            });
            assert!(!takes_over(&owner, true), "{machine:?}");
            assert!(takes_over_after(2 * SILENCE, &owner, true), "{machine:?}");
        }
    }

    #[test]
    fn a_touch_ends_the_silence() {
        let dir = tempfile::tempdir().unwrap();
        let mark = take(dir.path(), &me(), true).unwrap().unwrap();
        age(&mark.path, 2 * SILENCE);
        assert!(is_silent(&mark.path).unwrap());
        mark.touch();
        assert!(!is_silent(&mark.path).unwrap());
    }

    #[test]
    fn a_mark_that_another_has_taken_over_is_left_to_it() {
        let dir = tempfile::tempdir().unwrap();
        let mark = take(dir.path(), &me(), true).unwrap().unwrap();
        let heir = other(|owner| owner.host = "elsewhere".into());
        fs::write(&mark.path, serde_json::to_vec(&heir).unwrap()).unwrap();
        age(&mark.path, 2 * SILENCE);
        mark.touch();
        assert!(is_silent(&mark.path).unwrap());
        let path = mark.path.clone();
        drop(mark);
        assert_eq!(read(&path).unwrap(), Some(heir));
    }

    #[test]
    fn another_machine_keeps_its_partial_while_it_writes() {
        let elsewhere = other(|owner| {
            owner.host = "elsewhere".into();
            owner.boot = [2; 16];
        });
        assert!(!takes_over(&elsewhere, true));
        assert!(
            takes_over(&other(|owner| owner.boot = [2; 16]), true),
            "this machine rebooted"
        );
    }

    #[test]
    fn the_mark_goes_with_its_owner() {
        let dir = tempfile::tempdir().unwrap();
        let me = Owner::this_process(BOOT);
        let mark = take(dir.path(), &me, true).unwrap().unwrap();
        assert!(dir.path().join("owner").exists());
        drop(mark);
        assert!(!dir.path().join("owner").exists());
    }

    #[test]
    fn a_damaged_mark_marks_nothing() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("owner"), "{").unwrap();
        assert!(
            take(dir.path(), &Owner::this_process(BOOT), true)
                .unwrap()
                .is_some()
        );
    }
}
