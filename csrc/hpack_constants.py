"""Prints hpack_constants.h: python hpack_constants.py > hpack_constants.h

The static table and the Huffman code of RFC 7541, appendices A and B. The code is canonical, so the lengths say all:
codes of one length are consecutive numbers in the order of their symbols, and follow those of the lengths before.
"""

from itertools import accumulate

STATIC = """:authority|:method=GET|:method=POST|:path=/|:path=/index.html|:scheme=http|:scheme=https|:status=200
:status=204|:status=206|:status=304|:status=400|:status=404|:status=500|accept-charset
accept-encoding=gzip, deflate|accept-language|accept-ranges|accept|access-control-allow-origin|age|allow
authorization|cache-control|content-disposition|content-encoding|content-language|content-length
content-location|content-range|content-type|cookie|date|etag|expect|expires|from|host|if-match
if-modified-since|if-none-match|if-range|if-unmodified-since|last-modified|link|location|max-forwards
proxy-authenticate|proxy-authorization|range|referer|refresh|retry-after|server|set-cookie
strict-transport-security|transfer-encoding|user-agent|vary|via|www-authenticate"""
# (bits, how many symbols in a row), from symbol 0 on; 256 is the end of a string.
RUNS = """13 1 23 1 28 7 24 1 30 1 28 2 30 1 28 8 30 1 28 9 6 1 10 2 12 1 13 1 6 1 8 1 11 1 10 2 8 1 11 1 8 1 6 3 5
3 6 7 7 1 8 1 15 1 6 1 12 1 10 1 13 1 6 1 7 22 8 1 7 1 8 1 13 1 19 1 13 1 14 1 6 1 15 1 5 1 6 1 5 1 6 1 5
1 6 3 5 1 7 2 6 3 5 1 6 1 7 1 6 1 5 2 6 1 7 5 15 1 11 1 14 1 13 1 28 1 20 1 22 1 20 2 22 3 23 1 22 1 23 5
24 1 23 1 24 2 22 1 23 1 24 1 23 4 21 1 22 1 23 1 22 1 23 2 24 1 22 1 21 1 20 1 22 2 23 2 21 1 23 1 22 2
24 1 21 1 22 1 23 2 21 2 22 1 21 1 23 1 22 1 23 2 20 1 22 3 23 1 22 2 23 1 26 2 20 1 19 1 22 1 23 1 22 1
25 1 26 3 27 2 26 1 24 1 25 1 19 1 21 1 26 1 27 2 26 1 27 1 24 1 21 2 26 2 28 1 27 3 20 1 24 1 20 1 21 1
22 1 21 2 23 1 22 2 25 2 24 2 26 1 23 1 26 1 27 1 26 2 27 5 28 1 27 5 26 1 30 1"""
PRIMARY_BITS, LONGEST = 11, 30


def rows(numbers: list[int], form: str = "{}") -> str:
    out, line = [], ""
    for number in numbers:
        text = form.format(number) + ","
        if len(line) + len(text) > 110:
            out.append(line)
            line = ""
        line += text + " "
    return "\n".join("    " + one.rstrip() for one in [*out, line])


def main() -> None:
    numbers = [int(word) for word in RUNS.split()]
    lengths = [bits for bits, count in zip(numbers[::2], numbers[1::2], strict=True) for _ in range(count)]
    order = sorted(range(257), key=lambda symbol: (lengths[symbol], symbol))
    codes, code, before = [0] * 257, 0, lengths[order[0]]
    first = [0] * (LONGEST + 2)  # the first code of a length, as the top of 32 bits
    rank = [0] * (LONGEST + 2)  # how many symbols have shorter codes
    for place, symbol in enumerate(order):
        code <<= lengths[symbol] - before
        for bits in range(before + 1, lengths[symbol] + 1):
            first[bits], rank[bits] = code << (32 - lengths[symbol]), place
        before = lengths[symbol]
        codes[symbol] = code
        code += 1
    first[LONGEST + 1] = 1 << 32
    assert lengths[256] == LONGEST and codes[256] == (1 << LONGEST) - 1
    primary = [0] * (1 << PRIMARY_BITS)
    for symbol in range(256):
        if lengths[symbol] <= PRIMARY_BITS:
            start = codes[symbol] << (PRIMARY_BITS - lengths[symbol])
            for i in range(1 << (PRIMARY_BITS - lengths[symbol])):
                primary[start + i] = lengths[symbol] << 8 | symbol
    fields = [line.partition("=")[::2] for line in STATIC.replace("\n", "|").split("|")]
    assert len(fields) == 61
    starts = [0, *accumulate(len(name) + len(value) for name, value in fields)]
    names = sorted({name: i for i, (name, _) in reversed(list(enumerate(fields, 1)))}.items(), key=lambda n: len(n[0]))
    longest_name = len(names[-1][0])
    by_length = [sum(len(name) < size for name, _ in names) for size in range(longest_name + 2)]
    print("/* Printed by hpack_constants.py, which says what these are. */")
    print("#include <stdint.h>\n")
    print("enum {")
    print(f"    PRIMARY_BITS = {PRIMARY_BITS}, LONGEST_CODE = {LONGEST}, LONGEST_STATIC_NAME = {longest_name}")
    print("};")
    print("\n/* Names and values of the static table, without anything between them. */")
    print("static const char static_bytes[] =")
    for i, (name, value) in enumerate(fields):
        print(f'    "{name}" "{value}"' + (";" if i == 60 else ""))
    print("\n/* Where they are, from index 1 on. */\nstatic const struct {\n    uint16_t at;")
    print("    uint8_t name_len, value_len;\n} static_table[62] = {\n    {0, 0, 0},")
    for (name, value), at in zip(fields, starts, strict=False):
        print(f"    {{{at}, {len(name)}, {len(value)}}},")
    print("};\n\n/* The first index of each name, short names first; where the names of a length begin in that. */")
    print(f"static const uint8_t static_names[{len(names)}] = {{\n{rows([i for _, i in names])}\n}};")
    print(f"static const uint8_t static_lengths[{len(by_length)}] = {{\n{rows(by_length)}\n}};")
    print("\n/* Huffman code of each byte: bits, and how many of them. */")
    print(f"static const uint32_t huffman_codes[256] = {{\n{rows(codes[:256], '0x{:x}')}\n}};")
    print(f"static const uint8_t huffman_lengths[256] = {{\n{rows(lengths[:256])}\n}};")
    print("\n/* By the next PRIMARY_BITS bits: length << 8 | byte, or 0 where the code is longer. */")
    print(f"static const uint16_t huffman_primary[1 << PRIMARY_BITS] = {{\n{rows(primary)}\n}};")
    print("\n/* Of longer ones: the first code of each length at the top of 32 bits, and what it stands for. */")
    print(f"static const uint64_t huffman_first[LONGEST_CODE + 2] = {{\n{rows(first, '0x{:x}u')}\n}};")
    print(f"static const uint16_t huffman_rank[LONGEST_CODE + 2] = {{\n{rows(rank)}\n}};")
    print(f"static const uint16_t huffman_order[257] = {{\n{rows(order)}\n}};")


if __name__ == "__main__":
    main()
