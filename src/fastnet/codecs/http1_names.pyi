"""Interned forms of the header names that requests really have; for the other compiled modules."""

from typing import Self, final

COMMON_NAMES: tuple[str, ...]
VARYING_NAMES: frozenset[str]

@final
class NameTable:
    """Lower-cased bytes and WSGI environ keys of COMMON_NAMES, by their usual and their lower-cased spelling."""

COMMON: NameTable

@final
class FieldCache:
    """Objects made of the last value of each common field. Not for use by two threads at once."""

    def __new__(cls, names: NameTable) -> Self: ...
