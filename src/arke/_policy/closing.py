"""Why a connection was closed: the one thing that tells what a pool does, counted and logged."""

from __future__ import annotations

import logging
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from arke._policy.pool import Pooled

logger = logging.getLogger("arke.pool")


class Closing(Enum):
    """A reason for closing a connection; the value is how it is said."""

    ENDED = "it can carry no further request"
    FAILED = "the request on it failed or was given up"
    STALE = "the server closed it, or sent what nobody asked for, while it was idle"
    EXPIRED = "it was idle for too long (limits.keepalive_expiry)"
    CROWDED = "there were more idle ones than allowed (limits.max_keepalive_connections)"
    EVICTED = "its place was needed for another connection (limits.max_connections)"
    DROPPED = "its response was dropped, neither read nor closed"
    CLOSED = "the client was closed"


def note_closing(connection: Pooled) -> None:
    """Log why a connection is closed, at DEBUG."""
    if logger.isEnabledFor(logging.DEBUG) and connection.closing is not None:
        name = getattr(connection.route, "name", connection.route)
        logger.debug("closing the connection to %s: %s", name, connection.closing.value)
