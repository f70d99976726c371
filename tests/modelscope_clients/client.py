"""What the tests have ModelScope's client do. Prints its answer as the last line."""

import argparse
import os
import sys

parser = argparse.ArgumentParser()
parser.add_argument("what", choices=["snapshot", "file", "engine", "login", "cli"])
parser.add_argument("id", nargs="?")
parser.add_argument("file", nargs="?")
parser.add_argument("--revision")
parser.add_argument("--dataset", action="store_true")
parser.add_argument("--offline", action="store_true")
parser.add_argument("--token")
parser.add_argument("--endpoint")
parser.add_argument("--run", nargs=argparse.REMAINDER)
args = parser.parse_args()


def snapshot():
    from modelscope.hub.snapshot_download import snapshot_download

    options = {"local_files_only": args.offline}
    if args.revision:
        options["revision"] = args.revision
    if args.endpoint:
        options["endpoint"] = args.endpoint
    if args.dataset:
        options["repo_type"] = "dataset"
    return snapshot_download(args.id, **options)


def file():
    from modelscope.hub.file_download import model_file_download

    return model_file_download(
        args.id, args.file, revision=args.revision, local_files_only=args.offline
    )


def engine():
    """The folder that engines compute by themselves, without asking the client."""
    root = os.environ.get("MODELSCOPE_CACHE") or os.path.expanduser("~/.cache/modelscope/hub")
    folder = os.path.join(root, "models", *args.id.split("/"))
    if os.path.isdir(folder):
        return folder
    root = os.environ.get("MODELSCOPE_CACHE") or os.path.expanduser("~/.cache/modelscope")
    name = args.id.replace("/", "--")
    return os.path.join(root, "models", name, "snapshots", args.revision or "master")


def login():
    if args.endpoint:
        from urllib.parse import urlparse

        from modelscope.hub.api import ModelScopeConfig
        from requests.cookies import RequestsCookieJar

        jar = RequestsCookieJar()
        jar.set("m_session_id", args.token, domain=urlparse(args.endpoint).hostname)
        ModelScopeConfig.save_cookies(jar)
    else:
        from modelscope_hub import HubConfig

        HubConfig().save_token(args.token)
    return "done"


def cli():
    from modelscope_hub.cli.main import run_cmd

    sys.argv = ["modelscope", *args.run]
    code = run_cmd()
    if code:
        sys.exit(code)
    return "done"


answer = globals()[args.what]()
sys.stderr.flush()
print(answer, flush=True)
