"""May this request be sent again?

One function for all drivers, after the rule of Go's Transport. It terminates: only a request on a *reused* connection
is sent again, each such failure uses up one that was idle before the call, and the last attempt is on a fresh one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# "A request method is considered idempotent if ..." (RFC 9110 9.2.2); QUERY is defined as safe.
_IDEMPOTENT = frozenset({b"GET", b"HEAD", b"OPTIONS", b"TRACE", b"PUT", b"DELETE", b"QUERY"})


def connect_delays(retries: int) -> Iterator[float]:
    """Yield how long to wait before each further attempt to connect: at once, then half a second, doubling."""
    for attempt in range(retries):
        yield 0.0 if attempt == 0 else 0.5 * 2 ** (attempt - 1)


def may_send_again(
    method: bytes,
    names: dict[bytes, bytes],
    *,
    was_reused: bool,
    has_received: bool,
    has_written: bool,
    is_replayable: bool,
) -> bool:
    """Tell whether a request that failed without a response may go out once more on another connection.

    `was_reused`: the connection had carried an exchange before; only then is it likely that the server had closed it
    before this request came, which is no failure of the server. `has_received`: bytes of an answer came, so the request
    was acted on. `has_written`: any byte may have reached the server. `is_replayable`: the content can be had again.

    "A client SHOULD NOT automatically retry a request with a non-idempotent method unless it has some means to know
    that the request semantics are actually idempotent ... or some means to detect that the original request was never
    applied" (RFC 9110 9.2.2). An Idempotency-Key header is the caller's word for the first.
    """
    if not was_reused or has_received or not is_replayable:
        return False
    return not has_written or method in _IDEMPOTENT or b"idempotency-key" in names or b"x-idempotency-key" in names
