"""DNS over UDP: a Responder as a DatagramProtocol, with what was said to the last questions ready to be sent again.

A query is hot when it is like most: one question, and at most an OPT record without options. Its key is what the answer
depends on, which is all of it but the id; the question's case comes back, so it is part of the key as it stands. The
table has a fixed number of slots, each for one answer, the last one that fell into it; the places are mixed with a
number that nobody knows. With a rate limit every query is looked at by the Responder.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Calloc, PyMem_Free, PyMem_Malloc
from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memcmp, memcpy

from fastnet.codecs.dns_names cimport hash_name
from fastnet.protocols.base cimport DatagramProtocol

import os
import time

cdef extern from *:
    """
    #ifdef _WIN32
    #include <winsock2.h>
    #else
    #include <sys/socket.h>
    #include <netinet/in.h>
    #include <arpa/inet.h>
    #endif
    static inline int fn_host_of(const void *name, char *text, unsigned room)
    {
        const struct sockaddr *a = name;
        if (a->sa_family == AF_INET)
            return inet_ntop(AF_INET, &((const struct sockaddr_in *)a)->sin_addr, text, room) != 0;
        if (a->sa_family == AF_INET6)
            return inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)a)->sin6_addr, text, room) != 0;
        return 0;
    }
    """
    bint fn_host_of(const void *name, char *text, unsigned int room) nogil

cdef enum:
    SLOTS = 16384
    MOST_ANSWER = 1500
    OPT_BYTES = 11

cdef double LOOK_EVERY_S = 1.0


cdef Py_ssize_t key_of(const char *data, Py_ssize_t n) noexcept nogil:
    """The bytes after the id that a hot query is known by: all of it; 0 for a query that is not like most."""
    cdef const uint8_t *p = <const uint8_t *>data
    cdef Py_ssize_t at = 12
    # A query of opcode 0 with one question, nothing else but perhaps one additional record.
    if n < 17 or n > 12 + 255 + 4 + OPT_BYTES or p[2] & 0xfe or p[3] & 0xcf or p[4] or p[5] != 1:
        return 0
    if p[6] or p[7] or p[8] or p[9] or p[10] or p[11] > 1:
        return 0
    while p[at]:
        if p[at] > 63:
            return 0
        at += p[at] + 1
        if at > n - 5:
            return 0
    at += 5
    if p[11] == 0:
        return n - 2 if at == n else 0
    # The root, OPT, any size, version 0, no data.
    if n - at != OPT_BYTES or p[at] or p[at + 1] or p[at + 2] != 41 or p[at + 6] or p[at + 9] or p[at + 10]:
        return 0
    return n - 2


@cython.final
cdef class DnsDatagrams(DatagramProtocol):
    """One UDP socket of a DNS server."""

    def __init__(self, responder):
        self.responder, self.zones = responder, responder.zones
        self.look = getattr(responder, "look", None)
        self.seed = int.from_bytes(os.urandom(4), "big")
        self.slots = <Slot *>PyMem_Calloc(SLOTS, sizeof(Slot))
        if self.slots == NULL:
            raise MemoryError()

    def __dealloc__(self):
        if self.slots != NULL:
            self.forget()
        PyMem_Free(self.slots)

    cpdef next_timeout(self):
        """When zone files are to be looked at."""
        return None if self.look is None else max(0.0, self.look_at - self.now)

    cpdef handle_timeout(self, double now):
        """Look at them."""
        self.look_at = now + LOOK_EVERY_S
        self.look()

    cpdef receive_datagram(self, data, peer):
        """A query; its answer is queued."""
        answer = self.responder.answer(data, "" if peer is None else peer[0], time.time(), udp=True)
        if answer is not None:
            self.send_datagram(answer, peer)

    cdef Py_ssize_t answer_at_once(self, const char *data, Py_ssize_t n, const void *name, Py_ssize_t name_size,
                                   char *room, Py_ssize_t most) except -2:
        cdef Py_ssize_t key_bytes, size
        cdef char host[64]
        if self.responder.zones is not self.zones:
            self.zones = self.responder.zones
            self.forget()
        key_bytes = key_of(data, n)
        if key_bytes and not self.responder.limit.per_second:
            size = self.hot(data, key_bytes, room, most)
            if size:
                return size
        else:
            key_bytes = 0
        if not fn_host_of(name, host, sizeof(host)):
            return -1
        answer = self.responder.answer(PyBytes_FromStringAndSize(data, n), (<bytes>host).decode("ascii"), time.time(),
                                       udp=True)
        if answer is None:
            return 0
        size = PyBytes_GET_SIZE(answer)
        memcpy(room, PyBytes_AS_STRING(answer), min(size, most))
        if key_bytes:
            self.keep(data, key_bytes, room, size)
        return min(size, most)

    cdef Py_ssize_t hot(self, const char *data, Py_ssize_t key_bytes, char *room, Py_ssize_t most) noexcept:
        cdef uint32_t mixed = hash_name(<const uint8_t *>data + 2, key_bytes, self.seed)
        cdef Slot *slot = &self.slots[mixed % SLOTS]
        if (slot.wire == NULL or slot.hash != mixed or slot.key_bytes != key_bytes or slot.answer_bytes > most
                or memcmp(slot.wire, data + 2, key_bytes) != 0):
            return 0
        memcpy(room, slot.wire + key_bytes, slot.answer_bytes)
        memcpy(room, data, 2)
        self.hits += 1
        return slot.answer_bytes

    cdef int keep(self, const char *data, Py_ssize_t key_bytes, const char *answer, Py_ssize_t n) noexcept:
        cdef uint32_t mixed = hash_name(<const uint8_t *>data + 2, key_bytes, self.seed)
        cdef Slot *slot = &self.slots[mixed % SLOTS]
        cdef char *wire
        if n > MOST_ANSWER:
            return 0
        wire = <char *>PyMem_Malloc(key_bytes + n)
        if wire == NULL:
            return 0
        memcpy(wire, data + 2, key_bytes)
        memcpy(wire + key_bytes, answer, n)
        PyMem_Free(slot.wire)
        slot.wire, slot.hash, slot.key_bytes, slot.answer_bytes = wire, mixed, key_bytes, n
        return 0

    cdef int forget(self) noexcept:
        cdef int i
        for i in range(SLOTS):
            PyMem_Free(self.slots[i].wire)
            self.slots[i].wire = NULL
        return 0
