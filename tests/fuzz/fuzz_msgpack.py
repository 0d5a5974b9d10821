"""msgpack-python and fastnet.msgpack agree on any input and options.

An input is options, cuts, and bytes. The bytes unpacked whole, byte by byte and in cuts give what msgpack-python gives;
what came out is packed to the same bytes by both, into a buffer of the caller, too, and unpacks to the same again.
"""

import sys
from pathlib import Path
from typing import Any

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

with atheris.instrument_imports(include=["tests.codecs.msgpack_oracle", "fastnet"]):
    import fastnet.msgpack as ours
    from tests.codecs import msgpack_oracle as oracle

import msgpack as theirs

MOST_BYTES = 2000
UNLIMITED: dict[str, Any] = dict.fromkeys(("max_str_len", "max_bin_len", "max_ext_len"), 1 << 32)


def unpack_options(data: atheris.FuzzedDataProvider) -> dict[str, Any]:
    options: dict[str, Any] = {
        "use_list": data.ConsumeBool(),
        "raw": data.ConsumeBool(),
        "timestamp": data.ConsumeIntInRange(0, 3),
        "strict_map_key": data.ConsumeBool(),
        "unicode_errors": (None, "strict", "ignore", "surrogateescape")[data.ConsumeIntInRange(0, 3)],
        "max_array_len": (-1, 0, 1, 5)[data.ConsumeIntInRange(0, 3)],
        "max_map_len": (-1, 0, 1, 5)[data.ConsumeIntInRange(0, 3)],
        "ext_hook": lambda code, payload: (code, payload),
    }
    hook = data.ConsumeIntInRange(0, 5)
    if hook < 3:
        options |= ({"object_hook": len}, {"object_pairs_hook": tuple}, {"list_hook": len})[hook]
    return options


def objects(unpacker: Any, pieces: list[bytes]) -> list[Any]:
    found: list[Any] = []
    try:
        for piece in pieces:
            unpacker.feed(piece)
            for value in unpacker:
                found.append(oracle.canonical(value))
    except Exception as error:
        return [*found, oracle.error_name(error)]
    return [*found, unpacker.tell()]


def same_bytes(value: Any, options: dict[str, Any]) -> None:
    oracle.compare_pack(value, options)
    try:
        packed = ours.packb(value, **options)
    except Exception:
        return
    buffer = bytearray(len(packed))
    assert ours.Packer(**options).pack_into(value, buffer) == len(packed) and buffer == packed
    again = ours.Unpacker(bin_views=True, strict_map_key=False, unicode_errors="surrogatepass")
    for byte in packed:
        again.feed(bytes([byte]))
    list(again)
    ours.Packer(default=repr).pack(again.unpack_all())


def one_input(raw: bytes) -> None:
    data = atheris.FuzzedDataProvider(raw)
    options = unpack_options(data)
    pack_options = {
        "use_single_float": data.ConsumeBool(),
        "use_bin_type": data.ConsumeBool(),
        "strict_types": data.ConsumeBool(),
        "default": (None, repr)[data.ConsumeIntInRange(0, 1)],
    }
    cuts = [data.ConsumeIntInRange(1, 40) for _ in range(4)]
    text = data.ConsumeBytes(MOST_BYTES)
    if b"\xc9\xff\xff\xff\xff" in text:
        return  # msgpack-python adds one to the length of this ext in 32 bits
    pieces, at = [], 0
    while at < len(text):
        size = cuts[len(pieces) % len(cuts)]
        pieces.append(text[at : at + size])
        at += size
    oracle.compare_unpack(text, options)
    expected = objects(theirs.Unpacker(**options, **UNLIMITED), [text])
    for cut in ([text], pieces, [bytes([byte]) for byte in text]):
        found = objects(ours.Unpacker(**options, **UNLIMITED), cut)
        assert found == expected, (options, cut, found, expected)
    objects(ours.Unpacker(bin_views=True, max_depth=5, max_buffer_size=100), pieces)
    for code in "bHqfd":
        try:
            numbers = ours.unpack_array(text, code)
        except (ValueError, ours.UnpackException):
            continue
        assert ours.unpack_array(ours.pack_array(numbers), code).tobytes() == numbers.tobytes()
    try:
        value = ours.unpackb(text, strict_map_key=False, unicode_errors="surrogatepass")
    except Exception:
        return
    same_bytes(value, pack_options)


if __name__ == "__main__":
    # libFuzzer starts itself again, to merge, by what stands first.
    atheris.Setup([f"{sys.executable} {sys.argv[0]}", *sys.argv[1:]], one_input)
    atheris.Fuzz()
