"""The door for code that awaits, under asyncio and trio."""

from __future__ import annotations

from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any

from arke._message.content import AsyncWholeBody
from arke._policy.flow import follow, limited
from arke._policy.patterns import in_order, mounted
from arke._policy.redirects import max_drained_bytes, max_drained_seconds
from arke._transports.http import AsyncHTTPTransport
from arke._values.config import DEFAULT_LIMITS, DEFAULT_MAX_REDIRECTS, DEFAULT_TIMEOUT_CONFIG
from arke._values.errors import RequestError
from arke._values.types import AsyncByteStream

from .async_verbs import AsyncVerbs
from .base import USE_CLIENT_DEFAULT, BaseClient, ClientState, UseClientDefault, distinct

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, Callable, Mapping
    from types import TracebackType
    from typing import Self

    from arke._message.request import Request
    from arke._message.response import Response
    from arke._policy.auth import Auth
    from arke._policy.flow import Redirects
    from arke._policy.patterns import URLPattern
    from arke._transports.base import AsyncBaseTransport
    from arke._values.config import Limits
    from arke._values.types import (
        AuthTypes,
        CertTypes,
        CookieTypes,
        HeaderTypes,
        ProxyTypes,
        QueryParamTypes,
        RequestContent,
        RequestData,
        RequestExtensions,
        RequestFiles,
        TimeoutTypes,
    )
    from arke._values.url import URL


class AsyncClient(AsyncVerbs):
    """An HTTP client for asynchronous code; the twin of `Client`.

    ```python
    async with arke.AsyncClient(base_url="https://www.example.com", timeout=10.0) as client:
        response = await client.get("/path", params={"page": 2})
    ```

    It can be used from several event loops, one after the other: each has connections of its own.

    `auth`, `params`, `headers`, `cookies`, `timeout` and `follow_redirects` hold for every call that does not say
    otherwise; a call's params, headers and cookies are added to them.

    `verify`, `cert`, `trust_env`, `http1`, `http2`, `proxy` and `limits` are those of `AsyncHTTPTransport`; `transport`
    takes its place. `mounts` maps URL patterns ("http://", "all://*.example.org", "all://10.0.0.0/8") to transports for
    the URLs that match; None is the client's own. `event_hooks` maps "request" and "response" to functions that are
    called with each. `base_url` is what relative URLs are relative to. `default_encoding` is what text is read as where
    Content-Type names no charset.
    """

    def __init__(
        self,
        *,
        auth: AuthTypes | None = None,
        params: QueryParamTypes | None = None,
        headers: HeaderTypes | None = None,
        cookies: CookieTypes | None = None,
        verify: ssl.SSLContext | str | bool = True,
        cert: CertTypes | None = None,
        trust_env: bool = True,
        http1: bool = True,
        http2: bool = False,
        proxy: ProxyTypes | None = None,
        mounts: Mapping[str, AsyncBaseTransport | None] | None = None,
        timeout: TimeoutTypes = DEFAULT_TIMEOUT_CONFIG,
        follow_redirects: bool = False,
        limits: Limits = DEFAULT_LIMITS,
        max_redirects: int = DEFAULT_MAX_REDIRECTS,
        event_hooks: Mapping[str, list[Callable[..., Any]]] | None = None,
        base_url: URL | str = "",
        transport: AsyncBaseTransport | None = None,
        default_encoding: str | Callable[[bytes], str] = "utf-8",
    ) -> None:
        """Keep the settings; open nothing yet."""
        super().__init__(
            auth=auth,
            params=params,
            headers=headers,
            cookies=cookies,
            timeout=timeout,
            follow_redirects=follow_redirects,
            max_redirects=max_redirects,
            event_hooks=event_hooks,
            base_url=base_url,
            trust_env=trust_env,
            default_encoding=default_encoding,
        )
        self._mounts: dict[URLPattern, AsyncBaseTransport | None] = in_order(mounts) if mounts else {}
        self._transport = self._init_transport(
            verify=verify,
            cert=cert,
            trust_env=trust_env,
            http1=http1,
            http2=http2,
            proxy=proxy,
            limits=limits,
            transport=transport,
        )

    def _init_transport(self, *, transport: AsyncBaseTransport | None = None, **settings: Any) -> AsyncBaseTransport:
        """Return the transport given, or one of these settings."""
        return AsyncHTTPTransport(**settings) if transport is None else transport

    def _transport_for_url(self, url: URL) -> AsyncBaseTransport:
        """Return the transport for a URL: the one mounted for it, or the client's."""
        return mounted(self._mounts, url, self._transport) if self._mounts else self._transport

    async def request(
        self,
        method: str,
        url: URL | str,
        *,
        content: RequestContent | None = None,
        data: RequestData | None = None,
        files: RequestFiles | None = None,
        json: Any | None = None,
        params: QueryParamTypes | None = None,
        headers: HeaderTypes | None = None,
        cookies: CookieTypes | None = None,
        auth: AuthTypes | UseClientDefault | None = USE_CLIENT_DEFAULT,
        follow_redirects: bool | UseClientDefault = USE_CLIENT_DEFAULT,
        timeout: TimeoutTypes | UseClientDefault = USE_CLIENT_DEFAULT,
        extensions: RequestExtensions | None = None,
    ) -> Response:
        """Send a request; return its response, read to the end.

        `content` is bytes, str or an iterable of bytes; `data` form fields; `files` files for a multipart form; `json`
        anything that JSON can express. `params` are added to the URL's query.

        Raises `InvalidURL`, or one of the family of `RequestError`; in any case no connection is left open for it.
        """
        request = self.build_request(
            method,
            url,
            content=content,
            data=data,
            files=files,
            json=json,
            params=params,
            headers=headers,
            cookies=cookies,
            timeout=timeout,
            extensions=extensions,
        )
        return await self.send(request, auth=auth, follow_redirects=follow_redirects)

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        url: URL | str,
        *,
        content: RequestContent | None = None,
        data: RequestData | None = None,
        files: RequestFiles | None = None,
        json: Any | None = None,
        params: QueryParamTypes | None = None,
        headers: HeaderTypes | None = None,
        cookies: CookieTypes | None = None,
        auth: AuthTypes | UseClientDefault | None = USE_CLIENT_DEFAULT,
        follow_redirects: bool | UseClientDefault = USE_CLIENT_DEFAULT,
        timeout: TimeoutTypes | UseClientDefault = USE_CLIENT_DEFAULT,
        extensions: RequestExtensions | None = None,
    ) -> AsyncGenerator[Response]:
        """Send a request; yield its response unread, and close it at the end of the block.

        ```python
        async with client.stream("GET", "https://www.example.com/large") as response:
            async for chunk in response.aiter_bytes():
                ...
        ```
        """
        request = self.build_request(
            method,
            url,
            content=content,
            data=data,
            files=files,
            json=json,
            params=params,
            headers=headers,
            cookies=cookies,
            timeout=timeout,
            extensions=extensions,
        )
        response = await self.send(request, auth=auth, follow_redirects=follow_redirects, stream=True)
        try:
            yield response
        finally:
            await response.aclose()

    async def send(
        self,
        request: Request,
        *,
        stream: bool = False,
        auth: AuthTypes | UseClientDefault | None = USE_CLIENT_DEFAULT,
        follow_redirects: bool | UseClientDefault = USE_CLIENT_DEFAULT,
    ) -> Response:
        """Send a request as it is; return its response, unread if `stream`, which is then to be closed.

        Raises like `request`, and `RuntimeError` when the client is closed.
        """
        self._begin_call(request)
        chosen = self._build_request_auth(request, auth)
        try:
            if chosen is not None:
                response = await self._authenticate(request, chosen, self._redirects(follow_redirects))
            else:
                exchange = self._exchange if self._has_hooks else self._send_single_request
                response = await exchange(request)
                if response.has_redirect_location:
                    response = await self._follow(request, self._redirects(follow_redirects), response)
        except RequestError as exc:
            if exc._request is None:
                exc.request = request
            raise
        if not stream:
            # What is there already needs no await, and an await costs as much as the reading.
            if type(response.stream) is AsyncWholeBody:
                response._read_at_once(response.stream.raw)
            else:
                await response.aread()
        return response

    async def _authenticate(self, request: Request, auth: Auth, redirects: Redirects) -> Response:
        """Run authentication, around the redirects of each of its requests.

        A scheme's `async_auth_flow` may await, so it cannot be driven from inside of the flow, as the twin's is.
        """
        async with aclosing(auth.async_auth_flow(request)) as steps:
            first = request
            request = await anext(steps)
            while True:
                response = await self._follow(limited(request, first), redirects)
                try:
                    request = await steps.asend(response)
                    await response._aread_some(max_drained_bytes, max_drained_seconds)
                except StopAsyncIteration:
                    return response
                except BaseException:
                    await response.aclose()
                    raise
                redirects.history.append(response)

    async def _follow(self, request: Request, redirects: Redirects, response: Response | None = None) -> Response:
        """Drive the flow of redirects to its last response; the first may have come already."""
        steps = follow(request, redirects)
        request = next(steps)
        while True:
            if response is None:
                response = await self._exchange(request)
            try:
                request = steps.send(response)
                await response._aread_some(max_drained_bytes, max_drained_seconds)
            except StopIteration as end:
                final: Response = end.value
                return final
            except BaseException:
                steps.close()
                await response.aclose()
                raise
            response = None

    async def _exchange(self, request: Request) -> Response:
        """Send one request, hooks called before and after."""
        hooks = self._event_hooks
        for hook in hooks["request"]:
            await _called(hook, request)
        response = await self._send_single_request(request)
        try:
            for hook in hooks["response"]:
                await _called(hook, response)
        except BaseException:
            await response.aclose()
            raise
        return response

    async def _send_single_request(self, request: Request) -> Response:
        """Let a transport answer."""
        transport = self._transport_for_url(request.url)
        if not isinstance(request.stream, AsyncByteStream):
            msg = (
                "the request's content can only be iterated by blocking code; send it with Client, not with AsyncClient"
            )
            raise RuntimeError(msg)  # noqa: TRY004 - the type httpx documents for it
        started = perf_counter()
        response = await transport.handle_async_request(request)
        if not isinstance(response.stream, AsyncByteStream):
            msg = f"the transport {type(transport).__name__} gave an AsyncClient a response with content that blocks"
            raise TypeError(msg)
        self._receive(request, response, started, perf_counter())
        return response

    async def aclose(self) -> None:
        """Close the client and its connections; it can not be opened again."""
        if self._state is not ClientState.CLOSED:
            self._state = ClientState.CLOSED
            # All of them, whatever one raises; and the client's own first.
            async with AsyncExitStack() as closing:
                for transport in reversed(distinct(self._transport, self._mounts)):
                    closing.push_async_callback(transport.aclose)

    async def __aenter__(self) -> Self:
        """Open the client."""
        self._enter()
        try:
            for transport in distinct(self._transport, self._mounts):
                await transport.__aenter__()
        except BaseException:
            await self.aclose()
            raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        """Close the client."""
        self._state = ClientState.CLOSED
        async with AsyncExitStack() as closing:
            for transport in reversed(distinct(self._transport, self._mounts)):
                closing.push_async_callback(transport.__aexit__, exc_type, exc_value, traceback)


async def _called(hook: Callable[..., Any], message: Request | Response) -> None:
    """Call a hook, and wait for it if it is asynchronous."""
    result = hook(message)
    if hasattr(result, "__await__"):
        await result


__all__ = ["AsyncClient", "BaseClient"]
