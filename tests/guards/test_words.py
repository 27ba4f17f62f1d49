"""The project speaks of itself alone: of no machine it was written on, and not of how it was made.

The patterns are written so that they do not find themselves.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SUFFIXES = {"", ".cfg", ".ini", ".json", ".md", ".py", ".sh", ".toml", ".txt", ".yaml", ".yml"}
SKIPPED_FOLDERS = {"build", "dist", "node_modules", "__pycache__", "_build", "venv", "env"}
OWN_DOT_FOLDERS = {".ci", ".github"}
MAX_BYTES = 400_000

FORBIDDEN = {
    "a path of one machine": re.compile(
        r"(?<![\w.])/(wor[k]|far[m]|hom[e]|User[s])/\w|/roo[t]/|/tm[p]/(arke|bash)|/op[t]/arke|[A-Z]:\\User[s]"
    ),
    "a registry that is not named in public": re.compile(
        r"(?i)(index[-_]ur[l]|extra-inde[x]|artifactor[y]|devp[i]-server|://\w+:\w+@[\w.]+/simpl[e])"
    ),
    "how it was made": re.compile(
        r"(?i)\b(sub-?agen[t]s?|AI[- ](?:generate[d]|writte[n]|assiste[d])|language mode[l]s?|LL[M]s?|"
        r"chat(?:GP[T]|bo[t])|coding (?:agen[t]|assistan[t])s?|as an A[I]|co-authored-b[y]|the brie[f] says)\b"
    ),
}


def repository_files() -> list[Path]:
    """The text files of the repository, without what tools leave in it."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [
            name
            for name in folders
            if name not in SKIPPED_FOLDERS and (not name.startswith(".") or name in OWN_DOT_FOLDERS)
        ]
        paths = [Path(folder, name) for name in names]
        found += [path for path in paths if path.suffix in SUFFIXES and path.stat().st_size < MAX_BYTES]
    return sorted(found)


def offences(text: str) -> list[str]:
    """What in the text is forbidden, with the reason."""
    return [f"{match[0]!r}: {why}" for why, rule in FORBIDDEN.items() for match in rule.finditer(text)]


def test_the_project_speaks_of_itself_alone():
    found = []
    for path in repository_files():
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{path.relative_to(ROOT)}: {offence}" for offence in offences(text)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("text", ["see /wor{}k/main/x", "/hom{}e/someone", "an LL{}M", "index-ur{}l = x"])
def test_a_forbidden_word_is_found(text):
    assert offences(text.replace("{}", ""))


@pytest.mark.parametrize("text", ["https://example.com/home/page", "/usr/sbin/nginx", "the work/life", "a model"])
def test_an_ordinary_word_is_not(text):
    assert not offences(text)
