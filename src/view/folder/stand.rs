//! What stands under a file's name already, and whether it may give way.

use std::fs::{self, File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use super::Files;
use crate::digest::{Digest, Hasher};
use crate::error::Cause;
use crate::fs::{FileId, OnPath, Stamp, is_absent, lstat};
use crate::hub::RemoteFile;
use crate::view::Coming;
use crate::view::folders::in_the_way;

const READ_STEP: usize = 1 << 20;

/// What hashing told about a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is what is to come.
    Right,
    /// It is what was published there, as it was.
    Published,
    /// It is neither.
    Edited,
}

/// What stands under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    /// Nothing that could be lost.
    Free,
    /// A file that was looked at, and looks like this.
    File(Stamp, Verdict),
    /// A link to a folder, a pipe, a device.
    Odd,
}

impl Stand {
    /// Whether somebody's work would be lost.
    pub(super) fn is_edited(self) -> bool {
        matches!(self, Self::Odd | Self::File(_, Verdict::Edited))
    }

    /// What the file looks like, where it is what is to come.
    pub(super) fn right(self) -> Option<Stamp> {
        match self {
            Self::File(stamp, Verdict::Right) => Some(stamp),
            _ => None,
        }
    }

    /// Whether something else stands there by now: somebody has written to it since it was judged.
    pub(super) fn has_changed(self, entry: &Path) -> Result<bool, Cause> {
        let now = match fs::metadata(entry) {
            Err(error) if is_absent(&error) => None,
            other => Some(other.on_path("look at", entry)?),
        };
        Ok(match self {
            Self::Free => now.is_some(),
            Self::File(stamp, _) => now.is_some_and(|now| Stamp::of(&now) != stamp),
            Self::Odd => false,
        })
    }
}

impl Files {
    /// The names of what would be lost.
    pub(super) fn edited(
        &self,
        coming: &[Coming<'_>],
        go_on: &dyn Fn() -> bool,
    ) -> Result<Vec<PathBuf>, Cause> {
        let mut edited = Vec::new();
        for file in coming {
            if self.may_replace {
                self.look(file.file)?;
            } else if self.stand(*file, go_on)?.is_edited() {
                edited.push(self.layout.entry(&file.file.path));
            }
        }
        Ok(edited)
    }

    /// Looks at what stands under a file's name; hashes it where nothing else tells.
    pub(super) fn stand(
        &self,
        Coming { file, content }: Coming<'_>,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Stand, Cause> {
        let entry = self.layout.entry(&file.path);
        if self.look(file)?.is_none() {
            return Ok(Stand::Free);
        }
        let there = match fs::metadata(&entry) {
            Err(error) if is_absent(&error) => return Ok(Stand::Free),
            other => other.on_path("look at", &entry)?,
        };
        if !there.is_file() {
            return Ok(Stand::Odd);
        }
        let stamp = Stamp::of(&there);
        if content.is_some_and(|content| is_file(content, &there)) {
            return Ok(Stand::File(stamp, Verdict::Right));
        }
        if let Some(verdict) = self.known(file, stamp) {
            return Ok(Stand::File(stamp, verdict));
        }
        let verdict = self.judge(&entry, file, stamp, go_on)?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(file.path.clone(), (stamp, verdict));
        Ok(Stand::File(stamp, verdict))
    }

    /// What stands under a file's name; an error where no file can have it.
    fn look(&self, file: &RemoteFile) -> Result<Option<Metadata>, Cause> {
        self.layout.guard(&file.path)?;
        let entry = self.layout.entry(&file.path);
        match lstat(&entry)? {
            Some(there) if there.is_dir() => in_the_way(&entry),
            there => Ok(there),
        }
    }

    fn known(&self, file: &RemoteFile, stamp: Stamp) -> Option<Verdict> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (then, verdict) = seen.get(&file.path)?;
        (*then == stamp).then_some(*verdict)
    }

    fn judge(
        &self,
        entry: &Path,
        file: &RemoteFile,
        stamp: Stamp,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Verdict, Cause> {
        let is = |digest| has_digest(entry, digest, stamp, go_on);
        if stamp.len == file.len && is(file.digest)? {
            return Ok(Verdict::Right);
        }
        let published = self.note(&file.path)?.and_then(|note| note.digest);
        match published {
            Some(digest) if digest != file.digest && is(digest)? => Ok(Verdict::Published),
            _ => Ok(Verdict::Edited),
        }
    }
}

fn is_file(content: &Path, there: &Metadata) -> bool {
    fs::metadata(content).is_ok_and(|content| FileId::of(&content) == FileId::of(there))
}

/// Whether the file, which looked like `stamp`, has this digest and was let be meanwhile.
fn has_digest(
    path: &Path,
    digest: Digest,
    stamp: Stamp,
    go_on: &dyn Fn() -> bool,
) -> Result<bool, Cause> {
    let mut file = File::open(path).on_path("read", path)?;
    let mut hasher = Hasher::new(digest, stamp.len);
    let mut buffer = vec![0; READ_STEP];
    loop {
        let step = file.read(&mut buffer).on_path("read", path)?;
        if step == 0 {
            break;
        }
        hasher.update(&buffer[..step]);
        if !go_on() {
            return Err(Cause::Cancelled);
        }
    }
    let now = fs::metadata(path).on_path("look at", path)?;
    Ok(hasher.finish().is_match() && Stamp::of(&now) == stamp)
}
