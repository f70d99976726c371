"""Runs one command and says what it cost: wall time, processor time, peak memory."""

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Cost:
    """What a run cost. Requests and bytes are what the servers saw of it."""

    wall: float
    cpu: float
    rss: int
    requests: int = 0
    bytes: int = 0
    is_right: bool = True


class Failed(Exception):
    """A peer ended with an error: its numbers would mean nothing."""


def run(command, env, folder, prefix=()):
    """Runs `command` to its end.

    Processor time is that of the whole process tree (`wait4`). Peak memory comes from GNU time, which
    forks the command from a small process: a child's peak as seen from here would include the copy of
    this interpreter that it began as.
    """
    peak, output = Path(folder, "peak"), Path(folder, "output")
    full = [*prefix, "/usr/bin/time", "-q", "-o", str(peak), "-f", "%M", *command]
    with open(output, "wb") as out:
        began = time.perf_counter()
        process = subprocess.Popen(
            full, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            kill(process)
            raise
        wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        text = output.read_text(errors="replace")[-2000:]
        raise Failed(f"{' '.join(command)} ended with {process.returncode}:\n{text}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, int(peak.read_text()) * 1024)


def run_until(command, env, folder, reached, prefix=()):
    """Runs `command` until `reached()` holds, then kills it as a power cut would. Whether it did."""
    with open(Path(folder, "output"), "wb") as out:
        process = subprocess.Popen(
            [*prefix, *command], env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            start_new_session=True,
        )
    try:
        while process.poll() is None:
            if reached():
                return True
            time.sleep(0.002)
        return False
    finally:
        kill(process)


def stop(process):
    """Ends a server, which ends what it started itself; insists when it does not."""
    process.terminate()
    try:
        process.wait(timeout=3)
    except subprocess.TimeoutExpired:
        kill(process)


def kill(process):
    """Ends a process and what it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def allocated(folder):
    """Bytes that the files below a folder occupy, holes left out. Links count once."""
    seen, total = set(), 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                there = os.lstat(os.path.join(root, name))
            except FileNotFoundError:
                continue
            if there.st_ino not in seen:
                seen.add(there.st_ino)
                total += there.st_blocks * 512
    return total
