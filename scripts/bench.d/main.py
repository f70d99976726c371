#!/usr/bin/env python3
"""Runs the cases and prints their ratios. Started by scripts/bench, which installs what is needed."""

import argparse
import filecmp
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path

import growth
import measure
import peers
import servers
from cases import CASES
from files import GIB, MIB

REPO = "bench/model"
NAMES = [*CASES, "growth"]
START = 16  # connections that larder begins with
PACE = re.compile(r"^(\S+)Z +INFO \S+ pace connections=(\d+)", re.M)


class Stage:
    """Everything one case needs, and its removal."""

    def __init__(self, case, scale, memory, disk):
        self.case = case
        self.memory = Path(tempfile.mkdtemp(prefix="larder-bench-", dir=memory))
        self.target = self.memory
        self.network = self.nginx = self.hub = None
        try:
            if case.on_disk:
                self.target = Path(tempfile.mkdtemp(prefix="larder-bench-", dir=disk))
            self.source = self.memory / "bodies" / REPO
            case.make(self.source, scale)
            self.files = sorted(
                str(path.relative_to(self.source)) for path in self.source.rglob("*") if path.is_file()
            )
            self.total = sum((self.source / name).stat().st_size for name in self.files)
            self.serve()
        except BaseException:
            self.close()
            raise

    def serve(self):
        case, logs = self.case, self.memory / "logs"
        self.network = servers.Network(case.round_trip_ms) if case.round_trip_ms else None
        self.prefix = self.network.prefix if self.network else ()
        # Nobody but the hub can wait before an answer, so without netem it has to serve the bodies.
        self.is_hub_alone = case.slow_nth is not None or (case.rate and not self.prefix)
        rate = case.rate if self.prefix else None
        self.nginx = servers.Nginx(logs / "nginx", self.memory / "bodies", rate, self.prefix)
        self.hub = self.start_hub(logs / "hub", is_slow=False)

    def start_hub(self, folder, is_slow):
        case = self.case
        latency = case.latency_ms or (0 if self.prefix else case.round_trip_ms)
        options = [f"--latency={latency}"]
        if self.is_hub_alone:
            options.append(f"--rate={case.rate}")
        if is_slow:
            options.append(f"--slow-nth={case.slow_nth}")
        bodies = None if self.is_hub_alone else self.nginx.url
        return servers.Hub(
            folder, peers.BIN / "examples/hub", {REPO: self.source}, bodies, options, self.prefix
        )

    def close(self):
        for server in [self.hub, self.nginx]:
            if server:
                measure.stop(server.process)
        if self.network and self.network.prefix:
            self.network.close()
        shutil.rmtree(self.memory, ignore_errors=True)
        shutil.rmtree(self.target, ignore_errors=True)

    def job(self, home, hub):
        return peers.Job(
            REPO, self.source, hub.url, self.nginx.url, home, self.files, self.case.is_modelscope
        )

    def run(self, label):
        """One run of one peer, in a home that is removed afterwards."""
        if label.startswith("ideal"):
            latency = self.case.round_trip_ms / 1000
            # Revision, listing, where the file is, and the bytes: four answers one after the other.
            return measure.Cost(self.total / (16 * self.case.rate) + 4 * latency, 0, 0, 0, self.total)
        name = label.removesuffix(", none slow")
        is_slow = self.case.slow_nth is not None and name == label
        # A fault is played once, so the run that is to meet it has a hub of its own.
        logs = Path(tempfile.mkdtemp(dir=self.memory))
        hub = self.start_hub(logs / "slow", is_slow=True) if is_slow else self.hub
        home = Path(tempfile.mkdtemp(prefix="home-", dir=self.target))
        try:
            command, env = peers.PEERS[name](self.job(home, hub))
            if self.case.kind == "verify" and name == "larder":
                command, env = peers.verify(self.job(home, hub))
            if self.case.kind == "ls":
                command, env = peers.ls(self.job(home, hub), name)
            self.prepare(command, env, logs, home)
            seen = [(server, server.seen(0)[2]) for server in (hub, self.nginx)]
            cost = measure.run(command, env, logs, self.prefix)
            servers.settle([hub, self.nginx])
            for server, offset in seen:
                requests, sent, _ = server.seen(offset)
                cost.requests += requests
                cost.bytes += sent
            if self.case.kind == "resume":
                cost.is_right = self.is_right(home)
            return cost
        finally:
            if is_slow:
                measure.stop(hub.process)
            shutil.rmtree(home, ignore_errors=True)
            shutil.rmtree(logs, ignore_errors=True)

    def trace(self):
        """How many connections larder used in one more run, and since when."""
        logs = Path(tempfile.mkdtemp(dir=self.memory))
        home = Path(tempfile.mkdtemp(prefix="home-", dir=self.target))
        try:
            command, env = peers.PEERS["larder"](self.job(home, self.hub))
            began = datetime.now(timezone.utc)
            command[command.index("--quiet")] = "--verbose"
            measure.run(command, env, logs, self.prefix)
            steps = PACE.findall((logs / "output").read_text(errors="replace"))
        finally:
            shutil.rmtree(home, ignore_errors=True)
            shutil.rmtree(logs, ignore_errors=True)
        since = lambda text: (datetime.fromisoformat(f"{text}+00:00") - began).total_seconds()
        return [f"{number} after {since(when):.1f} s" for when, number in steps]

    def is_right(self, home):
        """Whether the one file arrived as it is: resuming is where tools get it wrong."""
        [name] = self.files
        found = [path for path in home.rglob(name) if path.is_file()]
        return any(filecmp.cmp(path, self.source / name, shallow=False) for path in found)

    def prepare(self, command, env, logs, home):
        """What has to have happened before the run that counts."""
        if self.case.kind == "warm":
            measure.run(command, env, logs, self.prefix)
        if self.case.kind == "verify" and "verify" in command:
            measure.run([command[0], "adopt", "--quiet", str(self.source)], env, logs)
        if self.case.kind == "ls" and "cache" not in command:
            measure.run([command[0], "adopt", "--quiet"], env, logs)
        if self.case.kind == "resume":
            is_half = lambda: measure.allocated(home) >= self.total / 2
            if not measure.run_until(command, env, logs, is_half, self.prefix):
                raise measure.Failed(f"{command[0]} was over before it could be killed")
            servers.settle([self.hub, self.nginx])
        if self.case.on_disk:
            os.sync()


def check_space(case, scale, memory, disk):
    """Fails before anything runs out: the server's copy is in memory, the client's where it should be."""
    size = int(case.size * scale) + 256 * MIB
    # Where nothing is fetched, the one copy is both.
    copies = 1 if case.kind == "verify" else 2
    needs = {memory: size, disk: size} if case.on_disk else {memory: copies * size}
    for folder, need in needs.items():
        free = shutil.disk_usage(folder).free
        if folder == memory:
            # A tmpfs promises more than there is.
            lines = Path("/proc/meminfo").read_text().splitlines()
            available = next(line for line in lines if line.startswith("MemAvailable"))
            free = min(free, int(available.split()[1]) * 1024)
        if free < need:
            raise measure.Failed(
                f"{folder} has {free / GIB:.1f} GiB, {need / GIB:.1f} are needed: use --scale"
            )


def measure_case(stage, wanted, pairs):
    """Runs the peers by turns, so that whatever the machine does meanwhile hits all alike."""
    usual = stage.case.peers
    labels = [label for label in usual if not wanted or label in ["larder", *wanted]]
    labels += [label for label in wanted if label not in usual and label in peers.PEERS]
    costs = {label: [] for label in labels}
    for pair in range(pairs):
        # Each order once: who runs first is not always the same.
        for label in labels if pair % 2 == 0 else reversed(labels):
            costs[label].append(stage.run(label))
            print(f"    {label}: {costs[label][-1].wall:.2f} s", file=sys.stderr)
    return costs


def measure_growth(given, pairs):
    """Each size in its turn, all of them in every round. Returns every run."""
    record = {}
    for name, series in growth.SERIES.items():
        series = growth.scaled(series, given.scale)
        runs = [(number, []) for number, _ in series]
        for _ in range(pairs):
            for (number, case), (_, costs) in zip(series, runs):
                check_space(case, 1, given.memory, given.disk)
                stage = Stage(case, 1, given.memory, given.disk)
                try:
                    costs.append(stage.run("larder"))
                    print(f"    {number:,g} {name}: {costs[-1].wall:.2f} s", file=sys.stderr)
                finally:
                    stage.close()
        print(f"### growth: {name}\n\n{growth.table(name, runs)}\n", flush=True)
        record[name] = {f"{number:g}": [vars(cost) for cost in costs] for number, costs in runs}
    return record


def ratio(ours, theirs, value):
    """Median, least and most of a peer's cost over larder's in the same round."""
    pairs = [value(b) / value(a) for a, b in zip(ours, theirs) if value(a)]
    if not pairs or not any(value(cost) for cost in theirs):
        return "–"
    middle = statistics.median(pairs)
    spread = f" ({min(pairs):.2f}–{max(pairs):.2f})" if len(pairs) > 1 else ""
    return f"{middle:.2f}×{spread}"


def table(costs):
    """Larder's own costs, then each peer's as multiples of them."""
    columns = [
        ("wall", lambda c: c.wall, lambda v: f"{v:.2f} s"),
        ("CPU", lambda c: c.cpu, lambda v: f"{v:.2f} s"),
        ("peak memory", lambda c: c.rss, lambda v: f"{v / MIB:.0f} MiB"),
    ]
    counts = [
        ("requests", lambda c: c.requests, lambda v: f"{v:,.0f}"),
        ("MiB sent", lambda c: c.bytes, lambda v: f"{v / MIB:,.0f}"),
    ]
    heads = [name for name, _, _ in columns + counts]
    lines = ["| | " + " | ".join(heads) + " |", "|---|" + "---:|" * len(heads)]
    ours = costs["larder"]
    for label, theirs in costs.items():
        middle = lambda value: statistics.median(map(value, theirs))
        cells = []
        for _, value, show in columns:
            cells.append(show(middle(value)) if label == "larder" else ratio(ours, theirs, value))
        cells += [show(middle(value)) for _, value, show in counts]
        if label.startswith(("ideal", "floor: cp", "floor: sha")):
            cells[-2:] = ["–", "–"]
        wrong = sum(not cost.is_right for cost in theirs)
        note = f" (wrong bytes {wrong} of {len(theirs)} times)" if wrong else ""
        lines.append(f"| {label}{note} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--quick", action="store_true", help="one round instead of five")
    parser.add_argument("--pairs", type=int, help="rounds")
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies sizes and counts of files")
    parser.add_argument("--peers", help="only these beside larder; larder-16 has a fixed bound")
    parser.add_argument("--memory", default="/dev/shm", help="a folder on tmpfs")
    parser.add_argument("--disk", default=str(peers.HOME), help="a folder on a disk")
    parser.add_argument("--json", type=Path, help="writes every run to a file")
    given = parser.parse_args()
    for name in given.cases:
        if name not in NAMES:
            parser.error(f"no case is called {name}; there are {', '.join(NAMES)}")
    return given


def machine():
    """What the numbers are about."""
    names = [line for line in open("/proc/cpuinfo") if line.startswith("model name")]
    model = names[0].split(":")[1].strip() if names else "a processor"
    versions = []
    for command in [
        [str(peers.BIN / "larder"), "--version"], ["aria2c", "--version"], ["curl", "--version"],
        [str(peers.HOME / "hf/bin/hf"), "version"],
    ]:
        out = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        number = re.search(r"\d+\.\d+(\.\d+)?", out)
        versions.append(f"{Path(command[0]).name} {number[0] if number else '?'}")
    load = os.getloadavg()[0]
    return f"{len(names)} × {model}; load {load:.1f} before; {', '.join(versions)}"


def main():
    given = arguments()
    pairs = given.pairs or (1 if given.quick else 5)
    wanted = given.peers.split(",") if given.peers else []
    # A stop signal has to pass through every `finally`.
    for number in [signal.SIGTERM, signal.SIGHUP]:
        signal.signal(number, lambda *_: sys.exit(130))
    about = machine()
    print(f"{about}; scale {given.scale:g}; {pairs} rounds\n")
    record = {"machine": about, "scale": given.scale, "cases": {}}
    for name in given.cases or NAMES:
        if name == "growth":
            record["cases"][name] = measure_growth(given, pairs)
            continue
        case = CASES[name]
        print(f"  {name}", file=sys.stderr)
        check_space(case, given.scale, given.memory, given.disk)
        stage = Stage(case, given.scale, given.memory, given.disk)
        try:
            costs = measure_case(stage, wanted, pairs)
            steps = stage.trace() if case.kind == "cold" else []
        finally:
            stage.close()
        print(f"### {name}: {case.title}\n\n{table(costs)}\n", flush=True)
        if steps:
            print(f"Connections of one more run: {START}, {', '.join(steps)}.\n", flush=True)
        record["cases"][name] = {
            label: [vars(cost) for cost in runs] for label, runs in costs.items()
        }
        if given.json:
            given.json.write_text(json.dumps(record, indent=1))


if __name__ == "__main__":
    try:
        main()
    except measure.Failed as failed:
        sys.exit(f"bench: {failed}")
    except KeyboardInterrupt:
        sys.exit(130)
