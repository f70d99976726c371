//! The hub, the machine, and the model of what is on it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use fastrand::Rng;

use super::bin::Larder;
use super::hub::{self, Content, File, Hub, Origin, Repo};
use super::model::{Key, Model, VIEWS, View};
use super::read;

pub(crate) const REPOS: [&str; 3] = ["org/one", "org/two", "org/three"];
const PATHS: [&str; 5] = [
    "config.json",
    "model.safetensors",
    "sub/deep/vocab.txt",
    "other.bin",
    "a b/ä.txt",
];

pub(crate) struct World {
    pub(crate) hub: Hub,
    pub(crate) larder: Larder,
    pub(crate) model: Model,
    pool: Vec<Content>,
    pub(crate) counts: BTreeMap<&'static str, u64>,
}

impl World {
    pub(crate) fn new(random: &mut Rng) -> Self {
        let pool: Vec<Content> = (0..9)
            .map(|number| {
                // Two of them have partials.
                let len = match number {
                    0 | 1 => random.u64(1_200_000..1_600_000),
                    2 => 0,
                    _ => random.u64(1..60_000),
                };
                Content::synthetic(len, random.u64(1..1_000_000))
            })
            .collect();
        let shape = hub::Shape {
            latency: Duration::from_millis(1),
            first_byte: Duration::from_millis(1),
            rate: Some(20_000_000),
        };
        let mut builder = Hub::builder().shape(Origin::Cdn, shape);
        for id in REPOS {
            let mut repo = Repo::model(id);
            for file in some_files(random, &pool) {
                repo = repo.with(file);
            }
            builder = builder.repo(repo.tag("v1"));
        }
        let hub = builder.start();
        let larder = Larder::at(&hub);
        let _made = fs::create_dir_all(larder.path("second"));
        Self {
            hub,
            larder,
            model: Model::default(),
            pool,
            counts: BTreeMap::new(),
        }
    }

    /// Some files move on in a repo's `main`.
    pub(crate) fn commit(&self, random: &mut Rng, id: &str) {
        self.hub.commit(id, "main", some_files(random, &self.pool));
    }

    /// Where a view is.
    pub(crate) fn cache(&self, view: View) -> PathBuf {
        match view {
            View::First => self.larder.hub_cache(),
            View::Second => self.larder.path("second/hub"),
        }
    }

    /// A repo's folder in a view.
    pub(crate) fn folder(&self, view: View, id: &str) -> PathBuf {
        self.cache(view)
            .join(format!("models--{}", id.replace('/', "--")))
    }

    /// A commit's folder in a view.
    pub(crate) fn snapshot(&self, view: View, key: &Key) -> PathBuf {
        self.folder(view, key.0).join("snapshots").join(&key.1)
    }

    /// The views that may be on a disk that is not mounted: neither in their folder, nor in the one
    /// around it where that is gone, there is anything.
    pub(crate) fn away(&self) -> BTreeSet<View> {
        let is_away = |view: &View| {
            let cache = self.cache(*view);
            let dir = if cache.exists() {
                cache.as_path()
            } else {
                cache.parent().unwrap()
            };
            read::children(dir).is_empty()
        };
        VIEWS.into_iter().filter(is_away).collect()
    }

    /// The content of a file of a commit.
    pub(crate) fn content(&self, id: &str, commit: &str, path: &str) -> Content {
        let files = self.hub.files(id, commit);
        let found = files.into_iter().find(|(name, _)| name == path);
        found.expect("the commit has the file").1
    }

    /// SHA-256 and git id of the content of a file of a commit.
    pub(crate) fn names_of(&self, (id, commit): &Key, path: &str) -> (String, String) {
        let content = self.content(id, commit, path);
        (content.sha256().to_owned(), content.blob_id().to_owned())
    }

    /// SHA-256 and git id of every content that a record names.
    pub(crate) fn needed(&self) -> BTreeMap<String, String> {
        let records = self.model.records.iter();
        let files =
            records.flat_map(|(key, record)| record.files.iter().map(move |path| (key, path)));
        files.map(|(key, path)| self.names_of(key, path)).collect()
    }

    /// SHA-256 and git id of every content that a view shows: what is not on record is held by its
    /// name there.
    pub(crate) fn held(&self) -> BTreeMap<String, String> {
        let shown = self.model.shown.iter();
        let names = shown.flat_map(|((_, key), names)| names.iter().map(move |path| (key, path)));
        names.map(|(key, path)| self.names_of(key, path)).collect()
    }

    /// What happened, in a line.
    pub(crate) fn told(&self) -> String {
        let counts = self.counts.iter();
        let counts: Vec<_> = counts
            .map(|(what, count)| format!("{count} {what}"))
            .collect();
        counts.join(", ")
    }
}

/// What git holds itself.
fn is_text(path: &str) -> bool {
    let extension = std::path::Path::new(path).extension();
    extension.is_some_and(|extension| extension == "json" || extension == "txt")
}

fn some_files(random: &mut Rng, pool: &[Content]) -> Vec<File> {
    let mut paths = PATHS.to_vec();
    random.shuffle(&mut paths);
    let count = random.usize(1..=3);
    let file = |path: &&'static str| {
        let content = pool[random.usize(..pool.len())].clone();
        if is_text(path) {
            File::git(*path, content)
        } else {
            File::lfs(*path, content)
        }
    };
    paths.iter().take(count).map(file).collect()
}
