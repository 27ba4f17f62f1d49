"""The virtual environments in which the clients run, made once and kept in a cache folder.

Peers are never a dependency of arke: they live here. niquests has an environment of its own because its wheel
brings a fork that overwrites urllib3. arke itself is not installed but found by PYTHONPATH, so that a change
is measured at once.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
DEFAULT_CACHE = REPOSITORY / ".bench"
CERTIFICATE_SCRIPT = """
import sys, pathlib, certifi, trustme
folder = pathlib.Path(sys.argv[1])
authority = trustme.CA()
leaf = authority.issue_cert("127.0.0.1", "localhost")
leaf.private_key_pem.write_to_path(folder / "server.key")
for number, blob in enumerate(leaf.cert_chain_pems):
    blob.write_to_path(folder / "server.pem", append=number > 0)
authority.cert_pem.write_to_path(folder / "ca.pem")
bundle = pathlib.Path(certifi.where()).read_bytes()
(folder / "bundle.pem").write_bytes(authority.cert_pem.bytes() + bundle)
"""
VERSIONS_SCRIPT = """
from importlib.metadata import distributions
for distribution in distributions():
    print(f"{distribution.name}=={distribution.version}")
"""


@dataclass(frozen=True, slots=True)
class Environment:
    """What is installed together: `required` must install, each of `peers` may fail on its own."""

    name: str
    required: tuple[str, ...]
    peers: tuple[str, ...]


MAIN = Environment(
    "main",
    required=("certifi", "idna", "anyio", "sniffio", "trustme", "trio", "uvloop"),
    peers=(
        "httpx[http2]",
        "httpx2[http2]",
        "aiohttp",
        "requests",
        "urllib3",
        "pyreqwest",
        "pycurl",
        "curl_cffi",
    ),
)
NIQUESTS = Environment("niquests", required=("certifi", "uvloop"), peers=("niquests",))
ENVIRONMENTS = {environment.name: environment for environment in (MAIN, NIQUESTS)}


def prepare(environment: Environment, *, cache: Path, base_python: str, is_fresh: bool = False) -> Path:
    """Return the interpreter of an environment, which is created and filled if it is not there yet.

    `is_fresh` makes it anew, with the latest releases. A peer that cannot be installed is reported and left
    out.

    Raises:
        subprocess.CalledProcessError: The environment or one of its required packages could not be made.
    """
    folder = cache / f"{environment.name}-{_version_of(base_python)}"
    python = folder / "bin" / "python"
    stamp = folder / "requirements.sha256"
    wanted = _digest(environment)
    if not is_fresh and stamp.exists() and stamp.read_text(encoding="ascii") == wanted:
        return python
    _ignore_in_git(cache)
    print(f"making the environment {folder} ...", file=sys.stderr, flush=True)
    subprocess.run([base_python, "-m", "venv", "--clear", str(folder)], check=True)
    _install(python, *environment.required)
    _install_peers(python, environment.peers)
    stamp.write_text(wanted, encoding="ascii")
    return python


def make_certificates(python: Path, folder: Path) -> None:
    """Write `ca.pem`, `server.pem` and `server.key` for 127.0.0.1; `bundle.pem` has the usual roots too."""
    subprocess.run([str(python), "-c", CERTIFICATE_SCRIPT, str(folder)], check=True)


def installed_versions(python: Path) -> dict[str, str]:
    """Return the version of each package of an environment."""
    command = [str(python), "-c", VERSIONS_SCRIPT]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return dict(line.split("==", 1) for line in lines)


def _install(python: Path, *requirements: str) -> None:
    subprocess.run([str(python), "-m", "pip", "install", "-qq", *requirements], check=True)


def _install_peers(python: Path, peers: tuple[str, ...]) -> None:
    try:
        _install(python, *peers)
    except subprocess.CalledProcessError:
        for peer in peers:
            try:
                _install(python, peer)
            except subprocess.CalledProcessError as error:
                print(f"skipping {peer}: {error}", file=sys.stderr, flush=True)


def _digest(environment: Environment) -> str:
    return hashlib.sha256(repr((environment.required, environment.peers)).encode()).hexdigest()


def _ignore_in_git(cache: Path) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    (cache / ".gitignore").write_text("*\n", encoding="ascii")


def _version_of(python: str) -> str:
    script = "import sys; print(f'{sys.implementation.name}-{sys.version_info[0]}.{sys.version_info[1]}')"
    return subprocess.run([python, "-c", script], check=True, capture_output=True, text=True).stdout.strip()


def worker_environment(certificates: Path, *sources: Path) -> dict[str, str]:
    """Return the environment variables of a worker: no proxies, our authority trusted, arke's source found.

    The bundle holds certifi's roots too, so that a client that loads the default roots pays what it always
    pays.
    """
    variables = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    bundle = str(certificates / "bundle.pem")
    variables |= dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"), bundle)
    variables["PYTHONPATH"] = os.pathsep.join(str(source) for source in (*sources, REPOSITORY))
    variables.pop("PYTHONHOME", None)
    return variables
