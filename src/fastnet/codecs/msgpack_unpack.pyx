"""unpackb(): the object that a buffer holds, with the options of msgpack-python 1.x."""

from cpython.buffer cimport (
    PyBUF_FULL_RO, PyBUF_READ, PyBuffer_IsContiguous, PyBuffer_Release, PyObject_GetBuffer,
)
from cpython.object cimport PyObject
from libc.stdint cimport uint8_t
from libc.string cimport memset

from fastnet.codecs.cmsgpack cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE, Py_INCREF, fn_failed, fn_steal
from fastnet.codecs.msgpack_decode cimport (
    DEPTH_DEFAULT, Decoder, decode, decoder_free, decoder_init, decoder_options,
)
from fastnet.codecs.msgpack_types import ExtraData, ExtType, Truncated

cdef extern from "Python.h":
    object PyMemoryView_GetContiguous(object o, int kind, char order)

ctypedef int (*decode_function)(Decoder *d, const uint8_t **at, const uint8_t *end, PyObject **result,
                                object packed) noexcept

cdef enum:
    LENGTH_MOST = 0xffffffff


cdef object contiguous(object data, Py_buffer *view):
    """The data's bytes in one piece; returns what must be held, too, while they are used."""
    PyObject_GetBuffer(data, view, PyBUF_FULL_RO)
    if view.itemsize != 1:
        PyBuffer_Release(view)
        raise BufferError("cannot unpack from multi-byte object")
    if not PyBuffer_IsContiguous(view, b"C"):
        PyBuffer_Release(view)
        data = PyMemoryView_GetContiguous(data, PyBUF_READ, b"C")
        PyObject_GetBuffer(data, view, PyBUF_FULL_RO)
    return data


cdef int decode_viewed(Decoder *d, const uint8_t **at, const uint8_t *end, PyObject **result, object packed) except -1:
    if packed is not None:
        look = memoryview(packed).cast("B")
        d.view = <PyObject *>look
        Py_INCREF(d.view)
    return decode(d, at, end, result)


def unpackb(packed, *, object_hook=None, list_hook=None, bint use_list=True, bint raw=False, int timestamp=0,
            bint strict_map_key=True, unicode_errors=None, object_pairs_hook=None, ext_hook=ExtType,
            Py_ssize_t max_str_len=-1, Py_ssize_t max_bin_len=-1, Py_ssize_t max_array_len=-1,
            Py_ssize_t max_map_len=-1, Py_ssize_t max_ext_len=-1, Py_ssize_t max_depth=DEPTH_DEFAULT,
            bint bin_views=False):
    cdef Decoder d
    cdef Py_buffer view
    cdef const uint8_t *at
    cdef const uint8_t *end
    cdef PyObject *result
    cdef int done
    decoder_options(&d, object_hook, list_hook, use_list, raw, timestamp, strict_map_key, unicode_errors,
                    object_pairs_hook, ext_hook, bin_views, max_depth)
    decoder_init(&d)
    if PyBytes_CheckExact(<PyObject *>packed):
        memset(&view, 0, sizeof(view))
        view.buf = PyBytes_AS_STRING(<PyObject *>packed)
        view.len = PyBytes_GET_SIZE(<PyObject *>packed)
        data = None
    else:
        data = contiguous(packed, &view)
    # By default a str, bin or ext may be as long as it likes: longer than the input it is incomplete.
    d.max_str_len = max_str_len if max_str_len != -1 else LENGTH_MOST
    d.max_bin_len = max_bin_len if max_bin_len != -1 else LENGTH_MOST
    d.max_ext_len = max_ext_len if max_ext_len != -1 else LENGTH_MOST
    d.max_array_len = max_array_len if max_array_len != -1 else view.len
    d.max_map_len = max_map_len if max_map_len != -1 else view.len // 2
    at = d.base = <const uint8_t *>view.buf
    end = at + view.len
    # try/finally would cost more than a small message does.
    done = (<decode_function>decode_viewed)(&d, &at, end, &result, packed if bin_views else None)
    rest = None
    if done > 0 and at != end:
        rest = (<const char *>at)[:end - at]
    decoder_free(&d)
    PyBuffer_Release(&view)
    if done > 0:
        if at != end:
            raise ExtraData(fn_steal(result), rest)
        return fn_steal(result)
    if done == 0:
        raise Truncated("Unpack failed: incomplete input")
    fn_failed()
