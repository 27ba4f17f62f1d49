"""`Headers`: header fields as a dictionary of text, a handle on immutable `Fields`.

Every write puts a new `Fields` in the place of the old one. A look-up works on bytes; as ASCII bytes are the
same text in every encoding that may be detected, it settles the encoding only when it meets others.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, TypeVar, overload

from .errors import LocalProtocolError
from .fields import Fields
from .header_text import decode, detect_encoding, encode_item, encode_items

if TYPE_CHECKING:
    from collections.abc import ItemsView, Iterator, KeysView, ValuesView
    from typing import Self

    from .types import HeaderTypes

__all__ = ["Fields", "Headers"]

_T = TypeVar("_T")
_SECRET_NAMES = frozenset({"authorization", "proxy-authorization"})


class Headers(MutableMapping[str, str]):
    """HTTP headers as a dictionary of text in which names ignore case and may occur several times.

    ```python
    headers = Headers([("Accept", "text/html"), ("accept", "text/plain")])
    assert headers["ACCEPT"] == "text/html, text/plain"
    assert headers.get_list("accept") == ["text/html", "text/plain"]
    ```
    """

    _fields: Fields
    # Class attributes, so that `_from_fields` has one attribute to store.
    _encoding: str | None = None  # set by the user
    _detected: str | None = None  # found out by `encoding` for the present `_fields`

    def __init__(self, headers: HeaderTypes | None = None, encoding: str | None = None) -> None:
        """Hold the given fields; text is encoded as ASCII unless `encoding` says otherwise.

        Raises `LocalProtocolError` for text that cannot be encoded.
        """
        if encoding is not None:
            self._encoding = encoding
        self._fields = headers._fields if isinstance(headers, Headers) else Fields(encode_items(headers, encoding))

    @classmethod
    def _from_fields(cls, fields: Fields) -> Self:
        """Return headers over `fields` as they are."""
        headers = cls.__new__(cls)
        headers._fields = fields
        return headers

    @property
    def encoding(self) -> str:
        """The encoding set, or else the first of ASCII, UTF-8 and ISO-8859-1 that fits all fields."""
        encoding = self._encoding or self._detected
        if encoding is None:
            encoding = self._detected = detect_encoding(self._fields.items)
        return encoding

    @encoding.setter
    def encoding(self, value: str) -> None:
        self._encoding = value

    @property
    def raw(self) -> list[tuple[bytes, bytes]]:
        """The fields as pairs of bytes, in their order and with the case of their names."""
        return list(self._fields.items)

    def keys(self) -> KeysView[str]:
        """Return the lower-case names, each once."""
        return self._as_dict().keys()

    def values(self) -> ValuesView[str]:
        """Return the values, those of a repeated name joined with commas."""
        return self._as_dict().values()

    def items(self) -> ItemsView[str, str]:
        """Return pairs of lower-case name and value, the values of a repeated name joined with commas."""
        return self._as_dict().items()

    def multi_items(self) -> list[tuple[str, str]]:
        """Return every field as a pair of lower-case name and value, repeated names included."""
        encoding = self.encoding
        return [(decode(name.lower(), encoding), decode(value, encoding)) for name, value in self._fields.items]

    @overload
    def get(self, key: str, /) -> str | None: ...

    @overload
    def get(self, key: str, default: str | _T) -> str | _T: ...

    def get(self, key: str, default: str | _T | None = None) -> str | _T | None:
        """Return the value of `key`, joined with commas where the name is repeated, or `default`."""
        value = self._look_up(key)
        return default if value is None else value

    def get_list(self, key: str, split_commas: bool = False) -> list[str]:
        """Return each value of `key`; with `split_commas`, each member of comma-separated values."""
        name = self._encode_key(key)
        encoding = self.encoding
        values = [decode(value, encoding) for item, value in self._fields.items if item.lower() == name]
        if not split_commas:
            return values
        return [member.strip() for value in values for member in value.split(",")]

    def update(self, headers: HeaderTypes | None = None) -> None:  # type: ignore[override]  # httpx's signature
        """Replace every name that `headers` has by the fields of `headers`, in their order and repetition."""
        extra = Headers(headers, self._encoding)._fields
        if extra.items:
            kept = [item for item in self._fields.items if item[0].lower() not in extra.index]
            self._replace(kept + extra.items)

    def copy(self) -> Headers:
        """Return headers of the same content that are changed on their own."""
        headers = Headers._from_fields(self._fields)
        if self._encoding is not None:
            headers._encoding = self._encoding
        return headers

    def clear(self) -> None:
        """Remove every field."""
        self._replace([])

    def __or__(self, other: Mapping[str, str]) -> Headers:
        if not isinstance(other, Mapping):
            return NotImplemented
        merged = self.copy()
        merged.update(other)
        return merged

    def __ror__(self, other: Mapping[str, str]) -> Headers:
        if not isinstance(other, Mapping):
            return NotImplemented
        merged = Headers(other, self._encoding)
        merged.update(self)
        return merged

    def __ior__(self, other: HeaderTypes) -> Self:
        self.update(other)
        return self

    def __getitem__(self, key: str) -> str:
        value = self._look_up(key)
        if value is None:
            raise KeyError(key)
        return value

    def __setitem__(self, key: str, value: str) -> None:
        new = encode_item(key, value, self._encoding_to_write(key, value))
        name = new[0].lower()
        items = self._fields.items
        names = [item[0].lower() for item in items]
        position = names.index(name) if name in names else len(names)
        kept = [item for item, other in zip(items, names, strict=True) if other != name]
        kept.insert(position, new)
        self._replace(kept)

    def __delitem__(self, key: str) -> None:
        name = self._encode_key(key)
        if name not in self._fields.index:
            raise KeyError(key)
        self._replace([item for item in self._fields.items if item[0].lower() != name])

    def __contains__(self, key: object) -> bool:
        return self._encode_key(key) in self._fields.index

    def __iter__(self) -> Iterator[str]:
        return iter(self._as_dict())

    def __len__(self) -> int:
        return len(self._fields.items)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Headers):
            try:
                other = Headers(other)  # type: ignore[arg-type]  # whatever cannot be headers differs from them
            except (TypeError, ValueError, LocalProtocolError):
                return NotImplemented
        return _sorted_items(self._fields) == _sorted_items(other._fields)

    __hash__ = None  # type: ignore[assignment]  # can change, so it has none

    def __repr__(self) -> str:
        encoding = "" if self.encoding == "ascii" else f", encoding={self.encoding!r}"
        pairs = [(name, "[secure]" if name in _SECRET_NAMES else value) for name, value in self.multi_items()]
        unique = dict(pairs)
        return f"{type(self).__name__}({unique if len(unique) == len(pairs) else pairs!r}{encoding})"

    def _append(self, name: bytes, value: bytes) -> None:
        """Add a field that is valid, which keeps the block of a message that has been serialised before."""
        self._fields = self._fields.extended([(name, value)])
        self._detected = None

    def _replace(self, items: list[tuple[bytes, bytes]]) -> None:
        self._fields = Fields(items)
        self._detected = None

    def _encoding_to_write(self, key: object, value: object) -> str:
        if self._encoding is not None:
            return self._encoding
        if isinstance(key, str) and isinstance(value, str) and key.isascii() and value.isascii():
            return "ascii"
        # What is written is to be read back: in the encoding that the other fields settle, if they do.
        return "utf-8" if self.encoding == "ascii" else self.encoding

    def _encode_key(self, key: object) -> bytes | None:
        """Return the raw lower-case form of `key`, or None if no field can have this name."""
        if not isinstance(key, str):
            message = f"header names are str, not {type(key).__name__}"
            raise TypeError(message)
        if self._encoding is None and key.isascii():
            return key.encode().lower()
        # Encoded before it is lowered: U+212A KELVIN SIGN, lowered as text, is an ASCII "k".
        try:
            return key.encode(self.encoding).lower()
        except UnicodeError:
            return None

    def _look_up(self, key: str) -> str | None:
        name = self._encode_key(key)
        value = None if name is None else self._fields.index.get(name)
        if value is None:
            return None
        if self._encoding is None and value.isascii():
            return value.decode()
        return decode(value, self.encoding)

    def _as_dict(self) -> dict[str, str]:
        encoding = self.encoding
        return {decode(name, encoding): decode(value, encoding) for name, value in self._fields.index.items()}


def _sorted_items(fields: Fields) -> list[tuple[bytes, bytes]]:
    return sorted([(name.lower(), value) for name, value in fields.items])
