"""How a pull's cost grows with the number of files and with their size: the same in ever larger repos."""

import statistics

import files
from cases import Case
from files import GIB, KIB, MIB

UNIT = 16 * KIB  # of the many files


def same_size(number):
    return lambda folder, _scale: files.equal(folder, number, UNIT)


def one_file(size):
    return lambda folder, _scale: files.one(folder, size)


# A series: what is counted, and the cases with how many of it each has.
SERIES = {
    "files": [
        (number, Case(f"{number:,} files of 16 KiB, memory", same_size(number), ["larder"], number * UNIT))
        for number in (1, 20, 200, 2_000, 20_000)
    ],
    "GiB": [
        (size / GIB, Case(f"1 × {size // MIB:,} MiB, memory", one_file(size), ["larder"], size))
        for size in (256 * MIB, 1 * GIB, 4 * GIB)
    ],
}


def scaled(series, scale):
    """A look at a small machine leaves the largest out."""
    return [(number, case) for number, case in series if number <= series[-1][0] * scale]


def in_time(seconds):
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"


def table(name, runs):
    """Absolute figures, and what one more unit cost beyond the row above."""
    lines = [
        f"| {name} | wall | CPU | peak memory | wall per further {name.rstrip('s')} | CPU per further {name.rstrip('s')} |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    above = None
    for number, costs in runs:
        wall, cpu, rss = (
            statistics.median(getattr(cost, part) for cost in costs) for part in ("wall", "cpu", "rss")
        )
        further = ["–", "–"]
        if above:
            units = number - above[0]
            further = [in_time((now - then) / units) for now, then in ((wall, above[1]), (cpu, above[2]))]
        lines.append(
            f"| {number:,g} | {wall:.2f} s | {cpu:.2f} s | {rss / MIB:.0f} MiB | {further[0]} | {further[1]} |"
        )
        above = (number, wall, cpu)
    return "\n".join(lines)
