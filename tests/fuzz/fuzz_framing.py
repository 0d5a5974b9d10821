"""any stream, cut anywhere, by any door, gives the same from every framing.

An input is a framing, with options, cuts, and the stream. The same goes for frames made of the input: what encode()
takes comes back.
"""

import sys
from pathlib import Path
from typing import Any

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

with atheris.instrument_imports(include=["tests.codecs.framings", "fastnet"]):
    from fastnet import framing as f
    from tests.codecs.framings import outcome, pieces_of, same_however_cut

ENDINGS: list[Any] = ["crlf", "lf", "lenient"]
MOST_BYTES = 2000


def choose(data: atheris.FuzzedDataProvider) -> f.Framing[Any, Any]:
    pick, limit = data.ConsumeIntInRange, data.ConsumeIntInRange(0, 255)
    ending = ENDINGS[pick(0, 2)]
    kinds = [
        lambda: f.LengthPrefixed(
            (1, 2, 3, 4, 8)[pick(0, 4)],  # type: ignore[arg-type]
            byteorder=("big", "little")[pick(0, 1)],  # type: ignore[arg-type]
            inclusive=data.ConsumeBool(),
            offset=pick(0, 3),
            max_frame_bytes=limit + 16,
        ),
        lambda: f.Varint(max_frame_bytes=limit),
        lambda: f.Fixed(limit + 1),
        lambda: f.Netstring(max_frame_bytes=limit),
        lambda: f.Delimited(data.ConsumeBytes(pick(1, 3)) or b"a", max_frame_bytes=limit),
        lambda: f.Lines(ending, max_frame_bytes=limit),
        lambda: f.Replies(("smtp", "ftp")[pick(0, 1)], ending=ending, max_frame_bytes=limit + 5),  # type: ignore[arg-type]
        lambda: f.DotStuffed(allow_bare=data.ConsumeBool(), max_frame_bytes=limit),
        lambda: f.CountedBody(
            {b"P": -1, b"s": 1}, ending=ending, ignore_case=data.ConsumeBool(), max_frame_bytes=limit
        ),
        lambda: f.LinesWithLiterals(max_frame_bytes=limit, non_synchronizing=data.ConsumeBool()),
        lambda: f.COBS(max_frame_bytes=limit),
        lambda: f.Checksummed(f.LengthPrefixed(1), before=data.ConsumeBool()),
        lambda: f.Compressed(f.LengthPrefixed(1), max_frame_bytes=limit),
        lambda: f.Telnet(max_frame_bytes=limit),
    ]
    return kinds[pick(0, len(kinds) - 1)]()


def joined(frames: list[Any]) -> list[Any]:
    out: list[Any] = []
    for frame in frames:
        if isinstance(frame, bytes) and out and isinstance(out[-1], bytes):
            out[-1] += frame
        else:
            out.append(frame)
    return out


def check_cuts(framing: f.Framing[Any, Any], stream: bytes, sizes: list[int]) -> list[Any]:
    if not isinstance(framing, f.Telnet):
        return same_however_cut(framing, stream, sizes)[0]
    frames, error, _ = outcome(framing, [stream])  # data come in runs as they arrive
    for pieces in (pieces_of(stream, sizes), pieces_of(stream, [])):
        cut = outcome(framing, pieces)
        assert (joined(cut[0]), cut[1]) == (joined(frames), error), (framing, pieces)
    return frames


def some_frame(framing: f.Framing[Any, Any], data: atheris.FuzzedDataProvider) -> Any:
    body = data.ConsumeBytes(data.ConsumeIntInRange(0, 90))
    if isinstance(framing, f.Fixed):
        return body.ljust(framing.frame_bytes)[: framing.frame_bytes]
    if isinstance(framing, f.LengthPrefixed) and framing.offset:
        return bytes(framing.offset + framing.length_bytes) + body
    if isinstance(framing, f.Replies):
        return data.ConsumeIntInRange(100, 699), body.replace(b"\r", b"").split(b"\n")
    if isinstance(framing, f.CountedBody):
        return (b"P %d" % len(body), body) if data.ConsumeBool() else (body, None)
    if isinstance(framing, f.LinesWithLiterals):
        return data.ConsumeBytes(5), body, data.ConsumeBytes(5)
    if isinstance(framing, f.Telnet) and data.ConsumeBool():
        return f.TelnetCommand(250, data.ConsumeIntInRange(0, 255), body)
    return body


def can_be_sent(framing: f.Framing[Any, Any], frames: list[Any]) -> bytes | None:
    try:
        return framing.encode_many(frames)
    except ValueError:
        return None


def one_input(raw: bytes) -> None:
    data = atheris.FuzzedDataProvider(raw)
    framing = choose(data)
    sizes = [data.ConsumeIntInRange(1, 60) for _ in range(data.ConsumeIntInRange(0, 5))]
    made = [some_frame(framing, data) for _ in range(data.ConsumeIntInRange(0, 6))]
    sent = can_be_sent(framing, made)
    frames = check_cuts(framing, (sent or b"") + data.ConsumeBytes(MOST_BYTES), sizes)
    # What was received can be sent, to be received again. Where it can have come in a form that is not sent (bare CR,
    # more or fewer bytes), it may be refused.
    stream = can_be_sent(framing, frames)
    if stream is None:
        assert not isinstance(framing, f.ByteFraming) or "lenient" in repr(framing), (framing, frames)
    else:
        again, error, _ = outcome(framing, [stream])
        assert error == "", (framing, frames, error)
        assert joined(again) == joined(frames) if isinstance(framing, f.Telnet) else again == frames, (framing, frames)


if __name__ == "__main__":
    # libFuzzer starts itself again, to merge, by what stands first.
    atheris.Setup([f"{sys.executable} {sys.argv[0]}", *sys.argv[1:]], one_input)
    atheris.Fuzz()
