"""XML-RPC documents as programs write them, read in one pass without an XML parser; and plain values written."""

from collections.abc import Iterable
from typing import Any

def read_plain(data: bytes, most_elements: int) -> tuple[str | None, list[Any]] | None:
    """(method, params) of a call, (None, params) of an answer that is no fault; None for what is not plain.

    most_elements: how deeply elements may stand in each other. Raises nothing of its own.
    """

def write_plain(values: Iterable[Any]) -> str | None:
    """The <params> of plain values, as xmlrpc.client has them, with i8 for larger ints; None: some are not plain."""
