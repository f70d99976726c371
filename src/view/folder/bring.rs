//! How a proven content comes into a folder.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::digest::Digest;
use crate::error::Cause;
use crate::fs::{OnPath, Placed, share_file};
use crate::hub::RemoteFile;
use crate::view::Placements;
use crate::view::folder::SMALL_BYTES;

/// How files come into a folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// By sharing blocks, where the disk can. Else weights by a second name, which is read-only, and
    /// small files by copying.
    #[default]
    Auto,
    /// By sharing blocks, or not at all.
    Reflink,
    /// By a second name, or not at all.
    Hardlink,
    /// By copying.
    Copy,
    /// By a symbolic link into the store.
    Symlink,
}

impl Link {
    /// Gives `content`, which is proven, the further name `made`. `shown` is the name that people
    /// will see.
    pub(super) fn bring(
        self,
        file: &RemoteFile,
        content: &Path,
        made: &Path,
        shown: &Path,
        placed: &mut Placements,
    ) -> Result<(), Cause> {
        match self {
            Self::Auto => {
                let way = bring_auto(file, content, made).on_path("copy a file to", shown)?;
                if let Some(way) = way {
                    placed.count(way);
                }
            }
            Self::Reflink => {
                reflink(content, made).on_path("share the blocks of the store with", shown)?;
                placed.count(Placed::Reflink);
            }
            Self::Hardlink => {
                fs::hard_link(content, made).on_path("make a hard link to the store of", shown)?;
                placed.count(Placed::Hardlink);
            }
            Self::Copy => copy(content, made).on_path("copy a file to", shown)?,
            Self::Symlink => {
                let target = std::path::absolute(content).on_path("find", content)?;
                symlink(target, made).on_path("create the link", shown)?;
            }
        }
        Ok(())
    }
}

/// The way it came; `None` for a copy that was wanted.
fn bring_auto(file: &RemoteFile, content: &Path, made: &Path) -> io::Result<Option<Placed>> {
    if reflink(content, made).is_ok() {
        return Ok(Some(Placed::Reflink));
    }
    let is_weight = matches!(file.digest, Digest::Sha256(_)) && file.len >= SMALL_BYTES;
    if is_weight && fs::hard_link(content, made).is_ok() {
        return Ok(Some(Placed::Hardlink));
    }
    copy(content, made)?;
    Ok((file.len >= SMALL_BYTES).then_some(Placed::Copy))
}

/// A copy that shares its blocks and may be written, as any file that this user makes.
fn reflink(from: &Path, to: &Path) -> io::Result<()> {
    let (from, made) = (File::open(from)?, File::create_new(to)?);
    share_file(&made, to);
    let shared = reflink_copy::reflink_file(&from, &made).and_then(|()| made.sync_data());
    shared.inspect_err(|_| drop(fs::remove_file(to)))
}

/// A copy that may be written, as any file that this user makes.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let (mut from, mut made) = (File::open(from)?, File::create_new(to)?);
    share_file(&made, to);
    let copied = io::copy(&mut from, &mut made).and_then(|_bytes| made.sync_data());
    copied.inspect_err(|_| drop(fs::remove_file(to)))
}
