"""Digest challenges: which to take, and how it is answered (RFC 7616).

Imported with the first challenge that comes, for most programs meet none.
"""

from __future__ import annotations

import hashlib
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from arke._values.errors import RemoteProtocolError

from .challenges import parse_challenges, quote

if TYPE_CHECKING:
    from collections.abc import Iterable

# RFC 7616 6.1, and what others have besides: by their names there, weakest first, the names that hashlib knows.
_HASHES = {"MD5": "md5", "SHA": "sha1", "SHA-256": "sha256", "SHA-512-256": "sha512_256", "SHA-512": "sha512"}
_STRENGTHS = {name: strength for strength, name in enumerate(_HASHES.values())}
_SESSION_SUFFIX = "-SESS"
_MAX_SHOWN = 60


class Challenge(NamedTuple):
    """A challenge that can be answered."""

    realm: bytes
    nonce: bytes
    algorithm: bytes
    """As the server spells it; MD5 where it names none."""
    hash_name: str
    is_session: bool
    qop: bytes | None
    opaque: bytes | None
    hides_user: bool
    is_utf8: bool

    def digest(self, *parts: bytes) -> bytes:
        """Return the hash of the parts, colons between them, in hexadecimal."""
        return hashlib.new(self.hash_name, b":".join(parts), usedforsecurity=False).hexdigest().encode("ascii")


def choose_challenge(lines: Iterable[bytes], *, has_content: bool) -> tuple[Challenge, bool] | None:
    """Return the strongest challenge that these values of WWW-Authenticate have, the first of equals.

    With it, whether it says that only the nonce was stale. None when there is no Digest challenge at all;
    `RemoteProtocolError` when there is, and none that can be answered.
    """
    offered = [params for scheme, params in parse_challenges(lines) if scheme == b"digest"]
    best: tuple[Challenge, bool] | None = None
    reason: str | None = None
    for params in offered:
        found = _read(params, has_content=has_content)
        if isinstance(found, str):
            reason = reason or found
        elif best is None or _STRENGTHS[found.hash_name] > _STRENGTHS[best[0].hash_name]:
            best = found, params.get(b"stale", b"").lower() == b"true"
    if best is None and reason is not None:
        msg = f"the server asks for Digest authentication that cannot be given: {reason}"
        raise RemoteProtocolError(msg, phase="read")
    return best


def _read(params: dict[bytes, bytes], *, has_content: bool) -> Challenge | str:
    """Return the challenge of these parameters, or why it cannot be answered."""
    for name in (b"realm", b"nonce"):
        if name not in params:
            return f"its challenge has no {name.decode()}"
    algorithm = params.get(b"algorithm", b"MD5")
    kind = algorithm.upper().decode("latin-1")
    hash_name = _HASHES.get(kind.removesuffix(_SESSION_SUFFIX))
    if hash_name is None or not _has_hash(hash_name):
        return f"the algorithm {kind[:_MAX_SHOWN]!r} is not supported"
    qop, reason = _choose_qop(params.get(b"qop", b""), has_content=has_content)
    if reason is not None:
        return reason
    return Challenge(
        realm=params[b"realm"],
        nonce=params[b"nonce"],
        algorithm=algorithm,
        hash_name=hash_name,
        is_session=kind.endswith(_SESSION_SUFFIX),
        qop=qop,
        opaque=params.get(b"opaque"),
        hides_user=params.get(b"userhash", b"").lower() == b"true",
        # 'The only allowed value is "UTF-8".' (3.3)
        is_utf8=params.get(b"charset", b"").lower() == b"utf-8",
    )


def _choose_qop(offered: bytes, *, has_content: bool) -> tuple[bytes | None, str | None]:
    """Return the quality of protection to give, None for that of RFC 2069; or why there is none to give."""
    qops = {each.strip(b" \t").lower() for each in offered.split(b",")} - {b""}
    if not qops or b"auth" in qops:
        return (b"auth" if qops else None), None
    if b"auth-int" not in qops:
        return None, f"the qop {offered[:_MAX_SHOWN].decode('latin-1')!r} is unknown"
    if not has_content:
        return None, "the qop auth-int needs the request's content, which is streamed; call request.read() before"
    return b"auth-int", None


def _has_hash(name: str) -> bool:
    """Whether this Python has it: a build of OpenSSL may lack some, or forbid them."""
    try:
        hashlib.new(name, usedforsecurity=False)
    except ValueError:
        return False
    return True


class Session:
    """A challenge taken up: answers to it, each with the next number of its nonce."""

    __slots__ = ("_ha1", "_username", "challenge", "cnonce", "numbers")

    def __init__(self, challenge: Challenge, username: bytes, password: bytes, cnonce: bytes) -> None:
        """Hash the credentials, once for all answers."""
        self.challenge = challenge
        # "the hexadecimal count of the number of requests (including the current request) that the client has sent with
        # the nonce value in this request" (3.4). Taken by any thread, without a lock: each gets a number of its own.
        self.numbers = count(1)
        # Of a session, the client nonce that stands in its key; it stays the same for all its answers, so that servers
        # that keep the key and those that compute it anew agree (3.4.2).
        self.cnonce = cnonce if challenge.is_session else None
        digest = challenge.digest
        self._ha1 = digest(username, challenge.realm, password)
        if challenge.is_session:
            self._ha1 = digest(self._ha1, challenge.nonce, cnonce)
        # "username = H( unq(username) ":" unq(realm) )" (3.4.4)
        name = digest(username, challenge.realm) if challenge.hides_user else username
        self._username = _user_param(name, is_utf8=challenge.is_utf8)

    def renewed(self, nonce: bytes) -> Session:
        """Return the same with the nonce that the server wants to see next (3.5)."""
        session = Session.__new__(Session)
        session.challenge = self.challenge._replace(nonce=nonce)
        session.numbers = count(1)
        session.cnonce = self.cnonce
        session._ha1 = self._ha1
        session._username = self._username
        return session

    def answer(self, method: bytes, target: bytes, content: bytes, number: int, cnonce: bytes) -> bytes:
        """Return the value of Authorization for a request (3.4)."""
        challenge = self.challenge
        digest, qop = challenge.digest, challenge.qop
        ha2 = digest(method, target, digest(content)) if qop == b"auth-int" else digest(method, target)
        proof = [self._ha1, challenge.nonce, ha2]
        if qop is not None:
            proof[2:2] = [b"%08x" % number, cnonce, qop]
        params = [
            self._username,
            b"realm=" + quote(challenge.realm),
            b"nonce=" + quote(challenge.nonce),
            b"uri=" + quote(target),
            b"response=" + quote(digest(*proof)),
            b"algorithm=" + challenge.algorithm,
        ]
        if challenge.opaque is not None:
            params.append(b"opaque=" + quote(challenge.opaque))
        if qop is not None:
            params += [b"qop=" + qop, b"nc=%08x" % number]
        # Without qop it is needed all the same where it is part of the session's key.
        if qop is not None or challenge.is_session:
            params.append(b"cnonce=" + quote(cnonce))
        if challenge.hides_user:
            params.append(b"userhash=true")
        return b"Digest " + b", ".join(params)


def _user_param(name: bytes, *, is_utf8: bool) -> bytes:
    """Return the user name as a parameter, in the extended notation where the server or the characters ask for it."""
    # A quoted-string has no control characters (RFC 9110 5.6.4). It may have bytes beyond ASCII, and servers that do
    # not speak of charset expect them there; those that do are told which characters they are (RFC 7616 3.4).
    is_extended = any(byte < 0x20 or byte == 0x7F or (is_utf8 and byte > 0x7F) for byte in name)
    if not is_extended:
        return b"username=" + quote(name)
    from urllib.parse import quote_from_bytes

    return b"username*=UTF-8''" + quote_from_bytes(name, safe="").encode("ascii")
