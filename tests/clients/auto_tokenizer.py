"""Prints the token ids that the tokenizer of a cached model gives a sentence. Argument: repo id."""

import sys

from transformers import AutoConfig, AutoTokenizer

config = AutoConfig.from_pretrained(sys.argv[1])
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
ids = tokenizer("A larder keeps one copy of every byte.")["input_ids"]
print(config.model_type, *tokenizer.convert_ids_to_tokens(ids))
