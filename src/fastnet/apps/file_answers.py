"""What a GET of a stored representation is answered with: preconditions and ranges (RFC 9110, sections 13 and 14).

Functions of header fields, as bytes, and of facts about the representation; nothing here reads a file.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from datetime import UTC
from email.utils import formatdate, parsedate_to_datetime

# More parts than this, or parts that overlap, are not what a client of good will asks for: it gets the whole.
MAX_RANGES = 16

# Of bodies: what `*` in an Accept-Encoding stands for. Best first.
CODINGS = ("br", "zstd", "gzip")

_ENTITY_TAG = re.compile(rb'[ \t,]*(W/)?("[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?=,|$)')
_WEIGHT = rb"[ \t]*(?:;[ \t]*[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)[ \t]*)?"
_CODING = re.compile(rb"[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)" + _WEIGHT)
_RANGES = re.compile(rb"bytes=(.+)", re.IGNORECASE)
_RANGE = re.compile(rb"[ \t]*([0-9]{0,19})-([0-9]{0,19})[ \t]*")

GetField = Callable[[str], "bytes | None"]


def http_date(seconds: float) -> str:
    """Seconds since the epoch as an HTTP date: "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, section 5.6.7)."""
    return formatdate(int(seconds), usegmt=True)


def _seconds(date: bytes) -> int | None:
    try:
        when = parsedate_to_datetime(date.decode("ascii"))
        return int(when.replace(tzinfo=when.tzinfo or UTC).timestamp())
    except (ValueError, TypeError, OverflowError):
        return None  # RFC 9110, section 13.1.3: what is no date is ignored


def _names(tag: str, field: bytes, weak: bool) -> bool:
    """Whether the list of entity tags `field` has the strong `tag`; `weak` compares as section 8.8.3.2 says."""
    if field.strip() == b"*":
        return True
    wanted, at = tag.encode(), 0
    while found := _ENTITY_TAG.match(field, at):
        if found[2] == wanted and (weak or not found[1]):
            return True
        at = found.end()
    return False


def precondition(get: GetField, tag: str, modified: int) -> int:
    """0 to go on, 304 or 412: RFC 9110, section 13.2.2, for GET and HEAD of what has the strong entity tag `tag` and
    was modified at `modified`, seconds since the epoch. `get` looks a request's field up.
    """
    if (field := get("if-match")) is not None:
        if not _names(tag, field, weak=False):
            return 412
    elif (field := get("if-unmodified-since")) is not None:
        since = _seconds(field)
        if since is not None and modified > since:
            return 412
    if (field := get("if-none-match")) is not None:
        return 304 if _names(tag, field, weak=True) else 0
    if (field := get("if-modified-since")) is not None:
        since = _seconds(field)
        if since is not None and modified <= since:
            return 304
    return 0


def ranges(get: GetField, size: int, tag: str, modified: int) -> list[tuple[int, int]] | None:
    """The parts that are asked for, as (first byte, number of bytes), in that order; [] where none can be satisfied
    (416); None for the whole: nobody asked, the question makes no sense, or If-Range names another representation.
    """
    field = get("range")
    if field is None:
        return None
    condition = get("if-range")
    if condition is not None and condition.strip() != tag.encode():
        by_date = b'"' not in condition
        if not by_date or _seconds(condition) != modified:  # the very date, not a later one (section 13.1.5)
            return None
    spec = _RANGES.fullmatch(field.strip())
    if spec is None:
        return None
    parts: list[tuple[int, int]] = []
    pieces = spec[1].split(b",")
    if len(pieces) > MAX_RANGES:
        return None
    for piece in pieces:
        found = _RANGE.fullmatch(piece)
        if found is None or not (found[1] or found[2]):
            return None
        if found[1]:
            first, last = int(found[1]), int(found[2]) if found[2] else size - 1
            if found[2] and last < first:
                return None
            last = min(last, size - 1)
        else:
            first, last = max(0, size - int(found[2])), size - 1
            if not int(found[2]):
                continue
        if first < size:
            parts.append((first, last - first + 1))
    in_order = sorted(parts)
    if any(a + n > b for (a, n), (b, _) in itertools.pairwise(in_order)):
        return None
    return parts


def accepted_codings(field: bytes | None) -> dict[str, float]:
    """Content codings of an Accept-Encoding field with their weights, over 0 alone."""
    codings: dict[str, float] = {}
    for piece in (field or b"").split(b","):
        found = _CODING.fullmatch(piece)
        if found is not None:
            codings.setdefault(found[1].decode().lower(), float(found[2] or 1))
    others = codings.pop("*", 0.0)  # it stands for those that are not named
    codings = dict.fromkeys(CODINGS, others) | codings
    return {name: weight for name, weight in codings.items() if weight}
