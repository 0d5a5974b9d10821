"""fastnet.compat.httptools beside httptools, on input that is nearly HTTP.

Holds: an input cut anywhere gives the door the same calls or the same error; what both accept calls back the same. The
first byte of an input says whether the others are the text or the numbers of pieces of one.
"""

import random
import sys
from pathlib import Path

import atheris
import httptools

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

with atheris.instrument_imports(include=["tests.compat.test_httptools_parser", "fastnet"]):
    from fastnet.compat import httptools as door
    from tests.compat.test_httptools_parser import run

PIECES = (
    b"GET / HTTP/1.1\r\nHost: h\r\n",
    b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    *(b"GET", b"POST", b"CONNECT", b"OPTIONS", b" ", b" /", b" /a?b", b" *", b" h:1", b" http://h/", b" HTTP/1.1\r\n"),
    *(
        b" HTTP/1.0\r\n",
        b"HTTP/1.1 ",
        b"HTTP/1.0 ",
        b"200 OK\r\n",
        b"204 \r\n",
        b"101 S\r\n",
        b"100 C\r\n",
        b"304 N\r\n",
    ),
    *(b"Host: h\r\n", b"Content-Length: 3\r\n", b"Content-Length: 0\r\n", b"Transfer-Encoding: chunked\r\n"),
    *(
        b"Connection: close\r\n",
        b"Connection: upgrade\r\n",
        b"Connection: keep-alive\r\n",
        b"Upgrade: x\r\n",
        b"A: b\r\n",
    ),
    *(
        b"\r\n",
        b"\r\n\r\n",
        b"abc",
        b"3\r\nabc\r\n",
        b"0\r\n\r\n",
        b"1;a=b\r\nx\r\n",
        b"0\r\nT: 1\r\n\r\n",
        b":",
        b"\x00",
        b"\xff",
    ),
)


def check(data: bytes) -> None:
    pick = random.Random(data)
    at = sorted(pick.randrange(len(data) + 1) for _ in range(3))
    pieces = [data[a:b] for a, b in zip([0, *at], [*at, len(data)], strict=True)]
    for kind in ("HttpRequestParser", "HttpResponseParser"):
        whole = run(door, kind, [data])
        upgraded = whole != [] and whole[-1][0] == "upgrade"  # with the rest of its own piece only
        for cut in (pieces, [data[i : i + 1] for i in range(len(data))]):
            other = run(door, kind, cut)
            last = -1 if upgraded else None
            assert other[:last] == whole[:last], (kind, data, cut, whole, other)
        # White space behind a value is no part of it (RFC 9110, section 5.5); httptools leaves it there.
        theirs = [
            (*call[:2], call[2].rstrip(b" \t")) if call[0] == "on_header" else call
            for call in run(httptools, kind, [data])
        ]
        if ("error",) in whole[-1:] + theirs[-1:]:
            continue
        # Of a head that is not complete httptools has called the callbacks so far, and the door has not.
        heads = [i for i, call in enumerate(theirs) if call[0] == "on_headers_complete"]
        begins = [i for i, call in enumerate(theirs) if call[0] == "on_message_begin"]
        end = begins[-1] if len(begins) > len(heads) else len(theirs)
        assert whole[:end] == theirs[:end] and len(whole) <= end + 1, (kind, data, whole, theirs)


def one_input(raw: bytes) -> None:
    if raw[:1] < b"\x80":
        check(raw[1:])
    else:
        check(b"".join(PIECES[number % len(PIECES)] for number in raw[1:]))


if __name__ == "__main__":
    # libFuzzer starts itself again, to merge, by what stands first.
    atheris.Setup([f"{sys.executable} {sys.argv[0]}", *sys.argv[1:]], one_input)
    atheris.Fuzz()
