"""XML-RPC documents as programs write them, read in one pass without an XML parser."""

from typing import Any

def read_plain(data: bytes, most_elements: int) -> tuple[str | None, list[Any]] | None:
    """(method, params) of a call, (None, params) of an answer that is no fault; None for what is not plain.

    most_elements: how deeply elements may stand in each other. Raises nothing of its own.
    """
