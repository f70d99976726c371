"""Made-up repos: bytes that do not compress and that no other file has."""

import hashlib
import json
import random

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
BLOCK = random.Random(1).randbytes(4 * MIB)


def write(path, size, number):
    """A file whose every block is stamped with its number and place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as out:
        for place in range(0, size, len(BLOCK)):
            stamp = number.to_bytes(8, "little") + place.to_bytes(8, "little")
            block = stamp + BLOCK[16:]
            out.write(block[: min(len(BLOCK), size - place)])


def scaled(size, scale, least=64 * KIB):
    return max(least, int(size * scale))


def one(folder, size):
    write(folder / "model.safetensors", size, 0)


def shards(folder, count, size):
    for n in range(1, count + 1):
        write(folder / f"model-{n:05}-of-{count:05}.safetensors", size, n)


def small(folder, count):
    """Files of 2 to 40 KiB, as many short as long."""
    lengths = random.Random(2)
    for n in range(count):
        write(folder / f"part-{n % 20:02}" / f"{n:05}.json", lengths.randint(2 * KIB, 40 * KIB), n)


def equal(folder, count, size):
    """Files of one size, a hundred to a folder."""
    for n in range(count):
        write(folder / f"part-{n // 100:03}" / f"{n:05}.json", size, n)


def mix(folder, size):
    """What a model of four shards looks like."""
    for name in ["config.json", "generation_config.json", "tokenizer_config.json"]:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps({"file": name, "pad": "x" * 900}))
    write(folder / "README.md", 24 * KIB, 101)
    write(folder / "tokenizer.json", 7 * MIB, 102)
    write(folder / "merges.txt", 450 * KIB, 103)
    write(folder / "vocab.json", 780 * KIB, 104)
    write(folder / "model.safetensors.index.json", 30 * KIB, 105)
    shards(folder, 4, size)


def cache(folder, repos, files):
    """A cache as hf leaves it: in each repo so many files, one in ten of them a weight."""
    for repo in range(repos):
        commit = hashlib.sha1(b"commit %d" % repo).hexdigest()
        home = folder / f"models--org-{repo % 20}--model-{repo:03}"
        snapshot = home / "snapshots" / commit
        for part in [snapshot, home / "blobs", home / "refs"]:
            part.mkdir(parents=True)
        (home / "refs/main").write_text(commit)
        for n in range(files):
            content = f"{repo} {n} ".encode() * 32
            is_weight = n % 10 == 0
            name = f"model-{n:05}.safetensors" if is_weight else f"file-{n:05}.json"
            git = hashlib.sha1(b"blob %d\0" % len(content) + content)
            etag = (hashlib.sha256(content) if is_weight else git).hexdigest()
            (home / "blobs" / etag).write_bytes(content)
            (snapshot / name).symlink_to(f"../../blobs/{etag}")
