"""JSON, from `fastnet.codecs`: values to and from bytes, and streams of them.

loads(b'{"a": 1}', unique_keys=True)
decoder = JSONLines().decoder()
for value in decoder.feed(data): ...
"""

from fastnet.codecs.json import JSONDecodeError, dumps, loads
from fastnet.codecs.json_framing import JSONDecoder, JSONLengthPrefixed, JSONLines, JSONSequence

__all__ = [
    "JSONDecodeError",
    "JSONDecoder",
    "JSONLengthPrefixed",
    "JSONLines",
    "JSONSequence",
    "dumps",
    "loads",
]
