//! `trees/<commit>.json`: all files of a commit, as `huggingface_hub` 1.25 and later keep them
//! (`_tree_cache.write_tree_cache`). Spares the listing, and lets offline readers see what is missing.
//!
//! Written byte for byte as the reference client writes it, except that the file's mode follows the
//! umask. A commit never changes, so a listing that reads well is right; anything else is no listing.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;

use super::RepoCache;
use super::refs::holds;
use crate::digest::{BlobId, Digest, GitOid};
use crate::error::Cause;
use crate::fs;
use crate::hub::wire::{MAX_SIZE, Rows};
use crate::hub::{Listing, RemoteFile};
use crate::repo::{Commit, RepoPath};
use crate::view::work::Work;

/// The only version there is.
const FORMAT_VERSION: u64 = 1;
/// Room for about a million files.
const MAX_BYTES: u64 = 512 << 20;

impl RepoCache {
    /// The files of `commit`, as some client listed them; `None` where none did, or what is there
    /// is damaged, of another version, or names something unsafe.
    pub fn read_tree(&self, commit: &Commit) -> Option<Listing> {
        read(&self.layout.tree(commit))
    }

    /// Keeps the files of `commit`, unless they are there, in whatever form a client wrote them.
    /// `listing` is the whole commit. A cache that may not be written stays as it is: it has the
    /// files, and their listing only spares a request.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_tree(&self, commit: &Commit, listing: &[RemoteFile]) -> Result<(), Cause> {
        let mut work = self.work();
        self.put_tree(commit, listing, &mut work)?;
        work.folders.sync()
    }

    pub(super) fn put_tree(
        &self,
        commit: &Commit,
        listing: &[RemoteFile],
        work: &mut Work,
    ) -> Result<(), Cause> {
        let path = self.layout.tree(commit);
        // The listing of a hub that tells no git ids is none that hf could read.
        let Some(text) = encode(listing) else {
            return Ok(());
        };
        if holds(&path, text.as_bytes()) {
            return Ok(());
        }
        let there = self.read_tree(commit);
        if there.is_some() && there == decode(text.as_bytes()) {
            return Ok(());
        }
        match work.aside.put(&path, text.as_bytes(), &mut work.folders) {
            Err(Cause::Io { source, .. }) if fs::is_unwritable(&source) => Ok(()),
            other => other,
        }
    }
}

#[derive(Deserialize)]
struct Tree {
    format_version: u64,
    files: BTreeMap<RepoPath, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    size: u64,
    blob_id: GitOid,
    lfs_sha256: Option<BlobId>,
    lfs_size: Option<u64>,
    xet_hash: Option<String>,
}

/// The listing in the file `path`; `None` where it is none.
pub(in crate::view) fn read(path: &Path) -> Option<Listing> {
    decode(&fs::read_small(path, MAX_BYTES).ok()??)
}

/// The listing in the text of a file.
pub(crate) fn decode(bytes: &[u8]) -> Option<Listing> {
    let tree: Tree = serde_json::from_slice(bytes).ok()?;
    if tree.format_version != FORMAT_VERSION {
        return None;
    }
    let mut rows = Rows::default();
    for (path, entry) in tree.files {
        rows.insert(entry.into_file(path)?).ok()?;
    }
    rows.finish().ok()
}

impl Entry {
    fn into_file(self, path: RepoPath) -> Option<RemoteFile> {
        let is_odd = self.size > MAX_SIZE || self.lfs_size.is_some_and(|size| size != self.size);
        if is_odd
            || self
                .xet_hash
                .as_deref()
                .is_some_and(|hash| !is_xet_hash(hash))
        {
            return None;
        }
        let digest = self
            .lfs_sha256
            .map_or(Digest::Git(self.blob_id), Digest::Sha256);
        let (git_oid, xet_hash) = (Some(self.blob_id), self.xet_hash);
        Some(RemoteFile {
            path,
            len: self.size,
            digest,
            git_oid,
            xet_hash,
            changed_by: None,
        })
    }
}

/// hf's rule; one hash that breaks it makes hf ignore the whole file.
fn is_xet_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What Python's `json.dump(…, indent=1)` makes of the listing; `None` where a git id is not known.
pub(crate) fn encode(listing: &[RemoteFile]) -> Option<String> {
    let mut files: Vec<&RemoteFile> = listing.iter().collect();
    files.sort_unstable_by_key(|file| file.path.as_str());
    let mut text = format!("{{\n \"format_version\": {FORMAT_VERSION},\n \"files\": {{");
    let mut lead = "\n";
    for file in &files {
        text.push_str(lead);
        push_file(&mut text, file)?;
        lead = ",\n";
    }
    text.push_str(if files.is_empty() { "}\n}" } else { "\n }\n}" });
    Some(text)
}

fn push_file(text: &mut String, file: &RemoteFile) -> Option<()> {
    text.push_str("  ");
    push_string(text, file.path.as_str());
    push(
        text,
        format_args!(
            ": {{\n   \"size\": {},\n   \"blob_id\": \"{}\"",
            file.len, file.git_oid?
        ),
    );
    if let Digest::Sha256(sha256) = file.digest {
        push(
            text,
            format_args!(
                ",\n   \"lfs_sha256\": \"{sha256}\",\n   \"lfs_size\": {}",
                file.len
            ),
        );
    }
    if let Some(hash) = file.xet_hash.as_deref().filter(|hash| is_xet_hash(hash)) {
        push(text, format_args!(",\n   \"xet_hash\": \"{hash}\""));
    }
    text.push_str("\n  }");
    Some(())
}

/// A JSON string in ASCII, other characters as UTF-16 escapes.
fn push_string(text: &mut String, string: &str) {
    text.push('"');
    for c in string.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            ' '..='~' => text.push(c),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    push(text, format_args!("\\u{unit:04x}"));
                }
            }
        }
    }
    text.push('"');
}

/// Writing to a string cannot fail.
fn push(text: &mut String, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what).ok();
}

#[cfg(test)]
mod tests {
    use super::super::testing::{commit, git_file, lfs_file, repo};
    use super::*;

    /// Written by the reference client for [`listing`]: `scripts/fixtures/hf-tree.py`.
    const FROM_HF: &str = include_str!("../../../fixtures/caches/hf-2.4.0-tree.json");

    fn listing() -> Listing {
        let hash = "ab".repeat(32);
        let mut files = vec![
            git_file("zz/é \"quoted\" & ü.txt", b"git"),
            git_file(".gitattributes", b""),
            git_file("日本語/🦀.md", b"crab"),
            git_file("\u{fffd}.txt", b"before the crab by bytes"),
            git_file("🦀.txt", b"after"),
            git_file("a-b", b"1"),
            git_file("a/b", b"2"),
            lfs_file("model.safetensors", b"weights", Some(&hash)),
            lfs_file("model.gguf", b"more weights", None),
        ];
        files[8].len = 5_000_000_000_000;
        files
    }

    #[test]
    fn the_bytes_are_those_of_hf() {
        assert_eq!(encode(&listing()).unwrap(), FROM_HF);
        assert_eq!(
            encode(&[]).unwrap(),
            "{\n \"format_version\": 1,\n \"files\": {}\n}"
        );
    }

    #[test]
    fn what_hf_wrote_is_read() {
        let mut want = listing();
        want.sort_by(|a, b| a.path.cmp(&b.path));
        assert_eq!(decode(FROM_HF.as_bytes()).unwrap(), want);
    }

    #[test]
    fn trees_are_kept_and_written_once() {
        let (_dir, repo) = repo(true);
        assert_eq!(repo.read_tree(&commit('c')), None);
        repo.write_tree(&commit('c'), &listing()).unwrap();
        let path = repo.layout.tree(&commit('c'));
        let before = fs::stamp(&path).unwrap();
        repo.write_tree(&commit('c'), &listing()).unwrap();
        assert_eq!(fs::stamp(&path).unwrap(), before);
        assert_eq!(repo.read_tree(&commit('c')).unwrap().len(), listing().len());
    }

    #[test]
    fn sizes_are_bounded_one_by_one_and_in_all() {
        let of = |count: u64, len: u64| {
            let files: Vec<_> = (0..count)
                .map(|number| RemoteFile {
                    len,
                    ..git_file(&number.to_string(), b"x")
                })
                .collect();
            decode(encode(&files).unwrap().as_bytes()).is_some()
        };
        assert!(of(1, MAX_SIZE) && of(128, MAX_SIZE));
        assert!(!of(1, MAX_SIZE + 1) && !of(129, MAX_SIZE));
    }

    #[test]
    fn damage_is_no_listing() {
        let good = encode(&listing()).unwrap();
        let damages = [
            good[..good.len() - 1].to_owned(),
            good.replace("\"format_version\": 1", "\"format_version\": 2"),
            good.replace("\"a-b\"", "\"../a-b\""),
            good.replace("\"a-b\"", "\"/a-b\""),
            good.replace("abababab", "xyxyxyxy"),
            good.replacen("\"blob_id\": \"", "\"blob_id\": \"F", 1),
            good.replacen("\"lfs_size\": ", "\"lfs_size\": 1", 1),
            good.replacen("\"size\": ", "\"size\": -", 1),
            String::new(),
        ];
        for damage in damages {
            assert_ne!(damage, good);
            assert_eq!(decode(damage.as_bytes()), None, "{damage}");
        }
    }
}
