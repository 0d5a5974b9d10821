"""Interned forms of the header names that requests really have; for the other compiled modules."""

from typing import final

COMMON_NAMES: tuple[str, ...]

@final
class NameTable:
    """Lower-cased bytes and WSGI environ keys of COMMON_NAMES, by their usual and their lower-cased spelling."""
