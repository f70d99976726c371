"""Prints what the scanner of huggingface_hub finds in a cache, and what it complains about."""

import json
import sys

from huggingface_hub import scan_cache_dir

found = scan_cache_dir(sys.argv[1])
document = {
    "warnings": [str(warning) for warning in found.warnings],
    "repos": sorted(repo.repo_id for repo in found.repos),
}
print(json.dumps(document))
