# Messages in a framing, as a protocol; the C face of fastnet.protocols.framed.
from fastnet.codecs.framing cimport Decoder, Framing
from fastnet.protocols.base cimport Protocol

cdef class Framed(Protocol):
    cdef readonly Framing framing
    cdef public double message_timeout, idle_timeout     # seconds; inf: never
    cdef Decoder decoder
    cdef list messages                   # that came, from `at` on not given yet; None: none
    cdef Py_ssize_t at
    cdef double began                    # when the unfinished message did; inf: there is none
