"""`DigestAuth`: the Digest scheme (RFC 7616).

A request goes out as it is; a 401 with a challenge has it sent again with the answer; later requests to the same origin
carry an answer at once. Rules:

- Credentials go to the origin that the caller addressed, and to no other: neither a redirect's, nor this one again when
  a redirect has led away and back.
- A request is answered for once, and once more if the server says that it only found the nonce stale. A redirect makes
  another request, and their number is limited, so it ends.
- All that is shared by the calls of several threads is two dictionaries, whose single operations are atomic, and each
  nonce's counter.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from arke._values.errors import RemoteProtocolError

from .auth import Auth, encode_credential

if TYPE_CHECKING:
    from collections.abc import Generator, Hashable

    from arke._message.request import Request
    from arke._message.response import Response

    from .digest_challenge import Challenge, Session

    Origin = tuple[str, str, int]

max_sessions = 256
"""For how many nonces, and for how many origins, it is remembered where they stand; the oldest are forgotten first."""


class DigestAuth(Auth):
    """The Digest scheme (RFC 7616): user name and password, hashed with what the server asks with.

    ```python
    auth = arke.DigestAuth("user", "password")
    with arke.Client(auth=auth) as client:
        client.get("https://www.example.com/")  # is asked, answers
        client.get("https://www.example.com/")  # answers without being asked
    ```

    MD5, SHA, SHA-256, SHA-512-256 and SHA-512, their `-sess` forms, `qop` auth and none, and auth-int for content that
    is in memory; of several challenges the strongest. Raises `RemoteProtocolError` for a server that asks for Digest in
    a way that cannot be answered.

    One object may serve several clients, threads and tasks. A copy knows the credentials and none of the challenges.
    """

    def __init__(self, username: str | bytes, password: str | bytes) -> None:
        """Keep the credentials, as UTF-8."""
        self._username = encode_credential(username, "user name")
        self._password = encode_credential(password, "password")
        # What is answered with, unasked. Written and read by every call.
        self._latest: dict[Origin, Session] = {}
        # Those begun, so that two calls that get the same nonce count its uses together. The same.
        self._sessions: dict[tuple[Origin, Challenge], Session] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the nonces: used from two sides, their counts would be those of a replay."""
        return {**self.__dict__, "_latest": {}, "_sessions": {}}

    def auth_flow(self, request: Request) -> Generator[Request, Response, None]:
        """Send the request, with an answer to the last challenge of its origin; answer the challenges that come."""
        origin = request.url._parts.origin
        session = self._latest.get(origin)
        if session is not None:
            self._authorize(request, session)
        answered: Request | None = None
        may_be_stale = True
        response = yield request
        while (challenged := _challenged_request(request, response)) is not None:
            is_again = challenged is answered
            found = _choose(challenged, response, is_again=is_again)
            if found is None or (is_again and not (found[1] and may_be_stale)):
                break
            may_be_stale = not is_again
            session = self._take_up(origin, found[0])
            self._authorize(challenged, session)
            _add_cookies(challenged, response)
            answered = challenged
            response = yield challenged
        if session is not None and _is_of_origin(origin, request, response):
            self._conclude(origin, session, response)

    def _take_up(self, origin: Origin, challenge: Challenge) -> Session:
        """Return the session of a challenge, the same for all calls that got this nonce, and remember it."""
        from .digest_challenge import Session

        session = self._sessions.get((origin, challenge))
        if session is None:
            cnonce = self._get_client_nonce(1, challenge.nonce)
            session = Session(challenge, self._username, self._password, cnonce)
        return self._keep(origin, session)

    def _keep(self, origin: Origin, session: Session) -> Session:
        kept = self._sessions.setdefault((origin, session.challenge), session)
        self._latest[origin] = kept
        _trim(self._sessions)
        _trim(self._latest)
        return kept

    def _conclude(self, origin: Origin, session: Session, response: Response) -> None:
        """Learn from the final response what to answer with from now on."""
        if response.status_code == 401:
            # Refused. Nothing more is answered unasked: servers count wrong passwords.
            if self._latest.get(origin) is session:
                self._latest.pop(origin, None)
            return
        info = response.headers._fields.index.get(b"authentication-info")
        if info is None:
            return
        from .challenges import parse_params

        # "the nonce the server wishes the client to use for a future authentication response" (RFC 7616 3.5)
        nonce = parse_params(info).get(b"nextnonce")
        if nonce:
            self._keep(origin, session.renewed(nonce))

    def _authorize(self, request: Request, session: Session) -> None:
        """Give the request an answer; leave it be where that needs content which is not there."""
        content = getattr(request, "_content", None)
        challenge = session.challenge
        if content is None and challenge.qop == b"auth-int":
            return
        target = request.extensions.get("target", request.url.raw_path)
        number = next(session.numbers)
        cnonce = session.cnonce or self._get_client_nonce(number, challenge.nonce)
        answer = session.answer(request.method.encode("ascii"), target, content or b"", number, cnonce)
        request.headers.update([(b"Authorization", answer)])

    def _get_client_nonce(self, nonce_count: int, nonce: bytes) -> bytes:
        """Return a client nonce; a subclass that must be predictable may have its own."""
        return os.urandom(8).hex().encode("ascii")


def _challenged_request(request: Request, response: Response) -> Request | None:
    """Return the request to answer for, which a redirect within the origin may have made; None if there is none."""
    if response.status_code != 401 or b"www-authenticate" not in response.headers._fields.index:
        return None
    if not _is_of_origin(request.url._parts.origin, request, response):
        return None
    return response._request or request


def _is_of_origin(origin: Origin, request: Request, response: Response) -> bool:
    """Whether the response, and every redirect on the way to it, came from this origin."""
    return all((each._request or request).url._parts.origin == origin for each in (*response.history, response))


def _choose(request: Request, response: Response, *, is_again: bool) -> tuple[Challenge, bool] | None:
    """Return the challenge to answer and whether it is about staleness only."""
    from .digest_challenge import choose_challenge

    lines = [value for name, value in response.headers._fields.items if name.lower() == b"www-authenticate"]
    try:
        return choose_challenge(lines, has_content=hasattr(request, "_content"))
    except RemoteProtocolError as exc:
        if is_again:
            return None
        exc.request = request
        raise


def _add_cookies(request: Request, response: Response) -> None:
    """Add to the request the cookies that came with the challenge."""
    if response._request is None or b"set-cookie" not in response.headers._fields.index:
        return
    headers = request.headers
    before = headers._fields.index.get(b"cookie", b"")
    headers.pop("Cookie", None)
    response.cookies.set_cookie_header(request)
    fresh = headers._fields.index.get(b"cookie", b"")
    names = {_cookie_name(pair) for pair in fresh.split(b";")}
    pairs = [pair.strip() for pair in before.split(b";") if pair.strip() and _cookie_name(pair) not in names]
    if pairs:
        headers.update([(b"Cookie", b"; ".join([*pairs, fresh] if fresh else pairs))])


def _cookie_name(pair: bytes) -> bytes:
    return pair.partition(b"=")[0].strip()


def _trim(known: dict[Any, Session]) -> None:
    """Drop the oldest of too many."""
    if len(known) > max_sessions:
        keys: list[Hashable] = list(known)
        for key in keys[:-max_sessions]:
            known.pop(key, None)
