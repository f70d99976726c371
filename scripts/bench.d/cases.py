"""The cases: which files, over which network, onto which disk, and who takes part."""

from dataclasses import dataclass, field
from typing import Callable

import files
from files import GIB, MIB

FLOOR = ["floor: curl to null", "floor: cp", "floor: sha256"]


@dataclass
class Case:
    """One row of cases in the report. Sizes are before `--scale`."""

    title: str
    make: Callable  # (folder, scale)
    peers: list
    size: int  # of all files, about: what has to fit
    kind: str = "cold"  # or warm, resume, verify, ls
    on_disk: bool = False
    latency_ms: int = 0  # before each answer of the hub
    rate: int = 0  # bytes per second of each connection; then the hub serves the bodies
    round_trip_ms: int = 0  # of the network, where the kernel can; else it is the latency
    is_modelscope: bool = False  # the hub speaks ModelScope's protocol
    slow_nth: int = None  # this large answer comes at a tenth of the rate, in the rows so marked


def count(number, scale):
    return max(2, round(number * scale))


def single(size):
    return lambda folder, scale: files.one(folder, files.scaled(size, scale))


CASES = {
    "one-large": Case(
        "1 × 4 GiB, memory",
        single(4 * GIB),
        ["larder", "larder-8", "larder-16", "aria2", "curl", "hf", "hf-hub", *FLOOR],
        4 * GIB,
    ),
    "shards": Case(
        "30 × 200 MiB, memory",
        lambda folder, scale: files.shards(folder, count(30, scale), 200 * MIB),
        ["larder", "aria2", "curl", "hf", "hf-hub", *FLOOR],
        6 * GIB,
    ),
    "small": Case(
        "2,000 × 2–40 KiB, 10 ms before each answer, memory",
        lambda folder, scale: files.small(folder, count(2000, scale)),
        ["larder", "aria2", "curl", "hf", "hf-hub", "floor: cp"],
        64 * MIB,
        latency_ms=10,
    ),
    "mix": Case(
        "a model: 8 small files, tokenizer, 4 × 300 MiB, 10 ms before each answer of the API, memory",
        lambda folder, scale: files.mix(folder, files.scaled(300 * MIB, scale)),
        ["larder", "aria2", "hf", "hf-xet", "hf-hub"],
        1216 * MIB,
        latency_ms=10,
    ),
    "warm": Case(
        "the same model again, nothing to fetch, memory",
        lambda folder, scale: files.mix(folder, files.scaled(300 * MIB, scale)),
        ["larder", "hf", "hf-hub"],
        1216 * MIB,
        kind="warm",
    ),
    "resume": Case(
        "1 × 2 GiB, the rest after kill -9 at half, memory",
        single(2 * GIB),
        ["larder", "aria2", "hf", "hf-hub"],
        2 * GIB,
        kind="resume",
    ),
    "latency": Case(
        "1 × 2 GiB, 40 ms, 30 MB/s per connection, memory",
        single(2 * GIB),
        ["larder", "larder-8", "larder-16", "aria2", "ideal: 16 connections"],
        2 * GIB,
        rate=30_000_000,
        round_trip_ms=40,
    ),
    "slow-connection": Case(
        "1 × 1 GiB, 30 MB/s per connection, one of them 3 MB/s, memory",
        single(1 * GIB),
        ["larder", "larder, none slow", "aria2", "aria2, none slow"],
        1 * GIB,
        rate=30_000_000,
        latency_ms=10,
        slow_nth=3,
    ),
    "modelscope": Case(
        "the model of the case `mix` from ModelScope, 10 ms before each answer of the API, memory",
        lambda folder, scale: files.mix(folder, files.scaled(300 * MIB, scale)),
        ["larder", "modelscope"],
        1216 * MIB,
        latency_ms=10,
        is_modelscope=True,
    ),
    "verify": Case(
        "16 × 640 MiB, hashed where they are, memory",
        lambda folder, scale: files.shards(folder, 16, files.scaled(640 * MIB, scale)),
        ["larder", "openssl, all cores"],
        10 * GIB,
        kind="verify",
    ),
    "ls": Case(
        "500 repos with 20,000 files in the cache, memory",
        lambda folder, scale: files.cache(folder, count(500, scale), 40),
        ["larder", "hf"],
        256 * MIB,
        kind="ls",
    ),
    "disk": Case(
        "1 × 2 GiB, disk",
        single(2 * GIB),
        ["larder", "aria2", "curl", "hf", "floor: cp", "floor: cp, sync"],
        2 * GIB,
        on_disk=True,
    ),
}
