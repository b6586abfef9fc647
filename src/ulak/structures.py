"""Two kinds of dictionary: one whose keys ignore case, one read by attribute.

:class:`CaseInsensitiveDict` is what headers are kept in (field names ignore
case: RFC 9110, section 5.1); :class:`LookupDict` is what ``codes`` is.
Neither knows anything of HTTP: which names and values a header may have is
decided in ``_headers``.
"""

from __future__ import annotations

from collections.abc import (
    ItemsView,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    ValuesView,
)
from typing import Any, Generic, TypeVar, overload

__all__ = ["CaseInsensitiveDict", "LookupDict"]

VT = TypeVar("VT")
D = TypeVar("D")


class CaseInsensitiveDict(MutableMapping[str, VT], Generic[VT]):
    """A dictionary of strings that finds ``Content-Type`` under ``content-type``.

    Iteration gives the keys in the order in which they were first set and in
    the case in which they were last set.  Two are equal when they hold equal
    values under the same names, case aside; any other mapping compares alike.

    :param data: a mapping, or pairs of key and value.
    :param kwargs: more entries, which win over those of ``data``.

    The keys must have ``lower()``; a key without one raises AttributeError, as
    in requests.  Not safe to change in one thread while another iterates.
    """

    #: Lower-case key -> (key as last set, value).
    _store: dict[str, tuple[str, VT]]

    def __init__(
        self,
        data: Mapping[str, VT] | Iterable[tuple[str, VT]] | None = None,
        **kwargs: VT,
    ) -> None:
        if isinstance(data, CaseInsensitiveDict):
            self._store = data._store.copy()
        else:
            self._store = {}
            if data:
                self.update(data)
        if kwargs:
            self.update(kwargs)

    def __setitem__(self, key: str, value: VT) -> None:
        self._store[key.lower()] = (key, value)

    def __getitem__(self, key: str) -> VT:
        return self._store[key.lower()][1]

    def __delitem__(self, key: str) -> None:
        del self._store[key.lower()]

    def __contains__(self, key: object) -> bool:
        return key.lower() in self._store  # type: ignore[attr-defined]  # as in requests

    def __iter__(self) -> Iterator[str]:
        return iter([key for key, _ in self._store.values()])

    def __len__(self) -> int:
        return len(self._store)

    @overload
    def get(self, key: str, /) -> VT | None: ...
    @overload
    def get(self, key: str, /, default: VT | D) -> VT | D: ...
    def get(self, key: str, default: Any = None) -> Any:
        """The value under ``key`` in any case, or ``default``."""
        entry = self._store.get(key.lower())
        return default if entry is None else entry[1]

    def items(self) -> ItemsView[str, VT]:
        """The pairs of key and value, as a live view."""
        return _Items(self)

    def pairs(self) -> list[tuple[str, VT]]:
        """The pairs of key and value, as a new list."""
        return list(self._store.values())

    def values(self) -> ValuesView[VT]:
        """The values, as a live view."""
        return _Values(self)

    def lower_items(self) -> Iterator[tuple[str, VT]]:
        """The pairs, with each key in lower case."""
        return ((lower, value) for lower, (_, value) in self._store.items())

    def copy(self) -> CaseInsensitiveDict[VT]:
        """A new dictionary with the same entries; the values are shared."""
        twin: CaseInsensitiveDict[VT] = CaseInsensitiveDict.__new__(CaseInsensitiveDict)
        twin._store = self._store.copy()
        return twin

    def __copy__(self) -> CaseInsensitiveDict[VT]:
        cls = type(self)
        twin = cls.__new__(cls)
        twin.__dict__.update(self.__dict__)
        twin._store = self._store.copy()
        return twin

    def __eq__(self, other: object) -> bool:
        if isinstance(other, CaseInsensitiveDict):
            return dict(self.lower_items()) == dict(other.lower_items())
        if isinstance(other, Mapping):
            return dict(self.lower_items()) == dict(CaseInsensitiveDict(other).lower_items())
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # mutable, so not hashable

    def __repr__(self) -> str:
        return repr(dict(self._store.values()))


class _Items(ItemsView[str, VT]):
    """The items of a CaseInsensitiveDict: its store's values are just that."""

    _mapping: CaseInsensitiveDict[VT]

    def __iter__(self) -> Iterator[tuple[str, VT]]:
        return iter(self._mapping._store.values())


class _Values(ValuesView[VT]):
    """The values of a CaseInsensitiveDict, without looking up each key."""

    _mapping: CaseInsensitiveDict[VT]

    def __iter__(self) -> Iterator[VT]:
        return (value for _, value in self._mapping._store.values())


class LookupDict(dict[str, VT], Generic[VT]):
    """Names that are read as attributes or as items; an unknown item is None.

    The entries are attributes: the dictionary itself stays empty, as in requests.
    """

    def __init__(self, name: str | None = None) -> None:
        self.name = name
        super().__init__()

    def __repr__(self) -> str:
        return f"<lookup '{self.name}'>"

    def __getattr__(self, key: str) -> VT:
        name = self.__dict__.get("name", type(self).__name__)  # no name yet while unpickling
        raise AttributeError(f"{name} has no entry {key!r}")

    def __getitem__(self, key: str) -> VT | None:  # type: ignore[override]  # None: unknown
        return self.__dict__.get(key)

    @overload
    def get(self, key: str, default: None = None, /) -> VT | None: ...
    @overload
    def get(self, key: str, default: VT | D, /) -> VT | D: ...
    def get(self, key: str, default: Any = None, /) -> Any:
        """The entry ``key``, or ``default``."""
        return self.__dict__.get(key, default)
