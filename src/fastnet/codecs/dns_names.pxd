# DNS names, and the kernels of fastnet/dns.h for the other modules. The C face of fastnet.codecs.dns_names.
from libc.stdint cimport uint8_t, uint16_t, uint32_t

from fastnet.codecs.cdns cimport fn_dns_message, fn_dns_record, fn_dns_writer

# The kernels, for other modules.
cdef Py_ssize_t header(fn_dns_message *m, const uint8_t *msg, size_t n) noexcept nogil
cdef Py_ssize_t scan(fn_dns_message *m, const uint8_t *msg, size_t n, fn_dns_record *records) noexcept nogil
cdef Py_ssize_t name_at(const uint8_t *msg, size_t n, size_t at, uint8_t *name, size_t *name_len) noexcept nogil
cdef void fold(uint8_t *out, const uint8_t *name, size_t n) noexcept nogil
cdef uint32_t hash_name(const uint8_t *name, size_t n, uint32_t seed) noexcept nogil
cdef void write_begin(fn_dns_writer *w, uint8_t *buf, size_t room) noexcept nogil
cdef int write_bytes(fn_dns_writer *w, const void *data, size_t n) noexcept nogil
cdef int write_u16(fn_dns_writer *w, uint16_t value) noexcept nogil
cdef int write_u32(fn_dns_writer *w, uint32_t value) noexcept nogil
cdef void write_rewind(fn_dns_writer *w, size_t used) noexcept nogil
cdef const char *error_text(int error) noexcept nogil

# A name in a message that was scanned, as text; `taken`: the bytes it takes there.
cdef str read_name(const uint8_t *msg, size_t n, size_t at, size_t *taken)
# Writes a name that is given as text. 0, or -1: no room. ValueError: it is no name.
cdef int write_name(fn_dns_writer *w, str name, bint compress) except -2
cdef Py_ssize_t wire_name(str name, uint8_t *wire) except -1     # wire[FN_DNS_NAME_MAX]; the bytes written
cdef str checked(str name)                                        # the same, if it is a name

cdef str ascii(const char *text, Py_ssize_t n)
# A number from 0 to `most`; ValueError names `field` otherwise.
cdef unsigned long number(str field, object value, unsigned long most) except? 0
