"""All compiled modules in two interpreters that each have a GIL, at work in two threads at once; run by .ci.

A script, since a test process has one interpreter. A crash, or a module that refuses to load, is what it looks for.
"""

import importlib.util
import sys
import threading
from pathlib import Path

import fastnet

ROOT = Path(fastnet.__file__).parents[1]
# Not the load generator, which imports datetime: CPython 3.13.0 crashes when two interpreters do that at once.
FLOORS = ("codecs", "protocols", "compat", "apps", "servers")
FILES = [path.relative_to(ROOT) for floor in FLOORS for path in (ROOT / "fastnet" / floor).glob("*.so")]
MODULES = sorted(".".join(path.with_name(path.name.partition(".")[0]).parts) for path in FILES)
LOAD = f"""
import importlib, sys
sys.path[:] = {sys.path!r}
for name in {MODULES!r}:
    importlib.import_module(name)
    assert "_datetime" not in sys.modules, name + " imports datetime, which crashes CPython 3.13.0 when two do it"
"""
USE = """
import zlib
from fastnet import msgpack
from fastnet.codecs.checksum import Checksum, crc32
from fastnet.codecs.http1 import Limits, parse_request, parse_requests, parse_url
from fastnet.errors import LimitExceeded, ProtocolError
from fastnet.protocols.http1_events import ServerConnection

HEAD = b"GET /a?b HTTP/1.1\\r\\nHost: example.org\\r\\nX-Unusual: 2\\r\\n\\r\\n"
for i in range(3000):
    data = str(i).encode() * 9
    message = [i, {"key": [i * 0.5, None, data]}, msgpack.Timestamp(i), msgpack.ExtType(5, data)]
    assert msgpack.Unpacker().unpack_all(msgpack.packb(message) * 2) == [message, message]
    assert crc32(data) == zlib.crc32(data) == int(Checksum("crc32", data).hexdigest(), 16)
    request = parse_request(HEAD)
    assert request.headers == [(b"host", b"example.org"), (b"x-unusual", b"2")] and request.method == "GET"
    assert len(parse_requests(HEAD * 3)[0]) == 3 and parse_url("http://[::1]:80/p").host == b"::1"
    space, one_more = HEAD.replace(b"Host:", b"Host :"), HEAD[:-2] + b"A: b\\r\\n\\r\\n"
    for bad, error in ((space, ProtocolError), (one_more, LimitExceeded)):
        try:
            parse_request(bad, 0, Limits(max_fields=2))
        except error:
            pass
        else:
            raise AssertionError(bad)
    connection = ServerConnection()
    connection.receive_data(HEAD)
    assert connection.next_event().target == "/a?b"
"""


def main() -> None:
    if importlib.util.find_spec("_interpreters") is None:
        print("own GIL: interpreters cannot be made by this Python")
        return
    import _interpreters

    failures = []

    def work(code: str) -> None:
        interpreter = _interpreters.create("isolated")
        for _ in range(2):
            failures.append(_interpreters.run_string(interpreter, code))
        _interpreters.destroy(interpreter)

    for _ in range(3):   # the first time nobody has loaded them; later the main interpreter has too
        threads = [threading.Thread(target=work, args=(LOAD + USE,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        if failures:
            exec(LOAD + USE, {})
        for thread in threads:
            thread.join()
    assert failures == [None] * 12, next(filter(None, failures)).formatted
    print(f"own GIL: {len(MODULES)} modules in 7 interpreters")


if __name__ == "__main__":
    main()
