"""The article's internet: its two hosts on loopback, over real TLS, trusted through `SSL_CERT_FILE`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support import httpbin, placeholder
from support.certs import authority
from support.names import forget_proxies, map_names

SNIPPETS = Path(__file__).parent / "snippets"


@pytest.fixture(scope="session")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    """The port of each stand-in by the name it stands for."""
    names = (placeholder.HOST, httpbin.HOST)
    directory = tmp_path_factory.mktemp("article")
    files = authority().write(directory, *names)
    with (
        placeholder.run_placeholder(directory, files) as posts,
        httpbin.run_httpbin(directory, names=names, tls=True) as bin_,
        pytest.MonkeyPatch.context() as environment,
    ):
        environment.setenv("SSL_CERT_FILE", str(files.ca))
        yield {placeholder.HOST: posts.port, httpbin.HOST: bin_.port}


@pytest.fixture
def snippet(
    stand_ins: dict[str, int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., list[str]]:
    """Run a snippet as a program and return the lines it printed.

    `changes` are textual substitutions, each of which must apply: the only liberty taken with the article's text.
    """
    forget_proxies(monkeypatch)
    map_names(monkeypatch, stand_ins)

    def run(name: str, changes: dict[str, str] | None = None) -> list[str]:
        path = SNIPPETS / f"{name}.py"
        source = path.read_text()
        for old, new in (changes or {}).items():
            assert old in source, f"{name}.py does not contain {old!r}"
            source = source.replace(old, new)
        exec(compile(source, path, "exec"), {"__name__": "__main__"})
        return capsys.readouterr().out.splitlines()

    return run
