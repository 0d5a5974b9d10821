"""Frames inside frames: with a checksum, or compressed. What carries them is any framing of bytes."""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint32_t

from fastnet.codecs.checksum cimport update_crc32c
from fastnet.codecs.framing cimport Framing, check_limit

import importlib
import zlib

from fastnet.errors import ConfigError, LimitExceeded, ProtocolError

cdef enum:
    LIMIT_BYTES = 1 << 20
    CHECKSUM_BYTES = 4
    WINDOW_LOG_MAX = 23       # 8 MiB: what RFC 8878, section 3.1.1.1.2, asks every decoder to take


cdef Framing carrier(object inner):
    if not isinstance(inner, Framing) or not (<Framing>inner).is_bytes:
        raise ConfigError("inner", inner, "a framing whose frames are bytes")
    return inner


@cython.final
cdef class Checksummed(Framing):
    """Frames with their CRC-32C behind or before them, inside those of another framing."""

    _options = ("inner", "byteorder", "before")
    cdef readonly Framing inner
    cdef readonly str byteorder
    cdef readonly bint before

    def __cinit__(self, inner, *, byteorder="big", before=False):
        self.inner = carrier(inner)
        if byteorder not in ("big", "little"):
            raise ConfigError("byteorder", byteorder, "'big' or 'little'")
        if self.inner.max_frame_bytes < CHECKSUM_BYTES:
            raise ConfigError("inner", inner, f"a limit of {CHECKSUM_BYTES} bytes at least, for the checksum")
        self.is_bytes = True
        self.byteorder = byteorder
        self.before = before
        self.how = self.inner.how
        self.max_frame_bytes = self.inner.max_frame_bytes - CHECKSUM_BYTES

    cdef object unwrap(self, const char *p, Py_ssize_t n):
        cdef Py_ssize_t size
        cdef uint32_t sent, found
        cdef const char *sum
        cdef object whole = None
        if not self.inner.is_plain:
            whole = self.inner.unwrap(p, n)
            if whole is None:
                return None
            p, n = PyBytes_AS_STRING(whole), PyBytes_GET_SIZE(whole)
        size = n - CHECKSUM_BYTES
        if size < 0:
            raise ProtocolError(f"a frame of {n} bytes has no room for its checksum")
        sum = p if self.before else p + size
        if self.before:
            p += CHECKSUM_BYTES
        sent = int.from_bytes(PyBytes_FromStringAndSize(sum, CHECKSUM_BYTES), self.byteorder)
        found = update_crc32c(0, p, size)
        if sent != found:
            raise ProtocolError(f"the checksum of a frame is {found:#010x}, sent was {sent:#010x}")
        return PyBytes_FromStringAndSize(p, size)

    def encode_many(self, frames, /):
        return self.inner.encode_many([self.sealed(bytes(memoryview(frame))) for frame in frames])

    cdef bytes sealed(self, bytes frame):
        cdef uint32_t value = update_crc32c(0, PyBytes_AS_STRING(frame), PyBytes_GET_SIZE(frame))
        cdef bytes sum = (<object>value).to_bytes(CHECKSUM_BYTES, self.byteorder)
        return sum + frame if self.before else frame + sum


@cython.final
cdef class Compressed(Framing):
    """Frames compressed each by itself, inside those of another framing."""

    _options = ("inner", "algorithm", "level", "max_frame_bytes")
    cdef readonly Framing inner
    cdef readonly str algorithm
    cdef readonly object level
    cdef object _compress, _new_decompressor, _error

    def __cinit__(self, inner, algorithm="zlib", *, level=None, max_frame_bytes=LIMIT_BYTES):
        self.inner = carrier(inner)
        self.is_bytes = True
        self.how = self.inner.how
        self.max_frame_bytes = check_limit("max_frame_bytes", max_frame_bytes)
        if algorithm == "zlib":
            lowest, highest = -1, 9
        elif algorithm == "zstd":
            zstd = find_zstd()
            lowest, highest = zstd.CompressionParameter.compression_level.bounds()
        else:
            raise ConfigError("algorithm", algorithm, "'zlib' or 'zstd'")
        if level is not None and (not isinstance(level, int) or not lowest <= level <= highest):
            raise ConfigError("level", level, f"None, or a number from {lowest} to {highest}")
        self.algorithm, self.level = algorithm, level
        if algorithm == "zlib":
            self._compress = lambda data: zlib.compress(data, -1 if level is None else level)
            self._new_decompressor, self._error = zlib.decompressobj, zlib.error
        else:
            # What a frame may make us allocate has a limit, too, whatever window it asks for.
            window = max(WINDOW_LOG_MAX, int(max_frame_bytes).bit_length())
            window = min(window, zstd.DecompressionParameter.window_log_max.bounds()[1])
            options = {zstd.DecompressionParameter.window_log_max: window}
            self._compress = lambda data: zstd.compress(data, level)
            self._new_decompressor = lambda: zstd.ZstdDecompressor(options=options)
            self._error = zstd.ZstdError

    cdef object unwrap(self, const char *p, Py_ssize_t n):
        whole = self.inner.unwrap(p, n)
        if whole is None:
            return None
        decompressor = self._new_decompressor()
        try:
            # One byte more than allowed: enough to see that there is more, and, where there is not, the end.
            frame = decompressor.decompress(whole, self.max_frame_bytes + 1)
        except self._error as error:
            raise ProtocolError(f"a frame is not {self.algorithm}: {error}") from None
        if <size_t>len(frame) > self.max_frame_bytes:
            raise LimitExceeded(f"a frame has more than {self.max_frame_bytes} bytes when decompressed", 413)
        if not decompressor.eof:
            raise ProtocolError(f"a frame of {self.algorithm} is cut short")
        if decompressor.unused_data:
            raise ProtocolError(f"there are {len(decompressor.unused_data)} bytes behind a frame of {self.algorithm}")
        return frame

    def encode_many(self, frames, /):
        return self.inner.encode_many([self.packed(bytes(memoryview(frame))) for frame in frames])

    cdef bytes packed(self, bytes frame):
        if <size_t>len(frame) > self.max_frame_bytes:
            raise ValueError(f"a frame of {len(frame)} bytes cannot be sent: the limit is {self.max_frame_bytes}")
        return self._compress(frame)


cdef object find_zstd():
    for name in ("compression.zstd", "backports.zstd"):
        try:
            return importlib.import_module(name)
        except ImportError:
            pass
    raise ConfigError("algorithm", "zstd", "'zlib'; or Python 3.14, or the package backports.zstd")
