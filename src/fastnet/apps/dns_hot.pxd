# Hot answers: what was said to the last questions, as it was sent.
from libc.stdint cimport uint32_t

from fastnet.protocols.base cimport DatagramProtocol

cdef struct Slot:
    char *wire                 # key, then answer; NULL: empty
    uint32_t hash
    unsigned short key_bytes, answer_bytes

cdef class DnsDatagrams(DatagramProtocol):
    cdef object responder
    cdef object zones          # for which the hot answers are
    cdef object look           # has zone files looked at, or None
    cdef double look_at
    cdef Slot *slots
    cdef uint32_t seed
    cdef readonly unsigned long hits
    cdef int forget(self) noexcept
    cdef Py_ssize_t hot(self, const char *data, Py_ssize_t key_bytes, char *room, Py_ssize_t most) noexcept
    cdef int keep(self, const char *data, Py_ssize_t key_bytes, const char *answer, Py_ssize_t n) noexcept
