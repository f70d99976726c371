"""Who is measured, and how each is told to fetch a repo.

A peer is a function from a job to a command and the variables it needs. Each gets a home of its own,
nothing of the user's environment, and its fastest settings that a user would choose.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

BIN = Path(os.environ.get("LARDER_BENCH_BIN", "target/release")).resolve()
HOME = Path(os.environ.get("LARDER_BENCH_HOME", "target/bench")).resolve()


@dataclass
class Job:
    """One run: which repo, from where, into which empty folder."""

    repo: str
    source: Path  # the files as they are on the server's disk
    hub: str
    bodies: str
    home: Path
    files: list = field(default_factory=list)  # paths in the repo
    is_modelscope: bool = False  # the hub is asked in ModelScope's way

    def urls(self):
        return [f"{self.hub}/{self.repo}/resolve/main/{name}" for name in self.files]

    def direct(self):
        return [f"{self.bodies}/{self.repo}/{name}" for name in self.files]


def base(job, **more):
    home = str(job.home)
    return {
        "PATH": os.environ["PATH"], "HOME": home, "HF_HOME": f"{home}/hf", "HF_ENDPOINT": job.hub,
        "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "LC_ALL": "C.UTF-8",
        "MODELSCOPE_ENDPOINT": job.hub, "MODELSCOPE_CACHE": f"{home}/modelscope",
    } | more


def larder(job):
    home = f"{job.home}/larder"
    repo = f"ms:{job.repo}" if job.is_modelscope else job.repo
    return [str(BIN / "larder"), "pull", repo, "--quiet"], base(job, LARDER_HOME=home)


def larder_with(connections):
    """Larder with a fixed bound, to hold its own choice against: not in the tables unless asked for."""

    def peer(job):
        command, env = larder(job)
        return [*command, f"--connections={connections}"], env

    return peer


def hf(job):
    return [str(HOME / "hf/bin/hf"), "download", job.repo], base(job, HF_HUB_DISABLE_XET="1")


def hf_xet(job):
    return [str(HOME / "hf-xet/bin/hf"), "download", job.repo], base(job)


def modelscope(job):
    return [str(HOME / "modelscope/bin/modelscope"), "download", job.repo], base(job)


def hf_hub(job):
    return [str(BIN / "examples/hf_hub_peer"), job.repo], base(job)


def aria2(job):
    """Verifies nothing. Sixteen connections a file, without its slow allocation of files."""
    urls = job.home / "urls"
    lines = [f"{url}\n  out={name}\n" for url, name in zip(job.urls(), job.files)]
    urls.write_text("".join(lines))
    # Five files at once is its default; for small ones, a connection each.
    is_many = len(job.files) > 64
    at_once = 16 if is_many else 5
    per_file = ["-x1", "-s1"] if is_many else ["-x16", "-s16", "-k1M"]
    command = [
        "aria2c", "--no-conf", "-q", "--file-allocation=none", "-c", f"-j{at_once}", *per_file,
        f"-d{job.home}/out", f"-i{urls}",
    ]
    return command, base(job)


def curl(job, urls=None, to_null=False):
    """Verifies nothing, resumes nothing. One stream a file; many files sixteen at a time."""
    config = job.home / "config"
    lines = []
    for url, name in zip(urls or job.urls(), job.files):
        place = "/dev/null" if to_null else f"{job.home}/out/{name}"
        lines.append(f'url = "{url}"\noutput = "{place}"\n')
    config.write_text("".join(lines))
    many = ["-Z", "--parallel-max", "16"] if len(job.files) > 1 else []
    return ["curl", "-sSfL", "--create-dirs", *many, "-K", str(config)], base(job)


def floor_curl(job):
    return curl(job, to_null=True)


def floor_copy(job):
    return ["cp", "-r", str(job.source), f"{job.home}/out"], base(job)


def floor_copy_sync(job):
    script = 'cp -r "$0" "$1" && find "$1" -type f -exec sync -d {} +'
    return ["sh", "-c", script, str(job.source), f"{job.home}/out"], base(job)


def verify(job):
    """Of the files themselves, which larder took over into this home before."""
    command, env = larder(job)
    return [command[0], "verify", "--quiet"], env


def ls(job, name):
    """Of a cache that hf wrote, which larder took over into this home before."""
    command, env = PEERS[name](job)
    command = [command[0], "cache", "ls"] if name == "hf" else [command[0], "ls"]
    return command, env | {"HF_HUB_CACHE": str(job.source)}


def openssl(job):
    """One process per file, as many at a time as there are processors; the files that larder has."""
    script = 'find "$0" -type f -size +0 -print0 | xargs -0 -n 1 -P "$(nproc)" openssl dgst -sha256'
    return ["sh", "-c", script, str(job.source)], base(job)


def floor_hash(job):
    script = 'find "$0" -type f -exec openssl dgst -sha256 {} +'
    return ["sh", "-c", script, str(job.source)], base(job)


PEERS = {
    "larder": larder,
    "larder-8": larder_with(8),
    "larder-16": larder_with(16),
    "larder-32": larder_with(32),
    "aria2": aria2,
    "curl": curl,
    "hf": hf,
    "hf-xet": hf_xet,
    "hf-hub": hf_hub,
    "modelscope": modelscope,
    "floor: curl to null": floor_curl,
    "floor: cp": floor_copy,
    "floor: cp, sync": floor_copy_sync,
    "floor: sha256": floor_hash,
    "openssl, all cores": openssl,
}
