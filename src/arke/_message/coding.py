"""What every content coding has in common: the shape, the step, the ways to fail.

A few kilobytes can decode to gigabytes, so no decoder ever decodes more than its reader asked for. `decode`
is a generator: each step gives at most `MAX_PIECE` bytes, and what was not decoded yet stays coded until the
reader comes back for more. Input is taken in slices of `MAX_SLICE`, since the libraries copy what they leave
over at each step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from arke._values.errors import DecodingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["MAX_PIECE", "MAX_SLICE", "Decoder", "invalid", "slices", "truncated"]

MAX_PIECE = 1_048_576
MAX_SLICE = 65_536


class Decoder(Protocol):
    """Undoes one content coding, or several, incrementally."""

    def decode(self, data: bytes, /) -> Iterator[bytes]:
        """Yield what `data` decodes to, in pieces of at most `MAX_PIECE` bytes.

        What is yielded must be taken to the end before the next call. Raises `DecodingError` for what is not
        coded as it should be; the decoder is of no use then.
        """
        ...

    def flush(self) -> Iterator[bytes]:
        """Yield what was held back, once all input was given.

        Raises `DecodingError` if the coded stream stops before its end. No input at all is no error: that is
        the body of a response to HEAD, of a 204 and of a 304.
        """
        ...


def slices(data: bytes) -> Iterable[bytes]:
    """Return `data` cut into slices of at most `MAX_SLICE`; nothing if it is empty."""
    size = len(data)
    if size <= MAX_SLICE:
        return (data,) if size else ()
    return (data[start : start + MAX_SLICE] for start in range(0, size, MAX_SLICE))


def invalid(coding: str, cause: object) -> DecodingError:
    """Return the error of content that is not `coding` at all."""
    return DecodingError(f"the content is not valid {coding}: {cause}")


def truncated(coding: str) -> DecodingError:
    """Return the error of content that stops too early."""
    return DecodingError(f"the {coding} content stops before its end marker: the body is truncated")
