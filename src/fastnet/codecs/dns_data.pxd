# The data of DNS records. The C face of fastnet.codecs.dns_data.
from libc.stdint cimport uint8_t, uint16_t, uint32_t

from fastnet.codecs.cdns cimport fn_dns_record, fn_dns_writer

# The data of a record in a message that was scanned.
cdef object read_data(const uint8_t *msg, size_t n, const fn_dns_record *r)
cdef int write_data(fn_dns_writer *w, object data) except -2

cdef class Data:
    cdef int write(self, fn_dns_writer *w) except -2     # 0, or -1: no room

cdef class Address(Data):
    cdef uint8_t octets[16]

cdef class A(Address):
    pass

cdef class AAAA(Address):
    pass

cdef class Target(Data):
    cdef readonly str target

cdef class NS(Target):
    pass

cdef class CNAME(Target):
    pass

cdef class PTR(Target):
    pass

cdef class MX(Data):
    cdef readonly uint16_t preference
    cdef readonly str exchange

cdef class SOA(Data):
    cdef readonly str mname
    cdef readonly str rname
    cdef readonly uint32_t serial
    cdef readonly uint32_t refresh
    cdef readonly uint32_t retry
    cdef readonly uint32_t expire
    cdef readonly uint32_t minimum

cdef class TXT(Data):
    cdef readonly tuple strings

cdef class SRV(Data):
    cdef readonly uint16_t priority
    cdef readonly uint16_t weight
    cdef readonly uint16_t port
    cdef readonly str target

cdef class CAA(Data):
    cdef readonly uint8_t flags
    cdef readonly bytes tag
    cdef readonly bytes value

cdef class SVCB(Data):
    cdef readonly uint16_t priority
    cdef readonly str target
    cdef readonly tuple params

cdef class HTTPS(SVCB):
    pass

cdef class Unknown(Data):
    cdef readonly uint16_t rdtype
    cdef readonly bytes data
