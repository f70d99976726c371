"""The servers of a case: the example hub for API and small files, nginx for bodies."""

import json
import os
import socket
import subprocess
import time
from pathlib import Path

import measure

NGINX = """
user root;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
worker_processes 2;
events {{ worker_connections 1024; }}
http {{
    log_format bench '$request_method $body_bytes_sent';
    access_log {folder}/access.log bench;
    client_body_temp_path {folder}/temp;
    proxy_temp_path {folder}/temp;
    fastcgi_temp_path {folder}/temp;
    uwsgi_temp_path {folder}/temp;
    scgi_temp_path {folder}/temp;
    sendfile on;
    tcp_nopush on;
    tcp_nodelay on;
    keepalive_requests 1000000;
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        root {root};
        {limit}
    }}
}}
"""


class Nginx:
    """Static files, by sendfile."""

    def __init__(self, folder, root, rate=None, prefix=()):
        folder.mkdir(parents=True)
        self.log = folder / "access.log"
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        limit = f"limit_rate {rate};" if rate else ""
        config = folder / "nginx.conf"
        config.write_text(NGINX.format(folder=folder, root=root, port=port, limit=limit))
        self.process = subprocess.Popen(
            [*prefix, "nginx", "-c", str(config), "-e", str(folder / "error.log")],
            stdin=subprocess.DEVNULL, start_new_session=True,
        )
        wait_until(self.log.exists, self.process)

    def seen(self, offset):
        """Requests and body bytes from a place in the log on, and where the log ends."""
        with open(self.log, "rb") as log:
            log.seek(offset)
            lines = log.read().splitlines()
            return len(lines), sum(int(line.split()[1]) for line in lines), log.tell()


class Hub:
    """The example hub. Large files are redirected to `bodies`, or served by its own slower server."""

    def __init__(self, folder, binary, repos, bodies=None, options=(), prefix=()):
        folder.mkdir(parents=True)
        self.log = folder / "hub.log"
        arguments = [f"--repo={name}={path}" for name, path in repos.items()]
        if bodies:
            arguments.append(f"--bodies={bodies}")
        self.process = subprocess.Popen(
            [*prefix, str(binary), f"--log={self.log}", *arguments, *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            start_new_session=True, text=True,
        )
        first = self.process.stdout.readline().split()
        if len(first) != 2 or first[0] != "ready":
            raise measure.Failed("the example hub did not start")
        self.url = first[1]

    def seen(self, offset):
        """As for nginx; the bodies of listings and of other answers of the API do not count."""
        with open(self.log, "rb") as log:
            log.seek(offset)
            records = [json.loads(line) for line in log.read().splitlines()]
            is_body = lambda record: not record["path"].startswith("/api/")
            sent = sum(record["body_bytes_sent"] for record in records if is_body(record))
            return len(records), sent, log.tell()


class Network:
    """A network namespace whose loopback has a round trip time, where the kernel can do that."""

    def __init__(self, milliseconds):
        self.name = f"larder-bench-{os.getpid()}"
        self.prefix = ()
        if os.geteuid() != 0 or not self.quiet("ip", "netns", "add", self.name):
            return
        inside = ["ip", "netns", "exec", self.name]
        delay = ["netem", "delay", f"{milliseconds / 2}ms", "limit", "100000"]
        if self.quiet(*inside, "ip", "link", "set", "lo", "up") and self.quiet(
            *inside, "tc", "qdisc", "add", "dev", "lo", "root", *delay
        ):
            self.prefix = inside
        else:
            self.close()

    def close(self):
        self.quiet("ip", "netns", "del", self.name)

    @staticmethod
    def quiet(*command):
        try:
            return subprocess.run(command, capture_output=True, check=False).returncode == 0
        except FileNotFoundError:
            return False


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(reached, process):
    for _ in range(500):
        if reached():
            return
        if process.poll() is not None:
            break
        time.sleep(0.01)
    raise measure.Failed("a server did not start")


def settle(servers):
    """Waits until the servers have written down what they did: a log line follows its answer."""
    sizes = None
    while True:
        now = [Path(server.log).stat().st_size for server in servers]
        if now == sizes:
            return
        sizes = now
        time.sleep(0.15)
