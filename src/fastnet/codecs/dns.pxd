# DNS messages. The C face of fastnet.codecs.dns.
from libc.stdint cimport uint8_t, uint16_t, uint32_t

from fastnet.codecs.cdns cimport fn_dns_record, fn_dns_writer

cdef class Question:
    cdef readonly str name
    cdef readonly uint16_t rdtype
    cdef readonly uint16_t rdclass

cdef class ResourceRecord:
    cdef readonly str name
    cdef readonly uint16_t rdtype
    cdef readonly uint16_t rdclass
    cdef readonly uint32_t ttl
    cdef object _data                    # None: still in `wire`
    cdef bytes wire
    cdef uint16_t at, size
    cdef object read(self)
    cdef int write(self, fn_dns_writer *w) except -2

cdef class Edns:
    cdef readonly uint16_t payload_size
    cdef readonly uint8_t version
    cdef readonly uint16_t flags
    cdef readonly tuple options
    cdef Py_ssize_t size(self) except -1
    cdef int write(self, fn_dns_writer *w, unsigned int rcode) except -2

cdef class Message:
    cdef readonly uint16_t id
    cdef readonly uint16_t flags
    cdef uint8_t high_rcode              # what EDNS adds above the four bits of the flags
    cdef readonly Edns edns
    cdef bytes wire                      # what was parsed
    cdef fn_dns_record *records          # of `wire`, of all sections
    cdef uint16_t count[4]
    cdef list sections                   # four, each None before it is asked for
    cdef tuple section(self, int which)
    cdef tuple read(self, int which)
    cdef object written(self, uint8_t *room, Py_ssize_t size, bint cut)
    cdef int prove(self, const uint8_t *wire, size_t size) except -1
