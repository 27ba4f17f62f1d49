"""What can be run on this repository: `nox -s tests`, `lint`, `types`, `docs`, `bench`.

`nox -s tests` runs on each Python listed below that is there and leaves out the others. Arguments after `--`
go to the tool: `nox -s tests -- tests/wire -x`.
"""

from __future__ import annotations

import nox

nox.needs_version = ">=2025.10.14"
nox.options.default_venv_backend = "uv|virtualenv"
# A Python that is missing is left out: no error, no download.
nox.options.error_on_missing_interpreters = False
nox.options.download_python = "never"
nox.options.sessions = ["tests"]

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
PROJECT = nox.project.load_toml("pyproject.toml")


def group(name: str) -> list[str]:
    """What the dependency group `name` of pyproject.toml asks for."""
    return list(nox.project.dependency_groups(PROJECT, name))


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests against the installed package."""
    session.install(".[brotli,http2,zstd]", *group("tests"))
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format; `nox -s lint -- --fix` mends what can be mended."""
    session.install(*group("lint"))
    fix = "--fix" in session.posargs
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", *([] if fix else ["--check"]))


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of the package with mypy --strict and pyright."""
    session.install(".[brotli,zstd]", *group("tests"), *group("types"))
    session.run("mypy", *session.posargs)
    session.run("pyright", "--warnings", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation; a warning is an error."""
    session.install(".", *group("docs"))
    session.run("sphinx-build", "-q", "-W", "--keep-going", "-b", "html", "docs", "docs/_build/html")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure against the peers; see benchmarks/README.md for the arguments."""
    session.install(".")
    session.run("python", "-m", "benchmarks", *session.posargs)
