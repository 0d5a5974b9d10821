"""Prints crc_constants.h: python crc_constants.py > crc_constants.h

A CRC of W bits is computed as one of 64 bits whose polynomial is P * x^(64-W), least significant bit first: bit i of a
word is the coefficient of x^(63-i). Then one kernel serves every width. A register of 128 bits holds the product of
two such words times x, so a word that is to multiply by x^n holds x^(n-1).
"""

CRCS = {  # name: width, polynomial without its leading term, are tables of swapped bytes (most significant bit first)
    "crc32": (32, 0x04C11DB7, False),
    "crc32c": (32, 0x1EDC6F41, False),
    "crc64_xz": (64, 0x42F0E1EBA9EA3693, False),
    "crc16_modbus": (16, 0x8005, False),
    "crc16_ccitt": (16, 0x1021, True),
}
FOLDS = [16, 32, 48, 64, 128, 192, 256]  # bytes that a register is moved by
# Bytes that the streams of the fused CRC-32C kernel are moved by; see simd/crc_avx512.c.
STREAM_BYTES, VECTOR_BYTES, TURNS = 24, 256, (16, 48, 128)


def reflected(value: int, width: int = 64) -> int:
    return int(f"{value:0{width}b}"[::-1], 2)


def remainder(value: int, divisor: int) -> int:
    while value.bit_length() >= divisor.bit_length():
        value ^= divisor << (value.bit_length() - divisor.bit_length())
    return value


def quotient(value: int, divisor: int) -> int:
    result = 0
    while (shift := value.bit_length() - divisor.bit_length()) >= 0:
        result |= 1 << shift
        value ^= divisor << shift
    return result


def power(n: int, divisor: int) -> int:
    result = 1
    for bit in f"{n:b}":
        square = sum(1 << (2 * i) for i in range(result.bit_length()) if result >> i & 1)
        result = remainder(square << (bit == "1"), divisor)
    return result


def one_bit_states(width: int, polynomial: int, swapped: bool) -> list[list[int]]:
    """[slice][bit]: the state after a byte of that one bit and `slice` zero bytes."""
    rows = []
    for zeros in range(8):
        row = []
        for bit in range(8):
            at = bit if swapped else 7 - bit  # power of x inside the byte
            state = remainder(1 << (at + 8 * zeros + width), (1 << width) | polynomial)
            row.append(int.from_bytes(state.to_bytes(width // 8), "little") if swapped else reflected(state, width))
        rows.append(row)
    return rows


def main() -> None:
    print("/* Made by crc_constants.py, which says what they mean. */\n#ifndef FASTNET_CRC_CONSTANTS_H")
    print("#define FASTNET_CRC_CONSTANTS_H")
    for name, (width, polynomial, swapped) in CRCS.items():
        digits = width // 4
        print()
        for zeros, row in enumerate(one_bit_states(width, polynomial, swapped)):
            text = [f"0x{state:0{digits}x}u" + "ll" * (width == 64) for state in row]
            lines = [", ".join(text[i : i + 4]) for i in range(0, 8, 4)]
            print(f"#define FN_{name.upper()}_BITS_{zeros} {lines[0]}, \\\n    {lines[1]}")
        if swapped:
            continue
        divisor = ((1 << width) | polynomial) << (64 - width)
        words = [(f"by{n}", (power(8 * n + 63, divisor), power(8 * n - 1, divisor))) for n in FOLDS]
        pairs = ", \\\n    ".join(f".{key} = {{0x{reflected(a):x}u, 0x{reflected(b):x}u}}" for key, (a, b) in words)
        barrett = quotient(1 << 128, divisor) >> 1
        print(f"#define FN_{name.upper()}_FOLDS {pairs}, \\")
        print(f"    .finish = 0x{reflected(power(127, divisor)):x}u, .quotient = 0x{reflected(barrett):x}u, \\")
        print(f"    .divisor = 0x{reflected(divisor >> 1):x}u, .odd = {'~0ull' if divisor & 1 else '0'}, \\")
        print(f"    .polynomial = 0x{reflected(polynomial, width):x}u, .width = {width}")
    print("\n/* CRC-32C: x^n that moves a 32-bit state over so many bytes; the instruction crc32 brings x^33 more. */")
    divisor = (1 << 32) | CRCS["crc32c"][1]
    for turns in TURNS:
        stream, vector = STREAM_BYTES * turns, VECTOR_BYTES * turns
        for key, n in (("STREAM2", 2 * stream), ("STREAM", stream), ("VECTOR", vector)):
            print(f"#define FN_CRC32C_{key}_{turns} 0x{reflected(power(8 * n - 33, divisor), 32):x}u")
    print("\n#endif")


if __name__ == "__main__":
    main()
