//! Repos with every shape that a cache has to hold, and what was asked of the hub for them.

use std::path::PathBuf;

use crate::bin::Larder;
use crate::hub::{Content, File, Hub, Origin, Record, Repo};
use crate::python::Client;

/// A model with one of everything.
pub(crate) const ZOO: &str = "acme/zoo";
/// A dataset, as in references.
pub(crate) const DATA: &str = "datasets/acme/data";
/// A model without an owner.
pub(crate) const BARE: &str = "gpt2";
/// The real one.
pub(crate) const MINILM: &str = "sentence-transformers/all-MiniLM-L6-v2";

const MIB: u64 = 1 << 20;

/// The repos of these tests, on a hub of their own.
pub(crate) fn hub() -> Hub {
    Hub::builder().repo(zoo()).repo(data()).repo(bare()).start()
}

/// Small and large files, empty ones, content that occurs twice, folders, and names that need
/// encoding; `main`, a tag and a pull request are three commits.
pub(crate) fn zoo() -> Repo {
    let weights = Content::synthetic(3 * MIB + 7, 1);
    Repo::model(ZOO)
        .file(".gitattributes", "*.bin filter=lfs\n")
        .file("README.md", "# Zoo, the first\n")
        .file("config.json", "{\"layers\": 1}\n")
        .tag("v1.0")
        .file("README.md", "# Zoo, as someone proposes it\n")
        .file("proposed.json", "{}\n")
        .pull_request(1)
        .without("proposed.json")
        .file("README.md", "# Zoo\n")
        .file("config.json", "{\"layers\": 2}\n")
        .file("empty.txt", "")
        .file("sub/deep/config.json", "{\"layers\": 2}\n")
        .file("日本語/é 🦀 100%+&?#.json", "[\"crab\"]\n")
        .lfs("model.safetensors", weights.clone())
        .lfs("onnx/deep/er/model.onnx", weights)
        .lfs("shard-00001-of-00002.bin", Content::synthetic(2 * MIB, 2))
        .with(File::xet(
            "shard-00002-of-00002.bin",
            Content::synthetic(MIB, 3),
            "ab".repeat(32),
        ))
        .branch("main")
}

pub(crate) fn data() -> Repo {
    Repo::dataset("acme/data")
        .file("README.md", "rows\n")
        .lfs("data/train-00000.parquet", Content::synthetic(MIB, 4))
        .branch("main")
}

pub(crate) fn bare() -> Repo {
    Repo::model(BARE)
        .file("config.json", "{}\n")
        .lfs("model.safetensors", Content::synthetic(MIB, 5))
        .branch("main")
}

/// The real model, from the package that carries it.
pub(crate) fn minilm(larder: &Larder) -> Repo {
    let found = Client::script(larder, "minilm.py", [""; 0]).run();
    let folder = PathBuf::from(found.succeeded().line());
    Repo::model(MINILM).folder(folder).unwrap().branch("main")
}

/// A file of a commit, and the name that its content has in a cache.
pub(crate) struct Wanted {
    pub(crate) path: String,
    pub(crate) etag: String,
    pub(crate) content: Content,
}

impl Wanted {
    /// What its name in a snapshot has to lead to.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.content.slice(0..self.content.len()).unwrap()
    }
}

/// The files of `repo` at a revision.
pub(crate) fn files(repo: &Repo, revision: &str) -> Vec<Wanted> {
    let commit = repo.revision(revision).unwrap();
    let files = commit.files.values();
    files
        .map(|file| Wanted {
            path: file.path.clone(),
            etag: file.etag().to_owned(),
            content: file.content.clone(),
        })
        .collect()
}

/// The requests that ask for bytes of files.
pub(crate) fn fetches(hub: &Hub) -> Vec<String> {
    let is_fetch = |record: &Record| {
        let is_file = record.path.contains("/resolve");
        record.origin == Origin::Cdn || (is_file && record.method == "GET")
    };
    let shown = |record: &Record| format!("{} {}", record.method, record.path);
    hub.log().select(is_fetch).iter().map(shown).collect()
}
