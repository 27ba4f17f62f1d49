"""Runs each async test body in every world; `origin` adds cleartext and TLS."""

from __future__ import annotations

from support.plugin import (  # noqa: F401 - fixtures and a hook, found by name
    async_world,
    no_proxies,
    origin,
    pytest_pyfunc_call,
    world,
)
