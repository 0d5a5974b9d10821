"""What a strict WebSocket server has to do, case by case, as bytes of ours; the kinds of cases are those of the
Autobahn test suite: framing, pings, reserved bits, opcodes, fragments, UTF-8, closes, limits.

A case is what the client sends, and what it has to get: messages echoed, pongs, then a Close with that code; without a
code the client closes, so that a server which has not failed is seen to be well.
"""

from __future__ import annotations

from dataclasses import dataclass

from fastnet.codecs.websocket import Close, Control, Pong
from tests.codecs import websocket_frames

Event = str | bytes | Control | Close
KEY = b"\x9a\x01\xfe\x37"
TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10
UTF8 = "Hello-µ@ßöäüàá-UTF-8!!"


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, masked: bool = True) -> bytes:
    return websocket_frames.frame(fin << 7 | rsv << 4 | opcode, payload, key=KEY if masked else None)


def parts(opcode: int, *payloads: bytes, between: bytes = b"") -> bytes:
    """One message in fragments, with `between` between each two."""
    last = len(payloads) - 1
    frames = [frame(0 if i else opcode, one, fin=i == last) for i, one in enumerate(payloads)]
    return between.join(frames)


@dataclass(frozen=True)
class Case:
    name: str
    sent: bytes
    got: tuple[Event, ...]
    code: int = 0  # of the server's Close; 0: the client closes, and the server is well

    @property
    def wire(self) -> bytes:
        return self.sent if self.code else self.sent + frame(CLOSE, b"\x03\xe8")


def close_cases() -> list[Case]:
    cases = [
        Case(f"7 close {code}", frame(CLOSE, code.to_bytes(2, "big")), (), code)
        for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)
    ]
    cases += [
        Case(f"7 bad close {code}", frame(CLOSE, code.to_bytes(2, "big")), (), 1002)
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
    ]
    return [
        *cases,
        Case("7 nothing after a close counts", frame(CLOSE, b"\x03\xe8") + frame(TEXT, b"a") + frame(PING), (), 1000),
        Case("7 a close within a message", frame(TEXT, b"a", fin=False) + frame(CLOSE, b"\x03\xe8"), (), 1000),
        Case("7 no code", frame(CLOSE), (), 1005),
        Case("7 half a code", frame(CLOSE, b"\x03"), (), 1002),
        Case("7 a reason of 123 bytes", frame(CLOSE, b"\x03\xe8" + b"*" * 123), (), 1000),
        Case("7 a reason of 124 bytes", frame(CLOSE, b"\x03\xe8" + b"*" * 124), (), 1002),
        Case("7 a reason that is no text", frame(CLOSE, b"\x03\xe8\xce\xba\xe1\xbd\xb9\xcf\x83\xed\xa0\x80"), (), 1007),
    ]


def utf8_cases() -> list[Case]:
    good = [
        "",
        "a",
        "\x00",
        "\x7f",
        "\x80",
        "\u07ff",
        "\u0800",
        "\ud7ff",
        "\ue000",
        "\uffff",
        "\U00010000",
        "\U0010ffff",
        "κόσμε",
        UTF8,
        "x" * 125 + "€",
        "ä" * 500,
    ]
    bad = [
        b"\xff",
        b"\x80",
        b"\xbf",
        b"\xc0\x80",
        b"\xc1\xbf",
        b"\xe0\x80\x80",
        b"\xe0\x9f\xbf",
        b"\xf0\x80\x80\x80",
        b"\xf0\x8f\xbf\xbf",
        b"\xed\xa0\x80",
        b"\xed\xbf\xbf",
        b"\xf4\x90\x80\x80",
        b"\xf5\x80\x80\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\xc2",
        b"\xe2\x82",
        b"\xf0\x9f\x98",
        b"a\xc3(",
        b"x" * 200 + b"\xe2(\xa1",
    ]
    cases = [Case(f"6 {text[:10]!r}", frame(TEXT, text.encode()), (text,)) for text in good]
    for text in good[7:]:
        data = text.encode()
        for size in (1, 2, 3):
            pieces = [data[at : at + size] for at in range(0, len(data), size)]
            cases.append(Case(f"6 {text[:10]!r} by {size}", parts(TEXT, *pieces), (text,)))
    cases += [Case(f"6 bad {data[:8]!r}", frame(TEXT, data), (), 1007) for data in bad]
    cases += [Case(f"6 bad {data[:8]!r} late", parts(TEXT, b"fine", data, b""), (), 1007) for data in bad]
    return [*cases, Case("6 binary is anything", frame(BINARY, bytes(range(256))), (bytes(range(256)),))]


def all_cases() -> list[Case]:
    cases = [
        Case(f"1 {kind} of {n}", frame(kind, b"*" * n), ("*" * n if kind == TEXT else b"*" * n,))
        for kind in (TEXT, BINARY)
        for n in (0, 1, 125, 126, 127, 128, 65535, 65536, 200_000)
    ]
    cases += [
        Case("2 ping", frame(PING), (Pong(),)),
        Case("2 ping with data", frame(PING, b"\x00\xff\xfe"), (Pong(b"\x00\xff\xfe"),)),
        Case("2 ping of 125", frame(PING, b"\xfe" * 125), (Pong(b"\xfe" * 125),)),
        Case("2 ping of 126", frame(PING, b"\xfe" * 126), (), 1002),
        Case("2 a pong that nobody asked for", frame(PONG, b"x"), ()),
        Case("2 a pong, then a ping", frame(PONG) + frame(PING, b"y"), (Pong(b"y"),)),
        Case(
            "2 ten pings",
            b"".join(frame(PING, b"%d" % i) for i in range(10)),
            tuple(Pong(b"%d" % i) for i in range(10)),
        ),
    ]
    for rsv in range(1, 8):
        cases += [
            Case(f"3 rsv {rsv}", frame(TEXT, b"a", rsv=rsv), (), 1002),
            Case(
                f"3 rsv {rsv} after a text", frame(TEXT, b"a") + frame(TEXT, b"b", rsv=rsv) + frame(PING), ("a",), 1002
            ),
            Case(f"3 rsv {rsv} of a ping", frame(PING, rsv=rsv), (), 1002),
            Case(f"3 rsv {rsv} of a close", frame(CLOSE, rsv=rsv), (), 1002),
        ]
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        cases += [
            Case(f"4 opcode {opcode}", frame(opcode), (), 1002),
            Case(
                f"4 opcode {opcode} after a text", frame(TEXT, b"a") + frame(opcode, b"b") + frame(PING), ("a",), 1002
            ),
        ]
    ping = frame(PING, b"!")
    return [
        *cases,
        Case("5 a ping in fragments", parts(PING, b"a", b"b"), (), 1002),
        Case("5 a pong in fragments", parts(PONG, b"a", b"b"), (), 1002),
        Case("5 two fragments", parts(TEXT, b"a", b"b"), ("ab",)),
        Case("5 empty fragments", parts(TEXT, b"", b"", b""), ("",)),
        Case("5 empty around", parts(BINARY, b"", b"mid", b""), (b"mid",)),
        Case("5 a ping between", parts(TEXT, b"a", b"b", between=ping), (Pong(b"!"), "ab")),
        Case("5 pings between", parts(TEXT, *[b"f"] * 5, between=ping * 2), (*[Pong(b"!")] * 8, "fffff")),
        Case("5 a continuation of nothing", frame(CONTINUATION, b"a"), (), 1002),
        Case("5 an unfinished continuation of nothing", frame(CONTINUATION, b"a", fin=False), (), 1002),
        Case("5 a continuation after the end", parts(TEXT, b"a", b"b") + frame(CONTINUATION, b"c"), ("ab",), 1002),
        Case("5 a text in a text", frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"), (), 1002),
        Case(
            "5 a binary in a text",
            parts(TEXT, b"a", b"b") + parts(TEXT, b"c")[:0] + frame(TEXT, b"c", fin=False) + frame(BINARY, b"d"),
            ("ab",),
            1002,
        ),
        *utf8_cases(),
        *close_cases(),
        Case("8 no mask", frame(TEXT, b"a", masked=False), (), 1002),
        Case("8 a ping without a mask", frame(PING, masked=False), (), 1002),
        Case("9 many fragments", parts(BINARY, *[b"x" * 64] * 1000), (b"x" * 64_000,)),
        Case(
            "9 many messages", b"".join(frame(TEXT, b"%d" % i) for i in range(500)), tuple(f"{i}" for i in range(500))
        ),
        Case("9 too large", frame(BINARY, bytes((16 << 20) + 1))[:20], (), 1009),
    ]


CASES = all_cases()
