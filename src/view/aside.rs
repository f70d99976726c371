//! A private folder of a view, such as `<repo>/.larder`: where things are made before a rename shows
//! them.
//!
//! On the view's own filesystem, invisible to every scanner, gone when nobody is at work. Each
//! user has a folder of its own in it and holds a lock on that while it lives; a folder that nobody
//! holds was left by a crash and is removed by whoever comes next. Locks tell that only among the
//! processes of one running kernel, which the folder's name tells, and only where they keep anybody
//! out: any other folder is removed when it has stood for longer than a publication takes.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::FlockOperation;
use tempfile::TempDir;

use super::folders::Folders;
use crate::error::Cause;
use crate::fs::{
    FileId, OnPath, files_below, make_dir, make_dirs, read_small, share_dir, share_file,
};

const PREFIX: &str = "publish-";

/// Has a line for each name that its maker was about to put elsewhere.
const NOTE: &str = "put";

/// A note above this size is not ours.
const MAX_NOTE_BYTES: u64 = 64 << 20;

/// Longer than any publication takes.
const ABANDONED: Duration = Duration::from_secs(3600);

/// A place of one's own in the private folder, made when it is first needed, removed at the end.
pub(super) struct Aside {
    home: PathBuf,
    private: PathBuf,
    mine: Option<Mine>,
    names: u64,
}

struct Mine {
    dir: TempDir,
    _held: File,
}

impl Aside {
    /// A place in the folder `private`, which stands in `home`. Cleans up after crashes.
    pub(super) fn at(home: &Path, private: PathBuf) -> Self {
        sweep(&private);
        Self {
            home: home.to_owned(),
            private,
            mine: None,
            names: 0,
        }
    }

    /// A path that nobody uses.
    pub(super) fn name(&mut self) -> Result<PathBuf, Cause> {
        self.names += 1;
        let name = self.names.to_string();
        let mine = match self.mine.take() {
            Some(mine) => mine,
            None => make(&self.home, &self.private)?,
        };
        Ok(self.mine.insert(mine).dir.path().join(name))
    }

    /// Notes what is about to be put elsewhere: should this process die, [`left`] tells of it.
    pub(super) fn note(&mut self, lines: &[String]) -> Result<(), Cause> {
        let path = self.name()?.with_file_name(NOTE);
        fs::write(&path, lines.join("\n")).on_path("write", &path)
    }

    /// Writes `bytes` to `path`: readers see the old or the new content, and nothing beside it.
    pub(super) fn put(
        &mut self,
        path: &Path,
        bytes: &[u8],
        folders: &mut Folders,
    ) -> Result<(), Cause> {
        if let Some(dir) = path.parent() {
            folders.ensure(dir)?;
        }
        let made = self.name()?;
        let written = File::create_new(&made).and_then(|mut file| {
            share_file(&file, &made);
            file.write_all(bytes)?;
            file.sync_data()
        });
        written.on_path("write", path)?;
        folders.show(&made, path)
    }

    /// Leaves everything, as a process does that is killed.
    #[cfg(test)]
    pub(super) fn die(mut self) {
        if let Some(Mine { dir, _held }) = self.mine.take() {
            let _left = dir.keep();
        }
    }

    /// Whether this filesystem takes names that differ in case for one name.
    pub(super) fn is_case_blind(&mut self) -> Result<bool, Cause> {
        let probe = self.name()?.with_extension("case");
        File::create_new(&probe).on_path("create", &probe)?;
        Ok(probe.with_extension("CASE").exists())
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        if self.mine.take().is_some() {
            // Stays where another process has its own place in it.
            fs::remove_dir(&self.private).ok();
        }
    }
}

/// Makes a folder in `private` and holds it; again, when a sweeper was faster than the hold.
fn make(home: &Path, private: &Path) -> Result<Mine, Cause> {
    let mut failure = io::Error::from(io::ErrorKind::ResourceBusy);
    for _attempt in 0..100 {
        match make_dirs(home).and_then(|()| try_make(private)) {
            Ok(Some(mine)) => return Ok(mine),
            Ok(None) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => failure = error,
            Err(error) => return Err(error).on_path("create a folder in", private),
        }
    }
    Err(failure).on_path("create a folder in", private)
}

fn try_make(private: &Path) -> io::Result<Option<Mine>> {
    match make_dir(private) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        other => other?,
    }
    if !fs::symlink_metadata(private)?.is_dir() {
        return Err(rustix::io::Errno::LOOP.into());
    }
    let prefix = prefix();
    let mut builder = tempfile::Builder::new();
    builder
        .prefix(&prefix)
        .permissions(Permissions::from_mode(0o777));
    let dir = builder.tempdir_in(private)?;
    share_dir(dir.path());
    let held = File::open(dir.path())?;
    if is_held_elsewhere(&held) {
        return Ok(None);
    }
    let is_ours = FileId::of(&held.metadata()?) == FileId::of(&fs::metadata(dir.path())?);
    Ok(is_ours.then_some(Mine { dir, _held: held }))
}

/// Takes the hold on a folder. Where there are no locks, nobody holds anything.
fn is_held_elsewhere(dir: &File) -> bool {
    let taken = rustix::fs::flock(dir, FlockOperation::NonBlockingLockExclusive);
    taken.is_err_and(|error| error == rustix::io::Errno::WOULDBLOCK)
}

/// What crashes have left in a private folder.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// What was being made there.
    pub(super) made: Vec<PathBuf>,
    /// The lines of the notes.
    pub(super) noted: Vec<String>,
}

/// Looks at what crashes have left, and leaves it.
pub(super) fn left(private: &Path) -> Left {
    let mut left = Left::default();
    each_left(private, |dir| {
        let note = dir.join(NOTE);
        left.made.extend(files_below(dir).unwrap_or_default());
        left.made.retain(|path| *path != note);
        let lines = read_small(&note, MAX_NOTE_BYTES).ok().flatten();
        let lines = String::from_utf8(lines.unwrap_or_default());
        let lines = lines.unwrap_or_default();
        left.noted.extend(lines.lines().map(str::to_owned));
    });
    left
}

/// Removes what crashes have left, as far as possible.
fn sweep(private: &Path) {
    each_left(private, |dir| {
        fs::remove_dir_all(dir).ok();
    });
    fs::remove_dir(private).ok();
}

/// Gives every folder to `see` that a crash has left, one after the other and held meanwhile.
fn each_left(private: &Path, mut see: impl FnMut(&Path)) {
    if !is_real_folder(private) {
        return;
    }
    let Ok(entries) = fs::read_dir(private) else {
        return;
    };
    let prefix = prefix();
    for entry in entries.flatten() {
        let (name, path) = (entry.file_name(), entry.path());
        let name = name.to_string_lossy();
        let Some(held) = name.starts_with(PREFIX).then(|| hold(&path)).flatten() else {
            continue;
        };
        let is_settled = name.starts_with(&prefix) && hold(&path).is_none();
        if is_settled || is_old(&held) {
            see(&path);
        }
        // Until here, or its maker takes it in between and builds in what goes away.
        drop(held);
    }
}

/// Whether it is a folder and no link to one: that leads to what is somebody else's.
fn is_real_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|there| there.is_dir())
}

/// Takes the hold on a folder, unless somebody has it.
fn hold(dir: &Path) -> Option<File> {
    let dir = File::open(dir).ok()?;
    (!is_held_elsewhere(&dir)).then_some(dir)
}

/// Whether nobody has worked in the folder for long.
fn is_old(dir: &File) -> bool {
    let changed = dir.metadata().and_then(|there| there.modified());
    let age = changed.ok().and_then(|at| at.elapsed().ok());
    age.is_some_and(|age| age > ABANDONED)
}

/// How the names of this kernel's folders begin: with what tells one run of a machine from others.
fn prefix() -> String {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let tag: String = boot.chars().take_while(char::is_ascii_hexdigit).collect();
    format!("{PREFIX}{tag}-")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder that does not exist yet, and its private folder.
    fn home() -> (TempDir, PathBuf, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("home");
        let private = home.join(".larder");
        (dir, home, private)
    }

    #[test]
    fn leftovers_go_and_living_neighbours_stay() {
        let (_dir, home, private) = home();
        let crashed = private.join(prefix() + "crashed");
        fs::create_dir_all(crashed.join("1/sub")).unwrap();
        fs::create_dir_all(private.join("not-ours")).unwrap();
        let mut alive = Aside::at(&home, private.clone());
        let made = alive.name().unwrap();
        fs::write(&made, "x").unwrap();
        assert!(!crashed.exists());
        let mut other = Aside::at(&home, private.clone());
        assert_ne!(other.name().unwrap().parent(), made.parent());
        drop(other);
        assert!(made.exists());
        drop(alive);
        assert_eq!(fs::read_dir(&private).unwrap().count(), 1);
        fs::remove_dir(private.join("not-ours")).unwrap();
        drop(Aside::at(&home, private.clone()));
        assert!(!private.exists());
    }

    #[test]
    fn what_may_live_on_another_machine_goes_with_time() {
        let (_dir, home, private) = home();
        let elsewhere = private.join("publish-0-x");
        fs::create_dir_all(&elsewhere).unwrap();
        drop(Aside::at(&home, private.clone()));
        assert!(elsewhere.exists());
        let long_ago = std::time::SystemTime::now() - 2 * ABANDONED;
        let folder = File::open(&elsewhere).unwrap();
        folder.set_modified(long_ago).unwrap();
        drop(Aside::at(&home, private.clone()));
        assert!(!private.exists());
    }

    #[test]
    fn nothing_is_swept_or_made_behind_a_link() {
        let (dir, home, private) = home();
        let crashed = dir.path().join("elsewhere").join(prefix() + "crashed");
        fs::create_dir_all(&crashed).unwrap();
        fs::create_dir(&home).unwrap();
        std::os::unix::fs::symlink(dir.path().join("elsewhere"), &private).unwrap();
        let mut aside = Aside::at(&home, private.clone());
        aside.name().unwrap_err();
        drop(aside);
        assert!(crashed.exists() && private.is_symlink());
    }

    #[test]
    fn an_unused_place_leaves_no_trace() {
        let (_dir, home, private) = home();
        drop(Aside::at(&home, private.clone()));
        assert!(!home.exists());
    }

    #[test]
    fn users_come_and_go_at_the_same_time() {
        let (_dir, home, private) = home();
        std::thread::scope(|scope| {
            for _user in 0..4 {
                scope.spawn(|| {
                    for _time in 0..50 {
                        let mut aside = Aside::at(&home, private.clone());
                        fs::write(aside.name().unwrap(), "x").unwrap();
                    }
                });
            }
        });
        assert!(!private.exists());
    }
}
