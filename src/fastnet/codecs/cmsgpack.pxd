# The C kernels of csrc/include/fastnet/msgpack.h, and what Python's C API lets their users do quickly.
# For the extensions that own them (codecs/msgpack_*).
from cpython.object cimport PyObject, PyTypeObject
from libc.stddef cimport ptrdiff_t
from libc.stdint cimport int8_t, int64_t, uint8_t, uint32_t, uint64_t

cdef extern from "fastnet/msgpack.h" nogil:
    enum:
        FN_PARTIAL
        FN_INVALID
        FN_MSGPACK_HEAD_MAX
        FN_MSGPACK_TIMESTAMP_MAX
        FN_MSGPACK_TIMESTAMP

    ctypedef enum fn_msgpack_kind:
        FN_MSGPACK_NIL
        FN_MSGPACK_FALSE
        FN_MSGPACK_TRUE
        FN_MSGPACK_UINT
        FN_MSGPACK_INT
        FN_MSGPACK_FLOAT
        FN_MSGPACK_STR
        FN_MSGPACK_BIN
        FN_MSGPACK_EXT
        FN_MSGPACK_ARRAY
        FN_MSGPACK_MAP

    ctypedef union fn_msgpack_number "__typeof__(((fn_msgpack_head *)0)->value)":
        uint64_t u
        int64_t i
        double f

    ctypedef struct fn_msgpack_head:
        fn_msgpack_kind kind
        int8_t ext_type
        uint32_t length
        fn_msgpack_number value

    uint64_t fn_msgpack_load64(const uint8_t *p)
    uint32_t fn_msgpack_load32(const uint8_t *p)
    unsigned fn_msgpack_head_size(uint8_t first)
    ptrdiff_t fn_msgpack_read(const void *buf, size_t length, fn_msgpack_head *head)
    ptrdiff_t fn_msgpack_read_timestamp(const void *buf, size_t length, int64_t *seconds, uint32_t *nanoseconds)

    size_t fn_msgpack_put_uint(uint8_t *out, uint64_t value)
    size_t fn_msgpack_put_int(uint8_t *out, int64_t value)
    size_t fn_msgpack_put_double(uint8_t *out, double value)
    size_t fn_msgpack_put_float(uint8_t *out, float value)
    size_t fn_msgpack_put_str(uint8_t *out, uint32_t length, int str8)
    size_t fn_msgpack_put_bin(uint8_t *out, uint32_t length)
    size_t fn_msgpack_put_ext(uint8_t *out, int8_t ext_type, uint32_t length)
    size_t fn_msgpack_put_array(uint8_t *out, uint32_t length)
    size_t fn_msgpack_put_map(uint8_t *out, uint32_t length)
    size_t fn_msgpack_put_timestamp(uint8_t *out, int64_t seconds, uint32_t nanoseconds)

    ctypedef struct fn_msgpack_walk:
        uint64_t *left
        uint32_t depth
        uint32_t depth_most
        size_t consumed
        uint8_t done

    void fn_msgpack_walk_init(fn_msgpack_walk *walk, uint64_t *left, uint32_t depth_most, int utf8)
    ptrdiff_t fn_msgpack_skip(fn_msgpack_walk *walk, const void *buf, size_t length)
    int fn_msgpack_utf8(const void *buf, size_t length)

    ctypedef enum fn_msgpack_type:
        FN_MSGPACK_I8
        FN_MSGPACK_U8
        FN_MSGPACK_I16
        FN_MSGPACK_U16
        FN_MSGPACK_I32
        FN_MSGPACK_U32
        FN_MSGPACK_I64
        FN_MSGPACK_U64
        FN_MSGPACK_F32
        FN_MSGPACK_F64

    size_t fn_msgpack_type_size(fn_msgpack_type type)
    size_t fn_msgpack_put_items(uint8_t *out, fn_msgpack_type type, const void *items, size_t n)
    ptrdiff_t fn_msgpack_read_items(fn_msgpack_type type, void *items, size_t n, const void *buf, size_t length,
                                    size_t *items_read)


cdef extern from *:
    """
    #ifndef FN_MSGPACK_PYTHON
    #define FN_MSGPACK_PYTHON
    #include "fastnet/msgpack.h"

    /* An int of one digit, which nearly all are, without a call. */
    static inline int fn_small_int(PyObject *o, int64_t *value) {
    #if PY_VERSION_HEX >= 0x030C0000
        if (!PyUnstable_Long_IsCompact((PyLongObject *)o)) return 0;
        *value = PyUnstable_Long_CompactValue((PyLongObject *)o);
    #else
        Py_ssize_t size = Py_SIZE(o);
        if (size < -1 || size > 1) return 0;
        *value = size * (int64_t)((PyLongObject *)o)->ob_digit[0];
    #endif
        return 1;
    }

    /* An item of an exact list of which another thread may take it away where there is no GIL; give it back. */
    #ifdef Py_GIL_DISABLED
    #define fn_list_take(list, i) PyList_GetItemRef(list, i)
    #define fn_list_give(item) Py_DECREF(item)
    #else
    #define fn_list_take(list, i) PyList_GET_ITEM(list, i)
    #define fn_list_give(item) ((void)(item))
    #endif

    /* A list under construction: its size is always the number of items in it, so that whoever meets it finds it
     * whole. `items` is room to fill without a call. */
    static inline PyObject *fn_list_new(Py_ssize_t items) {
        PyObject *list = PyList_New(items);
        if (list != NULL) Py_SET_SIZE(list, 0);
        return list;
    }

    static inline int fn_list_add(PyObject *list, PyObject *item) {
        PyListObject *l = (PyListObject *)list;
        Py_ssize_t n = Py_SIZE(list);
        if (n < l->allocated) {
            l->ob_item[n] = item;
            Py_SET_SIZE(list, n + 1);
            return 0;
        }
        int failed = PyList_Append(list, item);
        Py_DECREF(item);
        return failed;
    }

    static inline PyObject *fn_dict_new(Py_ssize_t pairs) {
    #if PY_VERSION_HEX < 0x030D0000
        if (pairs > 5) return _PyDict_NewPresized(pairs);
    #endif
        (void)pairs;
        return PyDict_New();
    }

    static inline int fn_is_ascii(const uint8_t *p, size_t n) {
        const uint64_t high = 0x8080808080808080u;
        if (n >= 8) {
            uint64_t all = fn_msgpack_load64(p + n - 8);
            for (size_t i = 0; i + 8 < n; i += 8) all |= fn_msgpack_load64(p + i);
            return (all & high) == 0;
        }
        if (n >= 4) return ((fn_msgpack_load32(p) | fn_msgpack_load32(p + n - 4)) & 0x80808080u) == 0;
        return n == 0 || ((p[0] | p[n / 2] | p[n - 1]) & 0x80) == 0;
    }

    /* memcpy() by overlapping moves: most names and words are short, and a call would take longer. */
    static inline void fn_copy(void *to, const void *from, size_t n) {
        uint8_t *t = (uint8_t *)to;
        const uint8_t *f = (const uint8_t *)from;
        if (n > 32) {
            memcpy(t, f, n);
        } else if (n >= 16) {
            uint64_t a[2], b[2];
            memcpy(a, f, 16);
            memcpy(b, f + n - 16, 16);
            memcpy(t, a, 16);
            memcpy(t + n - 16, b, 16);
        } else if (n >= 8) {
            uint64_t a, b;
            memcpy(&a, f, 8);
            memcpy(&b, f + n - 8, 8);
            memcpy(t, &a, 8);
            memcpy(t + n - 8, &b, 8);
        } else if (n >= 4) {
            uint32_t a, b;
            memcpy(&a, f, 4);
            memcpy(&b, f + n - 4, 4);
            memcpy(t, &a, 4);
            memcpy(t + n - 4, &b, 4);
        } else if (n) {
            uint8_t a = f[0], b = f[n >> 1], c = f[n - 1];
            t[0] = a;
            t[n >> 1] = b;
            t[n - 1] = c;
        }
    }

    static inline PyObject *fn_str_new(const uint8_t *p, Py_ssize_t n, const char *errors) {
        /* Python keeps the strings of one character; its decoder knows them. */
        if (n > 1 && fn_is_ascii(p, (size_t)n)) {
            PyObject *s = PyUnicode_New(n, 127);
            if (s != NULL) fn_copy(PyUnicode_1BYTE_DATA(s), p, (size_t)n);
            return s;
        }
        return PyUnicode_DecodeUTF8((const char *)p, n, errors);
    }

    /* A new reference as an object, without counting it again. */
    #define fn_steal(o) ((PyObject *)(o))
    /* For a cdef function: "the exception that is set". */
    static inline int fn_failed(void) { return -1; }
    #endif
    """
    int fn_failed() except -1
    object fn_steal(PyObject *o)
    void fn_copy(void *to, const void *origin, size_t n) noexcept
    bint fn_small_int(PyObject *o, int64_t *value) noexcept
    PyObject *fn_list_take(PyObject *list, Py_ssize_t i) noexcept
    void fn_list_give(PyObject *item) noexcept
    PyObject *fn_list_new(Py_ssize_t items) noexcept
    int fn_list_add(PyObject *list, PyObject *item) noexcept
    PyObject *fn_dict_new(Py_ssize_t pairs) noexcept
    PyObject *fn_str_new(const uint8_t *p, Py_ssize_t n, const char *errors) noexcept


cdef extern from "Python.h":
    PyTypeObject PyUnicode_Type, PyLong_Type, PyFloat_Type, PyDict_Type, PyList_Type, PyTuple_Type, PyBytes_Type
    PyObject *Py_None
    PyObject *Py_True
    PyObject *Py_False
    PyTypeObject *Py_TYPE(PyObject *o) noexcept
    Py_ssize_t Py_REFCNT(PyObject *o) noexcept
    void Py_INCREF(PyObject *o) noexcept
    void Py_DECREF(PyObject *o) noexcept
    void Py_XDECREF(PyObject *o) noexcept
    bint PyLong_Check(PyObject *o) noexcept
    bint PyFloat_Check(PyObject *o) noexcept
    bint PyUnicode_Check(PyObject *o) noexcept
    bint PyUnicode_CheckExact(PyObject *o) noexcept
    bint PyBytes_Check(PyObject *o) noexcept
    bint PyBytes_CheckExact(PyObject *o) noexcept
    bint PyByteArray_Check(PyObject *o) noexcept
    bint PyByteArray_CheckExact(PyObject *o) noexcept
    bint PyMemoryView_Check(PyObject *o) noexcept
    bint PyDict_Check(PyObject *o) noexcept
    bint PyList_Check(PyObject *o) noexcept
    bint PyTuple_Check(PyObject *o) noexcept

    double PyFloat_AS_DOUBLE(PyObject *o) noexcept
    long long PyLong_AsLongLongAndOverflow(PyObject *o, int *overflow) noexcept
    unsigned long long PyLong_AsUnsignedLongLong(PyObject *o) noexcept
    bint PyUnicode_IS_COMPACT_ASCII(PyObject *o) noexcept
    Py_ssize_t PyUnicode_GET_LENGTH(PyObject *o) noexcept
    uint8_t *PyUnicode_1BYTE_DATA(PyObject *o) noexcept
    const char *PyUnicode_AsUTF8AndSize(PyObject *o, Py_ssize_t *size) except NULL
    bytes PyUnicode_AsEncodedString(object o, const char *encoding, const char *errors)
    char *PyBytes_AS_STRING(PyObject *o) noexcept
    Py_ssize_t PyBytes_GET_SIZE(PyObject *o) noexcept
    Py_ssize_t PyList_GET_SIZE(PyObject *o) noexcept
    Py_ssize_t PyTuple_GET_SIZE(PyObject *o) noexcept
    PyObject *PyTuple_GET_ITEM(PyObject *o, Py_ssize_t i) noexcept
    Py_ssize_t PyDict_Size(PyObject *o) noexcept
    bint PyDict_Next(PyObject *o, Py_ssize_t *at, PyObject **key, PyObject **value) noexcept

    PyObject *new_bytes "PyBytes_FromStringAndSize" (const char *p, Py_ssize_t n) except NULL
    int resize_bytes "_PyBytes_Resize" (PyObject **o, Py_ssize_t n) except -1
    PyObject *new_int "PyLong_FromLongLong" (long long value) noexcept
    PyObject *new_uint "PyLong_FromUnsignedLongLong" (unsigned long long value) noexcept
    PyObject *new_float "PyFloat_FromDouble" (double value) noexcept
    PyObject *bytes_or_null "PyBytes_FromStringAndSize" (const char *p, Py_ssize_t n) noexcept
    PyObject *tuple_of_list "PyList_AsTuple" (PyObject *list) except NULL
    PyObject *tuple_of_two "PyTuple_Pack" (Py_ssize_t n, PyObject *a, PyObject *b) noexcept
    int set_item "PyDict_SetItem" (PyObject *o, PyObject *key, PyObject *value) noexcept
    PyObject *call_one "PyObject_CallOneArg" (PyObject *function, PyObject *argument) except NULL
