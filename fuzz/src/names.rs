//! Names that become paths. First line: a repo; second: a revision; the rest: a path in a repo.

use std::path::{Component, Path, PathBuf};

use larder::repo::{Commit, HubName, RepoId, RepoKind, RepoPath, Revision};
use larder::store::layout::Layout;
use larder::view::huggingface::HfCache;

use super::checks::{is_fit_to_show, is_safe_path, lines};

const ROOT: &str = "/some/root";

pub fn run(data: &[u8]) {
    let Some(([repo, revision], rest)) = lines(data) else {
        return;
    };
    if let Ok(path) = std::str::from_utf8(rest) {
        match RepoPath::parse(path) {
            Ok(path) => {
                is_safe_path(&path);
                let json = serde_json::to_string(&path).unwrap();
                assert_eq!(serde_json::from_str::<RepoPath>(&json).unwrap(), path);
            }
            Err(why) => is_fit_to_show(&why.to_string()),
        }
    }
    for kind in [RepoKind::Model, RepoKind::Dataset] {
        let Ok(repo) = RepoId::parse(kind, repo) else {
            continue;
        };
        is_sound_repo(&repo);
        if let Ok(revision) = Revision::parse(revision) {
            is_sound_revision(&repo, &revision);
        }
    }
}

fn is_sound_repo(repo: &RepoId) {
    assert_eq!(RepoId::parse(repo.kind(), &repo.id()).as_ref(), Ok(repo));
    let cache = HfCache::new(ROOT.into(), true);
    let folder = cache.repo(repo).folder().to_owned();
    assert_eq!(depth_below_root(&folder), 1);
    // The folder's name tells which repo it is.
    let name = folder.file_name().unwrap().to_str().unwrap();
    let (kind, id) = name.split_once("--").expect("it begins with the kind");
    assert_eq!(kind, repo.kind().plural());
    assert_eq!(id.replacen("--", "/", 1), repo.id());

    let layout = Layout::new(ROOT.into());
    let commit = Commit::parse(&"c".repeat(40)).unwrap();
    let manifest = layout.manifest(HubName::HuggingFace, repo, &commit);
    assert_eq!(depth_below_root(&manifest), 6);
    assert_eq!(
        depth_below_root(&layout.repo_lock(HubName::HuggingFace, repo)),
        7
    );
}

fn is_sound_revision(repo: &RepoId, revision: &Revision) {
    let layout = Layout::new(ROOT.into());
    let path = layout.reference(HubName::HuggingFace, repo, revision);
    assert_eq!(depth_below_root(&path), 6);
    // Another revision has another file.
    let longer = Revision::parse(&format!("{revision}x"));
    if let Ok(longer) = longer {
        assert_ne!(layout.reference(HubName::HuggingFace, repo, &longer), path);
    }
    // In the cache its slashes make folders, below `refs` and nowhere else.
    let refs = Path::new(ROOT).join("refs");
    let there = refs.join(revision.as_str());
    assert!(depth_below_root(&there) > 1);
    assert!(there.starts_with(refs));
}

/// How many names lead from the root to `path`; each is a plain one that a filesystem takes.
fn depth_below_root(path: &Path) -> usize {
    let below: PathBuf = path.strip_prefix(ROOT).expect("it left the root").into();
    let mut depth = 0;
    for component in below.components() {
        let Component::Normal(name) = component else {
            panic!("{component:?} in {}", path.display());
        };
        assert!(name.len() <= 255, "{}", path.display());
        depth += 1;
    }
    depth
}
