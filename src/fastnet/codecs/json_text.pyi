"""What is to know of a JSON text (RFC 8259) before, or after, a parser has read it: one pass over its bytes."""

def survey(text: bytes) -> tuple[int, bool, bool]:
    """(depth, wide, lone) of a JSON text, right if it is one.

    depth: how deeply arrays and objects stand in each other. wide: there may be a number that parsers round, or refuse,
    in their own ways. lone: a string has an escaped surrogate without its other half.
    """

def has_small_float(text: bytes) -> bool:
    """Whether a number in a JSON text without white space may be one that writers spell differently: 1e-05, 0.00001."""

def progress(piece: bytes, depth: int, in_string: bool) -> tuple[int, bool]:
    """(depth, in_string) behind `piece`, a part of a JSON text before which they were as given.

    A piece ends at a line's end, so never inside an escape.
    """
