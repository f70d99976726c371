//! Repos that several tests pull. Contents are made once, so their digests are too.

use std::sync::LazyLock;

use crate::hub::{Content, Repo};

/// A path that is different in a URL, on disk and in a listing.
pub(crate) const ODD: &str = "a b/c#d%e?é+&.txt";
/// Below nested folders.
pub(crate) const DEEP: &str = "deep/er/still/x.bin";
/// What the small files hold.
pub(crate) const CONFIG: &[u8] = b"{\"hidden_size\": 8}";
/// SHA-256 of nothing.
pub(crate) const EMPTY_SHA256: &str =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// More than the engine asks for in one request at first.
const LARGE: u64 = 17 * 1024 * 1024 + 11;

/// A large content.
pub(crate) fn weights() -> Content {
    static CONTENT: LazyLock<Content> = LazyLock::new(|| Content::synthetic(LARGE, 1));
    CONTENT.clone()
}

/// Another large content.
pub(crate) fn other_weights() -> Content {
    static CONTENT: LazyLock<Content> = LazyLock::new(|| Content::synthetic(LARGE + 5, 2));
    CONTENT.clone()
}

/// A content that is kept as a large one and is not large.
pub(crate) fn some_bytes(seed: u64) -> Content {
    Content::synthetic(40_000 + seed, seed)
}

/// `org/model`: large, small, empty and doubled contents under plain, deep and odd names.
pub(crate) fn model() -> Repo {
    Repo::model("org/model")
        .file("config.json", CONFIG)
        .file("copy/config.json", CONFIG)
        .file("empty.txt", b"")
        .file(ODD, "odd".as_bytes())
        .lfs(DEEP, some_bytes(3))
        .lfs("model.safetensors", weights())
        .lfs("twin.safetensors", weights())
}

/// `org/tiny`: one file of each sort, at once on disk.
pub(crate) fn tiny() -> Repo {
    Repo::model("org/tiny")
        .file("config.json", CONFIG)
        .lfs("weights.bin", some_bytes(4))
}

/// `org/gguf`: two quantisations, one of them split, and what belongs to every one.
pub(crate) fn gguf() -> Repo {
    Repo::model("org/gguf")
        .file("README.md", b"# gguf")
        .lfs("mmproj-model-f16.gguf", some_bytes(10))
        .lfs("model-Q4_K_M.gguf", some_bytes(11))
        .lfs("model-Q8_0-00001-of-00002.gguf", some_bytes(12))
        .lfs("model-Q8_0-00002-of-00002.gguf", some_bytes(13))
}

/// Sorted lines, as a tree is dumped.
pub(crate) fn lines<S: AsRef<str>>(lines: impl IntoIterator<Item = S>) -> String {
    let mut lines: Vec<String> = lines
        .into_iter()
        .map(|line| format!("{}\n", line.as_ref()))
        .collect();
    lines.sort();
    lines.concat()
}
