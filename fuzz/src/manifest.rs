//! The store's manifests. The input is the record; its seal is made here, by the description of the
//! format. As it is, unsealed, it must be nothing.

use larder::digest::BlobId;
use larder::hub::Listing;
use larder::probe;
use larder::repo::{Commit, HubName, RepoId, RepoKind};
use larder::store::snapshot::Manifest;

use super::checks::is_safe_path;

pub fn run(data: &[u8]) {
    if let Some(manifest) = probe::manifest(data) {
        is_sound(&manifest);
    }
    let Ok(record) = std::str::from_utf8(data) else {
        return;
    };
    let record = record.trim();
    let seal = BlobId::of(record.as_bytes());
    let sealed = format!(r#"{{"version":1,"sha256":"{seal}","record":{record}}}"#);
    if let Some(manifest) = probe::manifest(sealed.as_bytes()) {
        is_sound(&manifest);
        is_nothing_when_changed(&sealed, &manifest);
    }
}

/// A listing that becomes a manifest is the same when it is read again.
pub fn survives(files: &Listing) {
    let repo = RepoId::parse(RepoKind::Model, "acme/tiny").unwrap();
    let commit = Commit::parse(&"c".repeat(40)).unwrap();
    let manifest = Manifest::new(HubName::HuggingFace, &repo, commit, files.clone());
    let text = probe::manifest_text(&manifest).unwrap();
    let again = probe::manifest(&text).expect("it is whole");
    assert_eq!(again, manifest);
    assert_eq!(&again.listing(), files);
}

fn is_sound(manifest: &Manifest) {
    manifest
        .files
        .iter()
        .for_each(|file| is_safe_path(&file.remote.path));
    let text = probe::manifest_text(manifest).unwrap();
    assert_eq!(probe::manifest(&text).as_ref(), Some(manifest));
}

/// One changed bit, at places all over it, never makes another manifest.
fn is_nothing_when_changed(sealed: &str, manifest: &Manifest) {
    for at in (0..sealed.len()).step_by(1 + sealed.len() / 16) {
        let mut bytes = sealed.as_bytes().to_vec();
        bytes[at] ^= 1;
        if let Some(other) = probe::manifest(&bytes) {
            assert_eq!(&other, manifest, "bit 0 of byte {at}");
        }
    }
}
