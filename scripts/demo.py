"""Opens a model in the cache, without network. Argument: repo id."""

import pathlib
import sys

from huggingface_hub import snapshot_download
from safetensors import safe_open
from tokenizers import Tokenizer

folder = pathlib.Path(snapshot_download(sys.argv[1], local_files_only=True))
print("huggingface_hub finds the snapshot:", *sorted(p.name for p in folder.glob("*.json")))

with safe_open(folder / "model.safetensors", framework="numpy") as weights:
    words = weights.get_slice("embeddings.word_embeddings.weight").get_shape()
    print("safetensors reads", len(weights.keys()), "tensors; words:", words)

sentence = "A larder keeps one copy of every byte."
tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
tokenizer.no_padding()
print("tokenizers reads", repr(sentence), "as")
print(" ", *tokenizer.encode(sentence).tokens)
