"""The transports that speak HTTP over sockets.

They keep the settings and choose the driver; drivers do the work. Nothing is imported or opened before the first
request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sniffio

from arke._policy.dialing import DialSettings
from arke._values.config import DEFAULT_LIMITS

from .base import AsyncBaseTransport, BaseTransport

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

    from arke._drivers.ports import AsyncDriver, SyncDriver
    from arke._message.request import Request
    from arke._message.response import Response
    from arke._values.config import Limits
    from arke._values.types import CertTypes, ProxyTypes


class _Configured:
    """What both transports are told."""

    def __init__(
        self,
        verify: ssl.SSLContext | str | bool = True,
        cert: CertTypes | None = None,
        trust_env: bool = True,
        http1: bool = True,
        http2: bool = False,
        limits: Limits = DEFAULT_LIMITS,
        proxy: ProxyTypes | None = None,
        uds: str | None = None,
        local_address: str | None = None,
        retries: int = 0,
        socket_options: Iterable[Any] | None = None,
    ) -> None:
        """Keep the settings; open nothing yet."""
        if proxy is not None:
            msg = "proxies are not supported by this version of arke"
            raise NotImplementedError(msg)
        self._settings = DialSettings(
            verify=verify,
            cert=cert,
            trust_env=trust_env,
            uds=uds,
            local_address=local_address,
            retries=retries,
            socket_options=socket_options,
        )
        self._limits = limits


class HTTPTransport(_Configured, BaseTransport):
    """HTTP over blocking sockets, with a pool of connections.

    >>> client = arke.Client(transport=arke.HTTPTransport(retries=2, local_address="0.0.0.0"))
    """

    # Made by the first request.
    _driver: SyncDriver | None = None

    def handle_request(self, request: Request) -> Response:
        """Send a request; return its response, whose content may still be on its way."""
        driver = self._driver
        if driver is None:
            from arke._drivers.sync import Driver

            # Two threads may both come here first; the dictionary decides which driver stays.
            driver = self.__dict__.setdefault("_made", Driver(self._settings, self._limits))
            self._driver = driver
        return driver.send(request)

    def close(self) -> None:
        """Close every connection."""
        if self._driver is not None:
            self._driver.close()


class AsyncHTTPTransport(_Configured, AsyncBaseTransport):
    """HTTP over asynchronous sockets, under asyncio and trio, with a pool of connections for each event loop.

    >>> client = arke.AsyncClient(transport=arke.AsyncHTTPTransport(retries=2))
    """

    # By event loop; made by the first request. A loop's driver is only ever used in that loop.
    _drivers: dict[Any, AsyncDriver] | None = None

    async def handle_async_request(self, request: Request) -> Response:
        """Send a request; return its response, whose content may still be on its way."""
        world = _current_world()
        drivers = self._drivers
        driver = None if drivers is None else drivers.get(world)
        if driver is None:
            driver = self._make_driver(world)
        return await driver.send(request)

    def _make_driver(self, world: Any) -> AsyncDriver:
        # Loops of several threads may come here at once, and `setdefault` gives all of them the same dictionary.
        drivers = self._drivers = self.__dict__.setdefault("_made_drivers", {})
        for old in [each for each in list(drivers) if _is_over(each)]:
            if (dead := drivers.pop(old, None)) is not None:
                dead.drop()
        driver: AsyncDriver
        if sniffio.current_async_library() == "trio":
            from arke._drivers import trio

            driver = trio.Driver(self._settings, self._limits)
        else:
            from arke._drivers import asyncio

            driver = asyncio.Driver(self._settings, self._limits)
        drivers[world] = driver
        return driver

    async def aclose(self) -> None:
        """Close every connection of this loop, and let go of those of loops that are closed."""
        if self._drivers is None:
            return
        world = _current_world()
        for each in list(self._drivers):
            is_ours = each is world
            if (is_ours or _is_over(each)) and (driver := self._drivers.pop(each, None)) is not None:
                await driver.aclose() if is_ours else driver.drop()


def _current_world() -> Any:
    """Return the event loop, or the run of trio, that we are in.

    Raises `RuntimeError` outside of both.
    """
    from asyncio import _get_running_loop

    # trio sets this name in its threads; it may run as a guest inside of an asyncio loop, so it is asked first.
    if sniffio.thread_local.name != "trio":
        loop = _get_running_loop()
        if loop is not None:
            return loop
    library = sniffio.current_async_library()
    if library != "trio":
        msg = f"arke runs under asyncio and trio, not under {library}"
        raise RuntimeError(msg)
    import trio

    return trio.lowlevel.current_trio_token()


def _is_over(world: Any) -> bool:
    if hasattr(world, "is_closed"):
        return bool(world.is_closed())
    import trio

    try:
        world.run_sync_soon(bool)
    except trio.RunFinishedError:
        return True
    return False
