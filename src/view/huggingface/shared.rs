//! hf's shared store, `<cache>/blobs`: payloads named by Xet hash to which several repos' blobs are
//! links (`utils._shared_blobs`). Read here, and never written.

use std::fs;
use std::path::{Path, PathBuf};

use super::layout::{Layout, link_leads, normal};
use crate::fs::read_small;

const MARKER: &str = ".huggingface-shared-blobs";
const VERSION: &[u8] = b"1\n";

/// The payload that the blob at `blob` is a link to, if it is a sound link into a store of hf's.
pub(super) fn payload(layout: &Layout, blob: &Path) -> Option<PathBuf> {
    let target = fs::read_link(blob).ok()?;
    let store = layout.shared();
    let inside = link_leads(blob, &target);
    let inside = inside.strip_prefix(normal(&store)).ok()?.to_str()?;
    let (prefix, name) = inside.split_once('/')?;
    let path = store.join(inside);
    let is_sound = is_hash(name) && name.starts_with(prefix) && prefix.len() == 2;
    (is_sound && is_store(&store) && is_file(&path)).then_some(path)
}

/// Whether hf has marked the folder as its store, in the one version there is.
fn is_store(store: &Path) -> bool {
    let marker = store.join(MARKER);
    let is_dir = fs::symlink_metadata(store).is_ok_and(|there| there.is_dir());
    let content = read_small(&marker, VERSION.len() as u64);
    is_dir && is_file(&marker) && content.is_ok_and(|bytes| bytes.as_deref() == Some(VERSION))
}

fn is_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|there| there.is_file())
}

fn is_hash(text: &str) -> bool {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == 64 && text.bytes().all(is_hex)
}

#[cfg(test)]
pub(super) mod testing {
    use std::os::unix::fs::symlink;

    use super::*;

    /// Lets `blob` be a link to a payload with this content, as hf leaves it.
    pub(in super::super) fn share(layout: &Layout, blob: &Path, content: &[u8]) -> PathBuf {
        let hash = "ab".repeat(32);
        let store = layout.shared();
        let payload = store.join("ab").join(&hash);
        fs::create_dir_all(store.join("ab")).unwrap();
        fs::create_dir_all(blob.parent().unwrap()).unwrap();
        fs::write(store.join(MARKER), VERSION).unwrap();
        fs::write(&payload, content).unwrap();
        symlink(format!("../../blobs/ab/{hash}"), blob).unwrap();
        payload
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::super::testing::{git_file, repo};
    use super::*;

    #[test]
    fn only_a_link_into_a_marked_store_is_followed() {
        let (_dir, repo) = repo(true);
        let blob = repo.layout.blob(git_file("f", b"x").digest);
        assert_eq!(payload(&repo.layout, &blob), None);
        let there = testing::share(&repo.layout, &blob, b"x");
        assert_eq!(payload(&repo.layout, &blob), Some(there.clone()));

        let marker = repo.layout.shared().join(MARKER);
        fs::write(&marker, "2\n").unwrap();
        assert_eq!(payload(&repo.layout, &blob), None);
        fs::write(&marker, VERSION).unwrap();
        fs::remove_file(&there).unwrap();
        assert_eq!(payload(&repo.layout, &blob), None);
    }

    #[test]
    fn links_to_elsewhere_are_not_followed() {
        let (_dir, repo) = repo(true);
        let blob = repo.layout.blob(git_file("f", b"x").digest);
        let there = testing::share(&repo.layout, &blob, b"x");
        let other = repo.layout.shared().join("other");
        fs::write(&other, "x").unwrap();
        for target in [
            "../../blobs/other",
            "../../blobs/ab/../other",
            "/etc/hostname",
            "../../..",
        ] {
            fs::remove_file(&blob).unwrap();
            symlink(target, &blob).unwrap();
            assert_eq!(payload(&repo.layout, &blob), None, "{target}");
        }
        fs::remove_file(&blob).unwrap();
        symlink(&there, &blob).unwrap();
        assert_eq!(payload(&repo.layout, &blob), Some(there));
    }
}
