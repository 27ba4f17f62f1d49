"""Fixtures and the hook that run each async test body in every world; conftest files import them."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

import pytest

from support.certs import authority
from support.names import forget_proxies
from support.scripted import Script, ScriptedServer
from support.worlds import WORLDS, World


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest) -> World:
    """One of sync, asyncio, uvloop, trio."""
    if request.param in {"uvloop", "trio"}:
        pytest.importorskip(request.param)
    return WORLDS[request.param]


@pytest.fixture(params=["asyncio", "uvloop", "trio"])
def async_world(request: pytest.FixtureRequest) -> World:
    """One of the worlds in which a task can be cancelled."""
    if request.param != "asyncio":
        pytest.importorskip(request.param)
    return WORLDS[request.param]


@dataclass(frozen=True)
class Origin:
    """Cleartext or TLS."""

    is_tls: bool

    def server(self, scripts: list[Script] | tuple[()] = (), *, every: Script | None = None) -> ScriptedServer:
        """Return a scripted server of this kind."""
        return ScriptedServer(scripts, every=every, tls=authority().server_context() if self.is_tls else None)


@pytest.fixture(params=["tcp", "tls"])
def origin(request: pytest.FixtureRequest) -> Origin:
    """A factory of servers in cleartext, then of servers behind TLS."""
    return Origin(request.param == "tls")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_proxies(monkeypatch)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run an async test in the world it asks for."""
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    chosen = arguments.get("world") or arguments.get("async_world")
    if chosen is None or not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    chosen.run(pyfuncitem.obj, **arguments)
    return True
