"""The parameters of a query: a multi-valued mapping that never changes."""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from typing import TYPE_CHECKING, Any, NoReturn, cast

from .errors import InvalidURL
from .percent import decode_form, encode_form, has_surrogate

if TYPE_CHECKING:
    from .types import QueryParamTypes


class QueryParams(Mapping[str, str]):
    """The parameters of a query, in the order of their first appearance, the values of one name together.

    Made from a query string, a mapping (a list or tuple gives several values), a list or tuple of pairs, or
    keywords. True, False and None become `true`, `false` and the empty string. It never changes: methods that
    say so give a changed copy.

    >>> params = QueryParams({"a": [1, 2], "b": "x y"})
    >>> str(params), params["a"], params.get_list("a")
    ('a=1&a=2&b=x+y', '1', ['1', '2'])

    Raises:
        InvalidURL: a text has a surrogate, which no URL can hold.
    """

    def __init__(self, *args: QueryParamTypes | None, **kwargs: Any) -> None:
        if len(args) > 1 or (args and kwargs):
            raise TypeError("QueryParams() takes one argument, or keywords, not both")
        value: object = args[0] if args else kwargs
        # Owned here, and shared with other instances: neither it nor its lists are written to after this.
        self._lists: dict[str, list[str]]
        if isinstance(value, QueryParams):
            self._lists = value._lists
        elif value is None or isinstance(value, (str, bytes)):
            self._lists = _parse(value or "")
        else:
            self._lists = _collect(value)

    @classmethod
    def _of(cls, lists: dict[str, list[str]]) -> QueryParams:
        params = QueryParams()
        params._lists = lists
        return params

    def keys(self) -> KeysView[str]:
        """Give the names."""
        return self._lists.keys()

    def values(self) -> ValuesView[str]:
        """Give the first value of each name."""
        return {name: values[0] for name, values in self._lists.items()}.values()

    def items(self) -> ItemsView[str, str]:
        """Give each name with its first value."""
        return {name: values[0] for name, values in self._lists.items()}.items()

    def multi_items(self) -> list[tuple[str, str]]:
        """Give each name with each of its values."""
        return [(name, value) for name, values in self._lists.items() for value in values]

    def get(self, key: Any, default: Any = None) -> Any:
        """Give the first value of a name, or the default."""
        values = self._lists.get(key)
        return values[0] if values else default

    def get_list(self, key: str) -> list[str]:
        """Give all values of a name; none is an empty list."""
        return list(self._lists.get(str(key), ()))

    def set(self, key: str, value: Any = None) -> QueryParams:
        """Give a copy in which this is the only value of the name."""
        return self._of({**self._lists, _text(key): [_primitive(value)]})

    def add(self, key: str, value: Any = None) -> QueryParams:
        """Give a copy with one more value of the name."""
        return self._of({**self._lists, _text(key): [*self.get_list(key), _primitive(value)]})

    def remove(self, key: str) -> QueryParams:
        """Give a copy without the name."""
        return self._of({name: values for name, values in self._lists.items() if name != str(key)})

    def merge(self, params: QueryParamTypes | None = None) -> QueryParams:
        """Give a copy in which the names in `params` have the values there."""
        return self._of({**self._lists, **QueryParams(params)._lists})

    def update(self, params: QueryParamTypes | None = None) -> NoReturn:
        """Refuse: a `RuntimeError`, and the way to do it."""
        raise RuntimeError("QueryParams never change; use `params = params.merge(...)` for a copy")

    def __setitem__(self, key: str, value: str) -> NoReturn:
        raise RuntimeError("QueryParams never change; use `params = params.set(key, value)` for a copy")

    def __getitem__(self, key: Any) -> str:
        return self._lists[key][0]

    def __contains__(self, key: Any) -> bool:
        return key in self._lists

    def __iter__(self) -> Iterator[str]:
        return iter(self._lists)

    def __len__(self) -> int:
        return len(self._lists)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, QueryParams):
            return NotImplemented
        return self._lists == other._lists or sorted(self.multi_items()) == sorted(other.multi_items())

    def __hash__(self) -> int:
        return hash(tuple(sorted(self.multi_items())))

    def __str__(self) -> str:
        return "&".join(
            [f"{encode_form(name)}={encode_form(value)}" for name, values in self._lists.items() for value in values]
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


def _parse(query: str | bytes) -> dict[str, list[str]]:
    text = query.decode("utf-8", "replace") if isinstance(query, bytes) else _text(query)
    lists: dict[str, list[str]] = {}
    for field in text.split("&"):
        if field:
            name, _, value = field.partition("=")
            lists.setdefault(decode_form(name), []).append(decode_form(value))
    return lists


def _collect(value: object) -> dict[str, list[str]]:
    lists: dict[str, list[str]] = {}
    if isinstance(value, (list, tuple)):
        for name, item in map(_pair, cast("Iterable[object]", value)):
            lists.setdefault(_text(name), []).append(_primitive(item))
    elif isinstance(value, Mapping):
        for name, item in cast("Mapping[object, object]", value).items():
            items = cast("Iterable[object]", item) if isinstance(item, (list, tuple)) else (item,)
            texts = [_primitive(each) for each in items]
            if texts:
                lists[_text(name)] = texts
    else:
        raise TypeError(f"query parameters must be str, bytes, mapping or pairs, not {type(value).__name__}")
    return lists


def _pair(item: object) -> tuple[object, object]:
    if isinstance(item, (list, tuple)):
        pair = cast("tuple[object, ...]", item)
        if len(pair) == 2:
            return pair[0], pair[1]
    raise TypeError("query parameters given as a list must be pairs of a name and a value")


def _primitive(value: object) -> str:
    if value is None:
        return ""
    if value is True:
        return "true"
    return "false" if value is False else _text(value)


def _text(value: object) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    if has_surrogate(text):
        raise InvalidURL("invalid query parameter: its text has a surrogate, which UTF-8 cannot encode")
    return text
