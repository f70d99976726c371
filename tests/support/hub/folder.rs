//! A folder on disk as a repo.

use std::fs;
use std::io;
use std::path::Path;

use super::commit::File;
use super::content::Content;
use super::repo::Repo;

/// Git files are at most this long; anything longer is a large file.
const GIT_BYTES: u64 = 1024 * 1024;
/// Endings that make a file a large file whatever its length.
const LARGE: [&str; 12] = [
    "safetensors",
    "bin",
    "gguf",
    "ggml",
    "onnx",
    "h5",
    "pt",
    "pth",
    "msgpack",
    "parquet",
    "arrow",
    "npz",
];

impl Repo {
    /// Adds every file below `folder`, large ones by ending or length, in sorted order.
    pub fn folder(self, folder: impl AsRef<Path>) -> io::Result<Self> {
        add(self, folder.as_ref(), "")
    }
}

fn add(mut repo: Repo, folder: &Path, prefix: &str) -> io::Result<Repo> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if fs::metadata(entry.path())?.is_dir() {
            repo = add(repo, &entry.path(), &format!("{path}/"))?;
            continue;
        }
        let content = Content::disk(entry.path())?;
        repo = repo.with(if is_large(&path, content.len()) {
            File::lfs(path, content)
        } else {
            File::git(path, content)
        });
    }
    Ok(repo)
}

/// Whether a hub would keep such a file in large-file storage.
pub fn is_large(path: &str, len: u64) -> bool {
    let ending = Path::new(path).extension().and_then(|e| e.to_str());
    len > GIT_BYTES || ending.is_some_and(|ending| LARGE.contains(&ending))
}
