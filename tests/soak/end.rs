//! The end of a schedule: a pull that nothing disturbs, and what must not be left then.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::hub::{Content, Hub};
use super::larder::Larder;
use super::truth;

/// Pulls, and has to find everything right.
pub(crate) fn pull_clean(larder: &Larder, hub: &Hub, id: &str) {
    an_hour_passes(&larder.store().join("partial"));
    let ran = larder.pull([id]).run().succeeded();
    let commit = hub.commit_of(id, "main").unwrap();
    let snapshot = larder.snapshot(id, &commit);
    assert_eq!(Path::new(ran.line()), snapshot);
    for (path, content) in hub.files(id, "main") {
        let there = Content::disk(snapshot.join(&path)).unwrap();
        assert_eq!(there.sha256(), content.sha256(), "{path} of {id}");
    }
}

/// What was killed while it wrote a small file, or had a partial for itself, is swept an hour later.
fn an_hour_passes(partials: &Path) {
    let long_ago = SystemTime::now() - Duration::from_secs(2 * 3600);
    for entry in fs::read_dir(partials).into_iter().flatten() {
        let path = entry.unwrap().path();
        fs::File::open(path)
            .unwrap()
            .set_modified(long_ago)
            .unwrap();
    }
}

/// Store and cache have what the repos need, and nothing else.
pub(crate) fn assert_tidy(larder: &Larder, hub: &Hub, ids: &[&str]) {
    assert_eq!(truth::lies(larder, hub, ids), Vec::<String>::new());
    let mut known = Known::default();
    for id in ids {
        known.add(larder, hub, id);
    }
    let strays: Vec<PathBuf> = truth::files(larder.home())
        .into_iter()
        .filter(|path| !known.knows(larder, path))
        .collect();
    assert_eq!(strays, Vec::<PathBuf>::new());
    let partials = fs::read_dir(larder.store().join("partial")).unwrap();
    assert_eq!(partials.count(), 0, "something unfinished is left");
    for id in ids {
        assert!(!larder.repo(id).join(".larder").exists());
    }
}

/// The files that there should be.
#[derive(Default)]
struct Known {
    paths: BTreeSet<PathBuf>,
}

impl Known {
    fn add(&mut self, larder: &Larder, hub: &Hub, id: &str) {
        let commit = hub.commit_of(id, "main").unwrap();
        let (store, repo) = (larder.store(), larder.repo(id));
        self.paths.extend([
            store.join("VERSION"),
            store.join("CACHEDIR.TAG"),
            larder.hub_cache().join("CACHEDIR.TAG"),
            store.join(format!("manifests/hf/models/{id}/{commit}.json")),
            store.join(format!("refs/hf/models/{id}/main")),
            repo.join("refs/main"),
            repo.join(format!("trees/{commit}.json")),
        ]);
        for (path, content) in hub.files(id, "main") {
            let git = content.blob_id();
            self.paths.extend([
                larder.blob(content.sha256()),
                store.join("blobs/git-sha1").join(&git[..2]).join(git),
                repo.join("blobs").join(content.sha256()),
                repo.join("blobs").join(git),
                larder.snapshot(id, &commit).join(path),
            ]);
        }
    }

    /// Lock files stay for ever.
    fn knows(&self, larder: &Larder, path: &Path) -> bool {
        let locks = [
            larder.store().join("locks"),
            larder.hub_cache().join(".locks"),
        ];
        self.paths.contains(path) || locks.iter().any(|locks| path.starts_with(locks))
    }
}
