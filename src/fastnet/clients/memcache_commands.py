"""What a memcached client does, once for both faces: generators that say what is to be exchanged, waited for, computed.

    steps = Commands(...).get(key)
    wanted = next(steps)                 a list of Call, a Pause or a Compute
    wanted = steps.send(results)         until StopIteration, whose value is the command's result

The result of a Call is the event of the protocol (Values, Reply, dict), or the error it met, as a value. Values are
bytes, str or int, told apart by the client flags that other Python clients use too; nothing is ever unpickled. Large
ones are compressed where that makes them smaller, and expanded to a limit only, whatever a server sends.
"""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeVar

from fastnet.clients.hashing import Distribution, Rendezvous
from fastnet.codecs.memcache import Reply, encode_command, encode_meta, encode_store
from fastnet.errors import ConfigError, FastnetError, LimitExceeded
from fastnet.protocols.memcache import LINE, STATS, VALUES, ClientConnection, ServerRefused, Values

Key: TypeAlias = str | bytes
Value: TypeAlias = bytes | str | int
T = TypeVar("T")
Steps: TypeAlias = Generator[Any, Any, T]

# Client flags, as pymemcache and pylibmc have them.
FLAG_PICKLE, FLAG_INTEGER, FLAG_ZLIB, FLAG_TEXT = 1 << 0, 1 << 1, 1 << 3, 1 << 4
_RELATIVE_MOST_S = 60 * 60 * 24 * 30  # a greater exptime would be a time since 1970
_LINE_KEYS = 250  # of one get: a line of 62 KiB at most, which every server takes
_COMPRESSION_GAIN = 0.9  # of the size, at most, or the plain value is stored
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.005, 0.2  # while another client computes a value


@dataclass(frozen=True)
class Call:
    """One request to one node: bytes, or the keys of a get. `again`: it may be sent to a server that has seen it."""

    node: str
    data: bytes | list[Key]
    shape: str = LINE
    again: bool = True
    verb: str = "get"

    def ask(self, connection: ClientConnection) -> None:
        """Queue it on a connection."""
        if isinstance(self.data, list):
            connection.request_values(self.data, self.verb)
        else:
            connection.request(self.data, self.shape)


@dataclass(frozen=True)
class Pause:
    """Wait so long."""

    seconds: float


@dataclass(frozen=True)
class Compute:
    """Call `function`; what it returns may be awaitable under the async face."""

    function: Callable[[], Any]


@dataclass(frozen=True)
class Packing:
    """How values become bytes. Sizes in bytes; min_compress_bytes of 0: nothing is compressed."""

    min_compress_bytes: int = 4096
    max_expanded_bytes: int = 1 << 26

    def __post_init__(self) -> None:
        for option in ("min_compress_bytes", "max_expanded_bytes"):
            value = getattr(self, option)
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise ConfigError(option, value, "a number of bytes")

    def pack(self, value: Value) -> tuple[bytes, int]:
        """The bytes to store, and their client flags. TypeError for what is not bytes, str or int."""
        flags = 0
        if isinstance(value, bytes):
            data = value
        elif isinstance(value, str):
            data, flags = value.encode(), FLAG_TEXT
        elif isinstance(value, int) and not isinstance(value, bool):
            return b"%d" % value, FLAG_INTEGER
        else:
            raise TypeError(f"a value is bytes, str or int, not {type(value).__name__}: encode it first")
        if self.min_compress_bytes and len(data) >= self.min_compress_bytes:
            smaller = zlib.compress(data, 1)
            if len(smaller) <= _COMPRESSION_GAIN * len(data):
                return smaller, flags | FLAG_ZLIB
        return data, flags

    def unpack(self, data: bytes, flags: int) -> Value:
        """The value again. LimitExceeded where it expands beyond the limit; FastnetError where it cannot be read."""
        if flags & FLAG_PICKLE:
            raise FastnetError("the value is pickled, which whoever can write to the cache could use to run code here")
        if flags & FLAG_ZLIB:
            expand = zlib.decompressobj()
            try:
                data = expand.decompress(data, self.max_expanded_bytes + 1)
            except zlib.error as error:
                raise FastnetError(f"a compressed value is broken: {error}") from None
            if len(data) > self.max_expanded_bytes:
                raise LimitExceeded(f"a compressed value is of more than {self.max_expanded_bytes} bytes", 502)
            if not expand.eof:
                raise FastnetError("a compressed value is broken: it is cut short")
        try:
            if flags & FLAG_TEXT:
                return data.decode()
            return int(data) if flags & FLAG_INTEGER else data
        except ValueError:
            raise FastnetError(f"a value is not what its flags, {flags}, say") from None


def exptime_of(ttl_s: float | None) -> int:
    """What memcached takes for a time to live: None is for ever; fractions go up. ValueError if not above 0."""
    if ttl_s is None:
        return 0
    if not 0 < ttl_s < math.inf:
        raise ValueError(f"ttl_s is {ttl_s!r:.50}: a number of seconds above 0, or None for ever")
    seconds = math.ceil(ttl_s)
    return seconds if seconds <= _RELATIVE_MOST_S else int(time.time()) + seconds


def raw_key(key: Key) -> bytes:
    return key.encode() if isinstance(key, str) else key


class Commands:
    """The commands of a client of `nodes`."""

    def __init__(
        self, nodes: Distribution | Sequence[str], packing: Packing, unreachable: Literal["raise", "miss"]
    ) -> None:
        if unreachable not in ("raise", "miss"):
            raise ConfigError("unreachable", unreachable, "'raise' or 'miss'")
        self.distribution = Rendezvous(nodes) if isinstance(nodes, Sequence) else nodes
        self.packing = packing
        self._forgiving = unreachable == "miss"

    def _checked(self, result: Any) -> Any:
        """The event; None where a node cannot be reached and that is a miss."""
        if isinstance(result, Exception):
            if self._forgiving and isinstance(result, OSError):
                return None
            raise result
        return result

    def _line(self, key: Key, data: bytes, again: bool = True) -> Steps[Reply | None]:
        (result,) = yield [Call(self.distribution.node_of(raw_key(key)), data, LINE, again)]
        return self._checked(result)  # type: ignore[no-any-return]

    # --- reading

    def get(self, key: Key, default: Any) -> Steps[Any]:
        found = yield from self.get_many([key])
        return found.get(key, default)

    def get_many(self, keys: Iterable[Key]) -> Steps[dict[Key, Value]]:
        asked = list(keys)
        if not asked:
            return {}
        found: dict[Key, Value] = {}
        for result in (yield self._reads(asked, "get")):
            values: Values | None = self._checked(result)
            if values is None:
                continue
            these: dict[Key, Value] = values.values  # type: ignore[assignment]
            for key, flags in values.flags.items():
                these[key] = self.packing.unpack(values.values[key], flags)
            if found:
                found.update(these)
            else:
                found = these
        return found

    def _reads(self, keys: list[Key], verb: str) -> list[Call]:
        by_node: dict[str, list[Key]] = {}
        if len(self.distribution.nodes) == 1:
            by_node[self.distribution.nodes[0]] = keys
        else:
            for key in keys:
                by_node.setdefault(self.distribution.node_of(raw_key(key)), []).append(key)
        return [
            Call(node, some[at : at + _LINE_KEYS], VALUES, verb=verb)
            for node, some in by_node.items()
            for at in range(0, len(some), _LINE_KEYS)
        ]

    def gets(self, key: Key) -> Steps[tuple[Value, int] | None]:
        (result,) = yield self._reads([key], "gets")
        values: Values | None = self._checked(result)
        if values is None or key not in values.values or key not in values.cas:
            return None
        return self.packing.unpack(values.values[key], values.flags.get(key, 0)), values.cas[key]

    # --- writing

    def store(self, verb: str, key: Key, value: Value, ttl_s: float | None, cas: int | None = None) -> Steps[str]:
        """The reply's kind, or "" from a node that cannot be reached."""
        data, flags = self.packing.pack(value)
        line = encode_store(verb, key, data, flags, exptime_of(ttl_s), cas)
        reply = yield from self._line(key, line, again=verb == "set")
        return reply.kind if reply else ""

    def join(self, verb: str, key: Key, value: bytes) -> Steps[bool]:
        """Append or prepend: bytes only, and never compressed, as they become part of another value."""
        if not isinstance(value, bytes):
            raise TypeError(f"only bytes can be joined to a value, not {type(value).__name__}")
        reply = yield from self._line(key, encode_store(verb, key, value), again=False)
        return reply is not None and reply.kind == "STORED"

    def set_many(self, values: Mapping[Key, Value], ttl_s: float | None) -> Steps[list[Key]]:
        """The keys that were not stored."""
        exptime, calls, keys = exptime_of(ttl_s), [], list(values)
        for key, value in values.items():
            data, flags = self.packing.pack(value)
            calls.append(Call(self.distribution.node_of(raw_key(key)), encode_store("set", key, data, flags, exptime)))
        if not calls:
            return []
        replies = [self._checked(result) for result in (yield calls)]
        return [key for key, reply in zip(keys, replies, strict=True) if reply is None or reply.kind != "STORED"]

    def delete(self, key: Key) -> Steps[bool]:
        reply = yield from self._line(key, encode_command("delete", key))
        return reply is not None and reply.kind == "DELETED"

    def touch(self, key: Key, ttl_s: float | None) -> Steps[bool]:
        reply = yield from self._line(key, encode_command("touch", key, exptime_of(ttl_s)))
        return reply is not None and reply.kind == "TOUCHED"

    def count(self, verb: str, key: Key, delta: int) -> Steps[int | None]:
        reply = yield from self._line(key, encode_command(verb, key, delta), again=False)
        return reply.number if reply is not None else None

    # --- all nodes

    def flush_all(self, delay_s: int) -> Steps[None]:
        words = (delay_s,) if delay_s else ()
        data = encode_command("flush_all", *words)
        for result in (yield [Call(node, data) for node in self.distribution.nodes]):
            self._checked(result)

    def stats(self, words: Sequence[str]) -> Steps[dict[str, dict[str, str]]]:
        nodes = self.distribution.nodes
        results = yield [Call(node, encode_command("stats", *words), STATS) for node in nodes]
        facts = zip(nodes, map(self._checked, results), strict=True)
        return {
            node: {name.decode(): value.decode() for name, value in found.items()}
            for node, found in facts
            if found is not None
        }

    # --- cache-aside

    def get_or_compute(
        self, key: Key, compute: Callable[[], Any], ttl_s: float, lock_s: float, early_s: float | None
    ) -> Steps[Any]:
        """The value of `key`, which one client computes where there is none, or soon none, and the others wait for."""
        node = self.distribution.node_of(raw_key(key))
        early = math.ceil(ttl_s / 10 if early_s is None else early_s)
        flags = [b"v", b"f", b"c", b"N%d" % max(1, math.ceil(lock_s))] + ([b"R%d" % early] if early else [])
        question = Call(node, encode_meta("mg", key, flags))
        pause = _FIRST_PAUSE_S
        while True:
            (result,) = yield [question]
            reply: Reply | None = self._checked(result)
            if reply is None:
                return (yield Compute(compute))  # no cache, but an answer
            marks = {word[:1]: word[1:] for word in reply.words}
            client_flags, data = int(marks.get(b"f", b"0")), reply.value
            if data is None:
                raise ServerRefused(f"{node} does not make an item on a miss: it needs memcached 1.6 or fastnet")
            if b"W" in marks:
                break
            if data or client_flags or b"Z" not in marks:
                return self.packing.unpack(data, client_flags)
            yield Pause(pause)  # the item is another client's place, still empty
            pause = min(2 * pause, _LONGEST_PAUSE_S)
        cas = marks[b"c"]
        try:
            value = yield Compute(compute)
            stored, flags_of = self.packing.pack(value)
        except BaseException:
            if not data and not client_flags:
                yield [Call(node, encode_meta("md", key, [b"C" + cas]))]  # let another one try
            raise
        # Not if it was changed meanwhile: that is newer than what was computed.
        tokens = [b"C" + cas, b"T%d" % exptime_of(ttl_s), b"F%d" % flags_of]
        (result,) = yield [Call(node, encode_meta("ms", key, tokens, stored))]
        self._checked(result)
        return value
