"""Whether the cache knows that a repo has no such file. Arguments: repo id, path."""

import sys

from huggingface_hub import _CACHED_NO_EXIST, try_to_load_from_cache

if try_to_load_from_cache(sys.argv[1], sys.argv[2]) is not _CACHED_NO_EXIST:
    raise SystemExit("the cache does not know")
