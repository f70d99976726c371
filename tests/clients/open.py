"""Opens a repo in the cache as users of huggingface_hub do, without network.

Arguments: repo id, repo type, revision, and the files it must have as JSON, path to etag.
"""

import json
import pathlib
import sys

from huggingface_hub import (
    hf_hub_download,
    scan_cache_dir,
    snapshot_download,
    try_to_load_from_cache,
)

repo_id, repo_type, revision = sys.argv[1:4]
etags = json.loads(sys.argv[4])
repo = {"repo_id": repo_id, "repo_type": repo_type, "revision": revision}


def blob(path):
    """The name of the content that a name in a snapshot leads to."""
    return pathlib.Path(path).resolve().name


def same(got, want):
    if got != want:
        raise SystemExit(f"got {got!r} instead of {want!r}")


snapshot = pathlib.Path(snapshot_download(**repo, local_files_only=True))
found = {p.relative_to(snapshot).as_posix(): blob(p) for p in snapshot.rglob("*") if p.is_file()}
same(found, etags)

for path, etag in etags.items():
    same(blob(hf_hub_download(**repo, filename=path, local_files_only=True)), etag)
    same(blob(try_to_load_from_cache(**repo, filename=path)), etag)
same(try_to_load_from_cache(**repo, filename="never/asked.txt"), None)

scan = scan_cache_dir()
same([str(warning) for warning in scan.warnings], [])
entry = next(r for r in scan.repos if (r.repo_id, r.repo_type) == (repo_id, repo_type))
cached = next(r for r in entry.revisions if r.commit_hash == snapshot.name)
same({f.file_path.relative_to(snapshot).as_posix(): f.blob_path.name for f in cached.files}, etags)
same(revision in cached.refs, revision != snapshot.name)

